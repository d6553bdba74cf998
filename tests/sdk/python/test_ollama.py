"""Ollama's own package against the native API of the `ollama` dialect."""

import json
from importlib.metadata import version

import ollama
import pytest
from pydantic import BaseModel

import mock

VERSION = version("ollama")
MODEL = "llama3.2"
ASK = [{"role": "user", "content": "[words=9] hello there"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


@pytest.fixture
def client(space):
    return ollama.Client(host=space.origin("ollama"))


def test_a_chat_is_whole(client):
    reply = client.chat(model=MODEL, messages=ASK)

    assert (reply.model, reply.message.role, reply.done, reply.done_reason) == (MODEL, "assistant", True, "stop")
    assert mock.whole(reply.message.content, 9)
    assert reply.prompt_eval_count > 0 and reply.eval_count >= 9 and reply.total_duration >= 0
    assert reply.created_at


def test_a_streamed_chat_ends_with_its_counts(client):
    *parts, last = client.chat(model=MODEL, messages=ASK, stream=True)

    assert mock.whole("".join(part.message.content for part in [*parts, last]), 9)
    assert all(not part.done for part in parts) and last.done and last.done_reason == "stop"
    assert last.eval_count >= 9


def test_a_limit_on_the_output_is_kept(client):
    ask = [{"role": "user", "content": "[words=50]"}]
    reply = client.chat(model=MODEL, messages=ask, options={"num_predict": 5})

    assert reply.done_reason == "length" and mock.whole(reply.message.content, 5)


def test_a_prompt_is_completed(client):
    reply = client.generate(model=MODEL, prompt="[words=9]")

    assert mock.whole(reply.response, 9) and reply.done
    parts = list(client.generate(model=MODEL, prompt="[words=9]", stream=True))
    assert mock.whole("".join(part.response for part in parts), 9) and parts[-1].done


def test_tools_are_accepted(client):
    # There is no way to force one.
    reply = client.chat(model=MODEL, messages=ASK, tools=[WEATHER])

    assert reply.done and (reply.message.tool_calls or reply.message.content)


def test_structured_output_fits_its_schema(client):
    reply = client.chat(model=MODEL, messages=ASK, format=Forecast.model_json_schema())

    assert Forecast.model_validate_json(reply.message.content)


def test_json_mode_gives_an_object(client):
    assert isinstance(json.loads(client.chat(model=MODEL, messages=ASK, format="json").message.content), dict)


def test_models_are_listed_and_not_recorded(client, space):
    listed = client.list().models

    assert listed and all(model.model for model in listed)
    assert space.calls() == []


def test_embeddings_have_a_vector_for_each_input(client):
    reply = client.embed(model="nomic-embed-text", input=["one", "two"])

    one, two = reply.embeddings
    assert len(one) == len(two) > 0 and list(one) != list(two)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_status_is_a_response_error_tried_once(client, space, status):
    space.inject("ollama", {"status": status})

    with pytest.raises(ollama.ResponseError) as raised:
        client.chat(model=MODEL, messages=ASK)

    assert raised.value.status_code == status and raised.value.error
    assert len(space.calls()) == 1


def test_a_full_queue_is_503(client, space):
    space.inject("ollama", "overloaded")

    with pytest.raises(ollama.ResponseError) as raised:
        client.chat(model=MODEL, messages=ASK)

    assert raised.value.status_code == 503 and "busy" in raised.value.error


def test_an_error_in_the_stream_is_raised(client, space):
    space.inject("ollama", {"stream_error": {"after": 3, "error": "server_error"}})

    with pytest.raises(ollama.ResponseError):
        list(client.chat(model=MODEL, messages=ASK, stream=True))


def test_no_messages_are_refused_in_the_compatible_api(space):
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=space.compatible("ollama"), api_key="ollama", max_retries=0)

    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=MODEL, messages=[])
