// Anthropic's npm package against the `anthropic` dialect.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { KEY, naps, sdk, whole, within } from './mock.mjs';

const messages = [{ role: 'user', content: '[words=9] hello there' }];
const ask = { model: 'claude-sonnet-5', max_tokens: 100, messages };
const weather = {
  name: 'weather',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city', 'days'],
  },
};
const forced = { type: 'tool', name: 'weather' };

for (const { package: module, version } of [sdk('@anthropic-ai/sdk'), sdk('anthropic-2025')]) {
  const Anthropic = module.Anthropic;
  const fresh = Number(version.split('.')[0]) >= 1;
  const connect = (space, more = {}) =>
    new Anthropic({ baseURL: space.base('anthropic'), apiKey: KEY, maxRetries: 0, ...more });
  const it = (title, body) => test(title, within(version, body));

  describe(`@anthropic-ai/sdk ${version}`, () => {
    it('gives a plain reply whole, with usage and request id', async (space) => {
      const reply = await connect(space).messages.create(ask);

      assert.ok(whole(reply.content[0].text, 9));
      assert.equal(reply.stop_reason, 'end_turn');
      assert.ok(reply.usage.input_tokens > 0 && reply.usage.output_tokens >= 9);
      assert.equal(reply.usage.cache_read_input_tokens, 0);
      assert.match(reply._request_id, /^req_/);
    });

    it('gives a stream in its order', async (space) => {
      const events = [];
      for await (const event of await connect(space).messages.create({ ...ask, stream: true })) events.push(event);

      assert.deepEqual(events.slice(0, 2).map((event) => event.type), ['message_start', 'content_block_start']);
      assert.equal(events.at(-1).type, 'message_stop');
      assert.ok(whole(events.filter((event) => event.type === 'content_block_delta').map((event) => event.delta.text).join(''), 9));
    });

    it('accumulates a stream with its helper', async (space) => {
      const stream = connect(space).messages.stream(ask);

      assert.ok(whole(await stream.finalText(), 9));
      assert.equal((await stream.finalMessage()).stop_reason, 'end_turn');
    });

    it('uses a forced tool, plain and streamed', async (space) => {
      const request = { ...ask, tools: [weather], tool_choice: forced };
      const plain = await connect(space).messages.create(request);
      const streamed = await connect(space).messages.stream(request).finalMessage();

      for (const reply of [plain, streamed]) {
        assert.equal(reply.stop_reason, 'tool_use');
        assert.equal(typeof reply.content[0].input.city, 'string');
        assert.ok(Number.isInteger(reply.content[0].input.days));
      }
    });

    it('counts tokens and lists models', async (space) => {
      const client = connect(space);
      const counted = await client.messages.countTokens({ model: ask.model, messages });
      const listed = await client.models.list();

      assert.ok(counted.input_tokens > 0);
      assert.ok(listed.data.length > 0);
      assert.deepEqual(await space.calls(), []);
    });

    const classes = {
      400: 'BadRequestError',
      401: 'AuthenticationError',
      402: fresh ? 'PaymentRequiredError' : 'APIError',
      403: 'PermissionDeniedError',
      404: 'NotFoundError',
      409: 'ConflictError',
      413: fresh ? 'ContentTooLargeError' : 'APIError',
      422: 'UnprocessableEntityError',
      429: 'RateLimitError',
      500: 'InternalServerError',
      503: fresh ? 'ServiceUnavailableError' : 'InternalServerError',
      529: fresh ? 'OverloadedError' : 'InternalServerError',
    };
    for (const [status, expected] of Object.entries(classes)) {
      it(`raises ${status} as ${expected}`, async (space) => {
        await space.inject('anthropic', { status: Number(status) });

        const error = await connect(space).messages.create(ask).catch((error) => error);
        assert.equal(error.constructor, module[expected]);
        assert.equal(error.status, Number(status));
        assert.equal(error.error.type, 'error');
        assert.match(error.requestID, /^req_/);
      });
    }

    it('has sampling parameters refused by the new version of the API', async (space) => {
      const asked = connect(space).messages.create({ ...ask, temperature: 1 });

      if (fresh) await assert.rejects(asked, module.BadRequestError);
      else assert.ok(whole((await asked).content[0].text, 9));
    });

    it('has to limit the output', async (space) => {
      const asked = connect(space).post('/v1/messages', { body: { model: ask.model, messages } });

      await assert.rejects(asked, /max_tokens/);
    });

    it('tries three times and waits as it is told', async (space, test) => {
      const waited = naps(test);
      await space.inject('anthropic', { overloaded: { retry_after: '7s' } });

      await assert.rejects(connect(space, { maxRetries: 2 }).messages.create(ask), module.APIError);
      assert.equal((await space.calls()).length, 3);
      assert.deepEqual(waited, [7000, 7000]);
    });

    it(fresh ? 'waits a day if it is told to' : 'does not wait longer than a minute', async (space, test) => {
      const waited = naps(test);
      await space.inject('anthropic', { rate_limit: { retry_after: '1d' } }, { first: 1 });

      assert.ok(whole((await connect(space, { maxRetries: 2 }).messages.create(ask)).content[0].text, 9));
      assert.equal(waited.length, 1);
      assert.ok(fresh ? waited[0] === 86_400_000 : waited[0] <= 500);
    });

    it('times out on silence', async (space) => {
      await space.inject('anthropic', 'hang');

      await assert.rejects(connect(space, { timeout: 300 }).messages.create(ask), module.APIConnectionTimeoutError);
    });
  });
}
