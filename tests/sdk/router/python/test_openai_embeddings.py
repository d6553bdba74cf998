"""Embeddings with OpenAI's own package through the router."""

import openai
import pytest

import router
from test_openai_chat import SHARED

VERSION = openai.__version__
TROUBLE = pytest.mark.parametrize(
    "trouble",
    [
        None,
        {"status": 503},
        {"rate_limit": {"retry_after": "7s"}},
        "reset",
        {"malformed": "html"},
        {"malformed": "truncated_json"},
    ],
    ids=["healthy", "status_503", "rate_limited", "reset", "html", "truncated"],
)


def embed(built):
    return SHARED.with_options(base_url=built.url).embeddings


@TROUBLE
def test_base64_and_floats_are_the_same(start, trouble):
    # The package asks for base64 and decodes it unless the caller chose floats.
    built = start("claude")
    if trouble:
        built.space.inject("openai", trouble)
    ask = {"model": "embed", "input": ["one", "two"]}
    packed = embed(built).create(**ask)
    floats = embed(built).create(**ask, encoding_format="float")

    assert [row.index for row in packed.data] == [0, 1]
    for one, other in zip(packed.data, floats.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
    assert packed.data[0].embedding != packed.data[1].embedding
    assert len(packed.data[0].embedding) == 1536
    assert packed.usage.total_tokens == packed.usage.prompt_tokens > 0
    served = built.tried(1)[-1]
    assert served["provider"] == ("openrouter" if trouble else "openai")


def test_vectors_are_as_long_as_asked(start):
    reply = embed(start("claude")).create(model="embed", input="one", dimensions=256)

    assert len(reply.data) == 1 and len(reply.data[0].embedding) == 256


def test_tokens_are_taken_as_input_too(start):
    # What LangChain sends by default.
    reply = embed(start("claude")).create(model="embed", input=[[1, 2, 3], [4, 5]])

    assert len(reply.data) == 2


def test_when_all_are_down_the_primary_cause_is_raised(start):
    built = start("claude")
    for provider in ("openai", "openrouter"):
        built.space.inject(provider, {"rate_limit": {"retry_after": "7s"}})

    with pytest.raises(openai.RateLimitError) as raised:
        embed(built).create(model="embed", input="one")

    assert [attempt["model"] for attempt in raised.value.body["attempts"]] == list(router.EMBEDDERS)


def test_a_chat_route_gives_no_vectors(start):
    built = start("claude")

    with pytest.raises((openai.BadRequestError, openai.NotFoundError)):
        embed(built).create(model="chat", input="one")

    assert built.space.calls() == []
