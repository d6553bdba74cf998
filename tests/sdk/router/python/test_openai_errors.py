"""What OpenAI's own package raises when nobody behind the router can answer, and what it makes of waits."""

import time

import openai
import pytest

import mock
import router
from test_openai_chat import ASK, SHARED, chat

VERSION = openai.__version__
STREAMING = pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
FIRST = pytest.mark.parametrize("first", router.CHAINS)

# What all providers do; then the class, the status and the code that a caller is given.
DOWN = {
    "rate_limit": ({"rate_limit": {"retry_after": "7s"}}, openai.RateLimitError, 429, "rate_limited"),
    "quota": ("quota_exhausted", openai.RateLimitError, 429, "insufficient_quota"),
    "overloaded": ("overloaded", openai.InternalServerError, {"claude": 529, "gpt": 503, "flash": 503}, "overloaded"),
    "status_503": ({"status": 503}, openai.InternalServerError, 503, None),
    "status_500": ({"status": 500}, openai.InternalServerError, 500, "server_error"),
    "html": ({"status": {"code": 502, "body": "html"}}, openai.InternalServerError, 502, None),
    "reset": ("reset", openai.InternalServerError, 502, "unreachable"),
    "cut": ({"cut": {"after": 0, "close": "clean"}}, openai.InternalServerError, 502, "truncated"),
    "empty": ({"empty": "empty_text"}, openai.InternalServerError, 502, "empty"),
    "bad_key": ("unauthorized", openai.AuthenticationError, 401, "unauthorized"),
}


@pytest.fixture
def slept(monkeypatch):
    """Seconds that the package wanted to sleep between attempts; nothing really sleeps."""
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


@STREAMING
@FIRST
@pytest.mark.parametrize("trouble", DOWN)
def test_when_all_are_down_the_primary_cause_is_raised(start, first, trouble, streaming):
    inject, expected, status, code = DOWN[trouble]
    status = status[first] if isinstance(status, dict) else status
    built = start(first)
    built.break_all(inject)

    with pytest.raises(openai.APIStatusError) as raised:
        chat(built).create(model="chat", messages=ASK, stream=streaming)

    error = raised.value
    assert (type(error), error.status_code) == (expected, status), error
    assert code is None or error.code == code
    assert f"`{first}`" in error.message
    assert error.request_id
    assert [attempt["model"] for attempt in error.body["attempts"]] == built.chain
    assert [attempt["provider"] for attempt in error.body["attempts"]] == [
        built.provider(model) for model in built.chain
    ]


@STREAMING
def test_nobody_listens(start, streaming):
    shut = router.Shut()
    built = start("claude", bases={provider: shut.origin for provider, _ in router.MODELS.values()})

    with pytest.raises(openai.InternalServerError) as raised:
        chat(built).create(model="chat", messages=ASK, stream=streaming)

    shut.close()
    assert (raised.value.status_code, raised.value.code) == (502, "unreachable")


@STREAMING
def test_when_time_is_up_it_is_a_504(start, streaming):
    built = start("claude", route={"deadline": "600ms"})
    built.break_all("hang")

    with pytest.raises(openai.InternalServerError) as raised:
        chat(built).create(model="chat", messages=ASK, stream=streaming)

    assert raised.value.status_code == 504 and raised.value.code.startswith("timeout")


def test_a_wait_that_helps_is_told_and_waited_for(start, slept):
    built = start("claude")
    built.break_all({"rate_limit": {"retry_after": "7s"}})

    with pytest.raises(openai.RateLimitError) as raised:
        chat(built).create(model="chat", messages=ASK)

    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 7


def test_a_package_that_comes_back_is_served(start, slept):
    built = start("claude", more={"breaker": {"failures": 0}})
    for model in built.chain:
        built.space.inject(built.provider(model), {"status": 500}, first=1)

    reply = SHARED.with_options(base_url=built.url, max_retries=2).chat.completions.create(model="chat", messages=ASK)

    assert mock.whole(reply.choices[0].message.content, 9)
    assert len(slept) == 1


def test_out_of_quota_is_not_asked_again(start, slept):
    # The package would: a 429 is a 429 to it. The router tells it not to.
    built = start("claude")
    built.break_all("quota_exhausted")

    with pytest.raises(openai.RateLimitError):
        SHARED.with_options(base_url=built.url, max_retries=2).chat.completions.create(model="chat", messages=ASK)

    assert slept == []
    assert len(built.tried(3)) == 3


@STREAMING
def test_a_prompt_that_nobody_can_take_is_the_callers_mistake(start, streaming):
    built = start("gpt")
    built.break_all("context_exceeded")

    with pytest.raises(openai.BadRequestError) as raised:
        chat(built).create(model="chat", messages=ASK, stream=streaming)

    assert raised.value.code == "context_length_exceeded"


@STREAMING
@FIRST
def test_a_refusal_is_an_answer_unless_the_route_says_otherwise(start, first, streaming):
    built = start(first)
    built.break_first({"refusal": {"form": "native"}})

    if streaming:
        choices = [chunk.choices[0] for chunk in chat(built).create(model="chat", messages=ASK, stream=True)]
        said = [choice.delta for choice in choices]
    else:
        choices = chat(built).create(model="chat", messages=ASK).choices
        said = [choice.message for choice in choices]

    assert any(part.refusal for part in said) or choices[-1].finish_reason == "content_filter"
    assert not any(part.content for part in said)
    assert len(built.tried(1)) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"messages": []}, {"model": "nobody"}, {"temperature": "hot"}, {"messages": "hello"}, {"tools": [{"type": "x"}]}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_mistake_is_told_without_asking_anybody(start, wrong):
    built = start("claude")

    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as raised:
        chat(built).create(**{"model": "chat", "messages": ASK, **wrong})

    assert raised.value.type == "invalid_request_error" and raised.value.message
    assert built.space.calls() == []


def test_a_caller_that_waits_no_longer_leaves(start):
    built = start("claude")
    built.break_all("hang")

    with pytest.raises(openai.APITimeoutError):
        SHARED.with_options(base_url=built.url, timeout=0.3).chat.completions.create(model="chat", messages=ASK)

    # Its provider is left alone, too, and nobody else is asked for it.
    (call,) = built.tried(1)
    assert call["provider"] == built.provider("claude") and call["ending"] != "complete"


def test_a_stream_that_is_closed_early_is_closed_behind_the_router(start):
    built = start("claude")
    built.break_first({"stall": {"after": 3}})

    stream = chat(built).create(model="chat", messages=ASK, stream=True)
    next(stream)
    stream.close()

    (call,) = built.tried(1)
    assert call["ending"] != "complete"
