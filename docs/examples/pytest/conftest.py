"""A mock LLM provider for your tests: copy this file, and set BROWNOUT to the program if it is not on the PATH.

One `brownout mock` serves the whole test session, parallel workers included: every test has a namespace of its own, with
its own faults, counters and calls, so that no test sees another's.
"""

import json
import os
import subprocess
import urllib.parse
import urllib.request
import uuid

import pytest


class Mock:
    """The providers as one test sees them."""

    def __init__(self, started):
        self._started = started
        self._namespace = f"t{uuid.uuid4().hex[:12]}"

    def base_url(self, provider):
        """The base URL to give to an SDK."""
        parts = urllib.parse.urlsplit(self._started["providers"][provider]["base_url"])
        return f"{parts.scheme}://{parts.netloc}/ns/{self._namespace}{parts.path}"

    def inject(self, provider, fault, **keys):
        """Adds a fault: `mock.inject("openai", {"status": 503}, first=2)`. Keys are those of docs/scenarios.md, and `ttl`."""
        self._ask("POST", "/faults", {"on": provider, "inject": fault, **keys, "namespace": self._namespace})

    def heal(self):
        """Takes all faults away."""
        self._ask("DELETE", f"/faults?namespace={self._namespace}")

    def calls(self):
        """The calls that reached the providers, oldest first."""
        return self._ask("GET", f"/calls?namespace={self._namespace}")["calls"]

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._started["control"] + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None
        return json.loads(text) if text else None


@pytest.fixture(scope="session")
def brownout():
    """The program, for the whole session."""
    program = os.environ.get("BROWNOUT", "brownout")
    command = [program, "mock", "--provider", "openai", "--provider", "anthropic", "--fast", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def mock(brownout):
    """Healthy providers that only this test sees."""
    return Mock(brownout)
