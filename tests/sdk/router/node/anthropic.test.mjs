// Anthropic's npm package through the router to every vendor, while the first fails.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { KEY, sdk, whole, words } from '../../node/mock.mjs';
import { firsts, inTrouble, routed, tag } from './router.mjs';

const messages = [{ role: 'user', content: '[words=9] hello there' }];
const ask = { model: 'chat', max_tokens: 500, messages };
// Longer than the longest chunk of any vendor.
const WORDS = 200;
const long = { ...ask, messages: [{ role: 'user', content: `[words=${WORDS}] hello there` }] };
const weather = {
    name: 'weather',
    input_schema: {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'integer' } },
        required: ['city', 'days'],
    },
};
const CUTS = {
    ends: { cut: { after: 100, close: 'clean' } },
    reset: { cut: { after: 100, close: 'reset' } },
    'error event': { stream_error: { after: 100, error: 'overloaded' } },
    silence: { stall: { after: 100 } },
};
const quick = Boolean(process.env.BROWNOUT_QUICK);
const versions = quick ? ['@anthropic-ai/sdk'] : ['@anthropic-ai/sdk', 'anthropic-2025'];

for (const { package: module, version } of versions.map(sdk)) {
    const Anthropic = module.Anthropic;
    const connect = (router, more = {}) =>
        new Anthropic({ baseURL: router.origin, apiKey: KEY, maxRetries: 0, ...more });
    const it = (title, body) => test(title, routed(version, body));
    const matrix = (title, cases, body) => inTrouble(title, version, cases, body);
    const caught = (asked) =>
        asked.then(
            () => assert.fail('nothing was thrown'),
            (error) => error,
        );

    describe(`@anthropic-ai/sdk ${version}`, () => {
        matrix('gives a plain reply whole', { slow: true }, async (site) => {
            const { data, response } = await connect(site.router).messages.create(ask).withResponse();

            assert.equal(data.stop_reason, 'end_turn');
            assert.equal(data.usage.output_tokens, 9);
            assert.ok(data._request_id);
            await site.checkText(data.content[0].text);
            if (!site.trouble.slow) assert.equal(response.headers.get('x-brownout-served-by'), site.server);
        });

        matrix('gives one whole stream in its order', { streams: true, slow: true }, async (site) => {
            const events = [];
            for await (const event of await connect(site.router).messages.create({ ...ask, stream: true }))
                events.push(event);
            const deltas = events.filter((event) => event.type === 'content_block_delta');

            assert.deepEqual(
                events.slice(0, 2).map((event) => event.type),
                ['message_start', 'content_block_start'],
            );
            assert.equal(events.at(-1).type, 'message_stop');
            assert.equal(events.at(-2).delta.stop_reason, 'end_turn');
            await site.checkText(deltas.map((event) => event.delta.text).join(''));
        });

        matrix('accumulates a stream with its helper', { streams: true }, async (site) => {
            const stream = connect(site.router).messages.stream(ask);

            const text = await stream.finalText();
            assert.equal((await stream.finalMessage()).stop_reason, 'end_turn');
            await site.checkText(text);
        });

        matrix('uses a tool', {}, async (site) => {
            const reply = await connect(site.router).messages.create({
                ...ask,
                tools: [weather],
                tool_choice: { type: 'any' },
            });

            assert.equal(reply.stop_reason, 'tool_use');
            assert.ok(Number.isInteger(reply.content[0].input.days));
            await site.checkCalls();
        });

        matrix('accumulates the input of a tool with its helper', { streams: true, tools: true }, async (site) => {
            const request = { ...ask, tools: [weather], tool_choice: { type: 'any' } };
            const reply = await connect(site.router).messages.stream(request).finalMessage();

            assert.equal(reply.stop_reason, 'tool_use');
            assert.ok(Number.isInteger(reply.content[0].input.days));
            await site.checkCalls();
        });

        for (const [cut, inject] of Object.entries(CUTS)) {
            for (const first of firsts()) {
                it(`throws when an answer breaks in the middle [${first} ${cut}]`, async (start) => {
                    const router = await start(first, { route: { idle: '300ms' } });
                    await router.breakFirst(inject);

                    let text = '';
                    const error = await caught(
                        (async () => {
                            for await (const event of await connect(router).messages.create({
                                ...long,
                                stream: true,
                            })) {
                                assert.notEqual(event.type, 'message_stop');
                                if (event.type === 'content_block_delta') text += event.delta.text;
                            }
                        })(),
                    );
                    const helped = await caught(connect(router).messages.stream(long).finalMessage());

                    for (const thrown of [error, helped]) {
                        assert.ok(thrown instanceof module.AnthropicError, String(thrown));
                        assert.ok(thrown.message.includes(`\`${first}\` failed`), thrown.message);
                    }
                    const said = words(text);
                    assert.ok(said.length > 0 && said.length < WORDS && said.every((word, at) => word === at), text);
                    tag(text);
                });
            }
        }

        const down = {
            RateLimitError: [{ rate_limit: { retry_after: '7s' } }, 429, 'rate_limit_error'],
            InternalServerError: [{ status: 500 }, 500, 'api_error'],
            AuthenticationError: ['unauthorized', 401, 'authentication_error'],
            BadRequestError: ['context_exceeded', 400, 'invalid_request_error'],
        };
        for (const [expected, [inject, status, kind]] of Object.entries(down)) {
            for (const first of firsts()) {
                for (const stream of [false, true]) {
                    it(`throws ${expected} when all are down [${first} ${stream ? 'stream' : 'plain'}]`, async (start) => {
                        const router = await start(first);
                        await router.breakAll(inject);

                        const error = await caught(connect(router).messages.create({ ...ask, stream }));
                        assert.equal(error.constructor, module[expected], String(error));
                        assert.equal(error.status, status);
                        assert.deepEqual([error.error.type, error.error.error.type], ['error', kind]);
                        assert.ok(error.requestID);
                    });
                }
            }
        }

        it('counts tokens and lists models', async (start, space) => {
            const client = connect(await start());
            const counted = await client.messages.countTokens({ model: 'chat', messages });
            const listed = (await client.models.list()).data.map((model) => model.id);

            assert.ok(counted.input_tokens > 0);
            assert.ok(['chat', 'claude', 'gpt', 'flash'].every((model) => listed.includes(model)));
            assert.deepEqual(await space.calls(), []);
        });
    });
}

test('a text of several attempts is noticed', () => {
    assert.ok(whole('hedge-0-0x36qv1 goose-1-0x36qv2', 2));
    assert.throws(() => tag('hedge-0-0x36qv1 goose-1-0x36qv2'), /several attempts/);
});
