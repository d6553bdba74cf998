"""`AzureOpenAI` of OpenAI's own package against the `azure` dialect."""

import openai
import pytest

import mock

VERSION = openai.__version__
ASK = [{"role": "user", "content": "[words=9] hello there"}]


@pytest.fixture
def client(space):
    return openai.AzureOpenAI(
        azure_endpoint=space.origin("azure"), api_key=mock.KEY, api_version="2024-10-21", max_retries=0
    )


def create(client, **more):
    return client.chat.completions.create(model="my-deployment", messages=ASK, **more)


def test_a_plain_reply_is_whole_and_annotated(client):
    reply = create(client)

    choice = reply.choices[0]
    assert mock.whole(choice.message.content, 9) and choice.finish_reason == "stop"
    assert set(choice.model_extra["content_filter_results"]) >= {"hate", "self_harm", "sexual", "violence"}
    (prompt,) = reply.model_extra["prompt_filter_results"]
    assert prompt["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}


def test_a_stream_begins_with_the_filter_of_the_prompt(client):
    first, *chunks = create(client, stream=True)

    assert first.choices == [] and first.model_extra["prompt_filter_results"]
    assert mock.whole("".join(chunk.choices[0].delta.content or "" for chunk in chunks), 9)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_an_endpoint_may_name_its_deployment(space):
    client = openai.AzureOpenAI(
        azure_endpoint=space.origin("azure"),
        azure_deployment="my-deployment",
        api_key=mock.KEY,
        api_version="2024-10-21",
    )

    assert mock.whole(create(client).choices[0].message.content, 9)


def test_a_token_of_the_directory_opens_it_too(space):
    client = openai.AzureOpenAI(
        azure_endpoint=space.origin("azure"), azure_ad_token_provider=lambda: "token", api_version="2024-10-21"
    )

    assert mock.whole(create(client).choices[0].message.content, 9)


def test_embeddings_come_from_a_deployment(client):
    reply = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])

    assert [len(row.embedding) for row in reply.data] == [1536, 1536]


def test_a_blocked_prompt_says_what_blocked_it(client, space):
    space.inject("azure", "content_filter")

    with pytest.raises(openai.BadRequestError) as raised:
        create(client)

    error = raised.value
    assert (error.code, error.param, error.body["status"]) == ("content_filter", "prompt", 400)
    assert error.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"


def test_a_blocked_answer_ends_with_content_filter(client, space):
    space.inject("azure", {"refusal": {"form": "filter"}})

    assert create(client).choices[0].finish_reason == "content_filter"
    assert [chunk.choices[0].finish_reason for chunk in create(client, stream=True) if chunk.choices][-1] == "content_filter"


def test_a_rate_limit_is_429_as_text(client, space):
    space.inject("azure", {"rate_limit": {"retry_after": "45s"}})

    with pytest.raises(openai.RateLimitError) as raised:
        create(client)

    assert raised.value.code == "429" and "retry after" in raised.value.message.lower()
    assert raised.value.response.headers["retry-after"] == "45"


def test_other_errors_have_their_classes(client, space):
    for name, expected in [
        ("unauthorized", openai.AuthenticationError),
        ("not_found", openai.NotFoundError),
        ("overloaded", openai.InternalServerError),
        ("server_error", openai.InternalServerError),
    ]:
        space.inject("azure", name, first=1)
        with pytest.raises(expected):
            create(client)


def test_a_version_has_to_be_named(space):
    client = openai.OpenAI(
        base_url=space.origin("azure") + "/openai/deployments/my-deployment",
        api_key=mock.KEY,
        default_headers={"api-key": mock.KEY},
        max_retries=0,
    )

    with pytest.raises(openai.APIStatusError) as raised:
        create(client)

    assert raised.value.status_code in (400, 404)
