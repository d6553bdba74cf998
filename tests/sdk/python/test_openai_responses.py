"""The Responses API of the `openai` dialect, with OpenAI's own package."""

import json

import openai
import pytest
from pydantic import BaseModel

import mock

VERSION = openai.__version__
ASK = "[words=9] hello there"
WEATHER = {
    "type": "function",
    "name": "weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


@pytest.fixture
def client(space):
    return openai.OpenAI(base_url=space.base("openai"), api_key=mock.KEY, max_retries=0)


def test_a_response_is_whole(client):
    reply = client.responses.create(model="gpt-4o", input=ASK)

    assert (reply.object, reply.status, reply.error, reply.incomplete_details) == ("response", "completed", None, None)
    assert mock.whole(reply.output_text, 9)
    (message,) = reply.output
    assert (message.type, message.role, message.status) == ("message", "assistant", "completed")
    assert reply.id.startswith("resp_") and message.id.startswith("msg_")


def test_usage_adds_up_and_has_its_details(client):
    usage = client.responses.create(model="gpt-4o", input=ASK).usage

    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert 0 <= usage.input_tokens_details.cached_tokens <= usage.input_tokens
    assert 0 <= usage.output_tokens_details.reasoning_tokens <= usage.output_tokens


def test_reasoning_and_cached_tokens_are_parts_of_their_sums(client):
    ask = "[words=9] [reasoning=32] [cached=2] one two three four"
    usage = client.responses.create(model="gpt-5", input=ask).usage

    assert (usage.input_tokens_details.cached_tokens, usage.output_tokens_details.reasoning_tokens) == (2, 32)
    assert usage.output_tokens == 9 + 32


def test_messages_are_taken_as_input_too(client):
    ask = [{"role": "developer", "content": "be brief"}, {"role": "user", "content": ASK}]

    assert mock.whole(client.responses.create(model="gpt-4o", input=ask, instructions="be kind").output_text, 9)


def test_a_stream_has_its_events_in_order(client):
    events = list(client.responses.create(model="gpt-4o", input=ASK, stream=True))

    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    numbers = [event.sequence_number for event in events]
    assert numbers[0] == 0 and numbers == sorted(set(numbers))
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert mock.whole(deltas, 9) and deltas == events[-1].response.output_text
    assert events[-1].response.usage.output_tokens >= 9


def test_the_stream_helper_accumulates_the_response(client):
    with client.responses.stream(model="gpt-4o", input=ASK) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()

    assert mock.whole(final.output_text, 9)


def test_structured_output_fits_its_schema(client):
    reply = client.responses.parse(model="gpt-4o", input=ASK, text_format=Forecast)

    assert isinstance(reply.output_parsed, Forecast)


def test_a_forced_tool_is_called(client):
    reply = client.responses.create(
        model="gpt-4o", input=ASK, tools=[WEATHER], tool_choice={"type": "function", "name": "weather"}
    )

    (call,) = reply.output
    assert (call.type, call.name) == ("function_call", "weather") and call.call_id.startswith("call_")
    assert isinstance(json.loads(call.arguments)["city"], str)


def test_streamed_arguments_add_up(client):
    events = list(
        client.responses.create(
            model="gpt-4o", input=ASK, tools=[WEATHER], tool_choice="required", stream=True
        )
    )

    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert len(pieces) > 1 and "".join(pieces) == done.arguments
    assert isinstance(json.loads(done.arguments)["city"], str)


def test_a_limit_makes_it_incomplete(client):
    reply = client.responses.create(model="gpt-4o", input="[words=50]", max_output_tokens=16)

    assert (reply.status, reply.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert mock.whole(reply.output_text, 16)


def test_an_error_in_the_stream_is_an_event_and_raises_nothing(client, space):
    # It is not at the top level under `error`, so the package does not take it for one.
    space.inject("openai", {"stream_error": {"after": 3, "error": "server_error"}})

    *_, last = client.responses.create(model="gpt-4o", input=ASK, stream=True)

    assert last.type == "response.failed" and last.response.status == "failed"
    assert last.response.error.code == "server_error" and last.response.error.message


@pytest.mark.parametrize("name, expected", [("rate_limit", openai.RateLimitError), ("overloaded", openai.InternalServerError)])
def test_errors_are_those_of_the_vendor(client, space, name, expected):
    space.inject("openai", name)

    with pytest.raises(expected):
        client.responses.create(model="gpt-4o", input=ASK)


def test_a_wrong_parameter_is_named(client):
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model="gpt-4o", input=ASK, temperature=3)

    assert raised.value.param == "temperature"
