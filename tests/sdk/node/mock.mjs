// The running `brownout mock`, as the suites see it: base URLs, faults, ledger. Every test works in a namespace of
// its own, so suites of several versions share one server.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

// Packages are installed outside of the tree.
export const load = createRequire(join(process.env.BROWNOUT_SDK_MODULES, 'package.json'));

const announced = JSON.parse(readFileSync(process.env.BROWNOUT_MOCK, 'utf8'));
export const KEY = 'sk-test-000';

/** The package `name`, and which version it is. */
export function sdk(name) {
  const manifest = join(process.env.BROWNOUT_SDK_MODULES, 'node_modules', name, 'package.json');
  return { package: load(name), name, version: JSON.parse(readFileSync(manifest, 'utf8')).version };
}

async function control(method, path, query, body) {
  const url = new URL(announced.control.replace(/\/$/, '') + path);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A namespace of the mock. */
export class Space {
  constructor(name) {
    this.name = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  }

  /** Base URL of `provider` in this namespace, with the path its SDK wants. */
  base(provider) {
    const url = new URL(announced.providers[provider].base_url);
    url.pathname = `/ns/${this.name}${url.pathname.replace(/\/$/, '')}`;
    return url.href;
  }

  /** The same without a path of the API. */
  origin(provider) {
    return new URL(`/ns/${this.name}`, announced.providers[provider].base_url).href;
  }

  inject(provider, inject, rule = {}) {
    return control('POST', '/faults', {}, { on: provider, inject, namespace: this.name, ttl: '5m', ...rule });
  }

  /** The ledger of this namespace. */
  async calls() {
    const answer = await control('GET', '/calls', { namespace: this.name });
    return Array.isArray(answer) ? answer : answer.calls;
  }

  /** Whether a fault acted on the first call; waits a moment for the call to end. */
  async fired() {
    for (let nth = 0; nth < 40; nth++) {
      const [call] = await this.calls();
      if (call) return call.faults.length > 0;
      await pause(50);
    }
    return true;
  }

  async clear() {
    await control('DELETE', '/faults', { namespace: this.name });
    await control('POST', '/reset', { namespace: this.name });
  }
}

/** Runs `body` in a namespace named after the test. */
export function within(version, body) {
  return async (test) => {
    const space = new Space(`node-${version}-${hash(test.fullName ?? test.name)}`);
    try {
      await body(space, test);
    } finally {
      await space.clear();
    }
  };
}

function hash(text) {
  let sum = 5381;
  for (const char of text) sum = (sum * 33 + char.codePointAt(0)) % 2 ** 32;
  return sum.toString(36);
}

/** Positions of the canonical words in `text`: a reply's words are `lexeme-POSITION-TAG`, in base 36. */
export function words(text) {
  const parts = text.split(/\s+/).map((word) => word.split('-'));
  return parts.filter((part) => part.length === 3 && part[2].length === 7).map((part) => parseInt(part[1], 36));
}

/** Whether `text` is a canonical reply of `count` words and nothing else. */
export function whole(text, count) {
  const found = words(text);
  return text.split(/\s+/).length === count && found.length === count && found.every((word, at) => word === at);
}

/**
 * Milliseconds that SDKs want to sleep between attempts, while nothing really sleeps. Their timers for the request as
 * a whole stay real: only those set by a module named `sleep`, or for a retry, are taken.
 */
export function naps(test) {
  const taken = [];
  const real = globalThis.setTimeout;
  test.mock.method(globalThis, 'setTimeout', (callback, wait, ...rest) => {
    if (!/sleep|retryRequest/i.test(new Error().stack)) return real(callback, wait, ...rest);
    taken.push(wait);
    return real(callback, 0, ...rest);
  });
  return taken;
}
