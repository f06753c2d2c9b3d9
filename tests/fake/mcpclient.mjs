// usage: mcpclient.mjs sdk|client VERSION|auto CALLS -- COMMAND [ARGUMENT ...]
//
// Starts an MCP server and drives it with one of npm's clients: lists its
// tools, then makes each of the CALLS, a file with {"name", "arguments"} on
// each line.  Writes a line of JSON for the list and for each call.  The
// clients themselves check what comes against their own schemas, and
// structured content against the tool's.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [which, version, calls, , command, ...args] = process.argv.slice(2);
const get = createRequire(join(process.env.NODE_PATH, 'x'));
const { Client } = get(which === 'sdk'
	? '@modelcontextprotocol/sdk/client/index.js'
	: '@modelcontextprotocol/client');
const { StdioClientTransport } = get(which === 'sdk'
	? '@modelcontextprotocol/sdk/client/stdio.js'
	: '@modelcontextprotocol/client/stdio');

const options = { capabilities: {} };
if (version === 'auto')
	options.versionNegotiation = { mode: 'auto' };
else if (version !== 'legacy')
	options.versionNegotiation = { mode: { pin: version } };
const client = new Client({ name: 'test client', version: '1.0' }, options);
const say = (v) => process.stdout.write(JSON.stringify(v) + '\n');

client.onerror = (e) => { say({ onerror: String(e) }); };
await client.connect(new StdioClientTransport({ command, args,
	env: process.env, stderr: 'inherit' }));
say({ server: client.getServerVersion(),
	instructions: typeof client.getInstructions() });
say(await client.listTools());
for (const line of readFileSync(calls, 'utf8').trim().split('\n'))
	say(await client.callTool(JSON.parse(line)));
await client.close();
