//! Requests.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::dialect::ask;
use crate::dialect::json::{Content, Text, read as read_json};
use crate::dialect::openai::vendor::Vendor;
use crate::dialect::{Ask, Asked, Complaint};
use crate::provider::Spec;

#[derive(Deserialize)]
pub(in crate::dialect) struct Body<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) model: Option<Text<'a>>,
    /// OpenRouter: models to fall back to.
    #[serde(borrow)]
    pub(in crate::dialect) models: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(in crate::dialect) messages: Option<Vec<Message<'a>>>,
    pub(in crate::dialect) stream: Option<bool>,
    pub(in crate::dialect) stream_options: Option<StreamOptions>,
    pub(in crate::dialect) max_tokens: Option<u64>,
    pub(in crate::dialect) max_completion_tokens: Option<u64>,
    pub(in crate::dialect) temperature: Option<f64>,
    #[serde(borrow)]
    pub(in crate::dialect) stop: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::dialect) tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    pub(in crate::dialect) tool_choice: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::dialect) response_format: Option<Format<'a>>,
    #[serde(borrow)]
    pub(in crate::dialect) user: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(in crate::dialect) struct Message<'a> {
    #[serde(borrow, default)]
    pub(in crate::dialect) content: Content<'a>,
}

#[derive(Deserialize)]
pub(in crate::dialect) struct StreamOptions {
    pub(in crate::dialect) include_usage: Option<bool>,
    pub(in crate::dialect) include_obfuscation: Option<bool>,
    /// vLLM: usage with every chunk.
    pub(in crate::dialect) continuous_usage_stats: Option<bool>,
}

#[derive(Deserialize)]
pub(in crate::dialect) struct Tool<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) function: Option<Named<'a>>,
}

#[derive(Deserialize)]
pub(in crate::dialect) struct Named<'a> {
    #[serde(borrow)]
    pub(in crate::dialect) name: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(in crate::dialect) struct Format<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::dialect) kind: Option<Text<'a>>,
}

impl Body<'_> {
    /// How many stop sequences it has.
    pub(in crate::dialect) fn stops(&self) -> usize {
        let stops = self.stop.and_then(|stop| serde_json::from_str::<Vec<IgnoredAny>>(stop.get()).ok());
        stops.map_or(usize::from(self.stop.is_some()), |stops| stops.len())
    }

    /// Whether it asks for a JSON object of any form.
    pub(in crate::dialect) fn wants_json(&self) -> bool {
        let format = self.response_format.as_ref().and_then(|format| format.kind.as_ref());
        format.is_some_and(|kind| kind.0 == "json_object")
    }

    /// Whether a message says `word` (in lower case), in whatever case.
    pub(in crate::dialect) fn says(&self, word: &str) -> bool {
        let mut ask = Ask::default();
        self.messages.iter().flatten().for_each(|message| message.content.say(&mut ask));
        ask.prompt.to_ascii_lowercase().contains(word)
    }
}

/// Reads a body; `model` is the one the path names, where it does.
pub(in crate::dialect::openai) fn read(
    spec: &Spec,
    vendor: &dyn Vendor,
    model: Option<&str>,
    body: &[u8],
    ask: &mut Ask,
) -> Result<Asked, Complaint> {
    let mut body: Body<'_> = read_json(spec.dialect, body)?;
    if let Some(model) = model {
        body.model = Some(Text(Cow::Borrowed(model)));
    }
    take(&body, ask);
    vendor.take(&body, ask);
    vendor.check(&body)?;
    ask.settle(spec, body.user.as_ref().map(|user| &*user.0))
}

fn take(body: &Body<'_>, ask: &mut Ask) {
    ask.model = body.model.as_ref().map(|model| ask::name(&model.0)).unwrap_or_default();
    body.messages.iter().flatten().for_each(|message| message.content.say(ask));
    ask.stream = body.stream == Some(true);
    let limit = body.max_completion_tokens.or(body.max_tokens);
    ask.max_tokens = limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    if let Some(options) = &body.stream_options {
        ask.include_usage = options.include_usage == Some(true);
        ask.obfuscation = options.include_obfuscation != Some(false);
    }
    ask.tool = body.tool_choice.and_then(|choice| forced(choice, body.tools.as_deref()));
    let format = body.response_format.as_ref().and_then(|format| format.kind.as_ref());
    ask.json = format.is_some_and(|kind| kind.0 == "json_object" || kind.0 == "json_schema");
}

fn forced(choice: &RawValue, tools: Option<&[Tool<'_>]>) -> Option<String> {
    if let Ok(tool) = serde_json::from_str::<Tool<'_>>(choice.get()) {
        return tool.function?.name.map(|name| ask::name(&name.0));
    }
    let mode: Text<'_> = serde_json::from_str(choice.get()).ok()?;
    let first = tools?.first()?.function.as_ref()?.name.as_ref()?;
    (mode.0 == "required").then(|| ask::name(&first.0))
}
