//! A call's entry in the ledger, as far as it is known when the call is planned.

use std::time::Duration;

use super::Provider;
use super::act::Act;
use crate::clock::Moment;
use crate::dialect::{Format, Script};
use crate::dice::Dice;
use crate::edit::Truth;
use crate::fault::{AfterError, MalformedBody, RefusalForm};
use crate::ledger::{Call, Ending};

impl Provider {
    pub(super) fn entry(
        &self,
        script: &Script,
        (nth, connection, now): (u32, u64, Moment),
        body: &[u8],
    ) -> Call {
        let ask = &script.ask;
        Call {
            provider: self.spec.name.clone(),
            namespace: ask.namespace.clone(),
            model: ask.model.clone(),
            request_id: ask.request_id.clone(),
            nth,
            tag: script.tag,
            connection,
            stream: ask.stream,
            received: now,
            headers_sent: None,
            first_output: None,
            handed: None,
            ended: now,
            status: None,
            ending: Ending::Shutdown,
            failure: None,
            faults: Vec::new(),
            retry_after: None,
            injected: Duration::ZERO,
            words_planned: 0,
            words_sent: 0,
            distorted: false,
            usage_told: None,
            billed_input: 0,
            billed_output: 0,
            credential: ask.key.as_deref().map(|key| fingerprint("credential", key.as_bytes())),
            body: fingerprint("body", body),
        }
    }
}

/// Notes how far the edits lead away from the canonical reply. What a finish reason means nobody learns from an answer that
/// does not come so far.
pub(super) fn note(call: &mut Call, act: &Act, truth: Truth) {
    let finishes = matches!(act, Act::Reply);
    call.distorted = truth.distorted;
    call.usage_told = truth.told;
    call.failure = call.failure.or(truth.failure.filter(|_| finishes));
    if let Some(canonical) = truth.canonical {
        call.words_planned = call.words_planned.min(canonical);
    }
}

/// Notes what of the answer is planned and billed. Prompts are billed with every answer that a model began;
/// errors and hangs are not, nor is what Anthropic refuses in its own form before the first word.
pub(super) fn settle(call: &mut Call, act: &Act, script: &Script) {
    let (planned, billed) = match act {
        Act::Reply | Act::Stall { .. } | Act::Cut { .. } => (script.words, true),
        Act::Enormous { .. } if !call.stream => (script.words, true),
        Act::Malformed(MalformedBody::TruncatedJson) => (script.words, true),
        Act::Opening | Act::KeepAlive { .. } => (script.words, false),
        // Everything is said in spite of the error.
        Act::Trouble { then: AfterError::More, .. } if script.ask.stream => (script.words, true),
        Act::Trouble { after, .. } | Act::FalseSuccess { after, .. } if script.ask.stream => {
            (script.words, *after > 0)
        }
        Act::Refuse { after, form } => {
            let free = script.ask.format == Format::Messages && *form != RefusalForm::Prose;
            let planned = if script.ask.stream { script.words } else { 0 };
            (planned, !free || script.ask.stream && *after > 0)
        }
        Act::Empty(_) => (0, true),
        _ => (0, false),
    };
    call.words_planned = planned;
    call.billed_input = if billed { script.prompt_tokens } else { 0 };
}

/// A fingerprint that does not depend on the run's seed, so that ledgers can be compared.
pub(super) fn fingerprint(purpose: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Dice::new(0).key(purpose).long(bytes).hash();
    (0..16).rev().map(|digit| char::from(DIGITS[(hash >> (4 * digit) & 0xf) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    pub(super) fn fingerprints_have_sixteen_digits_in_the_usual_order() {
        // One in sixteen begins with a zero.
        for text in 0..64_u8 {
            let hash = Dice::new(0).key("body").long(&[text]).hash();
            assert_eq!(fingerprint("body", &[text]), format!("{hash:016x}"));
        }
    }
}
