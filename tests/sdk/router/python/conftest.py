"""What every suite uses: a namespace of the mock, a router in front of it, and a provider in trouble."""

import gc
import re
import zlib
from dataclasses import dataclass

import pytest

import mock
import router


@dataclass
class Site:
    """A router whose first provider is in trouble."""

    router: router.Router
    trouble: dict

    @property
    def healthy(self):
        return self.trouble["name"] == "healthy"

    @property
    def server(self):
        """The model that has to serve: the first, or the one after it."""
        return self.router.chain[0 if self.healthy else 1]

    def check_text(self, text, count=9):
        """`text` is the whole answer of one attempt, of a model that may serve, and the first was asked before."""
        assert mock.whole(text, count), text
        calls = self.check_calls()
        spoken = router.tag(text)
        (call,) = [call for call in calls if call["tag"] == spoken]
        assert call is calls[-1] and call["words_sent"] == count

    def check_calls(self):
        """What the providers saw: the trouble, and then one healthy call of the model that has to serve."""
        missing = self.healthy or self.trouble.get("refused", False)
        calls = self.router.tried(1 if missing else 2)
        if not missing:
            assert calls[0]["provider"] == self.router.provider(self.router.first) and calls[0]["faults"]
        last = calls[-1]
        assert (last["status"], last["faults"]) == (200, [])
        if not self.trouble.get("slow"):
            # A machine that is busy may find a second provider slow, too.
            assert last["provider"] == self.router.provider(self.server)
            assert len(calls) == (1 if missing else 2)
        return calls


def pytest_collection_modifyitems(config, items):
    """In a hurry every test has one vendor first, not each: which one differs from test to test."""
    if not router.QUICK:
        return
    kept, dropped = [], []
    for item in items:
        first = getattr(item, "callspec", None) and item.callspec.params.get("first")
        turn = zlib.crc32(item.name.replace(str(first), "").encode()) % len(router.CHAINS)
        (dropped if first in router.CHAINS and first != list(router.CHAINS)[turn] else kept).append(item)
    config.hook.pytest_deselected(items=dropped)
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def imported():
    """What was imported is no garbage, and need not be looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def swept():
    """Collects garbage between tests only: httpcore waits for its own lock for ever when a stream that nobody read to
    its end is collected while it opens a connection."""
    gc.disable()
    yield
    gc.collect()


@pytest.fixture
def space(request):
    """A namespace of the mock, named after the test and the version of the SDK under test."""
    version = getattr(request.module, "VERSION", "0").replace(".", "-")
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    fresh = mock.Space(f"{name[:32]}-{zlib.crc32(request.node.nodeid.encode()):x}-{version}")
    yield fresh
    fresh.clear()


@pytest.fixture
def start(space, tmp_path):
    """Starts routers; `start(first, **settings)`."""
    running = []

    def start(first="claude", **settings):
        running.append(router.Router(tmp_path, space, first, **settings))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def site(request, start):
    """A router whose first provider is in trouble; see `in_trouble`."""
    first, name, tools = request.param
    trouble = router.TROUBLES[name]
    shut = router.Shut() if trouble.get("refused") else None
    bases = {router.MODELS[first][0]: shut.origin} if shut else None
    held = {"stream": {"hold": {"whole": "tools"}}} if tools and trouble.get("opens") else {}
    built = start(first, bases=bases, route={**trouble.get("route", {}), **held})
    if inject := trouble.get("inject"):
        built.break_first(inject)
    yield Site(built, trouble)
    if shut:
        shut.close()


def in_trouble(streams, slow=True, names=None, tools=False):
    """Runs a test with each vendor first, in every trouble that a call which `streams` can meet.

    A trouble that `opens` lets a stream begin. A tool call that has begun is output: its route has to hold `tools` back
    if another model is to take over.
    """
    cases = [
        pytest.param((first, name, tools), id=f"{first}-{name}")
        for name, trouble in router.TROUBLES.items()
        for first in router.places(trouble)
        if trouble.get("streams") != ("never" if streams else "only")
        and (slow or not trouble.get("slow"))
        and (names is None or name in names)
    ]
    return pytest.mark.parametrize("site", cases, indirect=True)
