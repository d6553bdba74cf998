//! Bodies of requests. Fields that there are not are refused, as the vendor refuses them; both spellings of a field
//! are known, as in every interface that is made from protocol buffers.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::dialect::json::{Content, Text};

/// A request for content, or for its count of tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) contents: Option<Vec<Turn<'a>>>,
    #[serde(borrow, rename = "systemInstruction", alias = "system_instruction")]
    pub(super) system: Option<Turn<'a>>,
    #[serde(borrow, rename = "generationConfig", alias = "generation_config")]
    pub(super) config: Option<Config<'a>>,
    #[serde(borrow)]
    pub(super) tools: Option<Vec<Tools<'a>>>,
    #[serde(borrow, rename = "toolConfig", alias = "tool_config")]
    pub(super) tool_config: Option<ToolConfig<'a>>,
    #[serde(rename = "cachedContent", alias = "cached_content")]
    pub(super) cached: Option<IgnoredAny>,
    #[serde(borrow, rename = "generateContentRequest", alias = "generate_content_request")]
    pub(super) inner: Option<Box<Body<'a>>>,
    #[serde(rename = "safetySettings", alias = "safety_settings")]
    _safety: Option<IgnoredAny>,
    #[serde(rename = "model")]
    _model: Option<IgnoredAny>,
    #[serde(rename = "labels")]
    _labels: Option<IgnoredAny>,
    #[serde(rename = "serviceTier", alias = "service_tier")]
    _tier: Option<IgnoredAny>,
    #[serde(rename = "store")]
    _store: Option<IgnoredAny>,
}

/// One turn of the conversation.
#[derive(Deserialize)]
pub(super) struct Turn<'a> {
    #[serde(borrow)]
    pub(super) role: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) parts: Option<Content<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Config<'a> {
    #[serde(rename = "maxOutputTokens", alias = "max_output_tokens")]
    pub(super) max_tokens: Option<i64>,
    pub(super) temperature: Option<f64>,
    #[serde(rename = "topP", alias = "top_p")]
    pub(super) top_p: Option<f64>,
    #[serde(rename = "candidateCount", alias = "candidate_count")]
    pub(super) candidates: Option<i64>,
    #[serde(rename = "stopSequences", alias = "stop_sequences")]
    pub(super) stops: Option<Vec<String>>,
    #[serde(borrow, rename = "responseMimeType", alias = "response_mime_type")]
    pub(super) mime: Option<Text<'a>>,
    #[serde(borrow, rename = "responseSchema", alias = "response_schema")]
    pub(super) schema: Option<&'a RawValue>,
    #[serde(
        borrow,
        rename = "responseJsonSchema",
        alias = "response_json_schema",
        alias = "_responseJsonSchema"
    )]
    pub(super) json_schema: Option<&'a RawValue>,
    #[serde(rename = "thinkingConfig", alias = "thinking_config")]
    pub(super) thinking: Option<Thinking>,
}

#[derive(Deserialize)]
pub(super) struct Thinking {
    #[serde(rename = "includeThoughts", alias = "include_thoughts")]
    pub(super) shown: Option<bool>,
    #[serde(rename = "thinkingBudget", alias = "thinking_budget")]
    pub(super) budget: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Tools<'a> {
    #[serde(borrow, rename = "functionDeclarations", alias = "function_declarations")]
    pub(super) functions: Option<Vec<Function<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) parameters: Option<&'a RawValue>,
    #[serde(borrow, rename = "parametersJsonSchema", alias = "parameters_json_schema")]
    pub(super) json_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct ToolConfig<'a> {
    #[serde(borrow, rename = "functionCallingConfig", alias = "function_calling_config")]
    pub(super) calling: Option<Calling<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Calling<'a> {
    #[serde(borrow)]
    pub(super) mode: Option<Text<'a>>,
    #[serde(borrow, rename = "allowedFunctionNames", alias = "allowed_function_names")]
    pub(super) allowed: Option<Vec<Text<'a>>>,
}

/// A request for one embedding, or for several.
#[derive(Deserialize)]
pub(super) struct EmbedBody<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Turn<'a>>,
    #[serde(borrow)]
    pub(super) requests: Option<Vec<EmbedBody<'a>>>,
    #[serde(rename = "outputDimensionality", alias = "output_dimensionality")]
    pub(super) dimensions: Option<i64>,
    #[serde(rename = "embedContentConfig", alias = "embed_content_config")]
    pub(super) config: Option<EmbedConfig>,
}

#[derive(Deserialize)]
pub(super) struct EmbedConfig {
    #[serde(rename = "outputDimensionality", alias = "output_dimensionality")]
    pub(super) dimensions: Option<i64>,
}
