"""What every suite uses: a namespace for each test, and a clock that nobody waits for."""

import re
import time
import zlib

import pytest

import mock


@pytest.fixture
def space(request):
    """A namespace of the mock, named after the test and the version of the SDK under test."""
    version = getattr(request.module, "VERSION", "0").replace(".", "-")
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    fresh = mock.Space(f"{name[:32]}-{zlib.crc32(request.node.nodeid.encode()):x}-{version}")
    yield fresh
    fresh.clear()


@pytest.fixture
def slept(monkeypatch):
    """Seconds that the SDK wanted to sleep between attempts; nothing really sleeps."""
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps
