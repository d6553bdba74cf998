//! From a fault that fired to what it changes: the numbers are drawn here, once a call.

use super::{BYTES_MAX, Edit, Rewrite};
use crate::dialect::{Dialect, Part, Script, Shape};
use crate::fault::{
    Draw, ErrorKind, Fault, FramingFault, InvalidJson, MeaningFault, StreamFault, UsageFault, VendorFault,
};

/// What a provider's ledger has to say of a changed reply.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Truth {
    /// Canonical words are missing, doubled or out of order in what is sent.
    pub(crate) distorted: bool,
    /// The usage told is the truth times this.
    pub(crate) told: Option<f64>,
    /// What the answer means, though it looks like a success.
    pub(crate) failure: Option<ErrorKind>,
    /// Canonical words, where the reply has others behind them.
    pub(crate) canonical: Option<u32>,
}

/// Draws what `fault` changes: the script at once, the rest as an edit.
pub(crate) fn draw(fault: &Fault, draw: Draw<'_>, script: &mut Script, truth: &mut Truth) -> Option<Edit> {
    match fault {
        Fault::Stream(fault) => stream(fault, draw, truth),
        Fault::Framing(fault) => framing(fault, draw),
        Fault::Usage(fault) => Some(usage(fault, draw, truth)),
        Fault::Meaning(fault) => meaning(fault, draw, script, truth),
        Fault::Vendor(VendorFault::CapacityFinish { after, reason }) => {
            let own = script.dialect.capacity_reason();
            script.words = draw.count("after", *after).min(script.words);
            truth.failure = Some(match (reason, script.dialect) {
                (None, Dialect::Deepseek) => ErrorKind::Overloaded,
                // It has no word for this: who reads `OTHER` takes it for what a filter says.
                (None, Dialect::Gemini) => ErrorKind::ContentFilter,
                _ => ErrorKind::ServerError,
            });
            Some(Edit::Rewrite(Rewrite::Finish(reason.clone().unwrap_or_else(|| own.to_owned()))))
        }
        _ => None,
    }
}

fn stream(fault: &StreamFault, draw: Draw<'_>, truth: &mut Truth) -> Option<Edit> {
    truth.distorted |= matches!(
        fault,
        StreamFault::DuplicateDeltas { .. }
            | StreamFault::ReorderDeltas { .. }
            | StreamFault::RepeatFromStart { .. }
            | StreamFault::WrongIndex { .. }
    );
    Some(match fault {
        StreamFault::MissingTerminator => Edit::Leave(&[Part::Terminator]),
        StreamFault::MissingFinish => Edit::Leave(&[Part::Finish]),
        StreamFault::MissingEnd => Edit::Leave(&Part::ALL),
        StreamFault::MalformedEvent { after, form } => {
            Edit::Spoil { at: draw.count("after", *after), form: *form }
        }
        StreamFault::DuplicateDeltas { after, times } => Edit::Repeat {
            at: draw.count("after", *after),
            times: draw.count("times", *times).clamp(1, 10_000),
        },
        StreamFault::ReorderDeltas { after } => Edit::Swap { at: draw.count("after", *after), held: None },
        StreamFault::RepeatFromStart { after } => {
            Edit::Restart { at: draw.count("after", *after), kept: Vec::new(), bytes: 0, over: false }
        }
        StreamFault::EmptyDeltas { every } => Edit::Blank { every: draw.count("every", *every), passed: 0 },
        StreamFault::HugeEvent { after, size } => Edit::Swell {
            at: draw.count("after", *after),
            bytes: (draw.count("size", *size) as usize).min(BYTES_MAX),
        },
        StreamFault::WrongIndex { index } => Edit::Rewrite(Rewrite::Index(draw.count("index", *index))),
        StreamFault::IdChanges { id, model } => Edit::Drift { id: *id, model: *model, passed: 0 },
        StreamFault::RoleRepeated => Edit::Rewrite(Rewrite::Role),
        StreamFault::AfterDone => Edit::Echo { last: None },
        StreamFault::RoleOnly
        | StreamFault::CommentOnly(_)
        | StreamFault::PingOnly(_)
        | StreamFault::JsonOnStream { .. } => return None,
    })
}

fn framing(fault: &FramingFault, draw: Draw<'_>) -> Option<Edit> {
    Some(match fault {
        FramingFault::Crlf => Edit::Rewrite(Rewrite::LineEnds),
        FramingFault::Bom => Edit::Bom { over: false },
        FramingFault::NoSpaceAfterColon => Edit::Rewrite(Rewrite::NoSpace),
        FramingFault::EventNames { name } => {
            let legal = |char: &char| !char.is_control() && !matches!(char, '"' | '\\');
            Edit::Rewrite(Rewrite::Name(name.chars().filter(legal).collect()))
        }
        FramingFault::MultiLineData => Edit::Rewrite(Rewrite::Lines),
        FramingFault::TwoEventsInOne { after, form } => {
            Edit::Join { at: draw.count("after", *after), form: *form, held: None }
        }
        FramingFault::TrailingGarbage { text } => Edit::Garbage(text.clone()),
    })
}

fn usage(fault: &UsageFault, draw: Draw<'_>, truth: &mut Truth) -> Edit {
    match fault {
        UsageFault::Missing => Edit::Rewrite(Rewrite::NoUsage),
        UsageFault::Late => Edit::LateUsage { held: None },
        UsageFault::Twice => Edit::TwiceUsage,
        UsageFault::False { factor } => {
            let factor = draw.number("factor", *factor).max(0.0);
            truth.told = Some(truth.told.unwrap_or(1.0) * factor);
            Edit::Rewrite(Rewrite::FalseUsage(factor))
        }
    }
}

/// Makes one of several false usages: counts that are multiplied twice would be rounded twice, and be no multiple of the bill.
pub(crate) fn once(edits: &mut Vec<Edit>, truth: &Truth) {
    let mut first = true;
    edits.retain_mut(|edit| match edit {
        Edit::Rewrite(Rewrite::FalseUsage(factor)) => {
            *factor = truth.told.unwrap_or(*factor);
            std::mem::take(&mut first)
        }
        _ => true,
    });
}

fn meaning(fault: &MeaningFault, draw: Draw<'_>, script: &mut Script, truth: &mut Truth) -> Option<Edit> {
    match fault {
        MeaningFault::EarlyLength { after } => {
            script.words = draw.count("after", *after).min(script.words);
            script.limited = true;
        }
        MeaningFault::WrongModel { model } => script.ask.model.clone_from(model),
        MeaningFault::ToolCallCut { after, told } => {
            script.words = draw.count("after", *after).min(script.words);
            with_shape(script, |_, close| close.clear());
            script.limited = *told;
        }
        MeaningFault::UnknownTool { name } => {
            script.ask.tool = Some(name.clone());
            script.ask.shape.get_or_insert_with(|| Box::new(Shape::text()));
        }
        MeaningFault::InvalidJson { form } => invalid_json(*form, script),
        MeaningFault::WrongSchema => with_shape(script, |open, close| {
            *open = "{\\\"unexpected\\\":\\\"".to_owned();
            *close = "\\\"}".to_owned();
        }),
        MeaningFault::Repetition { after, times } => {
            let stuck = draw.count("after", *after).clamp(1, script.words.max(1));
            let limit = script.ask.max_tokens.unwrap_or(u32::MAX).max(stuck);
            script.words = stuck.saturating_add(draw.count("times", *times).min(100_000)).min(limit);
            (script.stuck, script.limited) = (Some(stuck), true);
            (truth.distorted, truth.canonical) = (true, Some(stuck));
        }
        MeaningFault::MissingToolCall => {
            (script.ask.tool, script.ask.json, script.ask.shape, script.words) = (None, false, None, 0);
            return Some(Edit::Rewrite(Rewrite::Finish("tool_calls".to_owned())));
        }
        MeaningFault::ToolFinishStop => return Some(Edit::Rewrite(Rewrite::Finish("stop".to_owned()))),
        MeaningFault::WrongFinish { reason } => return Some(Edit::Rewrite(Rewrite::Finish(reason.clone()))),
        MeaningFault::DuplicateToolId => {
            truth.distorted = true;
            return Some(Edit::TwinCall);
        }
        MeaningFault::NumberOfChoices { choices } => {
            let choices = draw.count("choices", *choices).min(128);
            truth.distorted |= choices == 0;
            return Some(Edit::Rewrite(Rewrite::Choices(choices)));
        }
    }
    None
}

fn invalid_json(form: InvalidJson, script: &mut Script) {
    match form {
        InvalidJson::Prose if script.ask.tool.is_none() => {
            (script.ask.json, script.ask.shape) = (false, None);
        }
        InvalidJson::Prose => {}
        InvalidJson::Fenced => with_shape(script, |open, close| {
            open.insert_str(0, "```json\\n");
            close.push_str("\\n```");
        }),
        InvalidJson::Cut => with_shape(script, |_, close| close.clear()),
        InvalidJson::TrailingComma => with_shape(script, |_, close| {
            let end = close.len().saturating_sub(1);
            close.insert(end, ',');
        }),
    }
}

/// Changes what stands around the words of a JSON answer where it is text; objects stay whole.
fn with_shape(script: &mut Script, change: impl FnOnce(&mut String, &mut String)) {
    if let Some(shape) = &mut script.ask.shape {
        change(&mut shape.quoted_open, &mut shape.quoted_close);
    }
}
