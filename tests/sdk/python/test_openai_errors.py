"""Errors of the `openai` dialect as OpenAI's own package raises them, and how often it tries again."""

import openai
import pytest

import mock

VERSION = openai.__version__
ASK = [{"role": "user", "content": "[words=9] hello there"}]
# From 3.0 on a wait above two minutes is not waited for and not retried; before, one above a minute was ignored.
CAPPED = int(VERSION.split(".")[0]) >= 3

CLASSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    402: openai.APIStatusError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    408: openai.APIStatusError,
    409: openai.ConflictError,
    413: openai.APIStatusError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
    504: openai.InternalServerError,
    529: openai.InternalServerError,
}

NAMED = {
    "rate_limit": (openai.RateLimitError, 429, "rate_limit_exceeded"),
    "quota_exhausted": (openai.RateLimitError, 429, "insufficient_quota"),
    "overloaded": (openai.InternalServerError, 503, "server_is_overloaded"),
    "server_error": (openai.InternalServerError, 500, None),
    "bad_gateway": (openai.InternalServerError, 502, None),
    "gateway_timeout": (openai.InternalServerError, 504, None),
    "unauthorized": (openai.AuthenticationError, 401, "invalid_api_key"),
    "forbidden": (openai.PermissionDeniedError, 403, "unsupported_country_region_territory"),
    "not_found": (openai.NotFoundError, 404, "model_not_found"),
    "context_exceeded": (openai.BadRequestError, 400, "context_length_exceeded"),
    "invalid_request": (openai.BadRequestError, 400, None),
}


@pytest.fixture
def client(space):
    return openai.OpenAI(base_url=space.base("openai"), api_key=mock.KEY, max_retries=0)


@pytest.fixture
def patient(space, slept):
    """A client as it comes out of the box, with two retries."""
    return openai.OpenAI(base_url=space.base("openai"), api_key=mock.KEY)


def create(client, **more):
    return client.chat.completions.create(model="gpt-4o", messages=ASK, **more)


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("status", CLASSES)
def test_a_status_is_raised_as_its_class(client, space, status, streaming):
    space.inject("openai", {"status": status})

    with pytest.raises(openai.APIStatusError) as raised:
        create(client, stream=streaming)

    assert type(raised.value) is CLASSES[status]
    assert raised.value.status_code == status
    assert raised.value.request_id.startswith("req_")
    if status == 502:
        # The page of the proxy in front.
        assert "<html" in raised.value.body.lower()
    else:
        assert set(raised.value.body) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_error_has_its_class_and_code(client, space, name):
    expected, status, code = NAMED[name]
    space.inject("openai", name)

    with pytest.raises(openai.APIStatusError) as raised:
        create(client)

    assert (type(raised.value), raised.value.status_code, raised.value.code) == (expected, status, code)


def test_a_page_of_a_proxy_is_raised_with_its_text(client, space):
    space.inject("openai", {"status": {"code": 502, "body": "html"}})

    with pytest.raises(openai.InternalServerError) as raised:
        create(client)

    assert "<html" in raised.value.body.lower()


# What the vendor refuses


@pytest.mark.parametrize(
    "wrong, param",
    [
        ({"stop": ["1", "2", "3", "4", "5"]}, "stop"),
        ({"temperature": 2.5}, "temperature"),
        ({"top_p": 1.5}, "top_p"),
        ({"messages": []}, "messages"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"tools": [{"type": "function", "function": {"name": "no blanks here"}}]}, "tools[0].function.name"),
        ({"metadata": {f"key{n}": "v" for n in range(17)}}, "metadata"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_parameter_is_named(client, wrong, param):
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(**{"model": "gpt-4o", "messages": ASK, **wrong})

    assert (raised.value.param, raised.value.type) == (param, "invalid_request_error")


def test_four_stop_strings_are_fine(client):
    assert mock.whole(create(client, stop=["1,", "2,", "3,", "4,"]).choices[0].message.content, 9)


# How often it tries, and how long it waits


@pytest.mark.parametrize("status, attempts", [(429, 3), (500, 3), (503, 3), (529, 3), (408, 3), (409, 3), (400, 1), (402, 1)])
def test_only_what_may_heal_is_tried_again(patient, space, slept, status, attempts):
    space.inject("openai", {"status": status})

    with pytest.raises(openai.APIStatusError):
        create(patient)

    assert (len(space.calls()), len(slept)) == (attempts, attempts - 1)
    # min(0.5 s * 2^n, 8 s), less up to a quarter.
    assert all(0.375 * 2**n <= nap <= 0.5 * 2**n for n, nap in enumerate(slept))


def test_a_second_attempt_may_succeed(patient, space, slept):
    space.inject("openai", {"overloaded": {"retry_after": "7s"}}, first=1)

    assert mock.whole(create(patient).choices[0].message.content, 9)
    assert slept == [7]
    assert [call["status"] for call in space.calls()] == [503, 200]


def test_milliseconds_win_over_seconds(patient, space, slept):
    headers = {"retry-after": "9", "retry-after-ms": "1500"}
    space.inject("openai", {"status": {"code": 429, "headers": headers}}, first=1)

    create(patient)

    assert slept == [1.5]


def test_a_date_is_waited_for(patient, space, slept):
    space.inject("openai", {"rate_limit": {"retry_after": {"date": "30s"}}}, first=1)

    create(patient)

    # A date has whole seconds, and it takes a moment to arrive.
    assert len(slept) == 1 and 25 <= slept[0] <= 31


def test_a_wait_beyond_the_cap_is_not_waited_for(patient, space, slept):
    space.inject("openai", {"rate_limit": {"retry_after": "300s"}})

    with pytest.raises(openai.RateLimitError):
        create(patient)

    assert len(space.calls()) == (1 if CAPPED else 3)
    assert all(nap <= 1 for nap in slept)


@pytest.mark.parametrize("status, word, attempts", [(400, "true", 3), (429, "false", 1)])
def test_the_server_may_say_whether_to_retry(patient, space, slept, status, word, attempts):
    space.inject("openai", {"status": {"code": status, "headers": {"x-should-retry": word}}})

    with pytest.raises(openai.APIStatusError):
        create(patient)

    assert len(space.calls()) == attempts


def test_out_of_quota_is_retried_although_it_cannot_heal(patient, space, slept):
    space.inject("openai", "quota_exhausted")

    with pytest.raises(openai.RateLimitError):
        create(patient)

    assert len(space.calls()) == 3


def test_a_reset_before_the_headers_is_tried_three_times(patient, space, slept):
    space.inject("openai", "reset")

    with pytest.raises(openai.APIConnectionError):
        create(patient)

    assert len(space.calls()) == 3


def test_silence_is_a_timeout_of_the_client(space, slept):
    client = openai.OpenAI(base_url=space.base("openai"), api_key=mock.KEY, timeout=0.3, max_retries=1)
    space.inject("openai", "hang")

    with pytest.raises(openai.APITimeoutError):
        create(client)

    assert len(slept) == 1
