//! Whether a reply is an answer, by the route's declared policy.

use crate::chat::{ChatReply, Failure, FailureClass, Finish};
use crate::dialect;
use crate::router::config::{EmptyPolicy, HoldWhole, RefusalPolicy, Route, WrongModel};
use crate::router::seam::seam;
use crate::router::soft_refusal::looks_refused;

/// What a reply is measured by.
#[derive(Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) route: &'a Route,
    /// The id of the model that was asked.
    pub(super) asked: &'a str,
    /// Whether the request wants JSON.
    pub(super) json: bool,
}

impl Measure<'_> {
    /// Judges a whole reply.
    pub(super) fn whole(&self, reply: &ChatReply) -> Result<(), Failure> {
        let route = self.route;
        if route.refusal == RefusalPolicy::Next {
            if seam!(PassesARefusalOn, reply.is_refused(), false) {
                let words = reply.refusal.clone().unwrap_or_else(|| "stopped by a content filter".to_owned());
                return Err(Failure::new(FailureClass::Refused, words));
            }
            self.prose(reply.text.as_deref().unwrap_or_default())?;
        }
        self.silence(reply)?;
        self.served(&reply.model)?;
        tools_are_whole(reply)?;
        self.json(reply)
    }

    /// Whether nothing is an answer. A refusal that says something is not nothing, and where a route never gives an
    /// empty answer, one that says nothing is.
    fn silence(&self, reply: &ChatReply) -> Result<(), Failure> {
        let refused = match self.route.never_empty {
            true => reply.refusal.as_deref().is_some_and(|words| !words.trim().is_empty()),
            false => reply.is_refused(),
        };
        let counts = self.route.empty == EmptyPolicy::Failure || self.route.never_empty;
        if reply.is_silent() && !refused && seam!(TakesNothingForAnAnswer, counts, false) {
            return Err(Failure::new(FailureClass::Empty, "a success without text or tool call"));
        }
        Ok(())
    }

    /// Whether prose sounds like a refusal, where the route counts that as one.
    pub(super) fn prose(&self, text: &str) -> Result<(), Failure> {
        if self.route.soft_refusal && self.route.refusal == RefusalPolicy::Next && looks_refused(text) {
            let words: String = text.chars().take(200).collect();
            return Err(Failure::new(FailureClass::Refused, format!("in prose: {words}")));
        }
        Ok(())
    }

    /// Whether the model that was asked is the one that answers.
    pub(super) fn served(&self, served: &str) -> Result<(), Failure> {
        let wrong = !served.is_empty() && !dialect::same_model(self.asked, served);
        if self.route.wrong_model == WrongModel::Fail && wrong {
            let words = format!("`{}` was asked and `{served}` answered", self.asked);
            return Err(Failure {
                code: Some("wrong_model".to_owned()),
                ..Failure::new(FailureClass::InvalidOutput, words)
            });
        }
        Ok(())
    }

    /// Whether an answer in JSON is JSON, on a route that holds such answers back to look at them whole.
    fn json(&self, reply: &ChatReply) -> Result<(), Failure> {
        let looked_at = matches!(
            self.route.stream.hold.whole,
            HoldWhole::Json | HoldWhole::ToolsAndJson | HoldWhole::Always
        );
        let complete =
            reply.finish != Some(Finish::Length) && reply.tool_calls.is_empty() && !reply.is_refused();
        if !(self.json && looked_at && complete) {
            return Ok(());
        }
        let text = reply.text.as_deref().unwrap_or_default();
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Failure::new(FailureClass::InvalidOutput, format!("the answer is not JSON: {error}")))
            }
        }
    }
}

/// A call whose arguments do not parse must not reach a caller as if they were complete. Where a limit on output cut
/// the reply, its finish reason says so.
pub(super) fn tools_are_whole(reply: &ChatReply) -> Result<(), Failure> {
    if seam!(AcceptsHalfACall, reply.finish == Some(Finish::Length), true) {
        return Ok(());
    }
    reply.tool_calls.iter().try_for_each(|call| arguments_parse(&call.name, &call.arguments))
}

fn arguments_parse(name: &str, arguments: &str) -> Result<(), Failure> {
    match serde_json::from_str::<serde::de::IgnoredAny>(arguments) {
        Ok(_) => Ok(()),
        Err(error) => {
            let words = format!("the arguments of the call of `{name}` are not JSON: {error}");
            Err(Failure::new(FailureClass::InvalidOutput, words))
        }
    }
}
