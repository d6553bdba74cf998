//! What becomes of a call: the fault that ends it, drawn and made into an act.

use std::time::Duration;

use super::Provider;
use super::endings::bytes_act;
use super::error::{Error, request_id};
use crate::clock::Moment;
use crate::dialect::{Complaint, Dialect, Format, Script};
use crate::fault::{
    AfterError, Beat, Close, Draw, Emptiness, ErrorIn200, ErrorKind, Facts, FateFault, Fault, MalformedBody,
    RateFault, RefusalForm, Rule, StreamFault, VendorFault,
};
use crate::latency::Dist;
use crate::ledger::Call;

/// What the answer amounts to.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Reply,
    Hang,
    Reset,
    Error(Box<Error>),
    Stall {
        after: u32,
    },
    Cut {
        after: u32,
        close: Close,
    },
    Trouble {
        after: u32,
        kind: ErrorKind,
        then: AfterError,
    },
    Refuse {
        after: u32,
        form: RefusalForm,
    },
    Empty(Emptiness),
    Malformed(MalformedBody),
    /// The opening of a stream and nothing more.
    Opening,
    /// Keep-alives instead of a reply; with the opening before them, or as bare comments.
    KeepAlive {
        opening: bool,
        every: Duration,
        lasts: Option<Duration>,
    },
    /// A plain body where a stream was asked for: an error with status 200, or the reply.
    Plain(Option<ErrorKind>),
    /// A success that carries a failure.
    FalseSuccess {
        after: u32,
        kind: ErrorKind,
        form: ErrorIn200,
    },
    /// A body of about so many bytes.
    Enormous {
        size: u64,
    },
    /// The end before any header.
    End(Close),
    /// Bytes that are no answer, and nothing more; or the end of the connection after them.
    Raw {
        bytes: &'static [u8],
        ends: bool,
    },
}

/// A page where a reply should be.
pub(crate) const PORTAL: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";

impl Provider {
    pub(super) fn act(
        &self,
        ending: Option<&Rule>,
        facts: &Facts<'_>,
        (script, due): (&Script, Moment),
        call: &mut Call,
    ) -> Act {
        let Some(rule) = ending else { return Act::Reply };
        let draw = Draw::new(facts, &self.dice, &rule.name);
        let words = |after: Dist| draw.count("after", after);
        match &rule.fault {
            Fault::Hang => Act::Hang,
            Fault::Reset => Act::Reset,
            Fault::Status(status) => self.status(status, draw, (script, due), call),
            Fault::Stall { after } => Act::Stall { after: words(*after) },
            Fault::Cut { after, close } => Act::Cut { after: words(*after), close: *close },
            Fault::StreamError { after, error, then } => {
                call.failure = script.tells_trouble().then_some(*error);
                Act::Trouble { after: words(*after), kind: *error, then: *then }
            }
            Fault::Refusal { after, form, .. } => {
                call.failure = Some(ErrorKind::ContentFilter);
                Act::Refuse { after: words(*after), form: *form }
            }
            Fault::Empty(Emptiness::Any) if facts.key(&self.dice, "empty").happens(500_000) => {
                Act::Empty(Emptiness::NoChoices)
            }
            Fault::Empty(Emptiness::Any) => Act::Empty(Emptiness::EmptyText),
            Fault::Empty(kind) => Act::Empty(*kind),
            Fault::Malformed(body) => Act::Malformed(*body),
            Fault::Fate(FateFault::Relapse(relapse)) => {
                self.status(&relapse.answer, draw, (script, due), call)
            }
            Fault::Rate(fault @ (RateFault::NeverClears { .. } | RateFault::SpendLimit)) => {
                let wait = fault.numbers().first().map(|(name, dist)| draw.duration(name, *dist));
                let id = request_id(&script.id);
                Act::Error(Box::new(self.talk(fault, wait, (&script.ask.model, &id, due), call)))
            }
            Fault::Bytes(fault) => bytes_act(fault, draw),
            Fault::Http(fault) => self.http_act(fault, draw, (&script.id, due), call),
            Fault::Stream(fault) => stream_act(fault, draw, call),
            Fault::Vendor(fault) => self.vendor_act(fault, draw, (script, due), call),
            // Decided elsewhere: connections at accept, delays in the schedule, edits beside the act.
            Fault::RefuseConnections
            | Fault::Crash
            | Fault::BlackHole
            | Fault::Connect(_)
            | Fault::LatencySpike { .. }
            | Fault::SlowTokens { .. }
            | Fault::Framing(_)
            | Fault::Pacing(_)
            | Fault::Usage(_)
            | Fault::Meaning(_)
            | Fault::Rate(_)
            | Fault::Fate(_) => Act::Reply,
        }
    }
}

impl Provider {
    /// Faults that are habits of some vendors.
    pub(super) fn vendor_act(
        &self,
        fault: &VendorFault,
        draw: Draw<'_>,
        (script, due): (&Script, Moment),
        call: &mut Call,
    ) -> Act {
        match fault {
            VendorFault::ErrorIn200 { error, form, after } => {
                // A finish reason tells that something failed, not what.
                let told = !matches!(form, ErrorIn200::FinishReason) || script.ask.format != Format::Chat;
                call.failure = Some(if told { *error } else { ErrorKind::ServerError });
                false_success(script, draw.count("after", *after), *error, *form)
            }
            VendorFault::PromptBlocked { category } => {
                call.failure = Some(ErrorKind::ContentFilter);
                // Anthropic refuses before the first word, with a 200.
                if script.ask.format == Format::Messages {
                    return Act::Refuse { after: 0, form: RefusalForm::Native };
                }
                let mut complaint = Complaint::usual(script.dialect, ErrorKind::ContentFilter);
                complaint.category = *category;
                self.complain(&complaint, script, due, call)
            }
            VendorFault::OutputBlocked { after } => {
                call.failure = Some(ErrorKind::ContentFilter);
                let after = draw.count("after", *after);
                match (script.dialect, script.ask.stream) {
                    (Dialect::Qwen, true) => {
                        Act::Trouble { after, kind: ErrorKind::ContentFilter, then: AfterError::Vendor }
                    }
                    (Dialect::Qwen, false) => self.complain(&Complaint::output_blocked(), script, due, call),
                    _ => Act::Refuse { after, form: RefusalForm::Filter },
                }
            }
            VendorFault::KeepAliveComments { .. } | VendorFault::CapacityFinish { .. } => Act::Reply,
        }
    }
}

/// A failure inside a success; where a format knows only one form of it, in that form.
pub(super) fn false_success(script: &Script, after: u32, kind: ErrorKind, form: ErrorIn200) -> Act {
    match form {
        ErrorIn200::Body => Act::Plain(Some(kind)),
        _ if script.ask.format == Format::Chat => Act::FalseSuccess { after, kind, form },
        _ => Act::Trouble { after, kind, then: AfterError::Vendor },
    }
}

/// The words of a refusal, where they are given.
pub(super) fn sorry(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Refusal { text, .. } => text.clone(),
        _ => None,
    }
}

/// Faults of a stream that end it.
pub(super) fn stream_act(fault: &StreamFault, draw: Draw<'_>, call: &mut Call) -> Act {
    let beat = |opening: bool, beat: &Beat| Act::KeepAlive {
        opening,
        every: draw.duration("every", beat.every),
        lasts: beat.lasts.map(|lasts| draw.duration("for", lasts)),
    };
    match fault {
        StreamFault::RoleOnly => Act::Opening,
        StreamFault::CommentOnly(every) => beat(false, every),
        StreamFault::PingOnly(every) => beat(true, every),
        StreamFault::JsonOnStream { error } => {
            call.failure = *error;
            Act::Plain(*error)
        }
        _ => Act::Reply,
    }
}

/// Who refuses from the start calls no tool and writes no JSON; nobody goes over to prose inside a call.
pub(super) fn withhold(mut act: Act, script: &mut Script) -> Act {
    let Act::Refuse { after, form } = &mut act else { return act };
    if script.ask.tool.is_some() && *form == RefusalForm::Prose || script.words == 0 {
        *after = 0;
    }
    if *after == 0 || !script.ask.stream {
        (script.ask.tool, script.ask.json, script.ask.shape) = (None, false, None);
        script.withheld = *form != RefusalForm::Prose;
    }
    script.limited = false;
    act
}

/// Where a plain body answers a stream request, the answer is that of a plain request.
pub(super) fn flatten(act: Act, script: &mut Script) -> Act {
    let act = withhold(act, script);
    let Act::Plain(error) = act else { return act };
    script.ask.stream = false;
    error.map_or(Act::Reply, |kind| Act::Trouble { after: 0, kind, then: AfterError::Vendor })
}
