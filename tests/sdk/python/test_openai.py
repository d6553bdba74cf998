"""OpenAI's own package against the `openai` dialect: chat completions, embeddings, models."""

import asyncio
import json

import openai
import pytest
from pydantic import BaseModel

import mock

VERSION = openai.__version__
ASK = [{"role": "user", "content": "[words=9] hello there"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
FORCED = {"type": "function", "function": {"name": "weather"}}


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int
    sunny: bool
    notes: list[str]


@pytest.fixture
def client(space):
    return openai.OpenAI(base_url=space.base("openai"), api_key=mock.KEY)


def test_a_plain_reply_is_whole(client):
    reply = client.chat.completions.create(model="gpt-4o", messages=ASK)

    choice = reply.choices[0]
    assert (reply.object, choice.index, choice.message.role) == ("chat.completion", 0, "assistant")
    assert mock.whole(choice.message.content, 9)
    assert (choice.finish_reason, choice.message.refusal, choice.message.tool_calls) == ("stop", None, None)
    assert reply.model.startswith("gpt-4o") and reply.id.startswith("chatcmpl-") and reply.created > 0


def test_usage_adds_up_and_has_its_details(client):
    usage = client.chat.completions.create(model="gpt-4o", messages=ASK).usage

    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens > 0 and usage.completion_tokens >= 9
    assert 0 <= usage.prompt_tokens_details.cached_tokens <= usage.prompt_tokens
    assert 0 <= usage.completion_tokens_details.reasoning_tokens <= usage.completion_tokens


def test_reasoning_and_cached_tokens_are_parts_of_their_sums(client):
    ask = [{"role": "user", "content": "[words=9] [reasoning=32] [cached=2] one two three four"}]
    usage = client.chat.completions.create(model="gpt-5", messages=ask).usage

    assert (usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens) == (2, 32)
    assert usage.completion_tokens == 9 + 32


def test_a_reply_has_the_headers_of_the_vendor(client):
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASK)

    assert raw.parse()._request_id == raw.headers["x-request-id"]
    assert raw.headers["x-request-id"].startswith("req_")
    assert raw.headers["openai-version"] == "2020-10-01"
    assert raw.headers["content-type"].startswith("application/json")


def test_a_limit_on_the_output_is_kept(client):
    ask = [{"role": "user", "content": "[words=50]"}]
    reply = client.chat.completions.create(model="gpt-4o", messages=ask, max_completion_tokens=5)

    assert reply.choices[0].finish_reason == "length"
    assert mock.whole(reply.choices[0].message.content, 5) and reply.usage.completion_tokens == 5


def test_a_stream_is_the_reply_in_pieces(client):
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True))

    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant" and all(delta.role is None for delta in deltas[1:])
    assert mock.whole("".join(delta.content or "" for delta in deltas), 9)
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons[-1] == "stop" and set(reasons[:-1]) == {None}
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks)


def test_usage_ends_a_stream_that_asks_for_it(client):
    stream = client.chat.completions.create(
        model="gpt-4o", messages=ASK, stream=True, stream_options={"include_usage": True}
    )

    *chunks, last = stream
    assert last.choices == [] and all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens


def test_the_stream_helper_accumulates_the_reply(client):
    with client.chat.completions.stream(model="gpt-4o", messages=ASK) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert mock.whole(final.choices[0].message.content, 9) and final.choices[0].finish_reason == "stop"


def test_a_forced_tool_is_called_with_arguments_of_its_schema(client):
    reply = client.chat.completions.create(model="gpt-4o", messages=ASK, tools=[WEATHER], tool_choice=FORCED)

    choice = reply.choices[0]
    (call,) = choice.message.tool_calls
    assert choice.message.content is None
    assert (call.type, call.function.name, call.id[:5]) == ("function", "weather", "call_")
    arguments = json.loads(call.function.arguments)
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)


def test_required_tools_call_one_and_forbidden_ones_none(client):
    reply = client.chat.completions.create(model="gpt-4o", messages=ASK, tools=[WEATHER], tool_choice="required")
    assert reply.choices[0].message.tool_calls[0].function.name == "weather"
    assert reply.choices[0].finish_reason == "tool_calls"

    reply = client.chat.completions.create(model="gpt-4o", messages=ASK, tools=[WEATHER], tool_choice="none")
    assert reply.choices[0].message.tool_calls is None and reply.choices[0].finish_reason == "stop"


def test_streamed_arguments_come_in_pieces_and_add_up(client):
    stream = client.chat.completions.create(
        model="gpt-4o", messages=ASK, tools=[WEATHER], tool_choice="required", stream=True
    )

    calls = [call for chunk in stream for call in chunk.choices[0].delta.tool_calls or []]
    assert calls[0].id.startswith("call_") and calls[0].function.name == "weather"
    assert all(call.index == 0 for call in calls) and all(call.id is None for call in calls[1:])
    assert len(calls) > 2
    arguments = json.loads("".join(call.function.arguments or "" for call in calls))
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)


def test_the_stream_helper_parses_the_arguments_of_a_strict_tool(client):
    class Weather(BaseModel):
        city: str
        days: int

    tool = openai.pydantic_function_tool(Weather, name="weather")
    with client.chat.completions.stream(
        model="gpt-4o", messages=ASK, tools=[tool], tool_choice="required"
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    (call,) = final.choices[0].message.tool_calls
    assert "tool_calls.function.arguments.done" in kinds
    assert isinstance(call.function.parsed_arguments, Weather)


def test_structured_output_fits_its_schema(client):
    reply = client.chat.completions.parse(model="gpt-4o", messages=ASK, response_format=Forecast)

    assert isinstance(reply.choices[0].message.parsed, Forecast)


def test_structured_output_fits_its_schema_in_a_stream(client):
    with client.chat.completions.stream(model="gpt-4o", messages=ASK, response_format=Forecast) as stream:
        final = stream.get_final_completion()

    assert isinstance(final.choices[0].message.parsed, Forecast)


def test_json_mode_gives_an_object(client):
    ask = [{"role": "user", "content": "[words=9] answer in json"}]
    reply = client.chat.completions.create(
        model="gpt-4o", messages=ask, response_format={"type": "json_object"}
    )

    assert isinstance(json.loads(reply.choices[0].message.content), dict)


def test_parse_raises_when_the_answer_was_cut_at_its_limit(client):
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="gpt-4o", messages=ASK, response_format=Forecast, max_tokens=2)


def test_a_refusal_is_in_its_field(client, space):
    space.inject("openai", "refusal")

    message = client.chat.completions.parse(
        model="gpt-4o", messages=ASK, response_format=Forecast
    ).choices[0].message

    assert message.refusal and message.content is None and message.parsed is None


def test_a_content_filter_stops_parse(client, space):
    space.inject("openai", {"refusal": {"form": "filter"}})

    with pytest.raises(openai.ContentFilterFinishReasonError):
        client.chat.completions.parse(model="gpt-4o", messages=ASK, response_format=Forecast)


def test_models_are_listed_and_not_recorded(client, space):
    listed = client.models.list().data

    assert listed and all(model.object == "model" and model.id for model in listed)
    assert space.calls() == []


def test_a_model_is_found_by_its_id(client):
    first = client.models.list().data[0]

    assert client.models.retrieve(first.id).id == first.id


def test_embeddings_are_the_same_in_base64_and_as_floats(client):
    # The package asks for base64 and decodes it unless the caller chose floats.
    ask = {"model": "text-embedding-3-small", "input": ["one", "two"]}
    packed = client.embeddings.create(**ask)
    floats = client.embeddings.create(**ask, encoding_format="float")

    assert [row.index for row in packed.data] == [0, 1]
    for one, other in zip(packed.data, floats.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
    assert packed.data[0].embedding != packed.data[1].embedding
    assert len(packed.data[0].embedding) == 1536
    assert packed.usage.total_tokens == packed.usage.prompt_tokens > 0


def test_embeddings_are_as_long_as_asked(client):
    reply = client.embeddings.create(model="text-embedding-3-small", input="one", dimensions=256)

    assert len(reply.data) == 1 and len(reply.data[0].embedding) == 256


def test_a_namespace_can_be_named_by_the_key(space):
    base = mock.ANNOUNCED["providers"]["openai"]["base_url"]
    client = openai.OpenAI(base_url=base, api_key=f"{mock.KEY}.ns-{space.name}")

    client.chat.completions.create(model="gpt-4o", messages=ASK)

    (call,) = space.calls()
    assert (call["provider"], call["words_sent"]) == ("openai", 9)


def test_the_asynchronous_client_streams_the_same(space):
    async def text():
        async with openai.AsyncOpenAI(base_url=space.base("openai"), api_key=mock.KEY) as client:
            stream = await client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert mock.whole(asyncio.run(text()), 9)
