"""OpenAI's own package through the router: chat completions, while the first provider is in trouble."""

import asyncio
import json

import openai
import pytest
from pydantic import BaseModel

import mock
from conftest import in_trouble

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
SHARED = openai.OpenAI(base_url="http://127.0.0.1:9", api_key=mock.KEY, max_retries=0, timeout=30)


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int
    sunny: bool
    notes: list[str]


def chat(router):
    return SHARED.with_options(base_url=router.url).chat.completions


@in_trouble(streams=False)
def test_a_plain_reply_is_whole(site):
    raw = chat(site.router).with_raw_response.create(model="chat", messages=ASK)
    reply = raw.parse()

    choice = reply.choices[0]
    assert (reply.object, choice.index, choice.message.role) == ("chat.completion", 0, "assistant")
    assert (choice.finish_reason, choice.message.refusal, choice.message.tool_calls) == ("stop", None, None)
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.completion_tokens == 9
    assert reply._request_id == raw.headers["x-request-id"]
    site.check_text(choice.message.content)
    if not site.trouble.get("slow"):
        assert raw.headers["x-brownout-served-by"] == site.server
        assert int(raw.headers["x-brownout-attempts"]) == (1 if site.healthy else 2)


@in_trouble(streams=True)
def test_a_stream_is_one_whole_reply(site):
    options = {"include_usage": True}
    stream = chat(site.router).create(model="chat", messages=ASK, stream=True, stream_options=options)
    *chunks, last = stream

    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant"
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons[-1] == "stop" and set(reasons[:-1]) <= {None}
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in [*chunks, last]}) == 1
    assert last.choices == [] and all(chunk.usage is None for chunk in chunks)
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens
    assert last.usage.completion_tokens == 9
    site.check_text("".join(delta.content or "" for delta in deltas))


@in_trouble(streams=True, slow=False)
def test_the_stream_helper_accumulates_one_reply(site):
    with chat(site.router).stream(model="chat", messages=ASK) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].finish_reason == "stop"
    site.check_text(final.choices[0].message.content)


def check_weather(arguments):
    given = json.loads(arguments)
    assert isinstance(given["city"], str) and isinstance(given["days"], int)


@in_trouble(streams=False, slow=False)
def test_a_forced_tool_is_called(site):
    reply = chat(site.router).create(model="chat", messages=ASK, tools=[WEATHER], tool_choice=FORCED)

    (call,) = reply.choices[0].message.tool_calls
    assert (call.type, call.function.name) == ("function", "weather") and call.id
    assert reply.choices[0].finish_reason in ("tool_calls", "stop")
    check_weather(call.function.arguments)
    site.check_calls()


@in_trouble(streams=True, tools=True)
def test_streamed_arguments_add_up(site):
    stream = chat(site.router).create(model="chat", messages=ASK, tools=[WEATHER], tool_choice="required", stream=True)
    chunks = list(stream)

    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert calls[0].id and calls[0].function.name == "weather"
    assert all(call.index == 0 for call in calls) and all(not call.id for call in calls[1:])
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    check_weather("".join(call.function.arguments or "" for call in calls))
    site.check_calls()


@in_trouble(streams=True, slow=False, tools=True)
def test_the_stream_helper_parses_the_arguments_of_a_strict_tool(site):
    class Weather(BaseModel):
        city: str
        days: int

    tool = openai.pydantic_function_tool(Weather, name="weather")
    with chat(site.router).stream(model="chat", messages=ASK, tools=[tool], tool_choice="required") as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    (call,) = final.choices[0].message.tool_calls
    assert "tool_calls.function.arguments.done" in kinds
    assert isinstance(call.function.parsed_arguments, Weather)
    site.check_calls()


@in_trouble(streams=False, slow=False)
def test_structured_output_fits_its_schema(site):
    reply = chat(site.router).parse(model="chat", messages=ASK, response_format=Forecast)

    assert isinstance(reply.choices[0].message.parsed, Forecast)
    site.check_calls()


@in_trouble(streams=True, slow=False)
def test_structured_output_fits_its_schema_in_a_stream(site):
    with chat(site.router).stream(model="chat", messages=ASK, response_format=Forecast) as stream:
        final = stream.get_final_completion()

    assert isinstance(final.choices[0].message.parsed, Forecast)
    site.check_calls()


@in_trouble(streams=True, slow=False, names=["healthy", "status_503", "ends_before_first_token"])
def test_the_asynchronous_client_streams_the_same(site):
    async def text():
        async with openai.AsyncOpenAI(base_url=site.router.url, api_key=mock.KEY, max_retries=0) as client:
            stream = await client.chat.completions.create(model="chat", messages=ASK, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    site.check_text(asyncio.run(text()))
