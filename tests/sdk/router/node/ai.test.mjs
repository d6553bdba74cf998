// The Vercel AI SDK through the router, with its providers for OpenAI (chat completions and Responses, which is its
// default), for whatever is compatible with OpenAI, and for Anthropic, while providers fail.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { KEY, load, sdk, words } from '../../node/mock.mjs';
import { firsts, inTrouble, routed, tag } from './router.mjs';

const {
    APICallError,
    embedMany,
    generateObject,
    generateText,
    jsonSchema,
    stepCountIs,
    streamObject,
    streamText,
    tool,
} = load('ai');
const { createOpenAI } = load('@ai-sdk/openai');
const { createOpenAICompatible } = load('@ai-sdk/openai-compatible');
const { createAnthropic } = load('@ai-sdk/anthropic');
const { z } = load('zod');
const { version } = sdk('ai');

const prompt = '[words=9] hello there';
// Longer than the longest chunk of any vendor.
const WORDS = 200;
const long = `[words=${WORDS}] hello there`;
const schema = z.object({ city: z.string(), days: z.number().int() });
const tools = { weather: tool({ description: 'Weather of a city', inputSchema: schema }) };

const providers = {
    'openai chat': (router) => createOpenAI({ baseURL: router.url, apiKey: KEY }).chat('chat'),
    'openai responses': (router) => createOpenAI({ baseURL: router.url, apiKey: KEY })('chat'),
    'openai-compatible': (router) =>
        createOpenAICompatible({
            name: 'brownout',
            baseURL: router.url,
            apiKey: KEY,
            includeUsage: true,
            supportsStructuredOutputs: true,
        })('chat'),
    anthropic: (router) => createAnthropic({ baseURL: router.url, apiKey: KEY })('chat'),
};

/** Everything a stream said; its errors come as parts of it. */
async function gather(result) {
    const parts = [];
    for await (const part of result.fullStream) parts.push(part);
    return parts;
}

const caught = (asked) =>
    asked.then(
        () => assert.fail('nothing was thrown'),
        (error) => error,
    );

for (const [name, connect] of Object.entries(providers)) {
    const label = `${version}-${name}`;
    const it = (title, body) => test(title, routed(label, body));
    const matrix = (title, cases, body) => inTrouble(title, label, cases, body);
    const request = (router, more) => ({
        model: connect(router),
        prompt,
        maxRetries: 0,
        maxOutputTokens: 500,
        ...more,
    });

    describe(`ai ${version}, ${name}`, () => {
        matrix('generateText gives a whole text', {}, async (site) => {
            const { text, finishReason, usage } = await generateText(request(site.router));

            assert.equal(finishReason, 'stop');
            assert.equal(usage.outputTokens, 9);
            await site.checkText(text);
        });

        matrix('streamText gives one whole text', { streams: true }, async (site) => {
            const result = streamText(request(site.router, { onError: () => {} }));
            let text = '';
            for await (const piece of result.textStream) text += piece;

            assert.equal(await result.finishReason, 'stop');
            assert.equal((await result.usage).outputTokens, 9);
            await site.checkText(text);
        });

        matrix('a tool is called', {}, async (site) => {
            const { toolCalls, finishReason } = await generateText(
                request(site.router, { tools, toolChoice: 'required' }),
            );

            assert.equal(finishReason, 'tool-calls');
            assert.equal(toolCalls.length, 1);
            assert.ok(schema.safeParse(toolCalls[0].input).success);
            await site.checkCalls();
        });

        matrix('a tool is called in a stream', { streams: true, tools: true }, async (site) => {
            const options = { tools, toolChoice: 'required', onError: () => {} };
            const result = streamText(request(site.router, options));
            const calls = (await gather(result)).filter((part) => part.type === 'tool-call');

            assert.equal(calls.length, 1);
            assert.ok(schema.safeParse(calls[0].input).success, JSON.stringify(calls[0]));
            await site.checkCalls();
        });

        matrix(
            'generateObject gives an object of its schema',
            { names: ['healthy', 'status_503', 'empty_answer', 'html_page'] },
            async (site) => {
                const { object } = await generateObject(request(site.router, { schema }));

                assert.ok(schema.safeParse(object).success);
                await site.checkCalls();
            },
        );

        matrix(
            'streamObject gives an object of its schema',
            { streams: true, names: ['healthy', 'status_503', 'no_choices'] },
            async (site) => {
                const result = streamObject(request(site.router, { schema, onError: () => {} }));
                let last;
                for await (const partial of result.partialObjectStream) last = partial;

                assert.deepEqual(await result.object, last);
                await site.checkCalls();
            },
        );

        for (const first of firsts()) {
            it(`several steps with a tool go on at another vendor [${first}]`, async (start) => {
                const router = await start(first);
                const asked = [];
                const execute = async (input) => {
                    asked.push(input);
                    await router.breakFirst({ status: 503 });
                    return 'sunny';
                };
                const { steps } = await generateText(
                    request(router, {
                        tools: { weather: tool({ description: 'Weather', inputSchema: schema, execute }) },
                        stopWhen: stepCountIs(2),
                        prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber ? 'none' : 'required' }),
                    }),
                );

                assert.equal(asked.length, 1);
                assert.equal(steps.length, 2);
                assert.ok(words(steps[1].text).length > 0);
            });

            for (const [cut, inject] of Object.entries({
                ends: { cut: { after: 100, close: 'clean' } },
                'error event': { stream_error: { after: 100 } },
            })) {
                it(`a stream that breaks in the middle never looks whole [${first} ${cut}]`, async (start) => {
                    const router = await start(first);
                    await router.breakFirst(inject);

                    const parts = await gather(streamText(request(router, { prompt: long, onError: () => {} })));
                    const text = parts
                        .filter((part) => part.type === 'text-delta')
                        .map((part) => part.text)
                        .join('');
                    const ends = parts.filter((part) => part.type === 'finish').map((part) => part.finishReason);

                    assert.ok(
                        parts.some((part) => part.type === 'error'),
                        JSON.stringify(parts.slice(-3)),
                    );
                    assert.ok(!ends.includes('stop'), ends.join());
                    assert.ok(words(text).length > 0 && words(text).length < WORDS);
                    tag(text);
                });
            }
        }

        for (const [inject, status, again] of [
            [{ rate_limit: { retry_after: '7s' } }, 429, true],
            [{ status: 503 }, 503, true],
            ['unauthorized', 401, false],
            ['context_exceeded', 400, false],
        ]) {
            const check = (error) => {
                assert.ok(APICallError.isInstance(error), String(error));
                assert.equal(error.statusCode, status);
                assert.equal(error.isRetryable, again);
                assert.ok(error.message.includes('`claude`'), error.message);
            };

            it(`an error has its status and says whether to come back [${status}]`, async (start) => {
                const router = await start('claude');
                await router.breakAll(inject);

                check(await caught(generateText(request(router))));
            });

            it(`a stream that cannot begin is an error of its status [${status}]`, async (start) => {
                const router = await start('claude');
                await router.breakAll(inject);

                const parts = await gather(streamText(request(router, { onError: () => {} })));
                check(parts.find((part) => part.type === 'error').error);
            });
        }
    });
}

for (const trouble of [null, { status: 503 }, 'reset']) {
    test(
        `embedMany embeds [${JSON.stringify(trouble)}]`,
        routed(`${version}-embed`, async (start, space) => {
            const router = await start();
            if (trouble) await space.inject('openai', trouble);
            const model = createOpenAI({ baseURL: router.url, apiKey: KEY }).embeddingModel('embed');
            const { embeddings } = await embedMany({ model, values: ['one', 'two'], maxRetries: 0 });

            assert.deepEqual(
                embeddings.map((embedding) => embedding.length),
                [1536, 1536],
            );
            assert.notDeepEqual(embeddings[0], embeddings[1]);
        }),
    );
}

test(
    'schemas may be plain JSON',
    routed(version, async (start) => {
        const router = await start('gpt');
        const plain = jsonSchema({
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
            additionalProperties: false,
        });
        const { object } = await generateObject({
            model: providers['openai chat'](router),
            prompt,
            schema: plain,
            maxRetries: 0,
        });

        assert.equal(typeof object.city, 'string');
    }),
);
