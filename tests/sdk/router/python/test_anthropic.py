"""Anthropic's own package through the router: messages of every vendor, while the first is in trouble."""

import asyncio
import time

import anthropic
import pytest
from pydantic import BaseModel

import canned
import mock
import router
from conftest import in_trouble

VERSION = anthropic.__version__
ASK = [{"role": "user", "content": "[words=9] hello there"}]
WORDS = 200
LONG = [{"role": "user", "content": f"[words={WORDS}] hello there"}]
WEATHER = {
    "name": "weather",
    "description": "Weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
FORCED = {"type": "tool", "name": "weather"}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SHARED = anthropic.Anthropic(base_url="http://127.0.0.1:9", api_key=mock.KEY, max_retries=0, timeout=30)
FIRST = pytest.mark.parametrize("first", router.CHAINS)
STREAMING = pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


def messages(built, **more):
    return SHARED.with_options(base_url=built.origin, **more).messages


def create(built, **more):
    return messages(built).create(**{"model": "chat", "max_tokens": 500, "messages": ASK, **more})


def stream(built, **more):
    return messages(built).stream(**{"model": "chat", "max_tokens": 500, "messages": ASK, **more})


def check_weather(given):
    assert isinstance(given["city"], str) and isinstance(given["days"], int)


@in_trouble(streams=False)
def test_a_plain_reply_is_whole(site):
    raw = messages(site.router).with_raw_response.create(model="chat", max_tokens=500, messages=ASK)
    reply = raw.parse()

    assert (reply.type, reply.role) == ("message", "assistant")
    (block,) = reply.content
    assert (block.type, reply.stop_reason, reply.stop_sequence) == ("text", "end_turn", None)
    assert reply.usage.input_tokens > 0 and reply.usage.output_tokens == 9
    assert reply._request_id
    site.check_text(block.text)
    if not site.trouble.get("slow"):
        assert raw.headers["x-brownout-served-by"] == site.server


@in_trouble(streams=True)
def test_a_stream_has_its_events_in_order(site):
    events = [event for event in create(site.router, stream=True) if event.type != "ping"]

    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert events[-2].delta.stop_reason == "end_turn" and events[-2].usage.output_tokens == 9
    site.check_text("".join(event.delta.text for event in events[2:-3]))


@in_trouble(streams=True, slow=False)
def test_the_stream_helper_accumulates_the_message(site):
    with stream(site.router) as running:
        text = "".join(running.text_stream)
        final = running.get_final_message()

    assert final.content[0].text == text
    assert final.stop_reason == "end_turn" and final.usage.output_tokens == 9
    site.check_text(text)


@in_trouble(streams=False, slow=False)
def test_a_forced_tool_is_used(site):
    reply = create(site.router, tools=[WEATHER], tool_choice=FORCED)

    (block,) = reply.content
    assert (block.type, block.name, reply.stop_reason) == ("tool_use", "weather", "tool_use") and block.id
    check_weather(block.input)
    site.check_calls()


@in_trouble(streams=True, slow=False, tools=True)
def test_the_stream_helper_accumulates_the_input(site):
    with stream(site.router, tools=[WEATHER], tool_choice={"type": "any"}) as running:
        final = running.get_final_message()

    (block,) = final.content
    assert (block.type, block.name, final.stop_reason) == ("tool_use", "weather", "tool_use")
    check_weather(block.input)
    site.check_calls()


@in_trouble(streams=False, slow=False, names=["healthy", "status_503", "empty_answer"])
def test_structured_output_fits_its_schema(site):
    # The older package has `parse` among its betas.
    client = SHARED.with_options(base_url=site.router.origin)
    parse = getattr(client.messages, "parse", None) or client.beta.messages.parse
    reply = parse(model="chat", max_tokens=500, messages=ASK, output_format=Forecast)

    assert isinstance(reply.parsed_output, Forecast)
    site.check_calls()


@in_trouble(streams=True, slow=False, names=["healthy", "status_503", "ends_before_first_token"])
def test_the_asynchronous_client_streams_the_same(site):
    async def text():
        async with anthropic.AsyncAnthropic(base_url=site.router.origin, api_key=mock.KEY) as client:
            async with client.messages.stream(model="chat", max_tokens=500, messages=ASK) as running:
                return await running.get_final_text()

    site.check_text(asyncio.run(text()))


@FIRST
@pytest.mark.parametrize("trouble", [None, {"status": 503}], ids=["healthy", "status_503"])
def test_pictures_systems_and_tool_results_travel_along(start, first, trouble):
    built = start(first)
    if trouble:
        built.break_first(trouble)
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    conversation = [
        {"role": "user", "content": [picture, {"type": "text", "text": "weather there?"}]},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome", "days": 1}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
                {"type": "text", "text": "[words=9] and tomorrow?"},
            ],
        },
    ]
    system = [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]

    reply = create(built, messages=conversation, system=system, tools=[WEATHER], tool_choice={"type": "none"})

    assert mock.whole(reply.content[0].text, 9)
    assert reply.stop_reason == "end_turn"


@FIRST
def test_a_limit_on_the_output_is_kept(start, first):
    reply = create(start(first), messages=[{"role": "user", "content": "[words=50]"}], max_tokens=5)

    assert reply.stop_reason == "max_tokens" and mock.whole(reply.content[0].text, 5)


@STREAMING
@pytest.mark.parametrize("first", canned.VENDORS)
def test_several_tools_are_used_at_once(start, request, first, streaming):
    upstream = canned.VENDORS[first]()
    request.addfinalizer(upstream.close)
    provider = router.MODELS[first][0]
    built = start(first, bases={provider: upstream.origin + ("/v1" if provider == "openai" else "")})

    if streaming:
        with stream(built, tools=[WEATHER]) as running:
            reply = running.get_final_message()
    else:
        reply = create(built, tools=[WEATHER])

    used = [block for block in reply.content if block.type == "tool_use"]
    assert [block.input for block in used] == [{"city": "Rome", "days": 2}, {"city": "Oslo", "days": 5}]
    assert len({block.id for block in used}) == 2 and reply.stop_reason == "tool_use"


# What breaks in the middle


CUTS = {
    "ends": {"cut": {"after": 100, "close": "clean"}},
    "reset": {"cut": {"after": 100, "close": "reset"}},
    "error_event": {"stream_error": {"after": 100, "error": "overloaded"}},
    "broken_event": {"malformed_event": {"after": 100, "form": "cut"}},
    "silence": {"stall": {"after": 100}},
}


@FIRST
@pytest.mark.parametrize("cut", CUTS)
def test_a_loop_and_the_helper_raise_when_it_breaks_in_the_middle(start, first, cut):
    # Only a silence is told by its length: elsewhere a busy machine must not make one.
    built = start(first, route={"idle": "300ms" if cut == "silence" else "5s"})
    built.break_first(CUTS[cut])

    kinds, text = [], ""
    with pytest.raises(anthropic.APIError) as raised:
        with create(built, messages=LONG, stream=True) as events:
            for event in events:
                kinds.append(event.type)
                if event.type == "content_block_delta":
                    text += event.delta.text
    with pytest.raises(anthropic.APIError) as helped:
        with stream(built, messages=LONG) as running:
            running.get_final_message()

    assert "message_stop" not in kinds and "message_delta" not in kinds
    positions = mock.words(text)
    assert 0 < len(positions) < WORDS and positions == list(range(len(positions)))
    router.tag(text)
    for error in (raised.value, helped.value):
        assert f"`{first}` failed" in str(error)


@FIRST
@pytest.mark.parametrize("cut", CUTS)
def test_a_route_that_holds_answers_back_gives_a_whole_one(start, first, cut):
    built = start(first, route={"idle": "300ms", "stream": {"hold": {"whole": "always"}}})
    built.break_first(CUTS[cut])

    with stream(built, messages=LONG) as running:
        text = running.get_final_text()

    assert mock.whole(text, WORDS)
    assert built.tried(2)[-1]["tag"] == router.tag(text)


# What is raised when nobody can answer


@STREAMING
@FIRST
@pytest.mark.parametrize(
    "inject, status, kind",
    [
        ({"rate_limit": {"retry_after": "7s"}}, {429}, "rate_limit_error"),
        ("overloaded", {503, 529}, "overloaded_error"),
        ({"status": 500}, {500}, "api_error"),
        ("reset", {502}, "api_error"),
        ("unauthorized", {401}, "authentication_error"),
        ("context_exceeded", {400}, "invalid_request_error"),
    ],
    ids=["rate_limit", "overloaded", "status_500", "reset", "unauthorized", "context"],
)
def test_when_all_are_down_the_primary_cause_is_raised(start, first, inject, status, kind, streaming):
    built = start(first)
    built.break_all(inject)

    with pytest.raises(anthropic.APIStatusError) as raised:
        create(built, stream=streaming)

    error = raised.value
    assert error.status_code in status and type(error) is not anthropic.APIStatusError
    assert (error.body["type"], error.body["error"]["type"]) == ("error", kind)
    assert f"`{first}`" in error.body["error"]["message"]
    assert [attempt["model"] for attempt in error.body["error"]["attempts"]] == built.chain
    assert error.request_id


@FIRST
def test_a_prompt_that_is_too_long_is_said_to_be_in_the_vendors_words(start, first):
    # Agents shorten their conversation when they read them.
    built = start(first)
    built.break_all("context_exceeded")

    with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        create(built)


def test_rate_limits_raise_their_class_with_the_wait(start):
    built = start("claude")
    built.break_all({"rate_limit": {"retry_after": "7s"}})

    with pytest.raises(anthropic.RateLimitError) as raised:
        create(built)

    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 7


def test_a_package_that_comes_back_is_served(start, monkeypatch):
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)
    built = start("claude", more={"breaker": {"failures": 0}})
    for model in built.chain:
        built.space.inject(built.provider(model), {"status": 500}, first=1)

    reply = messages(built, max_retries=2).create(model="chat", max_tokens=500, messages=ASK)

    assert mock.whole(reply.content[0].text, 9) and len(naps) == 1


def test_a_mistake_is_told_without_asking_anybody(start):
    built = start("claude")

    with pytest.raises(anthropic.NotFoundError):
        create(built, model="nobody")
    with pytest.raises(anthropic.BadRequestError) as raised:
        create(built, messages=[])

    assert raised.value.body["error"]["type"] == "invalid_request_error"
    assert built.space.calls() == []


def test_a_caller_asks_for_a_chain_no_fallback_and_the_ledger(start):
    built = start("claude")
    built.break_first({"status": 503})

    own = messages(built).with_raw_response.create(
        model="chat", max_tokens=500, messages=ASK, extra_body={"models": ["flash", "gpt"]}
    )
    assert own.headers["x-brownout-served-by"] == "flash"
    told = create(built, extra_body={"brownout": {"ledger": True}})
    assert [tried["model"] for tried in told.model_extra["brownout"]["attempts"]] == ["claude", "gpt"]
    with pytest.raises(anthropic.APIStatusError) as raised:
        create(built, extra_headers={"x-brownout-fallback": "off"})
    assert [tried["model"] for tried in raised.value.body["error"]["attempts"]] == ["claude"]


@FIRST
def test_a_refusal_is_a_stop_reason_unless_the_route_says_otherwise(start, first):
    built = start(first)
    built.break_first("refusal")

    plain = create(built)
    with stream(built) as running:
        streamed = running.get_final_message()

    for reply in (plain, streamed):
        assert reply.stop_reason == "refusal"


def test_tokens_are_counted_without_a_call(start):
    built = start("claude")
    counted = messages(built).count_tokens(model="chat", messages=ASK, system="be brief")

    assert counted.input_tokens > 0
    assert built.space.calls() == []


def test_models_and_routes_are_listed(start):
    client = SHARED.with_options(base_url=start("claude").origin)
    listed = list(client.models.list())

    assert {"chat", "claude", "gpt", "flash"} <= {model.id for model in listed}
    assert all(model.type == "model" and model.display_name for model in listed)
    assert client.models.retrieve("chat").id == "chat"
