"""OpenAI's own package against everybody who speaks its language: what all share, and what each adds."""

import openai
import pytest

import mock

VERSION = openai.__version__
ASK = [{"role": "user", "content": "[words=9] hello there"}]
MODELS = {
    "deepseek": "deepseek-chat",
    "qwen": "qwen-plus",
    "openrouter": "anthropic/claude-sonnet-4.5",
    "ollama": "llama3.2",
    "llama_cpp": "default",
    "vllm": "meta-llama/Llama-3.1-8B-Instruct",
}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
each = pytest.mark.parametrize("vendor", MODELS)


def client(space, vendor, **more):
    return openai.OpenAI(base_url=space.compatible(vendor), api_key=mock.KEY, **{"max_retries": 0, **more})


def create(space, vendor, **more):
    return client(space, vendor).chat.completions.create(**{"model": MODELS[vendor], "messages": ASK, **more})


@each
def test_a_plain_reply_is_whole(space, vendor):
    reply = create(space, vendor)

    assert mock.whole(reply.choices[0].message.content, 9) and reply.choices[0].finish_reason == "stop"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


@each
def test_a_stream_is_the_reply_in_pieces(space, vendor):
    chunks = [chunk for chunk in create(space, vendor, stream=True) if chunk.choices]

    assert mock.whole("".join(chunk.choices[0].delta.content or "" for chunk in chunks), 9)
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons[-1] == "stop" and not any(reasons[:-1])


@each
def test_usage_comes_in_a_stream_that_asks_for_it(space, vendor):
    chunks = list(create(space, vendor, stream=True, stream_options={"include_usage": True}))

    (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


@each
def test_a_required_tool_is_called(space, vendor):
    reply = create(space, vendor, tools=[WEATHER], tool_choice="required")

    (call,) = reply.choices[0].message.tool_calls
    assert call.function.name == "weather" and call.id


@each
def test_models_are_listed_and_not_recorded(space, vendor):
    assert client(space, vendor).models.list().data
    assert space.calls() == []


@each
@pytest.mark.parametrize(
    "name, expected", [("rate_limit", openai.RateLimitError), ("server_error", openai.InternalServerError)]
)
def test_errors_have_their_classes(space, vendor, name, expected):
    if (vendor, name) in [("ollama", "rate_limit"), ("llama_cpp", "rate_limit"), ("vllm", "rate_limit")]:
        # A local server has no rate to limit; what a proxy in front of it sends is up to the scenario.
        space.inject(vendor, {"status": 429})
    else:
        space.inject(vendor, name)

    with pytest.raises(expected):
        create(space, vendor)


@each
def test_overload_is_503_or_that_of_the_router(space, vendor):
    space.inject(vendor, "overloaded")

    with pytest.raises(openai.InternalServerError) as raised:
        create(space, vendor)

    assert raised.value.status_code == (529 if vendor == "openrouter" else 503)


# What each adds


def test_deepseek_is_out_of_money_with_402(space):
    space.inject("deepseek", "quota_exhausted")

    with pytest.raises(openai.APIStatusError) as raised:
        create(space, "deepseek")

    assert (raised.value.status_code, raised.value.message.count("Insufficient Balance")) == (402, 1)


def test_deepseek_reasons_before_it_answers(space):
    ask = {"model": "deepseek-reasoner"}
    reply = create(space, "deepseek", **ask)
    deltas = [chunk.choices[0].delta for chunk in create(space, "deepseek", stream=True, **ask) if chunk.choices]

    assert reply.choices[0].message.reasoning_content
    assert mock.whole(reply.choices[0].message.content, 9)
    assert reply.usage.completion_tokens_details.reasoning_tokens > 0
    thinking = [bool((delta.model_extra or {}).get("reasoning_content")) for delta in deltas]
    saying = [bool(delta.content) for delta in deltas]
    assert True in thinking and thinking.index(True) < saying.index(True)


def test_deepseek_counts_what_its_cache_gave(space):
    usage = create(space, "deepseek").usage

    extra = usage.model_extra
    assert extra["prompt_cache_hit_tokens"] + extra["prompt_cache_miss_tokens"] == usage.prompt_tokens


def test_qwen_refuses_prompts_with_an_error(space):
    space.inject("qwen", "content_filter")

    with pytest.raises(openai.BadRequestError) as raised:
        create(space, "qwen")

    assert raised.value.code == "data_inspection_failed"


def test_openrouter_says_who_served_and_at_what_cost(space):
    reply = create(space, "openrouter")

    assert reply.id.startswith("gen-") and reply.model_extra["provider"]
    assert reply.usage.model_extra["cost"] >= 0


def test_openrouter_starts_its_streams_with_comments_that_nobody_sees(space):
    first = next(iter(create(space, "openrouter", stream=True)))

    assert first.choices[0].delta.role == "assistant"


def test_openrouter_errors_have_their_status_as_code(space):
    space.inject("openrouter", "rate_limit")

    with pytest.raises(openai.RateLimitError) as raised:
        create(space, "openrouter")

    assert raised.value.body["code"] == 429


def test_an_error_inside_a_200_is_a_reply_without_choices(space):
    space.inject("openrouter", {"stream_error": {"after": 0, "error": "bad_gateway"}})

    assert create(space, "openrouter").choices is None


def test_ollama_is_known_by_its_fingerprint(space):
    assert create(space, "ollama").system_fingerprint == "fp_ollama"


def test_llama_cpp_says_how_large_the_prompt_was(space):
    space.inject("llama_cpp", "context_exceeded")

    with pytest.raises(openai.BadRequestError) as raised:
        create(space, "llama_cpp")

    body = raised.value.body
    assert body["type"] == "exceed_context_size_error" and body["n_prompt_tokens"] > body["n_ctx"]


def test_vllm_has_numbers_for_codes(space):
    space.inject("vllm", "context_exceeded")

    with pytest.raises(openai.BadRequestError) as raised:
        create(space, "vllm")

    assert (raised.value.body["type"], raised.value.body["code"]) == ("BadRequestError", 400)


def test_vllm_lists_the_length_of_its_models(space):
    (model, *_) = client(space, "vllm").models.list().data

    assert model.owned_by == "vllm" and model.model_extra["max_model_len"] > 0
