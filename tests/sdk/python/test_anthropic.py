"""Anthropic's own package against the `anthropic` dialect."""

import asyncio
import json

import anthropic
import pytest
from pydantic import BaseModel

import mock

VERSION = anthropic.__version__
# From 2.0 on the package asks for the API of 2026-10-21 and sends its key as a bearer token.
NEW = int(VERSION.split(".")[0]) >= 2
MODEL = "claude-sonnet-5"
ASK = [{"role": "user", "content": "[words=9] hello there"}]
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


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


@pytest.fixture
def client(space):
    return anthropic.Anthropic(base_url=space.base("anthropic"), api_key=mock.KEY, max_retries=0)


def create(client, **more):
    return client.messages.create(**{"model": MODEL, "max_tokens": 100, "messages": ASK, **more})


def test_a_plain_reply_is_whole(client):
    reply = create(client)

    assert (reply.type, reply.role, reply.model) == ("message", "assistant", MODEL)
    (block,) = reply.content
    assert block.type == "text" and mock.whole(block.text, 9)
    assert (reply.stop_reason, reply.stop_sequence) == ("end_turn", None)
    assert reply.id.startswith("msg_") and reply._request_id.startswith("req_")


def test_usage_has_the_cache_beside_the_input(client):
    usage = create(client).usage

    assert usage.input_tokens > 0 and usage.output_tokens >= 9
    assert usage.cache_read_input_tokens == 0 and usage.cache_creation_input_tokens == 0
    assert usage.cache_creation.ephemeral_5m_input_tokens == 0 and usage.service_tier == "standard"


def test_cached_tokens_are_no_part_of_the_input(client):
    prompt = "[words=9] [cached=2] one two three four"
    plain = create(client, messages=[{"role": "user", "content": prompt.replace("[cached=2]", "[cached=0]")}]).usage
    cached = create(client, messages=[{"role": "user", "content": prompt}]).usage

    assert cached.cache_read_input_tokens == 2
    assert cached.input_tokens + 2 == plain.input_tokens


def test_a_limit_on_the_output_is_kept(client):
    reply = create(client, messages=[{"role": "user", "content": "[words=50]"}], max_tokens=5)

    assert reply.stop_reason == "max_tokens" and reply.usage.output_tokens == 5
    assert mock.whole(reply.content[0].text, 5)


def test_a_system_prompt_and_blocks_are_understood(client):
    blocks = [{"role": "user", "content": [{"type": "text", "text": "[words=9]"}, {"type": "text", "text": "more"}]}]

    assert mock.whole(create(client, system="be brief", messages=blocks).content[0].text, 9)


def test_a_stream_has_its_events_in_order(client):
    events = list(create(client, stream=True))

    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert mock.whole("".join(event.delta.text for event in events[2:-3]), 9)
    assert events[0].message.usage.input_tokens > 0 and events[-2].usage.output_tokens >= 9
    assert events[-2].delta.stop_reason == "end_turn"


def test_the_stream_helper_accumulates_the_message(client):
    with client.messages.stream(model=MODEL, max_tokens=100, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()

    assert mock.whole(text, 9) and final.content[0].text == text
    assert final.stop_reason == "end_turn" and final.usage.output_tokens >= 9


def test_a_forced_tool_is_used_with_input_of_its_schema(client):
    reply = create(client, tools=[WEATHER], tool_choice=FORCED)

    (block,) = reply.content
    assert (block.type, block.name, reply.stop_reason) == ("tool_use", "weather", "tool_use")
    assert block.id.startswith("toolu_")
    assert isinstance(block.input["city"], str) and isinstance(block.input["days"], int)


def test_any_tool_uses_one_and_none_uses_none(client):
    assert create(client, tools=[WEATHER], tool_choice={"type": "any"}).stop_reason == "tool_use"
    assert create(client, tools=[WEATHER], tool_choice={"type": "none"}).stop_reason == "end_turn"


def test_streamed_input_comes_in_pieces_and_adds_up(client):
    events = list(create(client, tools=[WEATHER], tool_choice=FORCED, stream=True))

    pieces = [event.delta.partial_json for event in events if event.type == "content_block_delta"]
    assert pieces[0] == "" and len(pieces) > 2
    given = json.loads("".join(pieces))
    assert isinstance(given["city"], str) and isinstance(given["days"], int)


def test_the_stream_helper_accumulates_the_input(client):
    with client.messages.stream(
        model=MODEL, max_tokens=100, messages=ASK, tools=[WEATHER], tool_choice=FORCED
    ) as stream:
        final = stream.get_final_message()

    assert isinstance(final.content[0].input["city"], str) and final.stop_reason == "tool_use"


def test_structured_output_fits_its_schema(client):
    # The older package has `parse` among its betas.
    messages = client.messages if hasattr(client.messages, "parse") else client.beta.messages
    reply = messages.parse(model=MODEL, max_tokens=100, messages=ASK, output_format=Forecast)

    assert isinstance(reply.parsed_output, Forecast)


def test_a_refusal_is_a_stop_reason(client, space):
    space.inject("anthropic", "refusal")

    plain = create(client)
    with client.messages.stream(model=MODEL, max_tokens=100, messages=ASK) as stream:
        streamed = stream.get_final_message()

    for reply in (plain, streamed):
        assert reply.stop_reason == "refusal" and "".join(block.text for block in reply.content) == ""


def test_tokens_are_counted_without_a_call_on_record(client, space):
    counted = client.messages.count_tokens(model=MODEL, messages=ASK, system="be brief")

    assert counted.input_tokens == create(client, system="be brief").usage.input_tokens
    assert len(space.calls()) == 1


def test_models_are_listed_and_not_recorded(client, space):
    listed = list(client.models.list())

    assert listed and all(model.type == "model" and model.id and model.display_name for model in listed)
    assert space.calls() == []


def test_a_model_is_found_by_its_id(client):
    first = client.models.list().data[0]

    assert client.models.retrieve(first.id).id == first.id


def test_the_asynchronous_client_streams_the_same(space):
    async def text():
        async with anthropic.AsyncAnthropic(base_url=space.base("anthropic"), api_key=mock.KEY) as client:
            async with client.messages.stream(model=MODEL, max_tokens=100, messages=ASK) as stream:
                return await stream.get_final_text()

    assert mock.whole(asyncio.run(text()), 9)


# What the vendor refuses


def test_the_output_has_to_be_limited(client):
    body = {"model": MODEL, "messages": ASK}

    with pytest.raises(anthropic.BadRequestError) as raised:
        client.post("/v1/messages", body=body, cast_to=object)

    assert raised.value.body["error"]["type"] == "invalid_request_error"
    assert "max_tokens" in raised.value.body["error"]["message"]


@pytest.mark.parametrize("name, value", [("temperature", 1.0), ("top_p", 0.9), ("top_k", 5)])
def test_the_new_version_takes_no_sampling_parameters(client, name, value):
    # The new package has lost the arguments; a caller can still send them.
    def ask():
        return create(client, extra_body={name: value})

    if NEW:
        with pytest.raises(anthropic.BadRequestError):
            ask()
    else:
        assert mock.whole(ask().content[0].text, 9)


@pytest.mark.parametrize(
    "wrong",
    [{"messages": []}, {"extra_body": {"temperature": 1.5}}, {"tool_choice": FORCED}, {"model": ""}],
    ids=["no messages", "too hot", "a tool that is not there", "no model"],
)
def test_a_wrong_parameter_is_refused(client, wrong):
    with pytest.raises(anthropic.BadRequestError) as raised:
        create(client, **wrong)

    assert raised.value.body["error"]["type"] == "invalid_request_error"


def test_two_credentials_are_one_too_many(space):
    client = anthropic.Anthropic(base_url=space.base("anthropic"), api_key=mock.KEY, max_retries=0)
    both = {"x-api-key": mock.KEY, "authorization": f"Bearer {mock.KEY}"}

    with pytest.raises(anthropic.AuthenticationError):
        create(client, extra_headers=both)


def test_an_unknown_version_is_refused(client):
    with pytest.raises(anthropic.BadRequestError):
        create(client, extra_headers={"anthropic-version": "1999-01-01"})
