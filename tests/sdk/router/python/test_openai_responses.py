"""The Responses API of OpenAI's own package, through the router to every vendor, while the first is in trouble."""

import json

import openai
import pytest
from pydantic import BaseModel

import mock
import router
from conftest import in_trouble
from test_openai_chat import SHARED

VERSION = openai.__version__
ASK = "[words=9] hello there"
WORDS = 200
LONG = f"[words={WORDS}] hello there"
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


def responses(built):
    return SHARED.with_options(base_url=built.url).responses


@in_trouble(streams=False, slow=False)
def test_a_response_is_whole(site):
    reply = responses(site.router).create(model="chat", input=ASK)

    assert (reply.object, reply.status, reply.error, reply.incomplete_details) == ("response", "completed", None, None)
    (message,) = reply.output
    assert (message.type, message.role, message.status) == ("message", "assistant", "completed")
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert reply.usage.output_tokens == 9
    site.check_text(reply.output_text)


@in_trouble(streams=True, slow=False)
def test_a_stream_has_its_events_in_order(site):
    events = list(responses(site.router).create(model="chat", input=ASK, stream=True))

    kinds = [event.type for event in events]
    assert kinds[0] == "response.created"
    assert [kind for kind in kinds if kind in ("response.output_item.added", "response.content_part.added")] == [
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
    assert deltas == events[-1].response.output_text
    site.check_text(deltas)


@in_trouble(streams=True, slow=False)
def test_the_stream_helper_accumulates_the_response(site):
    with responses(site.router).stream(model="chat", input=ASK) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()

    site.check_text(final.output_text)


@in_trouble(streams=False, slow=False, names=["healthy", "status_503", "empty_answer"])
def test_structured_output_fits_its_schema(site):
    reply = responses(site.router).parse(model="chat", input=ASK, text_format=Forecast)

    assert isinstance(reply.output_parsed, Forecast)
    site.check_calls()


@in_trouble(streams=False, slow=False)
def test_a_forced_tool_is_called(site):
    reply = responses(site.router).create(
        model="chat", input=ASK, tools=[WEATHER], tool_choice={"type": "function", "name": "weather"}
    )

    (call,) = reply.output
    assert (call.type, call.name) == ("function_call", "weather") and call.call_id
    assert isinstance(json.loads(call.arguments)["city"], str)
    site.check_calls()


@in_trouble(streams=True, slow=False, tools=True)
def test_streamed_arguments_add_up(site):
    events = list(
        responses(site.router).create(model="chat", input=ASK, tools=[WEATHER], tool_choice="required", stream=True)
    )

    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert "".join(pieces) == done.arguments
    assert isinstance(json.loads(done.arguments)["city"], str)
    site.check_calls()


@pytest.mark.parametrize("first", router.CHAINS)
def test_a_conversation_with_a_tool_goes_on_at_another_vendor(start, first):
    built = start(first)
    built.break_first({"status": 503})
    ask = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": "weather in Rome?"},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Rome"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        {"role": "user", "content": [{"type": "input_text", "text": "[words=9] and tomorrow?"}]},
    ]

    reply = responses(built).create(
        model="chat", input=ask, instructions="be kind", tools=[WEATHER], tool_choice="none"
    )

    assert mock.whole(reply.output_text, 9)


@pytest.mark.parametrize("first", router.CHAINS)
def test_a_limit_makes_it_incomplete(start, first):
    reply = responses(start(first)).create(model="chat", input="[words=50]", max_output_tokens=16)

    assert (reply.status, reply.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert mock.whole(reply.output_text, 16)


@pytest.mark.parametrize("first", router.CHAINS)
@pytest.mark.parametrize(
    "cut",
    [{"cut": {"after": 100, "close": "clean"}}, {"stream_error": {"after": 100, "error": "overloaded"}}],
    ids=["ends", "error_event"],
)
def test_what_breaks_in_the_middle_never_looks_complete(start, first, cut):
    built = start(first)
    built.break_first(cut)

    kinds, text, raised = [], "", None
    try:
        with responses(built).create(model="chat", input=LONG, stream=True) as events:
            for event in events:
                kinds.append(event.type)
                if event.type == "response.output_text.delta":
                    text += event.delta
                if event.type == "response.failed":
                    assert event.response.status == "failed" and f"`{first}` failed" in event.response.error.message
    except openai.APIError as error:
        raised = error

    assert raised or kinds[-1] == "response.failed"
    assert "response.completed" not in kinds and "response.output_text.done" not in kinds
    assert 0 < len(mock.words(text)) < WORDS


@pytest.mark.parametrize("first", router.CHAINS)
def test_the_helper_gives_no_answer_of_what_breaks_in_the_middle(start, first):
    built = start(first)
    built.break_first({"cut": {"after": 100, "close": "clean"}})

    final = None
    try:
        with responses(built).stream(model="chat", input=LONG) as stream:
            for _ in stream:
                pass
            final = stream.get_final_response()
    except (openai.APIError, RuntimeError):
        # The helper has an error of its own for a stream that did not complete.
        pass

    assert final is None or final.status == "failed"


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    "inject, expected",
    [
        ({"rate_limit": {"retry_after": "7s"}}, openai.RateLimitError),
        ("overloaded", openai.InternalServerError),
        ("unauthorized", openai.AuthenticationError),
        ("context_exceeded", openai.BadRequestError),
    ],
    ids=["rate_limit", "overloaded", "unauthorized", "context"],
)
def test_when_all_are_down_the_primary_cause_is_raised(start, inject, expected, streaming):
    built = start("claude")
    built.break_all(inject)

    with pytest.raises(expected) as raised:
        responses(built).create(model="chat", input=ASK, stream=streaming)

    assert "`claude`" in raised.value.message
    assert [attempt["model"] for attempt in raised.value.body["attempts"]] == built.chain


@pytest.mark.parametrize(
    "more",
    [{"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "conv_1"}],
    ids=lambda more: next(iter(more)),
)
def test_what_only_its_vendor_can_keep_is_refused_by_name(start, more):
    built = start("gpt")

    with pytest.raises(openai.BadRequestError) as raised:
        responses(built).create(model="chat", input=ASK, extra_body=more)

    assert next(iter(more)) in raised.value.message
    assert built.space.calls() == []
