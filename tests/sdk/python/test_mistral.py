"""Mistral's own package, which checks every field it gets, against the `mistral` dialect."""

import json
from importlib.metadata import version

import pytest
from pydantic import BaseModel

import mock

VERSION = version("mistralai")
if int(VERSION.split(".")[0]) >= 2:
    from mistralai.client import Mistral, errors, utils
else:
    from mistralai import Mistral, utils
    from mistralai import models as errors

MODEL = "mistral-small-latest"
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
        },
    },
}


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


@pytest.fixture
def client(space):
    return Mistral(server_url=space.origin("mistral"), api_key=mock.KEY)


def arguments(call):
    given = call.function.arguments
    return json.loads(given) if isinstance(given, str) else given


def test_a_plain_reply_is_whole(client):
    reply = client.chat.complete(model=MODEL, messages=ASK)

    choice = reply.choices[0]
    assert (reply.object, choice.index, choice.message.role) == ("chat.completion", 0, "assistant")
    assert mock.whole(choice.message.content, 9) and choice.finish_reason == "stop"
    assert not choice.message.tool_calls


def test_usage_adds_up(client):
    usage = client.chat.complete(model=MODEL, messages=ASK).usage

    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens > 0 and usage.completion_tokens >= 9


def test_a_limit_on_the_output_is_kept(client):
    ask = [{"role": "user", "content": "[words=50]"}]
    reply = client.chat.complete(model=MODEL, messages=ask, max_tokens=5)

    assert reply.choices[0].finish_reason == "length" and mock.whole(reply.choices[0].message.content, 5)


def test_a_stream_is_the_reply_in_pieces_and_ends_with_usage(client):
    chunks = [event.data for event in client.chat.stream(model=MODEL, messages=ASK)]

    assert mock.whole("".join(chunk.choices[0].delta.content or "" for chunk in chunks), 9)
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons[-1] == "stop" and set(reasons[:-1]) == {None}
    assert [chunk.usage is None for chunk in chunks].count(False) == 1
    assert chunks[-1].usage.completion_tokens >= 9


@pytest.mark.parametrize("choice", ["any", "required", {"type": "function", "function": {"name": "weather"}}], ids=str)
def test_a_forced_tool_is_called_with_arguments_of_its_schema(client, choice):
    reply = client.chat.complete(model=MODEL, messages=ASK, tools=[WEATHER], tool_choice=choice)

    (call,) = reply.choices[0].message.tool_calls
    assert call.function.name == "weather" and reply.choices[0].finish_reason == "tool_calls"
    assert isinstance(arguments(call)["city"], str) and isinstance(arguments(call)["days"], int)


def test_a_tool_call_comes_whole_in_a_stream(client):
    stream = client.chat.stream(model=MODEL, messages=ASK, tools=[WEATHER], tool_choice="any")

    calls = [call for event in stream for call in event.data.choices[0].delta.tool_calls or []]
    assert [call.function.name for call in calls] == ["weather"]
    assert isinstance(arguments(calls[0])["city"], str)


def test_structured_output_fits_its_schema(client):
    reply = client.chat.parse(Forecast, model=MODEL, messages=ASK)

    assert isinstance(reply.choices[0].message.parsed, Forecast)


def test_json_mode_gives_an_object(client):
    reply = client.chat.complete(model=MODEL, messages=ASK, response_format={"type": "json_object"})

    assert isinstance(json.loads(reply.choices[0].message.content), dict)


def test_models_are_listed_and_not_recorded(client, space):
    listed = client.models.list().data

    assert listed and all(model.id for model in listed)
    assert space.calls() == []


def test_embeddings_have_a_vector_for_each_input(client):
    reply = client.embeddings.create(model="mistral-embed", inputs=["one", "two"])

    assert [row.index for row in reply.data] == [0, 1]
    assert len(reply.data[0].embedding) == 1024 and reply.data[0].embedding != reply.data[1].embedding
    assert reply.usage.total_tokens > 0


# Errors


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 502, 503, 504])
def test_a_status_is_an_sdk_error_tried_once(client, space, status, streaming):
    space.inject("mistral", {"status": status})

    with pytest.raises(errors.SDKError) as raised:
        if streaming:
            list(client.chat.stream(model=MODEL, messages=ASK))
        else:
            client.chat.complete(model=MODEL, messages=ASK)

    assert raised.value.status_code == status
    assert len(space.calls()) == 1


def test_a_rate_limit_has_its_code(client, space):
    space.inject("mistral", "rate_limit")

    with pytest.raises(errors.SDKError) as raised:
        client.chat.complete(model=MODEL, messages=ASK)

    body = json.loads(raised.value.body)
    assert (raised.value.status_code, body["type"], body["code"]) == (429, "rate_limited", "1300")


def test_a_wrong_parameter_is_a_validation_error(client):
    with pytest.raises(errors.HTTPValidationError) as raised:
        client.chat.complete(model=MODEL, messages=ASK, temperature=3.0)

    assert raised.value.status_code == 422 and raised.value.data.detail


def test_an_error_in_the_stream_fails_validation(client, space):
    space.inject("mistral", {"stream_error": {"after": 3, "error": "server_error"}})

    with pytest.raises(Exception) as raised:
        list(client.chat.stream(model=MODEL, messages=ASK))

    assert type(raised.value).__name__ in ("ResponseValidationError", "ValidationError")


def test_retries_wait_as_long_as_the_server_says(space, slept):
    backoff = utils.BackoffStrategy(500, 60_000, 1.5, 3_600_000)
    config = utils.RetryConfig("backoff", backoff, retry_connection_errors=True)
    client = Mistral(server_url=space.origin("mistral"), api_key=mock.KEY, retry_config=config)
    space.inject("mistral", {"rate_limit": {"retry_after": "300s"}}, first=1)

    assert mock.whole(client.chat.complete(model=MODEL, messages=ASK).choices[0].message.content, 9)
    if VERSION.startswith("1."):
        # min(500 ms * 1.5^0 + up to a second, 60 s): the header is not read.
        assert len(slept) == 1 and 0.5 <= slept[0] <= 1.5
    else:
        assert slept == [300]
