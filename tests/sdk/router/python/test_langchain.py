"""LangChain's models through the router: `ChatOpenAI`, `OpenAIEmbeddings` and `ChatAnthropic`, while providers fail."""

import anthropic
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

import mock
import router
from conftest import in_trouble

VERSION = "langchain"
ASK = "[words=9] hello there"
LONG = "[words=200] hello there"
FIRST = pytest.mark.parametrize("first", router.CHAINS)


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


@tool
def weather(city: str, days: int) -> str:
    """Weather of a city."""
    return f"{city}: sunny for {days} days"


def chat(built, **more):
    return ChatOpenAI(model="chat", base_url=built.url, api_key=mock.KEY, max_retries=0, **more)


def claude(built, **more):
    return ChatAnthropic(model="chat", base_url=built.origin, api_key=mock.KEY, max_retries=0, max_tokens=500, **more)


def added(chunks):
    """All chunks as one message."""
    whole, *rest = chunks
    for chunk in rest:
        whole += chunk
    assert isinstance(whole, AIMessageChunk)
    return whole


@in_trouble(streams=False, slow=False)
def test_invoke_gives_a_whole_answer(site):
    answer = chat(site.router).invoke(ASK)

    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata["output_tokens"] == 9
    site.check_text(answer.content)


@in_trouble(streams=True, slow=False)
def test_stream_gives_one_whole_answer(site):
    answer = added(chat(site.router, stream_usage=True).stream(ASK))

    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata["output_tokens"] == 9
    site.check_text(answer.content)


@in_trouble(streams=False, slow=False)
def test_bound_tools_are_called(site):
    answer = chat(site.router).bind_tools([weather], tool_choice="weather").invoke(ASK)

    (call,) = answer.tool_calls
    assert call["name"] == "weather" and isinstance(call["args"]["days"], int) and call["id"]
    site.check_calls()


@in_trouble(streams=True, slow=False, tools=True)
def test_bound_tools_are_called_in_a_stream(site):
    answer = added(chat(site.router).bind_tools([weather], tool_choice="any").stream(ASK))

    (call,) = answer.tool_calls
    assert call["name"] == "weather" and isinstance(call["args"]["days"], int) and call["id"]
    assert answer.invalid_tool_calls == []
    site.check_calls()


@in_trouble(streams=False, slow=False)
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output_fits_its_schema(site, method):
    answer = chat(site.router).with_structured_output(Forecast, method=method).invoke(ASK)

    assert isinstance(answer, Forecast)
    site.check_calls()


@FIRST
def test_an_agents_loop_goes_on_at_another_vendor(start, first):
    built = start(first)
    bound = chat(built).bind_tools([weather])
    said = [SystemMessage("be brief"), HumanMessage("weather?")]
    said.append(chat(built).bind_tools([weather], tool_choice="weather").invoke(said))
    call = said[-1].tool_calls[0]
    said.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
    built.break_first({"status": 503})

    answer = bound.bind(tool_choice="none").invoke([*said, HumanMessage("[words=9] so?")])

    assert mock.whole(answer.content, 9)


@FIRST
@pytest.mark.parametrize(
    "cut", [{"cut": {"after": 100, "close": "clean"}}, {"stream_error": {"after": 100}}], ids=["ends", "error_event"]
)
def test_a_stream_that_breaks_in_the_middle_raises(start, first, cut):
    built = start(first)
    built.break_first(cut)

    text = ""
    with pytest.raises(openai.APIError) as raised:
        for chunk in chat(built).stream(LONG):
            text += chunk.content

    assert 0 < len(mock.words(text)) < 200
    assert f"`{first}` failed" in str(raised.value)


@pytest.mark.parametrize(
    "inject, expected",
    [
        ({"rate_limit": {"retry_after": "7s"}}, openai.RateLimitError),
        ("overloaded", openai.InternalServerError),
        ("unauthorized", openai.AuthenticationError),
    ],
    ids=["rate_limit", "overloaded", "unauthorized"],
)
def test_when_all_are_down_the_primary_cause_is_raised(start, inject, expected):
    built = start("claude")
    built.break_all(inject)

    with pytest.raises(expected) as raised:
        chat(built).invoke(ASK)

    assert "`claude`" in str(raised.value)


@FIRST
def test_a_prompt_that_is_too_long_is_known_as_such(start, first):
    # Both packages know it by a word of the message, which only their own vendor says.
    built = start(first)
    built.break_all("context_exceeded")

    with pytest.raises(ContextOverflowError):
        chat(built).invoke(ASK)
    with pytest.raises(ContextOverflowError):
        claude(built).invoke(ASK)


def test_the_responses_api_is_served_too(start):
    built = start("claude")
    built.break_first({"status": 503})
    model = chat(built, use_responses_api=True, output_version="responses/v1")

    assert mock.whole(model.invoke(ASK).text.strip(), 9)
    assert mock.whole("".join(chunk.text for chunk in model.stream(ASK)), 9)


@pytest.mark.parametrize("trouble", [None, {"status": 503}], ids=["healthy", "status_503"])
def test_texts_are_embedded(start, trouble):
    built = start("claude")
    if trouble:
        built.space.inject("openai", trouble)
    # Counting tokens beforehand would fetch a vocabulary from elsewhere.
    embedder = OpenAIEmbeddings(
        model="embed", base_url=built.url, api_key=mock.KEY, max_retries=0, check_embedding_ctx_length=False
    )

    one, two = embedder.embed_documents(["one", "two"])

    assert len(one) == len(two) == 1536 and one != two
    assert embedder.embed_query("one") == pytest.approx(one, abs=1e-6)


@in_trouble(streams=False, slow=False)
def test_chat_anthropic_gives_a_whole_answer(site):
    answer = claude(site.router).invoke(ASK)

    assert answer.response_metadata["stop_reason"] == "end_turn"
    site.check_text(answer.content)


@in_trouble(streams=True, slow=False)
def test_chat_anthropic_streams_one_whole_answer(site):
    answer = added(claude(site.router).stream(ASK))

    site.check_text(answer.text)


@in_trouble(streams=True, slow=False, tools=True, names=["healthy", "status_503", "reset_before_first_token"])
def test_chat_anthropic_uses_tools(site):
    answer = added(claude(site.router).bind_tools([weather], tool_choice="any").stream(ASK))

    (call,) = answer.tool_calls
    assert call["name"] == "weather" and isinstance(call["args"]["days"], int)
    site.check_calls()


@FIRST
def test_chat_anthropic_raises_when_a_stream_breaks_in_the_middle(start, first):
    built = start(first)
    built.break_first({"cut": {"after": 100, "close": "clean"}})

    with pytest.raises(anthropic.APIError):
        for _ in claude(built).stream(LONG):
            pass
