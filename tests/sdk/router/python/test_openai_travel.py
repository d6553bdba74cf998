"""What travels upstream of a request made with OpenAI's own package: all of it to its own vendor, and nothing that was
meant for the router."""

from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

import canned
import mock
import router
from test_openai_chat import ASK, SHARED, WEATHER, chat

VERSION = openai.__version__


@pytest.fixture
def upstream(request):
    made = canned.openai()
    request.addfinalizer(made.close)
    return made


@pytest.fixture
def built(start, upstream):
    """A router whose first provider keeps what it is asked."""
    return start("gpt", bases={"openai": upstream.origin + "/v1"})


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_what_the_vendor_knows_or_may_know_one_day_survives(built, upstream, streaming):
    more = {
        "temperature": 0.2,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["END"],
        "presence_penalty": 0.1,
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "top_logprobs": 2,
        "metadata": {"team": "search"},
        "service_tier": "flex",
        "store": False,
        "user": "u1",
        "parallel_tool_calls": True,
        "tools": [WEATHER],
        "tool_choice": "auto",
    }
    reply = chat(built).create(
        model="chat",
        messages=ASK,
        stream=streaming,
        max_completion_tokens=77,
        extra_body={"of_next_year": {"a": [1, None]}},
        **more,
    )
    if streaming:
        list(reply)

    (asked,) = upstream.asked
    assert {name: asked.get(name) for name in more} == more
    # OpenAI's own hosts get the new name; whoever is compatible with it knows the old one.
    assert asked["max_tokens"] == 77 and "max_completion_tokens" not in asked
    assert asked["of_next_year"] == {"a": [1, None]}
    assert (asked["model"], asked["messages"]) == ("gpt-4o", ASK)


def test_messages_arrive_as_they_were_written(built, upstream):
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "what is this?"}, picture], "name": "ada"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{ "city" : "Ro\\u0308m" }'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    chat(built).create(model="chat", messages=messages, tools=[WEATHER])

    assert upstream.asked[0]["messages"] == messages


def test_nothing_that_is_the_routers_travels_on(built, upstream):
    chat(built).create(
        model="chat",
        messages=ASK,
        extra_body={
            "models": ["gpt"],
            "disable_fallbacks": False,
            "brownout": {"deadline": "5s", "ledger": True, "tags": {"team": "search"}},
        },
        extra_headers={"x-brownout-tags": "a=b"},
    )

    assert not {"models", "disable_fallbacks", "brownout"} & set(upstream.asked[0])


def test_callers_at_once_are_all_answered_while_the_first_is_down(start):
    built = start("claude")
    built.break_first({"status": 503})

    def ask(nth):
        if nth % 2:
            return chat(built).create(model="chat", messages=ASK).choices[0].message.content
        chunks = chat(built).create(model="chat", messages=ASK, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    with ThreadPoolExecutor(16) as pool:
        texts = list(pool.map(ask, range(48)))

    assert all(mock.whole(text, 9) for text in texts)
    # No two of them were given the same attempt, or each other's words.
    assert len({router.tag(text) for text in texts}) == 48
    # Once it is known to be down it is left alone: some are under way by then.
    assert sum(call["provider"] == "anthropic" for call in built.tried(48)) <= 24


def test_a_connection_is_used_again_after_an_error(start):
    built = start("claude")
    client = SHARED.with_options(base_url=built.url)

    for _ in range(3):
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="nobody", messages=ASK)
        assert mock.whole(client.chat.completions.create(model="chat", messages=ASK).choices[0].message.content, 9)
