// node llmclient.mjs anthropic|openai PACKAGE URL KEY
// Asks four times with the client that the makers publish, the last time with
// a wrong key, and prints what the client made of the answers.
import { createRequire } from 'node:module';

const [kind, path, url, key] = process.argv.slice(2);
const module = createRequire(import.meta.url)(path);
const Client = module.default ?? module;
const schema = { type: 'object', properties: { text: { type: 'string' } } };
const messages = [{ role: 'user', content: 'hi' }];

const ask = {
	async anthropic(apiKey) {
		const client = new Client({ apiKey, baseURL: url, maxRetries: 0 });
		const m = await client.messages.create({ model: 'm', max_tokens: 9,
			messages, tools: [{ name: 'reply', input_schema: schema }],
			tool_choice: { type: 'any' } });
		const call = m.content.find((b) => b.type === 'tool_use');
		return [JSON.stringify(m.content.map((b) => b.type)),
			m.stop_reason, JSON.stringify(call?.input) ?? '-'];
	},
	async openai(apiKey) {
		const client = new Client({ apiKey, baseURL: `${url}/v1`,
			maxRetries: 0 });
		const c = await client.chat.completions.create({ model: 'm',
			messages, tools: [{ type: 'function', function: {
				name: 'reply', parameters: schema } }],
			tool_choice: 'required' });
		const { message, finish_reason } = c.choices[0];
		return [JSON.stringify(message.content), finish_reason,
			message.tool_calls?.[0].function.arguments ?? '-'];
	},
};

for (const apiKey of [key, key, key, 'wrong']) {
	try {
		console.log((await ask[kind](apiKey)).join(' '));
	} catch (e) {
		console.log(e.status, kind === 'openai' ? e.code :
			e.error?.error?.type);
	}
}
