"""OpenAI's own package through the router: answers that break when the caller has a part of them.

Nothing may look like a whole answer that is none: a loop and a helper both raise, and what came is the beginning of one
attempt. Where a route holds answers back until they are whole, none of it is noticed.
"""

import json

import openai
import pytest

import mock
import router
from test_openai_chat import FORCED, WEATHER, chat, check_weather

VERSION = openai.__version__
# Longer than the longest chunk of any vendor.
WORDS = 200
ASK = [{"role": "user", "content": f"[words={WORDS}] hello there"}]
SILENCE = {"idle": "300ms", "attempt": "1500ms"}
CUTS = {
    "ends": {"cut": {"after": 100, "close": "clean"}},
    "fin": {"cut": {"after": 100, "close": "fin"}},
    "reset": {"cut": {"after": 100, "close": "reset"}},
    "error_event": {"stream_error": {"after": 100, "error": "overloaded"}},
    "error_event_and_no_end": {"stream_error": {"after": 100, "error": "server_error", "then": "nothing"}},
    "broken_event": {"malformed_event": {"after": 100, "form": "cut"}},
    "silence": {"stall": {"after": 100}},
}
EVERY = pytest.mark.parametrize("cut", CUTS)
FIRST = pytest.mark.parametrize("first", router.CHAINS)


@pytest.fixture
def broken(start, first, cut):
    """A router whose first provider breaks off in the middle."""
    built = start(first, route=SILENCE)
    built.break_first(CUTS[cut])
    return built


def check_beginning(text):
    """`text` is the beginning of one attempt, and not all of it."""
    positions = mock.words(text)
    assert 0 < len(positions) < WORDS and positions == list(range(len(positions))), text
    router.tag(text)


@FIRST
@EVERY
def test_a_loop_raises_and_what_came_is_a_beginning(broken):
    text = ""
    with pytest.raises(openai.APIError) as raised:
        with chat(broken).create(model="chat", messages=ASK, stream=True) as stream:
            for chunk in stream:
                assert chunk.choices[0].finish_reason is None
                text += chunk.choices[0].delta.content or ""

    check_beginning(text)
    assert f"`{broken.first}` failed" in raised.value.message


@FIRST
@EVERY
def test_the_stream_helper_raises_and_gives_no_answer(broken):
    with pytest.raises(openai.APIError) as raised:
        with chat(broken).stream(model="chat", messages=ASK) as stream:
            stream.get_final_completion()

    assert f"`{broken.first}` failed" in raised.value.message


@FIRST
@EVERY
def test_half_of_the_arguments_are_never_a_tool_call(broken):
    arguments, finished, raised = "", None, None
    try:
        tools = {"tools": [WEATHER], "tool_choice": FORCED}
        with chat(broken).create(model="chat", messages=ASK, stream=True, **tools) as stream:
            for chunk in stream:
                finished = chunk.choices[0].finish_reason or finished
                arguments += "".join(call.function.arguments for call in chunk.choices[0].delta.tool_calls or [])
    except openai.APIError as error:
        raised = error

    if raised:
        assert finished is None and f"`{broken.first}` failed" in raised.message
    else:
        # Gemini's calls come whole: it breaks off before them, and another model makes the call.
        assert broken.first == "flash" and finished == "tool_calls"
        check_weather(arguments)


@FIRST
@EVERY
def test_a_plain_answer_that_breaks_is_another_models(broken):
    reply = chat(broken).create(model="chat", messages=ASK)

    assert mock.whole(reply.choices[0].message.content, WORDS)
    assert router.tag(reply.choices[0].message.content) == broken.tried(1)[-1]["tag"]


@pytest.mark.parametrize("first", router.CHAINS)
@EVERY
def test_a_route_that_holds_answers_back_gives_a_whole_one(start, first, cut):
    held = start(first, route={**SILENCE, "stream": {"hold": {"whole": "always"}}})
    held.break_first(CUTS[cut])

    with chat(held).stream(model="chat", messages=ASK) as stream:
        text = stream.get_final_completion().choices[0].message.content

    assert mock.whole(text, WORDS)
    served = held.tried(2)[-1]
    assert served["tag"] == router.tag(text) and served["provider"] == held.provider(held.chain[1])


@pytest.mark.parametrize("first", router.CHAINS)
@EVERY
def test_a_route_that_holds_tools_back_calls_them_whole(start, first, cut):
    held = start(first, route={**SILENCE, "stream": {"hold": {"whole": "tools"}}})
    held.break_first(CUTS[cut])

    with chat(held).stream(model="chat", messages=ASK, tools=[WEATHER], tool_choice="required") as stream:
        (call,) = stream.get_final_completion().choices[0].message.tool_calls

    check_weather(call.function.arguments)
