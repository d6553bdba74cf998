// OpenAI's npm package against the `openai` and `azure` dialects.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { KEY, load, naps, sdk, whole, within } from './mock.mjs';

const { z } = load('zod');
const messages = [{ role: 'user', content: '[words=9] hello there' }];
const ask = { model: 'gpt-4o', messages };
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
  },
};
const forced = { type: 'function', function: { name: 'weather' } };
const Forecast = z.object({ city: z.string(), days: z.number().int() });

async function gather(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

for (const { package: module, name, version } of [sdk('openai'), sdk('openai-2025')]) {
  const OpenAI = module.OpenAI;
  const { zodResponseFormat, zodTextFormat } = load(`${name}/helpers/zod`);
  const connect = (space, more = {}) =>
    new OpenAI({ baseURL: space.base('openai'), apiKey: KEY, maxRetries: 0, ...more });
  const it = (title, body) => test(title, within(version, body));

  describe(`openai ${version}`, () => {
    it('gives a plain reply whole, with usage and request id', async (space) => {
      const reply = await connect(space).chat.completions.create(ask);

      assert.ok(whole(reply.choices[0].message.content, 9));
      assert.equal(reply.choices[0].finish_reason, 'stop');
      assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
      assert.ok(reply.usage.prompt_tokens_details.cached_tokens >= 0);
      assert.ok(reply.usage.completion_tokens_details.reasoning_tokens >= 0);
      assert.match(reply._request_id, /^req_/);
    });

    it('gives a stream in pieces, usage last', async (space) => {
      const options = { include_usage: true };
      const stream = await connect(space).chat.completions.create({ ...ask, stream: true, stream_options: options });
      const chunks = await gather(stream);
      const last = chunks.pop();

      assert.ok(whole(chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join(''), 9));
      assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
      assert.deepEqual(last.choices, []);
      assert.ok(last.usage.completion_tokens >= 9);
    });

    it('accumulates a stream with its helper', async (space) => {
      const stream = connect(space).chat.completions.stream(ask);

      assert.ok(whole(await stream.finalContent(), 9));
      assert.equal((await stream.finalChatCompletion()).choices[0].finish_reason, 'stop');
    });

    it('calls a forced tool with arguments of its schema', async (space) => {
      const request = { ...ask, tools: [weather], tool_choice: forced };
      const reply = await connect(space).chat.completions.create(request);
      const given = JSON.parse(reply.choices[0].message.tool_calls[0].function.arguments);

      assert.equal(typeof given.city, 'string');
      assert.ok(Number.isInteger(given.days));
    });

    it('adds streamed arguments up with its helper', async (space) => {
      const stream = connect(space).chat.completions.stream({ ...ask, tools: [weather], tool_choice: 'required' });
      const [call] = (await stream.finalChatCompletion()).choices[0].message.tool_calls;

      assert.equal(call.function.name, 'weather');
      assert.ok(Number.isInteger(JSON.parse(call.function.arguments).days));
    });

    it('parses structured output', async (space) => {
      const request = { ...ask, response_format: zodResponseFormat(Forecast, 'forecast') };
      const reply = await connect(space).chat.completions.parse(request);

      assert.ok(Number.isInteger(reply.choices[0].message.parsed.days));
    });

    it('lists models', async (space) => {
      const listed = await gather(connect(space).models.list());

      assert.ok(listed.length > 0 && listed.every((model) => model.object === 'model'));
      assert.deepEqual(await space.calls(), []);
    });

    it('decodes embeddings, which it asks for in base64', async (space) => {
      const model = 'text-embedding-3-small';
      const packed = await connect(space).embeddings.create({ model, input: ['one', 'two'] });
      const floats = await connect(space).embeddings.create({ model, input: ['one', 'two'], encoding_format: 'float' });

      assert.equal(packed.data[0].embedding.length, 1536);
      packed.data[1].embedding.forEach((value, at) => {
        assert.ok(Math.abs(value - floats.data[1].embedding[at]) < 1e-6);
      });
    });

    it('creates, streams and parses responses', async (space) => {
      const request = { model: 'gpt-4o', input: '[words=9]' };
      const client = connect(space);
      const plain = await client.responses.create(request);
      const events = await gather(await client.responses.create({ ...request, stream: true }));
      const parsed = await client.responses.parse({
        ...request,
        text: { format: zodTextFormat(Forecast, 'forecast') },
      });

      assert.ok(whole(plain.output_text, 9));
      assert.equal(events[0].type, 'response.created');
      assert.equal(events.at(-1).type, 'response.completed');
      assert.ok(whole(events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta).join(''), 9));
      assert.ok(Number.isInteger(parsed.output_parsed.days));
    });

    it('talks to Azure', async (space) => {
      const client = new module.AzureOpenAI({
        endpoint: space.origin('azure'),
        apiKey: KEY,
        apiVersion: '2024-10-21',
        deployment: 'my-deployment',
        maxRetries: 0,
      });

      assert.ok(whole((await client.chat.completions.create(ask)).choices[0].message.content, 9));
    });

    const classes = {
      400: 'BadRequestError',
      401: 'AuthenticationError',
      402: 'APIError',
      403: 'PermissionDeniedError',
      404: 'NotFoundError',
      409: 'ConflictError',
      422: 'UnprocessableEntityError',
      429: 'RateLimitError',
      500: 'InternalServerError',
      503: 'InternalServerError',
    };
    for (const [status, expected] of Object.entries(classes)) {
      it(`raises ${status} as ${expected}`, async (space) => {
        await space.inject('openai', { status: Number(status) });

        const error = await connect(space).chat.completions.create(ask).catch((error) => error);
        assert.equal(error.constructor, module[expected]);
        assert.equal(error.status, Number(status));
        assert.match(error.requestID, /^req_/);
      });
    }

    it('tells what the vendor refuses', async (space) => {
      const error = await connect(space)
        .chat.completions.create({ ...ask, stop: ['1', '2', '3', '4', '5'] })
        .catch((error) => error);

      assert.equal(error.constructor, module.BadRequestError);
      assert.equal(error.param, 'stop');
    });

    it('tries three times and waits as it is told', async (space, test) => {
      const waited = naps(test);
      await space.inject('openai', { rate_limit: { retry_after: '7s' } });

      const error = await connect(space, { maxRetries: 2 }).chat.completions.create(ask).catch((error) => error);
      assert.equal(error.constructor, module.RateLimitError);
      assert.equal((await space.calls()).length, 3);
      assert.deepEqual(waited, [7000, 7000]);
    });

    it('does not wait longer than a minute', async (space, test) => {
      const waited = naps(test);
      await space.inject('openai', { rate_limit: { retry_after: '61s' } });

      const client = connect(space, { maxRetries: 2 });
      await assert.rejects(client.chat.completions.create(ask), module.RateLimitError);
      // It tries all the same: after min(0.5 s * 2^n, 8 s), less up to a quarter.
      assert.equal(waited.length, 2);
      waited.forEach((wait, nth) => assert.ok(wait >= 375 * 2 ** nth && wait <= 500 * 2 ** nth));
    });

    it('tries what may not heal only once', async (space, test) => {
      naps(test);
      await space.inject('openai', { status: 402 });

      await assert.rejects(connect(space, { maxRetries: 2 }).chat.completions.create(ask), module.APIError);
      assert.equal((await space.calls()).length, 1);
    });

    it('times out on silence', async (space) => {
      await space.inject('openai', 'hang');

      const client = connect(space, { timeout: 300 });
      await assert.rejects(client.chat.completions.create(ask), module.APIConnectionTimeoutError);
    });
  });
}
