// Renders records by LiquidJS: by_liquid.js TEMPLATE SITE <in >out
'use strict';

const fs = require('fs');
const { Liquid } = require('liquidjs');

const engine = new Liquid();
const template = engine.parse(fs.readFileSync(process.argv[2], 'utf8'));
const site = { name: process.argv[3] };
const buffer = Buffer.allocUnsafe(1 << 20);
const decoder = new (require('string_decoder').StringDecoder)('utf8');

function render(line) {
  const record = JSON.parse(line);
  record.text = engine.renderSync(template, { site, vars: record.vars });
  return JSON.stringify(record) + '\n';
}

// Large reads and writes: readline and a write for each record are slower.
let rest = '';
for (;;) {
  const n = fs.readSync(0, buffer);
  if (n === 0)
    break;
  const lines = (rest + decoder.write(buffer.subarray(0, n))).split('\n');
  rest = lines.pop();
  let out = '';
  for (const line of lines)
    out += render(line);
  fs.writeSync(1, out);
}
