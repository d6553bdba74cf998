"""Google's own package against the `gemini` dialect."""

import asyncio

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

import mock

VERSION = genai.__version__
MODEL = "gemini-2.5-flash"
ASK = "[words=9] hello there"
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="Weather of a city",
            parameters={
                "type": "OBJECT",
                "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}},
                "required": ["city", "days"],
            },
        )
    ]
)
FORCED = types.ToolConfig(function_calling_config={"mode": "ANY", "allowed_function_names": ["weather"]})


class Forecast(BaseModel):
    """What a structured answer has to look like."""

    city: str
    days: int


@pytest.fixture
def client(space):
    return genai.Client(api_key=mock.KEY, http_options={"base_url": space.origin("gemini")})


def generate(client, contents=ASK, **config):
    return client.models.generate_content(model=MODEL, contents=contents, config=config or None)


def test_a_plain_reply_is_whole(client):
    reply = generate(client)

    (candidate,) = reply.candidates
    assert mock.whole(reply.text, 9)
    assert (candidate.finish_reason, candidate.content.role) == (types.FinishReason.STOP, "model")
    assert reply.model_version.startswith(MODEL) and reply.response_id


def test_usage_adds_up(client):
    usage = generate(client).usage_metadata

    thoughts, tools = usage.thoughts_token_count or 0, usage.tool_use_prompt_token_count or 0
    assert usage.candidates_token_count >= 9 and usage.prompt_token_count > 0
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count + thoughts + tools
    assert (usage.cached_content_token_count or 0) <= usage.prompt_token_count


def test_thoughts_are_counted_apart_and_cached_tokens_are_part_of_the_prompt(client):
    usage = generate(client, "[words=9] [reasoning=32] [cached=2] one two three four").usage_metadata

    assert (usage.candidates_token_count, usage.thoughts_token_count) == (9, 32)
    assert usage.cached_content_token_count == 2
    assert usage.total_token_count == usage.prompt_token_count + 9 + 32


def test_a_limit_on_the_output_is_kept(client):
    reply = generate(client, "[words=50]", max_output_tokens=5)

    assert reply.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    assert mock.whole(reply.text, 5)


def test_a_system_instruction_and_settings_are_understood(client):
    reply = generate(
        client,
        system_instruction="be brief",
        temperature=0.5,
        stop_sequences=["stop"],
        safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
    )

    assert mock.whole(reply.text, 9)


def test_a_stream_is_the_reply_in_pieces(client):
    chunks = list(client.models.generate_content_stream(model=MODEL, contents=ASK))

    assert mock.whole("".join(chunk.text or "" for chunk in chunks), 9)
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks]
    assert reasons[-1] == types.FinishReason.STOP and set(reasons[:-1]) <= {None}
    assert len({(chunk.response_id, chunk.model_version) for chunk in chunks}) == 1
    assert all(chunk.usage_metadata.prompt_token_count > 0 for chunk in chunks)
    assert chunks[-1].usage_metadata.candidates_token_count >= 9


def test_a_forced_function_is_called_with_arguments_of_its_schema(client):
    reply = generate(client, tools=[WEATHER], tool_config=FORCED)

    (call,) = reply.function_calls
    assert call.name == "weather"
    assert isinstance(call.args["city"], str) and call.args["days"] == int(call.args["days"])


def test_a_function_call_comes_whole_in_a_stream(client):
    chunks = list(
        client.models.generate_content_stream(
            model=MODEL, contents=ASK, config={"tools": [WEATHER], "tool_config": FORCED}
        )
    )

    calls = [call for chunk in chunks for call in chunk.function_calls or []]
    assert [call.name for call in calls] == ["weather"] and isinstance(calls[0].args["city"], str)


def test_structured_output_fits_its_schema(client):
    reply = generate(client, response_mime_type="application/json", response_schema=Forecast)

    assert isinstance(reply.parsed, Forecast)


def test_structured_output_fits_a_json_schema(client):
    reply = generate(
        client, response_mime_type="application/json", response_json_schema=Forecast.model_json_schema()
    )

    assert Forecast.model_validate_json(reply.text)


def test_a_refusal_has_no_text(client, space):
    space.inject("gemini", "refusal")

    reply = generate(client)

    assert reply.text is None and reply.candidates[0].finish_reason == types.FinishReason.SAFETY


def test_a_blocked_prompt_has_feedback_and_no_candidates(client, space):
    space.inject("gemini", "content_filter")

    reply = generate(client)

    assert not reply.candidates and reply.prompt_feedback.block_reason


def test_tokens_are_counted_without_a_call_on_record(client, space):
    counted = client.models.count_tokens(model=MODEL, contents=ASK)

    assert counted.total_tokens == generate(client).usage_metadata.prompt_token_count
    assert len(space.calls()) == 1


def test_models_are_listed_and_not_recorded(client, space):
    listed = list(client.models.list())

    assert listed and all(model.name.startswith("models/") for model in listed)
    assert space.calls() == []


def test_a_model_is_found_by_its_name(client):
    first = list(client.models.list())[0]

    assert client.models.get(model=first.name).name == first.name


def test_embeddings_have_a_vector_for_each_content(client):
    reply = client.models.embed_content(model="gemini-embedding-001", contents=["one", "two"])

    one, two = reply.embeddings
    assert len(one.values) == len(two.values) == 3072 and one.values != two.values


def test_embeddings_are_as_long_as_asked(client):
    reply = client.models.embed_content(
        model="gemini-embedding-001", contents="one", config={"output_dimensionality": 256}
    )

    assert len(reply.embeddings[0].values) == 256


def test_a_chat_keeps_its_history(client):
    chat = client.chats.create(model=MODEL)

    assert mock.whole(chat.send_message(ASK).text, 9)
    assert mock.whole("".join(chunk.text or "" for chunk in chat.send_message_stream("and then?")), 9)
    assert [turn.role for turn in chat.get_history()][:2] == ["user", "model"]


def test_the_asynchronous_client_streams_the_same(client):
    async def text():
        stream = await client.aio.models.generate_content_stream(model=MODEL, contents=ASK)
        return "".join([chunk.text or "" async for chunk in stream])

    assert mock.whole(asyncio.run(text()), 9)


# Errors

CODES = {
    400: (errors.ClientError, "INVALID_ARGUMENT"),
    401: (errors.ClientError, "UNAUTHENTICATED"),
    403: (errors.ClientError, "PERMISSION_DENIED"),
    404: (errors.ClientError, "NOT_FOUND"),
    429: (errors.ClientError, "RESOURCE_EXHAUSTED"),
    500: (errors.ServerError, "INTERNAL"),
    503: (errors.ServerError, "UNAVAILABLE"),
    504: (errors.ServerError, "DEADLINE_EXCEEDED"),
}

NAMED = {
    "rate_limit": (429, "RESOURCE_EXHAUSTED"),
    "quota_exhausted": (429, "RESOURCE_EXHAUSTED"),
    "overloaded": (503, "UNAVAILABLE"),
    "server_error": (500, "INTERNAL"),
    "gateway_timeout": (504, "DEADLINE_EXCEEDED"),
    "unauthorized": (400, "INVALID_ARGUMENT"),
    "forbidden": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "context_exceeded": (400, "INVALID_ARGUMENT"),
    "invalid_request": (400, "INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("status", CODES)
def test_a_status_is_raised_as_its_class(client, space, status, streaming):
    space.inject("gemini", {"status": status})

    with pytest.raises(errors.APIError) as raised:
        if streaming:
            list(client.models.generate_content_stream(model=MODEL, contents=ASK))
        else:
            generate(client)

    assert (type(raised.value), raised.value.status) == CODES[status]
    assert raised.value.code == status


@pytest.mark.parametrize("name", NAMED)
def test_a_named_error_has_its_code_and_status(client, space, name):
    space.inject("gemini", name)

    with pytest.raises(errors.APIError) as raised:
        generate(client)

    assert (raised.value.code, raised.value.status) == NAMED[name]


def details(error, kind):
    """The detail of `error` whose type ends with `kind`."""
    found = error.details["error"]["details"]
    return next(detail for detail in found if detail["@type"].endswith(kind))


def test_a_bad_key_is_a_bad_request_with_a_reason(client, space):
    space.inject("gemini", "unauthorized")

    with pytest.raises(errors.ClientError) as raised:
        generate(client)

    assert details(raised.value, "ErrorInfo")["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize("name, period", [("rate_limit", "PerMinute"), ("quota_exhausted", "PerDay")])
def test_a_quota_says_its_period_and_the_wait(client, space, name, period):
    space.inject("gemini", {name: {"retry_after": "26s"}})

    with pytest.raises(errors.ClientError) as raised:
        generate(client)

    assert period in details(raised.value, "QuotaFailure")["violations"][0]["quotaId"]
    assert details(raised.value, "RetryInfo")["retryDelay"] == "26s"


def test_nothing_is_tried_again_unless_asked(client, space, slept):
    space.inject("gemini", "overloaded")

    with pytest.raises(errors.ServerError):
        generate(client)

    assert (len(space.calls()), slept) == (1, [])


def test_retries_ignore_the_wait_that_the_server_asked_for(space, slept):
    options = {"base_url": space.origin("gemini"), "retry_options": {"attempts": 3}}
    client = genai.Client(api_key=mock.KEY, http_options=options)
    space.inject("gemini", {"rate_limit": {"retry_after": "26s"}})

    with pytest.raises(errors.ClientError):
        generate(client)

    # 1 s * 2^n, and up to a second more.
    assert len(space.calls()) == 3
    assert all(2**n <= nap <= 2**n + 1 for n, nap in enumerate(slept)) and len(slept) == 2


@pytest.mark.parametrize(
    "wrong", [{"temperature": 2.5}, {"max_output_tokens": 0}, {"stop_sequences": list("123456")}], ids=lambda wrong: next(iter(wrong))
)
def test_a_wrong_parameter_is_refused(client, wrong):
    with pytest.raises(errors.ClientError) as raised:
        generate(client, **wrong)

    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")
