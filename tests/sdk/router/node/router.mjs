// A `brownout serve` of one's own, in front of the running `brownout mock`: every test starts one, so that nothing an
// earlier test broke is remembered by its breakers. Its providers are the mock's, in the namespace of the test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { whole, within } from '../../node/mock.mjs';

// Which model of which vendor, and who is asked in which order.
const MODELS = {
    claude: ['anthropic', 'claude-sonnet-4-5'],
    gpt: ['openai', 'gpt-4o'],
    flash: ['gemini', 'gemini-2.5-flash'],
};
const EMBEDDERS = {
    'embed-main': ['openai', 'text-embedding-3-small'],
    'embed-spare': ['openrouter', 'text-embedding-3-small'],
};
export const CHAINS = {
    claude: ['claude', 'gpt', 'flash'],
    gpt: ['gpt', 'flash', 'claude'],
    flash: ['flash', 'claude', 'gpt'],
};

/** What may be wrong with the first provider. */
const TROUBLES = JSON.parse(readFileSync(process.env.BROWNOUT_TROUBLES, 'utf8'));

const quick = Boolean(process.env.BROWNOUT_QUICK);

/** Which model may be first when a trouble is met: each, or one of them in a hurry. */
function places(trouble, at) {
    const able = Object.keys(CHAINS).filter((first) => !trouble.never?.includes(first));
    return quick ? [able[at % able.length]] : able;
}

let turn = 0;

/** Which model is first: each, or in a hurry one of them, another one every time. */
export const firsts = () => (quick ? [Object.keys(CHAINS)[turn++ % 3]] : Object.keys(CHAINS));

export const providerOf = (model) => MODELS[model][0];

/** A port that nobody listens on: one that was just given back. */
export async function shut() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return `http://127.0.0.1:${port}`;
}

function configuration(space, first, { bases = {}, route = {}, more = {} }) {
    const upstreams = Object.entries({ ...MODELS, ...EMBEDDERS });
    const providers = {};
    const models = {};
    for (const [name, [provider, upstream]] of upstreams) {
        const base_url = bases[provider] ?? space.base(provider);
        providers[provider] = { dialect: provider, base_url, key: `sk-${provider}-secret` };
        models[name] = { provider, upstream, ...(name in EMBEDDERS && { embedding: 'small-3' }) };
    }
    const routes = {
        chat: { chain: CHAINS[first], deadline: '20s', ...route },
        embed: { chain: Object.keys(EMBEDDERS), deadline: '20s' },
    };
    return { listen: '127.0.0.1:0', log: 'off', providers, router: { models, routes, ...more } };
}

/** A running `brownout serve`, whose routes are `chat` and `embed`. */
export class Router {
    static async start(space, first = 'claude', settings = {}) {
        const router = new Router();
        Object.assign(router, { space, first, chain: CHAINS[first] });
        router.folder = mkdtempSync(join(tmpdir(), 'brownout-'));
        const path = join(router.folder, 'router.yaml');
        // JSON is YAML.
        writeFileSync(path, JSON.stringify(configuration(space, first, settings)));
        router.process = spawn(process.env.BROWNOUT, ['serve', '--json', path], { stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        router.process.stderr.on('data', (text) => (said += text));
        router.ended = once(router.process, 'exit');
        const lines = createInterface({ input: router.process.stdout });
        const line = await Promise.race([once(lines, 'line'), router.ended.then(() => null)]);
        assert.ok(line, `brownout serve did not start:\n${said}`);
        router.origin = JSON.parse(line[0]).listen[0].replace(/\/$/, '');
        router.url = `${router.origin}/v1`;
        return router;
    }

    async stop() {
        this.process.kill('SIGTERM');
        const impatient = setTimeout(() => this.process.kill('SIGKILL'), 5000);
        await this.ended;
        clearTimeout(impatient);
        rmSync(this.folder, { recursive: true });
    }

    /** Lets the first provider of the chain fail. */
    breakFirst(inject, rule) {
        return this.space.inject(providerOf(this.first), inject, rule);
    }

    /** Lets every provider of the chain fail. */
    async breakAll(inject, rule) {
        for (const model of this.chain) await this.space.inject(providerOf(model), inject, rule);
    }

    /** The calls the providers saw, by their own account: waits a moment until there are `count`. */
    async tried(count) {
        let calls = [];
        for (let nth = 0; nth < 100; nth++) {
            calls = await this.space.calls();
            if (calls.length >= count) break;
            await pause(20);
        }
        return calls.sort((one, other) => one.received - other.received);
    }
}

/** Which attempt the words of `text` are from, as the ledger names it. */
export function tag(text) {
    const tags = new Set(text.split(/\s+/).map((word) => word.split('-')[2]));
    assert.equal(tags.size, 1, `words of several attempts: ${text}`);
    return parseInt([...tags][0], 36);
}

/** A router whose first provider is in trouble. */
class Site {
    constructor(router, trouble) {
        Object.assign(this, { router, trouble, healthy: trouble.name === 'healthy' });
        this.server = router.chain[this.healthy ? 0 : 1];
    }

    /** `text` is the whole answer of one attempt, of a model that may serve, and the first was asked before. */
    async checkText(text, count = 9) {
        assert.ok(whole(text, count), text);
        const calls = await this.checkCalls();
        assert.equal(calls.at(-1).tag, tag(text));
        assert.equal(calls.at(-1).words_sent, count);
    }

    /** What the providers saw: the trouble, and then one healthy call of the model that has to serve. */
    async checkCalls() {
        const missing = this.healthy || Boolean(this.trouble.refused);
        const calls = await this.router.tried(missing ? 1 : 2);
        if (!missing) {
            assert.equal(calls[0].provider, providerOf(this.router.first));
            assert.ok(calls[0].faults.length > 0);
        }
        const last = calls.at(-1);
        assert.deepEqual([last.status, last.faults], [200, []]);
        // A machine that is busy may find a second provider slow, too.
        if (!this.trouble.slow) {
            assert.equal(last.provider, providerOf(this.server));
            assert.equal(calls.length, missing ? 1 : 2);
        }
        return calls;
    }
}

/** Runs `body` with routers of its own: `body(start, space, test)`. */
export function routed(version, body) {
    return within(version, async (space, test) => {
        const running = [];
        const start = async (first, settings) => {
            running.push(await Router.start(space, first, settings));
            return running.at(-1);
        };
        try {
            await body(start, space, test);
        } finally {
            for (const router of running) await router.stop();
        }
    });
}

/**
 * Runs `body(site)` with each vendor first, in every trouble that a call which `streams` can meet.
 *
 * A trouble that `opens` lets a stream begin. A tool call that has begun is output: its route has to hold `tools` back
 * if another model is to take over.
 */
export function inTrouble(title, version, { streams = false, tools = false, slow = false, names }, body) {
    for (const [at, trouble] of TROUBLES.entries()) {
        if (trouble.streams === (streams ? 'never' : 'only')) continue;
        if ((trouble.slow && !slow) || (names && !names.includes(trouble.name))) continue;
        for (const first of places(trouble, at)) {
            const run = routed(version, async (start) => {
                const bases = trouble.refused ? { [providerOf(first)]: await shut() } : {};
                const held = tools && trouble.opens ? { stream: { hold: { whole: 'tools' } } } : {};
                const router = await start(first, { bases, route: { ...trouble.route, ...held } });
                if (trouble.inject) await router.breakFirst(trouble.inject);
                await body(new Site(router, trouble));
            });
            test(`${title} [${first} ${trouble.name}]`, run);
        }
    }
}
