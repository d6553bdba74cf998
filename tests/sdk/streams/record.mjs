// What each npm package makes of each broken stream, as `record.py` does it for Python.

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { KEY, Space, sdk } from '../node/mock.mjs';

const SILENCE_MS = 6000;
const AT_ONCE = 40;
const [rowsFile, out] = process.argv.slice(2);
const told = JSON.parse(readFileSync(rowsFile, 'utf8'));
const messages = [{ role: 'user', content: told.prompt }];

// Attempts follow each other at once.
const realTimeout = globalThis.setTimeout;
globalThis.setTimeout = (callback, wait, ...rest) =>
  realTimeout(callback, /sleep|retryRequest/i.test(new Error().stack) ? 0 : wait, ...rest);

const openaiAsks = { model: 'gpt-4o', messages, stream_options: { include_usage: true } };
const anthropicAsks = { model: 'claude-sonnet-5', max_tokens: 1000, messages };

async function openaiCreate({ OpenAI }, space, seen, signal) {
  const client = new OpenAI({ baseURL: space.base('openai'), apiKey: KEY });
  for await (const chunk of await client.chat.completions.create({ ...openaiAsks, stream: true }, { signal })) {
    if (chunk.usage) seen.usage.push(chunk.usage.completion_tokens);
    const choice = chunk.choices?.[0];
    if (choice) {
      seen.text += choice.delta.content ?? '';
      seen.refused ||= Boolean(choice.delta.refusal);
      seen.finish = choice.finish_reason ?? seen.finish;
    }
  }
}

async function openaiHelper({ OpenAI }, space, seen, signal) {
  const client = new OpenAI({ baseURL: space.base('openai'), apiKey: KEY });
  const final = await client.chat.completions.stream(openaiAsks, { signal }).finalChatCompletion();
  seen.text = final.choices[0].message.content ?? '';
  seen.refused = Boolean(final.choices[0].message.refusal);
  seen.finish = final.choices[0].finish_reason;
  if (final.usage) seen.usage.push(final.usage.completion_tokens);
}

async function anthropicCreate({ Anthropic }, space, seen, signal) {
  const client = new Anthropic({ baseURL: space.base('anthropic'), apiKey: KEY });
  for await (const event of await client.messages.create({ ...anthropicAsks, stream: true }, { signal })) {
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') seen.text += event.delta.text;
    if (event.type === 'message_delta') {
      seen.finish = event.delta.stop_reason;
      if (event.usage) seen.usage.push(event.usage.output_tokens);
    }
  }
}

async function anthropicHelper({ Anthropic }, space, seen, signal) {
  const client = new Anthropic({ baseURL: space.base('anthropic'), apiKey: KEY });
  const final = await client.messages.stream(anthropicAsks, { signal }).finalMessage();
  seen.text = final.content.map((block) => block.text ?? '').join('');
  seen.finish = final.stop_reason;
  if (final.usage) seen.usage.push(final.usage.output_tokens);
}

const readers = [
  ['openai', 'openai', 'openai', 'create({ stream: true })', openaiCreate],
  ['openai', 'openai', 'openai', 'stream()', openaiHelper],
  ['openai', 'openai', 'openai-2025', 'create({ stream: true })', openaiCreate],
  ['openai', 'openai', 'openai-2025', 'stream()', openaiHelper],
  ['anthropic', '@anthropic-ai/sdk', '@anthropic-ai/sdk', 'create({ stream: true })', anthropicCreate],
  ['anthropic', '@anthropic-ai/sdk', '@anthropic-ai/sdk', 'stream()', anthropicHelper],
  ['anthropic', '@anthropic-ai/sdk', 'anthropic-2025', 'create({ stream: true })', anthropicCreate],
  ['anthropic', '@anthropic-ai/sdk', 'anthropic-2025', 'stream()', anthropicHelper],
];

/** One reader on one broken stream. */
async function cell(reader, module, dialect, row, name) {
  const space = new Space(name);
  const seen = { text: '', finish: null, refused: false, usage: [] };
  const patience = new AbortController();
  let timer;
  const silence = new Promise((resolve) => (timer = realTimeout(resolve, SILENCE_MS, 'silence')));
  try {
    if (row.inject) await space.inject(dialect, row.inject);
    const reading = reader(module, space, seen, patience.signal).then(
      () => null,
      (error) => error,
    );
    const ended = await Promise.race([reading, silence]);
    const hung = ended === 'silence';
    const facts = { text: seen.text, finish: seen.finish, refused: seen.refused, usage: [...seen.usage] };
    patience.abort();
    // Some readers never come back, aborted or not.
    await Promise.race([reading, pause(500)]);
    const raised = hung || !ended ? null : ended.constructor.name;
    // Whether the package passed something on that the reader stumbled over.
    const stumbled = Boolean(raised) && /^\s*at .*record\.mjs/.test(ended.stack?.split('\n')[1] ?? '');
    const fired = await space.fired();
    return { fired, raised, stumbled, hung, attempts: (await space.calls()).length, ...facts };
  } finally {
    clearTimeout(timer);
    await space.clear();
  }
}

/** One reader on all of them. */
async function column(dialect, title, name, call, reader) {
  const { package: module, version } = sdk(name);
  const cells = {};
  const todo = told.rows.entries();
  const worker = async () => {
    for (const [number, row] of todo) {
      cells[row.label] = await cell(reader, module, dialect, row, `row-${number}-node-${title}-${version}-${call}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { dialect, package: title, language: 'Node', version, call, cells };
}

// What the packages say on the console is not what they do.
console.warn = console.error = () => {};
// A stream that breaks after its reader has gone must not end the process.
process.on('unhandledRejection', () => {});
const columns = [];
for (const reader of readers) columns.push(await column(...reader));
writeFileSync(out, JSON.stringify(columns, null, 1));
console.log(`${columns.length} readers read ${told.rows.length} answers each`);
process.exit(0);
