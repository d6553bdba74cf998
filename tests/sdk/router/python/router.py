"""A `brownout serve` of one's own, in front of the running `brownout mock`.

Every test starts one: it takes some milliseconds, and nothing that an earlier test broke is remembered by its breakers.
Its providers are the mock's, in the namespace of the test.
"""

import json
import os
import select
import socket
import subprocess
import time

# Which model of which vendor, and who is asked in which order.
MODELS = {
    "claude": ("anthropic", "claude-sonnet-4-5"),
    "gpt": ("openai", "gpt-4o"),
    "flash": ("gemini", "gemini-2.5-flash"),
}
EMBEDDERS = {
    "embed-main": ("openai", "text-embedding-3-small"),
    "embed-spare": ("openrouter", "text-embedding-3-small"),
}
CHAINS = {
    "claude": ["claude", "gpt", "flash"],
    "gpt": ["gpt", "flash", "claude"],
    "flash": ["flash", "claude", "gpt"],
}
START_S = 10


def troubles():
    """What may be wrong with the first provider; see `troubles.json`."""
    with open(os.environ["BROWNOUT_TROUBLES"], encoding="utf-8") as file:
        return json.load(file)


TROUBLES = {trouble["name"]: trouble for trouble in troubles()}
QUICK = bool(os.environ.get("BROWNOUT_QUICK"))


def places(trouble):
    """Which model may be first when it is met: each, or one of them in a hurry."""
    able = [first for first in CHAINS if first not in trouble.get("never", [])]
    return [able[list(TROUBLES).index(trouble["name"]) % len(able)]] if QUICK else able


class Shut:
    """A port of this machine that nobody listens on, for as long as this lives."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self):
        self._socket.close()


class Router:
    """A running `brownout serve`, whose routes are `chat` and `embed`."""

    def __init__(self, folder, space, first="claude", *, bases=None, route=None, models=None, more=None):
        self.space = space
        self.chain = CHAINS[first]
        self.first = first
        bases = bases or {}
        providers = {
            name: {"dialect": name, "base_url": bases.get(name) or space.base(name), "key": f"sk-{name}-secret"}
            for name in sorted({provider for provider, _ in [*MODELS.values(), *EMBEDDERS.values()]})
        }
        known = {name: {"provider": provider, "upstream": upstream} for name, (provider, upstream) in MODELS.items()}
        for name, (provider, upstream) in EMBEDDERS.items():
            known[name] = {"provider": provider, "upstream": upstream, "embedding": "small-3"}
        for name, settings in (models or {}).items():
            known[name].update(settings)
        routes = {
            "chat": {"chain": self.chain, "deadline": "20s", **(route or {})},
            "embed": {"chain": list(EMBEDDERS), "deadline": "20s"},
        }
        config = {
            "listen": "127.0.0.1:0",
            "log": "off",
            "providers": providers,
            "router": {"models": known, "routes": routes, **(more or {})},
        }
        path = folder / "router.yaml"
        # JSON is YAML.
        path.write_text(json.dumps(config), encoding="utf-8")
        self._errors = open(folder / "router.log", "w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [os.environ["BROWNOUT"], "serve", "--json", str(path)],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.origin = self._announced()["listen"][0].rstrip("/")
        self.url = self.origin + "/v1"

    def _announced(self):
        ready, _, _ = select.select([self._process.stdout], [], [], START_S)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self.stop()
            raise AssertionError("brownout serve did not start:\n" + self.log())
        return json.loads(line)

    def log(self):
        """What it said on stderr."""
        self._errors.seek(0)
        return self._errors.read()

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def provider(self, model):
        """Whose `model` is."""
        return MODELS[model][0]

    def break_first(self, inject):
        """Lets the first provider of the chain fail."""
        self.space.inject(self.provider(self.first), inject)

    def break_all(self, inject):
        """Lets every provider of the chain fail."""
        for model in self.chain:
            self.space.inject(self.provider(model), inject)

    def tried(self, count):
        """The calls the providers saw, by their own account: waits a moment until there are `count`."""
        for _ in range(100):
            calls = self.space.calls()
            if len(calls) >= count:
                break
            time.sleep(0.02)
        return sorted(calls, key=lambda call: call["received"])


def tag(text):
    """Which attempt the words of `text` are from, as the ledger names it; fails when they are from several."""
    tags = {word.split("-")[2] for word in text.split()}
    assert len(tags) == 1, f"words of several attempts: {text}"
    return int(tags.pop(), 36)
