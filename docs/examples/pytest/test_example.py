"""What an application does on a bad day, tested with the official SDK."""

import openai
import pytest

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Name a tea. [words=9]"}]}


@pytest.fixture
def client(mock):
    # Without the SDK's own retries every call is one attempt.
    return openai.OpenAI(base_url=mock.base_url("openai"), api_key="sk-test", max_retries=0)


def test_a_healthy_provider_answers(client, mock):
    reply = client.chat.completions.create(**ASK)
    assert len(reply.choices[0].message.content.split()) == 9
    assert [call["status"] for call in mock.calls()] == [200]


def test_an_overload_is_an_internal_server_error_and_heals(client, mock):
    mock.inject("openai", "overloaded", first=1)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(**ASK)
    assert client.chat.completions.create(**ASK).choices


def test_the_sdk_retries_a_rate_limit(mock):
    mock.inject("openai", {"rate_limit": {"retry_after": {"ms": "1ms"}}}, first=2)
    client = openai.OpenAI(base_url=mock.base_url("openai"), api_key="sk-test", max_retries=2)
    assert client.chat.completions.create(**ASK).choices
    assert [call["status"] for call in mock.calls()] == [429, 429, 200]


def test_half_a_stream_looks_complete_to_whoever_does_not_look_at_the_finish_reason(client, mock):
    mock.inject("openai", {"cut": {"after": 4, "close": "clean"}})
    words, finish = "", None
    for chunk in client.chat.completions.create(**ASK, stream=True):
        words += chunk.choices[0].delta.content or ""
        finish = chunk.choices[0].finish_reason
    # No exception was raised; only this tells four words from nine.
    assert (len(words.split()), finish) == (4, None)
