"""What a caller may ask of the router through OpenAI's own package: in its headers or in its body."""

import openai
import pytest

import mock
import router
from test_openai_chat import ASK, SHARED, chat

VERSION = openai.__version__
PICTURE = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def served_by(built, **more):
    raw = chat(built).with_raw_response.create(model="chat", messages=ASK, **more)
    assert mock.whole(raw.parse().choices[0].message.content, 9)
    return raw.headers["x-brownout-served-by"]


@pytest.mark.parametrize(
    "more",
    [
        {"extra_body": {"models": ["flash", "gpt"]}},
        {"extra_body": {"brownout": {"chain": ["flash", "gpt"]}}},
        {"extra_headers": {"x-brownout-chain": "flash, gpt"}},
    ],
    ids=["models", "brownout", "header"],
)
def test_a_caller_has_a_chain_of_its_own(start, more):
    built = start("claude")

    assert served_by(built, **more) == "flash"
    built.space.inject("gemini", {"status": 503})
    assert served_by(built, **more) == "gpt"
    assert {call["provider"] for call in built.tried(3)} == {"gemini", "openai"}


def test_a_model_is_addressed_by_its_name(start):
    built = start("claude")

    assert mock.whole(chat(built).create(model="gpt", messages=ASK).choices[0].message.content, 9)
    assert [call["provider"] for call in built.tried(1)] == ["openai"]


@pytest.mark.parametrize(
    "more",
    [
        {"extra_body": {"disable_fallbacks": True}},
        {"extra_body": {"brownout": {"fallback": False}}},
        {"extra_headers": {"x-brownout-fallback": "off"}},
    ],
    ids=["disable_fallbacks", "brownout", "header"],
)
@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_a_caller_does_without_fallback(start, more, streaming):
    built = start("claude")
    built.break_first({"status": 503})

    with pytest.raises(openai.InternalServerError) as raised:
        chat(built).create(model="chat", messages=ASK, stream=streaming, **more)

    assert [attempt["model"] for attempt in raised.value.body["attempts"]] == ["claude"]
    assert [call["provider"] for call in built.tried(1)] == ["anthropic"]


@pytest.mark.parametrize(
    "more",
    [{"extra_body": {"brownout": {"deadline": "400ms"}}}, {"extra_headers": {"x-brownout-deadline": "400ms"}}],
    ids=["brownout", "header"],
)
def test_a_caller_has_a_deadline_of_its_own(start, more):
    built = start("claude")
    built.break_all("hang")

    with pytest.raises(openai.InternalServerError) as raised:
        chat(built).create(model="chat", messages=ASK, **more)

    assert raised.value.status_code == 504


@pytest.mark.parametrize(
    "more",
    [{"extra_body": {"brownout": {"ledger": True}}}, {"extra_headers": {"x-brownout-ledger": "on"}}],
    ids=["brownout", "header"],
)
def test_the_ledger_is_a_field_of_the_reply_on_request(start, more):
    built = start("claude")
    built.break_first({"status": 503})

    reply = chat(built).create(model="chat", messages=ASK, **more)
    ledger = reply.model_extra["brownout"]

    assert [(tried["model"], tried["provider"]) for tried in ledger["attempts"]] == [
        ("claude", "anthropic"),
        ("gpt", "openai"),
    ]
    assert "secret" not in reply.model_dump_json()
    assert "brownout" not in (chat(built).create(model="chat", messages=ASK).model_extra or {})


def test_a_stream_has_the_ledger_on_request_and_stays_a_stream(start):
    built = start("claude")
    built.break_first({"status": 503})

    chunks = list(
        chat(built).create(model="chat", messages=ASK, stream=True, extra_body={"brownout": {"ledger": True}})
    )

    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert mock.whole(text, 9)
    (ledger,) = [chunk.model_extra["brownout"] for chunk in chunks if "brownout" in (chunk.model_extra or {})]
    assert [tried["model"] for tried in ledger["attempts"]] == ["claude", "gpt"]


@pytest.mark.parametrize(
    "more, named",
    [
        ({"extra_headers": {"x-brownout-deadline": "soon"}}, "x-brownout-deadline"),
        ({"extra_body": {"models": "gpt"}}, "models"),
        ({"extra_body": {"models": ["nobody"]}}, "nobody"),
        ({"extra_body": {"brownout": {"ledgre": True}}}, "ledgre"),
    ],
    ids=["deadline", "models", "unknown model", "unknown key"],
)
def test_what_cannot_be_asked_is_named(start, more, named):
    built = start("claude")

    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as raised:
        chat(built).create(model="chat", messages=ASK, **more)

    assert named in raised.value.message
    assert built.space.calls() == []


@pytest.mark.parametrize("first", router.CHAINS)
@pytest.mark.parametrize("trouble", [None, {"status": 503}], ids=["healthy", "status_503"])
def test_a_picture_travels_along(start, first, trouble):
    built = start(first)
    if trouble:
        built.break_first(trouble)
    content = [
        {"type": "text", "text": "[words=9] what is this?"},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]

    reply = chat(built).create(model="chat", messages=[{"role": "user", "content": content}])

    assert mock.whole(reply.choices[0].message.content, 9)


@pytest.mark.parametrize("first", router.CHAINS)
def test_a_conversation_with_tools_goes_on_at_another_vendor(start, first):
    built = start(first)
    built.break_first({"status": 503})
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "weather in Rome?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        {"role": "user", "content": "[words=9] and tomorrow?"},
    ]
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}

    reply = chat(built).create(model="chat", messages=messages, tools=[tool], tool_choice="none")

    assert mock.whole(reply.choices[0].message.content, 9)


def test_the_account_is_in_the_headers_of_a_stream(start):
    built = start("claude")
    built.break_first({"status": 503})

    raw = chat(built).with_raw_response.create(model="chat", messages=ASK, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse())

    assert mock.whole(text, 9)
    assert raw.headers["x-brownout-served-by"] == "gpt"
    assert raw.headers["x-brownout-attempts"] == "2"
    assert raw.headers["x-brownout-trail"].startswith("claude 503") and raw.headers["x-brownout-trail"].endswith(
        "gpt ok"
    )


def test_models_and_routes_are_listed(start):
    built = start("claude")
    listed = [model.id for model in SHARED.with_options(base_url=built.url).models.list()]

    assert {"chat", "embed", "claude", "gpt", "flash"} <= set(listed) and listed[0] in ("chat", "embed")
    assert SHARED.with_options(base_url=built.url).models.retrieve("chat").id == "chat"
    with pytest.raises(openai.NotFoundError):
        SHARED.with_options(base_url=built.url).models.retrieve("nobody")


def test_no_secret_is_told(start):
    built = start("claude")
    built.break_all("unauthorized")

    with pytest.raises(openai.APIStatusError) as raised:
        chat(built).create(model="chat", messages=ASK)

    assert "secret" not in raised.value.response.text and "secret" not in str(raised.value.response.headers)
