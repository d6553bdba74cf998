//! One request, its three witnesses joined: which call belongs to which attempt, who served, how it ended.

use std::time::Duration;

use super::facts::Facts;
use super::outcome::{self, Outcome};
use crate::history::{Attempt, AttemptResult, Call, CallerEnding, Header, Record, RouteFacts, RouterOutcome};
use crate::world::Moment;

/// A joined request. Everything promises and figures ask about it is worked out once.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) record: &'a Record,
    pub(crate) facts: &'a Facts,
    pub(crate) route: Option<&'a RouteFacts>,
    /// Call of each attempt; none when it left no trace at its provider.
    pub(crate) links: Vec<Option<usize>>,
    /// How it ended.
    pub(crate) outcome: Outcome,
}

impl<'a> Case<'a> {
    pub(crate) fn new(record: &'a Record, facts: &'a Facts) -> Self {
        let route = facts.route(&record.caller.route);
        let mut links = record
            .trail
            .as_ref()
            .map_or_else(Vec::new, |trail| link(&trail.attempts, &record.calls, &facts.header));
        heed_the_words(record, &mut links);
        heed_the_answers(record, &mut links);
        let mut case = Case { record, facts, route, links, outcome: Outcome::Broken };
        case.outcome = outcome::classify(&case);
        case
    }

    pub(crate) fn attempts(&self) -> &'a [Attempt] {
        self.record.trail.as_ref().map_or(&[], |trail| &trail.attempts)
    }

    /// Attempts with the calls they left.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a Attempt, Option<&'a Call>)> {
        let calls = &self.record.calls;
        self.attempts()
            .iter()
            .zip(&self.links)
            .map(move |(attempt, link)| (attempt, link.map(|ix| &calls[ix])))
    }

    /// The call behind an attempt.
    pub(crate) fn call_of(&self, attempt: usize) -> Option<&'a Call> {
        self.links.get(attempt).copied().flatten().map(|index| &self.record.calls[index])
    }

    /// The attempt behind a call of this record.
    pub(crate) fn attempt_of(&self, call: &Call) -> Option<&'a Attempt> {
        self.pairs()
            .find_map(|(attempt, known)| known.filter(|known| std::ptr::eq(*known, call)).map(|_| attempt))
    }

    /// Upstream calls made for it: attempts as claimed, or calls as seen where those are more.
    pub(crate) fn attempt_count(&self) -> usize {
        self.attempts().len().max(self.record.calls.len())
    }

    /// The attempt whose answer the caller got or, where none was whole, the one that broke after output.
    pub(crate) fn serving_attempt(&self) -> Option<usize> {
        let attempts = self.attempts();
        let served = attempts.iter().position(|attempt| attempt.result == AttemptResult::Served);
        served.or_else(|| attempts.iter().rposition(|attempt| attempt.first_output.is_some()))
    }

    /// The call whose answer the caller got: of the attempt that served, or by the words themselves.
    pub(crate) fn serving_call(&self) -> Option<&'a Call> {
        let served = self.attempts().iter().position(|attempt| attempt.result == AttemptResult::Served);
        served.and_then(|index| self.call_of(index)).or_else(|| {
            let tag = self.record.caller.transcript.segments.last()?.tag;
            self.record.calls.iter().find(|call| call.tag == tag)
        })
    }

    /// The model that served: as the router says, else as the caller was told, else by the words.
    pub(crate) fn serving_model(&self) -> Option<&'a str> {
        match self.record.trail.as_ref().map(|trail| &trail.outcome) {
            Some(RouterOutcome::Answered { model }) => Some(model),
            Some(RouterOutcome::Rescued { by }) => Some(by),
            _ => self.record.caller.served_by.as_deref().or_else(|| {
                let call = self.serving_call()?;
                self.facts.model_of(call).map(|(name, _)| name)
            }),
        }
    }

    /// Who answered as a last resort.
    pub(crate) fn rescued_by(&self) -> Option<&'a str> {
        match self.record.trail.as_ref().map(|trail| &trail.outcome) {
            Some(RouterOutcome::Rescued { by }) => Some(by),
            _ => None,
        }
    }

    /// Whether visible output reached the caller.
    pub(crate) fn saw_output(&self) -> bool {
        let caller = &self.record.caller;
        caller.text_bytes > 0 || caller.tool_calls.0 > 0
    }

    /// Whether the caller got something that claims to be a whole answer.
    pub(crate) fn complete(&self) -> bool {
        self.record.caller.ending == CallerEnding::Complete
    }

    /// Whether it counts against nobody but its caller.
    pub(crate) fn outcome_is_callers(&self) -> bool {
        matches!(self.outcome, Outcome::Cancelled | Outcome::Invalid)
    }

    /// Whether the caller left by itself.
    pub(crate) fn left(&self) -> bool {
        self.record.caller.ending == CallerEnding::Left
    }

    /// When the caller's clock started: it was sent, or should have been.
    pub(crate) fn sent(&self) -> Moment {
        self.record.caller.sent.unwrap_or(self.record.caller.intended)
    }

    /// From the intended arrival to the end.
    pub(crate) fn total(&self) -> Duration {
        self.record.caller.ended - self.record.caller.intended
    }
}

/// Gives the attempt that served the call whose words the caller got, should another attempt of the same model at the same
/// provider have it: where several of those ran side by side, times alone do not tell which call is whose.
fn heed_the_words(record: &Record, links: &mut [Option<usize>]) {
    let Some(trail) = &record.trail else { return };
    // An answer that went on has words of several calls, and one of a single word has none that can be told.
    if !trail.seams.is_empty() {
        return;
    }
    let attempts = &trail.attempts;
    let [segment, rest @ ..] = record.caller.transcript.segments.as_slice() else { return };
    if rest.iter().any(|other| other.tag != segment.tag) {
        return;
    }
    let served = attempts.iter().position(|attempt| attempt.result == AttemptResult::Served);
    let heard = record.calls.iter().position(|call| call.tag == segment.tag);
    let holder = links.iter().position(|link| link.is_some() && *link == heard);
    let (Some(served), Some(holder)) = (served, holder) else { return };
    if same_place(&attempts[served], &attempts[holder]) {
        links.swap(served, holder);
    }
}

/// Whether an attempt claims an answer, so that it must have left a call.
pub(crate) fn was_answered(attempt: &Attempt) -> bool {
    match &attempt.result {
        AttemptResult::Served => true,
        AttemptResult::Failed(failure) => failure.status.is_some(),
        AttemptResult::Cancelled | AttemptResult::Lost => false,
    }
}

/// Gives a call to the attempt that has its answer, where a failed one of the same model at the same provider, over in the very
/// moment in which the call came, has it and needs none.
fn heed_the_answers(record: &Record, links: &mut [Option<usize>]) {
    let attempts = record.trail.as_ref().map_or(&[][..], |trail| &trail.attempts);
    for needy in (0..attempts.len()).filter(|at| was_answered(&attempts[*at])) {
        let came = |at: usize| {
            let call = &record.calls[links[at]?];
            let needs = was_answered(&attempts[at]) || call.received != attempts[at].ended;
            let fits = attempts[needy].started <= call.received && call.received <= attempts[needy].ended;
            (!needs && fits && same_place(&attempts[at], &attempts[needy])).then_some(at)
        };
        if let (None, Some(holder)) = (links[needy], (0..attempts.len()).find_map(came)) {
            links.swap(needy, holder);
        }
    }
}

/// Whether two attempts were sent to the same place with the same credential: a model may have several of both.
pub(crate) fn same_target(one: &Attempt, other: &Attempt) -> bool {
    same_place(one, other) && one.key == other.key
}

/// The same, whatever the credential.
fn same_place(one: &Attempt, other: &Attempt) -> bool {
    (&one.model, &one.provider, &one.upstream) == (&other.model, &other.provider, &other.upstream)
}

/// Matches calls to attempts. A call belongs to the first attempt on its model that was connected and not over when the
/// call was received, and has no call yet; without one, to the latest that had begun. Attempts that never reached their
/// provider stay without.
pub(crate) fn link(attempts: &[Attempt], calls: &[Call], header: &Header) -> Vec<Option<usize>> {
    let mut links = vec![None; attempts.len()];
    for (index, call) in calls.iter().enumerate() {
        let able = |at: usize| {
            let attempt = &attempts[at];
            let upstream = header.models.get(&attempt.model).map(|model| match attempt.upstream.as_str() {
                "" => model.upstream.as_str(),
                asked => asked,
            });
            attempt.provider == call.provider
                && attempt.started <= call.received
                && upstream.is_none_or(|upstream| upstream == call.model)
        };
        let open = |at: usize| {
            let attempt = &attempts[at];
            attempt.connected.is_some_and(|connected| connected <= call.received)
                && call.received <= attempt.ended
        };
        let able: Vec<usize> = (0..attempts.len()).filter(|at| links[*at].is_none() && able(*at)).collect();
        if let Some(at) = able.iter().copied().find(|at| open(*at)).or(able.last().copied()) {
            links[at] = Some(index);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{failing, header, hedged};

    #[test]
    fn a_call_that_came_as_one_attempt_ended_is_the_next_ones_that_was_answered() {
        // The first attempt's request vanished; the second one's came in the moment in which the first was given up.
        let mut record = failing(0, &["claude", "claude"]);
        record.calls.remove(0);
        let trail = record.trail.as_mut().expect("a trail");
        let lost = crate::chat::Failure::new(crate::chat::FailureClass::Unreachable, "reset");
        trail.attempts[0].result = AttemptResult::Failed(lost);
        trail.attempts[0].ended = trail.attempts[1].started;
        record.calls[0].received = trail.attempts[1].started;
        let facts = Facts::new(header());
        assert_eq!(Case::new(&record, &facts).links, [None, Some(0)]);
        // One that was still there when the call came may well have sent it.
        record.trail.as_mut().expect("a trail").attempts[0].ended += Duration::from_millis(1);
        assert_eq!(Case::new(&record, &facts).links, [Some(0), None]);
    }

    #[test]
    fn of_two_calls_side_by_side_the_one_that_was_heard_is_the_servers() {
        // claude is asked beside itself; the hedge wins, but its call is the first that arrives.
        let mut record = hedged(0);
        let trail = record.trail.as_mut().expect("a trail");
        for attempt in &mut trail.attempts {
            attempt.model = "claude".to_owned();
            attempt.provider = "anthropic".to_owned();
            attempt.upstream = "claude-sonnet-4-5".to_owned();
            (attempt.started, attempt.connected) = (trail.received, Some(trail.received));
        }
        for call in &mut record.calls {
            (call.provider, call.model) = ("anthropic".to_owned(), "claude-sonnet-4-5".to_owned());
            call.received = trail.received;
        }
        record.calls.swap(0, 1);
        let facts = Facts::new(header());
        assert_eq!(Case::new(&record, &facts).links, [Some(1), Some(0)]);
        // An answer that went on is not told by its words.
        let seam = crate::judge::testkit::continued(0).trail.expect("a trail").seams.remove(0);
        record.trail.as_mut().expect("a trail").seams.push(seam);
        assert_eq!(Case::new(&record, &facts).links, [Some(0), Some(1)]);
        record.trail.as_mut().expect("a trail").seams.clear();
        // Nobody heard either: times decide.
        record.caller.transcript.segments.clear();
        assert_eq!(Case::new(&record, &facts).links, [Some(0), Some(1)]);
    }
}
