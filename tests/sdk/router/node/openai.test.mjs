// OpenAI's npm package through the router, while providers fail behind it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { KEY, load, naps, sdk, whole, words } from '../../node/mock.mjs';
import { CHAINS, firsts, inTrouble, providerOf, routed, shut, tag } from './router.mjs';

const { z } = load('zod');
const messages = [{ role: 'user', content: '[words=9] hello there' }];
const ask = { model: 'chat', messages };
// Longer than the longest chunk of any vendor.
const WORDS = 200;
const long = { model: 'chat', messages: [{ role: 'user', content: `[words=${WORDS}] hello there` }] };
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
const Forecast = z.object({ city: z.string(), days: z.number().int() });

const CUTS = {
    ends: { cut: { after: 100, close: 'clean' } },
    fin: { cut: { after: 100, close: 'fin' } },
    reset: { cut: { after: 100, close: 'reset' } },
    'error event': { stream_error: { after: 100, error: 'overloaded' } },
    'broken event': { malformed_event: { after: 100, form: 'cut' } },
    silence: { stall: { after: 100 } },
};

async function gather(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
}

function checkWeather(given) {
    const { city, days } = JSON.parse(given);
    assert.equal(typeof city, 'string');
    assert.ok(Number.isInteger(days));
}

const quick = Boolean(process.env.BROWNOUT_QUICK);
const versions = quick ? ['openai'] : ['openai', 'openai-2025'];

for (const { package: module, name, version } of versions.map(sdk)) {
    const OpenAI = module.OpenAI;
    const { zodResponseFormat } = load(`${name}/helpers/zod`);
    const connect = (router, more = {}) => new OpenAI({ baseURL: router.url, apiKey: KEY, maxRetries: 0, ...more });
    const it = (title, body) => test(title, routed(version, body));
    const matrix = (title, cases, body) => inTrouble(title, version, cases, body);
    const caught = (asked) =>
        asked.then(
            () => assert.fail('nothing was thrown'),
            (error) => error,
        );

    describe(`openai ${version}`, () => {
        matrix('gives a plain reply whole', { slow: true }, async (site) => {
            const { data, response } = await connect(site.router).chat.completions.create(ask).withResponse();

            assert.equal(data.choices[0].finish_reason, 'stop');
            assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
            assert.equal(data._request_id, response.headers.get('x-request-id'));
            await site.checkText(data.choices[0].message.content);
            if (!site.trouble.slow) assert.equal(response.headers.get('x-brownout-served-by'), site.server);
        });

        matrix('gives one whole stream, usage last', { streams: true, slow: true }, async (site) => {
            const request = { ...ask, stream: true, stream_options: { include_usage: true } };
            const chunks = await gather(await connect(site.router).chat.completions.create(request));
            const last = chunks.pop();

            assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
            assert.equal(new Set([...chunks, last].map((chunk) => chunk.id)).size, 1);
            assert.deepEqual(last.choices, []);
            assert.equal(last.usage.completion_tokens, 9);
            await site.checkText(chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join(''));
        });

        matrix('accumulates a stream with its helper', { streams: true }, async (site) => {
            const stream = connect(site.router).chat.completions.stream(ask);

            const text = await stream.finalContent();
            assert.equal((await stream.finalChatCompletion()).choices[0].finish_reason, 'stop');
            await site.checkText(text);
        });

        matrix('calls a tool', {}, async (site) => {
            const request = { ...ask, tools: [weather], tool_choice: 'required' };
            const [choice] = (await connect(site.router).chat.completions.create(request)).choices;

            assert.equal(choice.finish_reason, 'tool_calls');
            assert.equal(choice.message.tool_calls.length, 1);
            checkWeather(choice.message.tool_calls[0].function.arguments);
            await site.checkCalls();
        });

        matrix('adds streamed arguments up with its helper', { streams: true, tools: true }, async (site) => {
            const request = { ...ask, tools: [weather], tool_choice: 'required' };
            const final = await connect(site.router).chat.completions.stream(request).finalChatCompletion();
            const [call] = final.choices[0].message.tool_calls;

            assert.equal(call.function.name, 'weather');
            checkWeather(call.function.arguments);
            await site.checkCalls();
        });

        matrix('parses structured output', {}, async (site) => {
            const request = { ...ask, response_format: zodResponseFormat(Forecast, 'forecast') };
            const reply = await connect(site.router).chat.completions.parse(request);

            assert.ok(Number.isInteger(reply.choices[0].message.parsed.days));
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
                            for await (const chunk of await connect(router).chat.completions.create({
                                ...long,
                                stream: true,
                            })) {
                                assert.equal(chunk.choices[0].finish_reason, null);
                                text += chunk.choices[0].delta.content ?? '';
                            }
                        })(),
                    );
                    const helped = await caught(connect(router).chat.completions.stream(long).finalContent());

                    for (const thrown of [error, helped]) {
                        assert.ok(thrown instanceof module.OpenAIError, String(thrown));
                        assert.ok(thrown.message.includes(`\`${first}\` failed`), thrown.message);
                    }
                    const said = words(text);
                    assert.ok(said.length > 0 && said.length < WORDS && said.every((word, at) => word === at), text);
                    tag(text);
                });

                it(`gets a whole answer of a route that holds it back [${first} ${cut}]`, async (start) => {
                    const router = await start(first, {
                        route: { idle: '300ms', stream: { hold: { whole: 'always' } } },
                    });
                    await router.breakFirst(inject);

                    const text = await connect(router).chat.completions.stream(long).finalContent();

                    assert.ok(whole(text, WORDS));
                    assert.equal((await router.tried(2)).at(-1).tag, tag(text));
                });
            }
        }

        const down = {
            RateLimitError: [{ rate_limit: { retry_after: '7s' } }, 429, 'rate_limited'],
            InternalServerError: [{ status: 500 }, 500, 'server_error'],
            AuthenticationError: ['unauthorized', 401, 'unauthorized'],
            BadRequestError: ['context_exceeded', 400, 'context_length_exceeded'],
        };
        for (const [expected, [inject, status, code]] of Object.entries(down)) {
            for (const stream of [false, true]) {
                it(`throws ${expected} when all are down [${stream ? 'stream' : 'plain'}]`, async (start) => {
                    const router = await start('claude');
                    await router.breakAll(inject);

                    const error = await caught(connect(router).chat.completions.create({ ...ask, stream }));

                    assert.equal(error.constructor, module[expected], String(error));
                    assert.deepEqual([error.status, error.code], [status, code]);
                    assert.ok(error.message.includes('`claude`') && error.requestID);
                    assert.equal(error.error.attempts[0].model, 'claude');
                });
            }
        }

        it('throws when nobody listens', async (start) => {
            const closed = await shut();
            const bases = Object.fromEntries(Object.keys(CHAINS).map((model) => [providerOf(model), closed]));
            const router = await start('claude', { bases });

            const error = await caught(connect(router).chat.completions.create(ask));

            assert.equal(error.constructor, module.InternalServerError);
            assert.deepEqual([error.status, error.code], [502, 'unreachable']);
        });

        it('throws a 504 when time is up', async (start) => {
            const router = await start('claude', { route: { deadline: '600ms' } });
            await router.breakAll('hang');

            const error = await caught(connect(router).chat.completions.create(ask));

            assert.equal(error.constructor, module.InternalServerError);
            assert.equal(error.status, 504);
        });

        it('waits as it is told, and no longer', async (start, space, test) => {
            const waited = naps(test);
            const router = await start('claude');
            await router.breakAll({ rate_limit: { retry_after: '7s' } });

            await assert.rejects(
                connect(router, { maxRetries: 1 }).chat.completions.create(ask),
                module.RateLimitError,
            );
            assert.equal(waited.length, 1);
            assert.ok(waited[0] > 1000 && waited[0] <= 7000, String(waited));
        });

        it('does not come back for nothing', async (start, space, test) => {
            const waited = naps(test);
            const router = await start('claude');
            await router.breakAll('quota_exhausted');

            await assert.rejects(
                connect(router, { maxRetries: 2 }).chat.completions.create(ask),
                module.RateLimitError,
            );
            assert.deepEqual(waited, []);
        });

        it('asks for a chain, a deadline, no fallback and the ledger', async (start) => {
            const router = await start('claude');
            await router.breakFirst({ status: 503 });
            const client = connect(router);

            const own = await client.chat.completions.create({ ...ask, models: ['flash', 'gpt'] }).withResponse();
            assert.equal(own.response.headers.get('x-brownout-served-by'), 'flash');
            const told = await client.chat.completions.create({ ...ask, brownout: { ledger: true } });
            assert.deepEqual(
                told.brownout.attempts.map((tried) => tried.model),
                ['claude', 'gpt'],
            );
            const alone = await caught(
                client.chat.completions.create(ask, { headers: { 'x-brownout-fallback': 'off' } }),
            );
            assert.deepEqual(
                alone.error.attempts.map((tried) => tried.model),
                ['claude'],
            );
        });

        it('lists models and routes', async (start) => {
            const listed = (await gather(connect(await start()).models.list())).map((model) => model.id);

            for (const expected of ['chat', 'embed', 'claude', 'gpt', 'flash']) assert.ok(listed.includes(expected));
        });

        for (const trouble of [null, { status: 503 }, { malformed: 'html' }, 'reset']) {
            it(`decodes embeddings, which it asks for in base64 [${JSON.stringify(trouble)}]`, async (start, space) => {
                const client = connect(await start());
                if (trouble) await space.inject('openai', trouble);
                const packed = await client.embeddings.create({ model: 'embed', input: ['one', 'two'] });
                const floats = await client.embeddings.create({
                    model: 'embed',
                    input: ['one', 'two'],
                    encoding_format: 'float',
                });

                assert.equal(packed.data[0].embedding.length, 1536);
                packed.data[1].embedding.forEach((value, at) => {
                    assert.ok(Math.abs(value - floats.data[1].embedding[at]) < 1e-6);
                });
            });
        }
    });
}
