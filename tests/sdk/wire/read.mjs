// What the npm packages make of broken streams, as `read.py` does it for Python; the bytes come by the packages' own hook for
// a `fetch`.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const modules = process.env.BROWNOUT_SDK_MODULES;
const load = createRequire(join(modules, 'package.json'));
const [corpus, out] = process.argv.slice(2);
const streams = readFileSync(corpus, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const messages = [{ role: 'user', content: 'as json' }];

/** A `fetch` that answers with these bytes. */
function giving(stream) {
  const bytes = Buffer.from(stream.body, 'base64');
  return async () => new Response(bytes, { status: 200, headers: { 'content-type': stream.kind } });
}

async function openai({ OpenAI }, stream, seen) {
  const client = new OpenAI({ baseURL: 'http://p/v1', apiKey: 'k', maxRetries: 0, fetch: giving(stream) });
  for await (const chunk of await client.chat.completions.create({ model: 'm', messages, stream: true })) {
    const choice = chunk.choices?.[0];
    if (!choice) continue;
    seen.finish = choice.finish_reason ?? seen.finish;
    seen.text += choice.delta?.content ?? '';
    for (const call of choice.delta?.tool_calls ?? []) seen.arguments += call.function?.arguments ?? '';
  }
}

async function anthropic({ Anthropic }, stream, seen) {
  const client = new Anthropic({ baseURL: 'http://p', apiKey: 'k', maxRetries: 0, fetch: giving(stream) });
  const asks = { model: 'm', max_tokens: 100, messages, stream: true };
  for await (const event of await client.messages.create(asks)) {
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') seen.text += event.delta.text ?? '';
    if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') seen.arguments += event.delta.partial_json ?? '';
    if (event.type === 'message_delta') seen.finish = event.delta.stop_reason ?? seen.finish;
  }
}

// Anthropic's package tells of every event that it cannot read.
console.error = () => {};
const columns = [];
for (const [reader, name, read] of [['openai', 'openai', openai], ['anthropic', '@anthropic-ai/sdk', anthropic]]) {
  const { version } = JSON.parse(readFileSync(join(modules, 'node_modules', name, 'package.json'), 'utf8'));
  const facts = {};
  for (const stream of streams.filter((one) => one.reader === reader)) {
    const seen = { raised: null, finish: null, text: '', arguments: '' };
    try {
      await read(load(name), stream, seen);
    } catch (error) {
      seen.raised = error.constructor.name;
    }
    facts[stream.id] = seen;
  }
  columns.push({ reader, package: name, language: 'Node', version, facts });
}
writeFileSync(out, JSON.stringify(columns));
console.log(`${columns.length} packages read ${streams.length} streams`);
