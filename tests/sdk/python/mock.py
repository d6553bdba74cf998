"""The running `brownout mock`, as the suites see it: base URLs, faults, ledger.

Every test works in a namespace of its own, so suites of several SDK versions share one server.
"""

import json
import os
import threading
import urllib.error
import urllib.request
from urllib.parse import urlencode, urlsplit, urlunsplit

KEY = "sk-test-000"


def _announced():
    """What `brownout mock --json` printed when it was up."""
    with open(os.environ["BROWNOUT_MOCK"], encoding="utf-8") as file:
        return json.load(file)


ANNOUNCED = _announced()
CONTROL = ANNOUNCED["control"].rstrip("/")


def control(method, path, body=None, **query):
    """Asks the control API and gives its JSON, or None when it answered without a body."""
    query = {name: value for name, value in query.items() if value is not None}
    url = CONTROL + path + ("?" + urlencode(query) if query else "")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {url} {body}: {error.code} {error.read().decode()}") from None
    return json.loads(text) if text else None


class Space:
    """A namespace of the mock."""

    def __init__(self, name):
        self.name = name

    def base(self, provider):
        """Base URL of `provider` in this namespace, with the path its SDK wants (`/v1` for OpenAI, …)."""
        parts = urlsplit(ANNOUNCED["providers"][provider]["base_url"])
        return urlunsplit(parts._replace(path=f"/ns/{self.name}{parts.path.rstrip('/')}"))

    def origin(self, provider):
        """The same without a path of the API: `http://host:port/ns/NAME`."""
        parts = urlsplit(ANNOUNCED["providers"][provider]["base_url"])
        return urlunsplit(parts._replace(path=f"/ns/{self.name}"))

    def compatible(self, provider):
        """Base URL of what `provider` has for OpenAI's package: Ollama's own API is elsewhere."""
        return self.base(provider) + ("/v1" if provider == "ollama" else "")

    def inject(self, provider, inject, **rule):
        """Adds a fault: `space.inject("openai", {"cut": {"after": 3}}, first=1)`."""
        rule = {"on": provider, "inject": inject, "namespace": self.name, "ttl": "5m", **rule}
        return control("POST", "/faults", rule)

    def calls(self):
        """The ledger of this namespace, in the order in which the calls ended."""
        answer = control("GET", "/calls", namespace=self.name)
        return answer["calls"] if isinstance(answer, dict) else answer

    def fired(self):
        """Whether a fault acted on the first call; waits a moment for the call to end."""
        for _ in range(40):
            if calls := self.calls():
                return bool(calls[0]["faults"])
            threading.Event().wait(0.05)
        return True

    def clear(self):
        """Takes every fault of this namespace away and forgets what it saw."""
        control("DELETE", "/faults", namespace=self.name)
        control("POST", "/reset", namespace=self.name)


def words(text):
    """Positions of the canonical words in `text`: a reply's words are `lexeme-POSITION-TAG`, in base 36."""
    positions = []
    for word in text.split():
        parts = word.split("-")
        if len(parts) == 3 and len(parts[2]) == 7:
            positions.append(int(parts[1], 36))
    return positions


def whole(text, count):
    """Whether `text` is a canonical reply of `count` words and nothing else."""
    return len(text.split()) == count and words(text) == list(range(count))
