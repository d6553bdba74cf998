// A mock LLM provider for your tests: copy this file, and set BROWNOUT to the program if it is not on the PATH.
//
// One `brownout mock` serves all tests of a file; every test has a namespace of its own, with its own faults, counters
// and calls, so that no test sees another's, concurrent ones included.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";

// Starts the providers; `stop` ends them.
export async function start(providers = ["openai", "anthropic"]) {
  const args = ["mock", "--fast", "--json", ...providers.flatMap((name) => ["--provider", name])];
  const child = spawn(process.env.BROWNOUT ?? "brownout", args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const started = JSON.parse(line);
  return {
    // Providers that only one test sees.
    mock: () => new Mock(started, `t${randomUUID().slice(0, 8)}`),
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

class Mock {
  constructor(started, namespace) {
    this.started = started;
    this.namespace = namespace;
  }

  // The base URL to give to an SDK.
  baseURL(provider) {
    const url = new URL(this.started.providers[provider].base_url);
    return `${url.origin}/ns/${this.namespace}${url.pathname === "/" ? "" : url.pathname}`;
  }

  // Adds a fault: `await mock.inject("openai", { status: 503 }, { first: 2 })`. Keys are those of docs/scenarios.md,
  // and `ttl`.
  inject(provider, fault, keys = {}) {
    return this.ask("POST", "/faults", { on: provider, inject: fault, ...keys, namespace: this.namespace });
  }

  // Takes all faults away.
  heal() {
    return this.ask("DELETE", `/faults?namespace=${this.namespace}`);
  }

  // The calls that reached the providers, oldest first.
  async calls() {
    return (await this.ask("GET", `/calls?namespace=${this.namespace}`)).calls;
  }

  async ask(method, path, body) {
    const answer = await fetch(this.started.control + path, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text ? JSON.parse(text) : null;
  }
}
