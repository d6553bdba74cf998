"""Errors of the `anthropic` dialect as Anthropic's own package raises them, and how often it tries again."""

import anthropic
import pytest

import mock

VERSION = anthropic.__version__
NEW = int(VERSION.split(".")[0]) >= 2
ASK = {"model": "claude-sonnet-5", "max_tokens": 100, "messages": [{"role": "user", "content": "[words=9] hello"}]}


def named(new, old):
    """The class of a status: the new package has more of them."""
    from anthropic import _exceptions

    return getattr(_exceptions, new if NEW else old)


CLASSES = {
    400: named("BadRequestError", "BadRequestError"),
    401: named("AuthenticationError", "AuthenticationError"),
    402: named("PaymentRequiredError", "APIStatusError"),
    403: named("PermissionDeniedError", "PermissionDeniedError"),
    404: named("NotFoundError", "NotFoundError"),
    408: named("RequestTimeoutError", "APIStatusError"),
    409: named("ConflictError", "ConflictError"),
    413: named("ContentTooLargeError", "RequestTooLargeError"),
    422: named("UnprocessableEntityError", "UnprocessableEntityError"),
    429: named("RateLimitError", "RateLimitError"),
    500: named("InternalServerError", "InternalServerError"),
    502: named("InternalServerError", "InternalServerError"),
    503: named("ServiceUnavailableError", "InternalServerError"),
    504: named("GatewayTimeoutError", "InternalServerError"),
    529: named("OverloadedError", "OverloadedError"),
}

NAMED = {
    "rate_limit": (429, "rate_limit_error"),
    "quota_exhausted": (400, "invalid_request_error"),
    "overloaded": (529, "overloaded_error"),
    "server_error": (500, "api_error"),
    "gateway_timeout": (504, "timeout_error"),
    "unauthorized": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "content_filter": (400, "invalid_request_error"),
    "context_exceeded": (400, "invalid_request_error"),
    "invalid_request": (400, "invalid_request_error"),
}


@pytest.fixture
def client(space):
    return anthropic.Anthropic(base_url=space.base("anthropic"), api_key=mock.KEY, max_retries=0)


@pytest.fixture
def patient(space, slept):
    """A client as it comes out of the box, with two retries."""
    return anthropic.Anthropic(base_url=space.base("anthropic"), api_key=mock.KEY)


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("status", CLASSES)
def test_a_status_is_raised_as_its_class(client, space, status, streaming):
    space.inject("anthropic", {"status": status})

    with pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.create(**ASK, stream=streaming)

    error = raised.value
    assert type(error) is CLASSES[status]
    assert error.status_code == status and error.request_id.startswith("req_")
    if status == 502:
        # The page of the proxy in front.
        assert "<html" in error.body.lower()
    else:
        assert (error.body["type"], error.body["request_id"]) == ("error", error.request_id)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_error_has_its_status_and_type(client, space, name):
    space.inject("anthropic", name)

    with pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.create(**ASK)

    error = raised.value
    assert (error.status_code, error.body["error"]["type"]) == NAMED[name]


def test_an_error_in_the_stream_has_status_200(client, space):
    space.inject("anthropic", {"stream_error": {"after": 3, "error": "overloaded"}})

    with pytest.raises(anthropic.APIStatusError) as raised:
        for _ in client.messages.create(**ASK, stream=True):
            pass

    assert (type(raised.value), raised.value.status_code) == (anthropic.APIStatusError, 200)
    assert raised.value.body["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("status, attempts", [(429, 3), (500, 3), (529, 3), (408, 3), (409, 3), (400, 1), (402, 1), (413, 1)])
def test_only_what_may_heal_is_tried_again(patient, space, slept, status, attempts):
    space.inject("anthropic", {"status": status})

    with pytest.raises(anthropic.APIStatusError):
        patient.messages.create(**ASK)

    assert (len(space.calls()), len(slept)) == (attempts, attempts - 1)
    # min(0.5 s * 2^n, 8 s), less up to a quarter.
    assert all(0.375 * 2**n <= nap <= 0.5 * 2**n for n, nap in enumerate(slept))


def test_a_wait_is_honoured(patient, space, slept):
    space.inject("anthropic", {"rate_limit": {"retry_after": "7s"}}, first=1)

    assert mock.whole(patient.messages.create(**ASK).content[0].text, 9)
    assert slept == [7]


def test_a_day_is_waited_for_by_the_new_package_and_ignored_by_the_old(patient, space, slept):
    space.inject("anthropic", {"rate_limit": {"retry_after": "1d"}}, first=1)

    patient.messages.create(**ASK)

    assert slept == [86400] if NEW else (len(slept) == 1 and slept[0] <= 0.5)


@pytest.mark.parametrize("status, word, attempts", [(400, "true", 3), (429, "false", 1)])
def test_the_server_may_say_whether_to_retry(patient, space, slept, status, word, attempts):
    space.inject("anthropic", {"status": {"code": status, "headers": {"x-should-retry": word}}})

    with pytest.raises(anthropic.APIStatusError):
        patient.messages.create(**ASK)

    assert len(space.calls()) == attempts


def test_a_reset_before_the_headers_is_tried_three_times(patient, space, slept):
    space.inject("anthropic", "reset")

    with pytest.raises(anthropic.APIConnectionError):
        patient.messages.create(**ASK)

    assert len(space.calls()) == 3


def test_silence_is_a_timeout_of_the_client(space, slept):
    client = anthropic.Anthropic(base_url=space.base("anthropic"), api_key=mock.KEY, timeout=0.3, max_retries=1)
    space.inject("anthropic", "hang")

    with pytest.raises(anthropic.APITimeoutError):
        client.messages.create(**ASK)

    assert len(slept) == 1
