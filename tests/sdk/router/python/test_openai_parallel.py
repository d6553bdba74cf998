"""Several tool calls in one answer, of each vendor, put together by OpenAI's own package."""

import json

import openai
import pytest

import canned
from test_openai_chat import ASK, WEATHER, chat

VERSION = openai.__version__
WANTED = [json.loads(text) for _, text in canned.CALLS]
ALONE = {"model": "chat", "messages": ASK, "tools": [WEATHER]}


@pytest.fixture(params=canned.VENDORS)
def built(request, start):
    """A router whose first provider makes two calls at once, or fails and leaves them to the second."""
    first = request.param
    upstream = canned.VENDORS[first]()
    provider = {"claude": "anthropic", "gpt": "openai", "flash": "gemini"}[first]
    base = upstream.origin + ("/v1" if provider == "openai" else "")
    yield start(first, bases={provider: base})
    upstream.close()


def check(calls, finish):
    assert [call.function.name for call in calls] == ["weather", "weather"]
    assert [json.loads(call.function.arguments) for call in calls] == WANTED
    assert len({call.id for call in calls}) == 2 and all(call.id for call in calls)
    assert finish == "tool_calls"


def test_plain_calls_are_told_apart(built):
    (choice,) = chat(built).create(**ALONE).choices

    check(choice.message.tool_calls, choice.finish_reason)


def test_a_loop_puts_them_together_by_their_index(built):
    check_loop(built)


def test_pieces_that_come_in_turns_are_told_apart(start, request):
    # The package's own helper cannot read that, whoever sends it: it takes a call for done when another one goes on.
    upstream = canned.openai(in_turns=True)
    request.addfinalizer(upstream.close)

    check_loop(start("gpt", bases={"openai": upstream.origin + "/v1"}))


def check_loop(built):
    calls, finish = {}, None
    for chunk in chat(built).create(**ALONE, stream=True):
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            for piece in choice.delta.tool_calls or []:
                if piece.index not in calls:
                    calls[piece.index] = piece
                else:
                    calls[piece.index].function.arguments += piece.function.arguments

    assert list(calls) == [0, 1]
    check(list(calls.values()), finish)


def test_the_stream_helper_puts_them_together(built):
    with chat(built).stream(**ALONE) as stream:
        (choice,) = stream.get_final_completion().choices

    check(choice.message.tool_calls, choice.finish_reason)


def test_a_route_that_holds_tools_back_gives_them_all(start, request):
    upstream = canned.openai()
    request.addfinalizer(upstream.close)
    built = start("claude", bases={"openai": upstream.origin + "/v1"}, route={"stream": {"hold": {"whole": "tools"}}})
    built.break_first({"cut": {"after": 3, "close": "reset"}})

    with chat(built).stream(**ALONE, tool_choice="required") as stream:
        (choice,) = stream.get_final_completion().choices

    check(choice.message.tool_calls, choice.finish_reason)


@pytest.mark.parametrize("first", canned.VENDORS)
def test_results_of_both_calls_go_back(start, first):
    built = start(first)
    calls = [
        {"id": id, "type": "function", "function": {"name": "weather", "arguments": text}} for id, text in canned.CALLS
    ]
    messages = [
        {"role": "user", "content": "weather in Rome and Oslo?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_rome", "content": "sunny"},
        {"role": "tool", "tool_call_id": "call_oslo", "content": "snow"},
        {"role": "user", "content": "[words=9] so?"},
    ]

    reply = chat(built).create(model="chat", messages=messages, tools=[WEATHER], tool_choice="none")

    assert len(reply.choices[0].message.content.split()) == 9
    assert [call["status"] for call in built.tried(1)] == [200]
