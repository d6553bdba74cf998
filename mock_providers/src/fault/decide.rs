//! Which rules fire for a call: pure, and the same under any order of arrival.

use std::time::Duration;

use super::{
    Draw, FateFault, Fault, Form, Match, PacingFault, Per, RetryAfter, Role, Rule, Sequence, StatusFault,
    Tally, VendorFault, Way,
};
use crate::clock::Moment;
use crate::dialect::{Dialect, Format};
use crate::dice::{Dice, Key};
use crate::latency::Dist;

/// What a rule may look at in a call.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The model the call names.
    pub model: &'a str,
    /// Whom the call is made for.
    pub tenant: Option<&'a str>,
    /// The prompt, all of it.
    pub prompt: &'a str,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// What else decides which faults can be done to it.
    pub(crate) form: Form,
    /// Correlation id.
    pub request_id: Option<&'a str>,
    /// How many calls of that correlation id came before.
    pub nth: u32,
    /// The call's number at this provider, from 0: stands in for the id of a call that has none.
    pub number: u64,
    /// The present.
    pub now: Moment,
    /// How it came.
    pub way: Way<'a>,
}

impl<'a> Facts<'a> {
    /// A chat call of `model` at `provider`, at the origin of time, for nobody in particular and about nothing: for whoever
    /// plays rules without bytes. `asks` says whether a stream is asked for, a tool has to be called, JSON is wanted.
    #[must_use]
    pub fn of_chat(provider: &'a str, dialect: Dialect, model: &'a str, asks: (bool, bool, bool)) -> Self {
        let (stream, tool, json) = asks;
        let format = match dialect {
            Dialect::Anthropic => Format::Messages,
            Dialect::Gemini => Format::Generate,
            Dialect::Ollama => Format::OllamaChat,
            _ => Format::Chat,
        };
        let form = Form {
            format,
            stream,
            usage: true,
            tool,
            json,
            inspected: dialect.inspects(),
            ..Form::default()
        };
        Facts {
            provider,
            model,
            tenant: None,
            prompt: "",
            stream,
            form,
            request_id: None,
            nth: 0,
            number: 0,
            now: Moment::ZERO,
            way: Way::default(),
        }
    }
}

impl Facts<'_> {
    /// Starts the key of a draw about this call: by correlation id and `nth`, so that the order in which calls
    /// arrive does not matter; calls without an id go by their number.
    #[must_use]
    pub fn key(&self, dice: &Dice, purpose: &str) -> Key {
        let key = dice.key(purpose).str(self.provider);
        match self.request_id {
            Some(id) => key.u64(1).str(id).u64(u64::from(self.nth)),
            None => key.u64(0).u64(self.number),
        }
    }
}

/// A silence in the middle of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Tokens before it.
    pub after: u32,
    /// How long it lasts.
    pub lasts: Duration,
}

/// Tokens that come in bursts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// Time between bursts, in microseconds.
    pub gap: Dist,
    /// Tokens of a burst.
    pub size: Dist,
}

/// A queue before the first output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Signs of life: from one to the next.
    pub every: Duration,
    /// How long it takes.
    pub lasts: Duration,
}

/// How the rules that fired delay a call, together.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// Multiplies the time to the first output: the product of all spikes.
    pub factor: f64,
    /// Added to it: the sum of all spikes.
    pub add: Duration,
    /// Multiplies the gaps between tokens.
    pub gap_factor: f64,
    /// Replaces the gaps, before they are multiplied: the first rule that says so wins.
    pub per_token: Option<Dist>,
    /// Added to the time to the first output, but not to that of the headers: the sum of all slow starts.
    pub start: Duration,
    /// Keep-alives until the first output, from one to the next: the first rule that says so wins.
    pub pings: Option<Duration>,
    /// The queue before the first output: the first rule says how often there are signs of life, and the times of
    /// all add up.
    pub queue: Option<Queue>,
    /// Tokens that come at once, at the beginning.
    pub rush: u32,
    /// Silences.
    pub pauses: Vec<Pause>,
    /// The rhythm, in place of the gaps: the first rule that says so wins.
    pub bursts: Option<Bursts>,
}

impl Default for Delay {
    fn default() -> Self {
        Delay {
            factor: 1.0,
            add: Duration::ZERO,
            gap_factor: 1.0,
            per_token: None,
            start: Duration::ZERO,
            pings: None,
            queue: None,
            rush: 0,
            pauses: Vec::new(),
            bursts: None,
        }
    }
}

impl Delay {
    /// Adds what `fault` delays; endings delay nothing.
    /// `strength` says how much of it applies.
    fn include(&mut self, fault: &Fault, strength: f64, draw: Draw<'_>) {
        let part = |factor: f64| 1.0 + (sane(factor) - 1.0) * strength;
        match fault {
            Fault::LatencySpike { factor, add } => {
                self.factor *= part(draw.number("factor", *factor));
                self.add = self.add.saturating_add(draw.duration("add", *add).mul_f64(strength));
            }
            Fault::SlowTokens { factor, per_token } => {
                self.gap_factor *= part(draw.number("factor", *factor));
                self.per_token = self.per_token.or(*per_token);
            }
            Fault::Pacing(fault) => self.pace(fault, draw),
            Fault::Vendor(VendorFault::KeepAliveComments { every, lasts }) => {
                let (every, lasts) = (draw.duration("every", *every), draw.duration("for", *lasts));
                let queue = self.queue.get_or_insert(Queue { every, lasts: Duration::ZERO });
                queue.lasts = queue.lasts.saturating_add(lasts);
            }
            _ => {}
        }
    }

    fn pace(&mut self, fault: &PacingFault, draw: Draw<'_>) {
        match fault {
            PacingFault::SlowStart { by, pings } => {
                self.start = self.start.saturating_add(draw.duration("by", *by));
                self.pings = self.pings.or_else(|| pings.map(|pings| draw.duration("pings", pings)));
            }
            PacingFault::JitteryGaps { per_token, burst } => {
                self.bursts.get_or_insert(Bursts { gap: *per_token, size: *burst });
            }
            PacingFault::BurstThenSilence { burst, lasts } => {
                let after = draw.count("burst", *burst).max(1);
                self.rush = self.rush.max(after);
                self.pauses.push(Pause { after, lasts: draw.duration("for", *lasts) });
            }
            PacingFault::Freeze { after, lasts } => {
                let (after, lasts) = (draw.count("after", *after), draw.duration("for", *lasts));
                self.pauses.push(Pause { after, lasts });
            }
        }
    }
}

/// A factor that is no number, or negative, changes nothing.
fn sane(factor: f64) -> f64 {
    if factor >= 0.0 { factor } else { 1.0 }
}

/// What the rules decided for a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Indices of the rules that fired, in order. A rule with an ending fires only if no rule before it ended
    /// the call.
    pub fired: Vec<usize>,
    /// The delays, together.
    pub delay: Delay,
    /// Indices of the rules that change what is said or how, in order.
    pub edits: Vec<usize>,
    /// Index of the rule that ends the call.
    pub ending: Option<usize>,
}

/// Decides about one call and counts it. `tallies` runs parallel to `rules`.
pub fn decide(rules: &[Rule], tallies: &mut [Tally], facts: &Facts<'_>, dice: &Dice) -> Decision {
    let mut decision = Decision::default();
    for (index, (rule, tally)) in rules.iter().zip(tallies.iter_mut()).enumerate() {
        let role = rule.fault.role();
        if matches!(role, Role::Connection | Role::Limit | Role::Capacity)
            || !passes(rule, tally, facts, dice)
        {
            continue;
        }
        match role {
            Role::Delay => {
                let strength = rule.trigger.strength(facts.now);
                decision.delay.include(&rule.fault, strength, Draw::new(facts, dice, &rule.name));
            }
            Role::Edit => decision.edits.push(index),
            Role::Ending if decision.ending.is_none() => decision.ending = Some(index),
            _ => continue,
        }
        decision.fired.push(index);
    }
    if decision.ending.is_some_and(|ending| rules[ending].fault.allows_no_reply()) {
        // What changes a reply did nothing where there is none.
        decision.edits.retain(|edit| !rules[*edit].fault.wants_reply());
        decision.fired.retain(|fired| !rules[*fired].fault.wants_reply() || Some(*fired) == decision.ending);
    }
    for fired in &decision.fired {
        tallies[*fired].fire(facts.now);
        hold(&rules[*fired], &mut tallies[*fired], facts, dice);
    }
    decision
}

/// Indices of the rules of a role that fire for a call; they are not counted as fired yet.
pub(crate) fn passing(
    rules: &[Rule],
    tallies: &mut [Tally],
    facts: &Facts<'_>,
    dice: &Dice,
    role: Role,
) -> Vec<usize> {
    let pairs = rules.iter().zip(tallies).enumerate().filter(|(_, (rule, _))| rule.fault.role() == role);
    pairs.filter_map(|(index, (rule, tally))| passes(rule, tally, facts, dice).then_some(index)).collect()
}

/// An answer that named too short a wait is repeated until the true one has passed.
fn hold(rule: &Rule, tally: &mut Tally, facts: &Facts<'_>, dice: &Dice) {
    let Fault::Status(StatusFault { retry_after: Some(RetryAfter::Lie { means, .. }), .. }) = &rule.fault
    else {
        return;
    };
    if tally.held.is_none_or(|until| until <= facts.now) {
        let means = Draw::new(facts, dice, &rule.name).duration("means", *means);
        tally.held = Some(facts.now + means);
    }
}

fn passes(rule: &Rule, tally: &mut Tally, facts: &Facts<'_>, dice: &Dice) -> bool {
    let trigger = &rule.trigger;
    if let Fault::Fate(FateFault::Relapse(relapse)) = &rule.fault {
        return trigger.matches.holds(facts) && relapse.strikes(trigger, &mut tally.recovery, facts.now);
    }
    let held = tally.held.is_some_and(|until| facts.now < until);
    if held && trigger.armed(facts.now) && trigger.matches.holds(facts) {
        return true;
    }
    trigger.armed(facts.now)
        && rule.fault.fits_way(facts.way, facts.stream)
        && trigger.matches.holds(facts)
        && rule.fault.fits(facts.form)
        && trigger.sequence.is_none_or(|sequence| sequence.picks(tally.count(sequence.per, facts)))
        && trigger.befalls(dice, facts.now, || facts.key(dice, "fault").str(&rule.name))
}

impl Sequence {
    /// Whether the call that comes after `earlier` others is among those that fire.
    #[must_use]
    pub const fn picks(&self, earlier: u64) -> bool {
        earlier >= self.skip && earlier - self.skip < self.first
    }
}

impl Match {
    /// Whether every condition is true of the call.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.model.as_deref().is_none_or(|pattern| names(pattern, facts.model))
            && self.tenant.as_deref().is_none_or(|tenant| facts.tenant == Some(tenant))
            && self.prompt.as_deref().is_none_or(|text| facts.prompt.contains(text))
            && self.stream.is_none_or(|stream| stream == facts.stream)
            && self.in_flight.is_none_or(|range| range.contains(facts.way.in_flight))
            && self.key.as_deref().is_none_or(|key| facts.way.key == Some(key))
            && self.path.as_deref().is_none_or(|path| names(path, facts.way.path))
            && self.headers.iter().all(|(name, value)| has(facts.way.headers, name, value.as_deref()))
    }
}

/// Whether a header is there, with this value if one is wanted.
fn has(headers: Option<&http::HeaderMap>, name: &str, wanted: Option<&str>) -> bool {
    let values = headers.into_iter().flat_map(|headers| headers.get_all(name));
    values.into_iter().any(|value| wanted.is_none_or(|wanted| value.as_bytes() == wanted.as_bytes()))
}

pub(crate) fn names(pattern: &str, model: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => model.starts_with(start),
        None => model == pattern,
    }
}

impl Tally {
    /// How many calls this rule counted before this one, which it counts.
    fn count(&mut self, per: Per, facts: &Facts<'_>) -> u64 {
        match (per, facts.request_id) {
            (Per::Provider, _) => {
                self.passed += 1;
                self.passed - 1
            }
            (Per::Request, Some(id)) => u64::from(self.per_request.count(id)),
            // A call without an id is a request of its own.
            (Per::Request, None) => 0,
        }
    }
}
