//! A provider as the scenario describes it, without its bytes: whose rules fire is decided by the very code that decides it for
//! the mock; what they mean to an attempt is said in [`meaning`].

use std::time::Duration;

use mock_providers::fault::{Draw, Facts, Fault, Rule, Tally, decide};
use mock_providers::latency::Dist;
use mock_providers::limit::{Allowance, Measure};
use mock_providers::provider::Spec;

use super::chance::Chance;
use super::fate::Script;
use super::meaning::{self, Place};
use crate::chat::{Failure, FailureClass};
use crate::dialect::Dialect;
use crate::router::config::Route;
use crate::world::{Dice, Key, Moment};

/// Outputs of a stream that are told apart: limits and holds are about the first few.
const OUTPUTS: u32 = 6;

/// A call, as its provider sees it.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) model: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) tenant: Option<&'a str>,
    pub(super) prompt: &'a str,
    pub(super) prompt_tokens: u64,
    pub(super) request_id: &'a str,
    pub(super) nth: u32,
    pub(super) asks: (bool, bool, bool),
    pub(super) dialect: Dialect,
    pub(super) route: &'a Route,
}

/// A provider at work.
#[derive(Clone, Debug)]
pub(super) struct Station {
    tallies: Vec<Tally>,
    /// Connects counted by each rule of the connection layer.
    connects: Vec<u64>,
    /// Calls that are being answered.
    pub(super) in_flight: u64,
    calls: u64,
    /// What is left in the bucket of each limit, and since when.
    buckets: Vec<(f64, Moment)>,
}

impl Station {
    pub(super) fn new(spec: &Spec) -> Station {
        let full = |limit: &mock_providers::limit::Limit| match limit.allowance {
            Allowance::Bucket { burst, .. } => (burst as f64, Moment::ZERO),
            _ => (0.0, Moment::ZERO),
        };
        Station {
            tallies: vec![Tally::default(); spec.faults.len()],
            connects: vec![0; spec.faults.len()],
            in_flight: 0,
            calls: 0,
            buckets: spec.limits.iter().map(full).collect(),
        }
    }

    /// What a call meets that begins now, and which rules fired for it.
    pub(super) fn meets(
        &mut self,
        spec: &Spec,
        call: Call<'_>,
        dice: &Dice,
        now: Moment,
    ) -> (Script, Vec<usize>) {
        let number = self.calls;
        self.calls += 1;
        let mut facts = Facts::of_chat(&spec.name, spec.dialect, call.model, call.asks);
        facts.tenant = call.tenant;
        facts.prompt = call.prompt;
        facts.request_id = Some(call.request_id);
        (facts.nth, facts.number, facts.now) = (call.nth, number, now);
        (facts.way.in_flight, facts.way.key) = (self.in_flight, call.key);
        let key = facts.key(dice, "engine");
        let answer = healthy(spec, call, key);
        if let Some(rule) = self.connect(spec, key, number, now) {
            let draw = Draw::new(&facts, dice, &spec.faults[rule].name);
            let script =
                meaning::connecting(&spec.faults[rule].fault, answer, &|name, dist| draw.number(name, dist));
            return (script, vec![rule]);
        }
        let error = Duration::from_micros(sample(&spec.latency.error, key.str("error")));
        if let Some(failure) = self.full(spec, call, now) {
            return (Script::failing(error, failure), Vec::new());
        }
        let decision = decide(&spec.faults, &mut self.tallies, &facts, dice);
        let place =
            Place { dialect: call.dialect, route: call.route, stream: call.asks.0, tool: call.asks.1, error };
        let mut script = delayed(answer, &decision.delay);
        for index in decision.edits.iter().chain(&decision.ending) {
            let rule: &Rule = &spec.faults[*index];
            let draw = Draw::new(&facts, dice, &rule.name);
            let number = |name: &str, dist: Dist| draw.number(name, dist);
            script = match decision.ending == Some(*index) {
                true => meaning::ending(&rule.fault, script, place, &number),
                false => meaning::edit(&rule.fault, script, place, &number),
            };
        }
        (self.until_it_crashes(spec, script, now), decision.fired)
    }

    /// The rule of the connection layer that fires.
    fn connect(&mut self, spec: &Spec, key: Key, number: u64, now: Moment) -> Option<usize> {
        for (index, rule) in spec.faults.iter().enumerate().filter(|(_, rule)| rule.fault.on_connection()) {
            if !rule.trigger.armed(now) {
                continue;
            }
            let earlier = self.connects[index];
            self.connects[index] += 1;
            let counted = rule.trigger.sequence.is_none_or(|sequence| sequence.picks(earlier));
            let lucky = rule.trigger.probability_ppm.is_none_or(|ppm| {
                let own = key.str("connect").u64(index as u64).u64(number);
                let fate = rule.trigger.fate.as_ref();
                let slot = |slot: Duration| now.as_us() / (slot.as_micros() as u64).max(1);
                // Luck that is shared is shared by the slot; whose it is beside makes no difference here.
                fate.map_or(own, |fate| Dice::new(1).key("fate").str(&fate.name).u64(slot(fate.slot)))
                    .happens(ppm)
            });
            if counted && lucky {
                return Some(index);
            }
        }
        None
    }

    /// The refusal of a limit or a capacity that is used up: of those that are counted in calls.
    fn full(&mut self, spec: &Spec, call: Call<'_>, now: Moment) -> Option<Failure> {
        if let Some(capacity) = spec.capacity
            && self.in_flight >= u64::from(capacity.concurrency) + u64::from(capacity.queue)
        {
            return Some(meaning::of_kind(mock_providers::fault::ErrorKind::Overloaded, call.dialect));
        }
        for (limit, bucket) in spec.limits.iter().zip(&mut self.buckets) {
            let wait = match limit.allowance {
                Allowance::Slots { amount } => (self.in_flight >= amount).then_some(None),
                Allowance::Bucket { amount, per, burst } if limit.measure == Measure::Requests => {
                    let rate = amount as f64 / per.as_secs_f64().max(1e-6);
                    let left = (bucket.0 + (now - bucket.1).as_secs_f64() * rate).min(burst as f64);
                    let enough = left >= 1.0;
                    *bucket = (if enough { left - 1.0 } else { left }, now);
                    (!enough).then(|| Some(Duration::from_secs_f64(((1.0 - left) / rate).min(1e6))))
                }
                Allowance::Call { amount } => {
                    if call.prompt_tokens > amount {
                        return Some(meaning::of_kind(
                            mock_providers::fault::ErrorKind::InvalidRequest,
                            call.dialect,
                        ));
                    }
                    None
                }
                _ => None,
            };
            if let Some(retry_after) = wait {
                let refusal = Failure::new(FailureClass::RateLimited, "limit reached");
                return Some(Failure { status: Some(429), retry_after, ..refusal });
            }
        }
        None
    }

    /// A window in which the process dies cuts what is under way when it opens.
    fn until_it_crashes(&self, spec: &Spec, script: Script, now: Moment) -> Script {
        let crashes = spec
            .faults
            .iter()
            .filter(|rule| matches!(rule.fault, Fault::Crash) && rule.trigger.sequence.is_none());
        let certain = crashes.filter(|rule| rule.trigger.probability_ppm.is_none());
        let opens = certain
            .flat_map(|rule| &rule.trigger.during)
            .map(|window| window.from)
            .filter(|from| *from > now);
        match opens.min() {
            Some(when) => meaning::crashing(script, now, when),
            None => script,
        }
    }
}

fn healthy(spec: &Spec, call: Call<'_>, key: Key) -> Script {
    let latency = &spec.latency;
    let first = Duration::from_micros(sample(&latency.first_token, key.str("first")));
    let prompt = latency.per_1k_prompt.mul_f64(call.prompt_tokens as f64 / 1000.0);
    let gap = Duration::from_micros(sample(&latency.per_token, key.str("gap")));
    let tokens = Chance::new(key.str("tokens")).below(30) as u32 + 1;
    let mut answer = Script::serving(first + prompt, gap, tokens.min(OUTPUTS));
    answer.ends = Some(first + prompt + gap * tokens);
    answer.limits = None;
    answer
}

fn delayed(answer: Script, delay: &mock_providers::fault::Delay) -> Script {
    let first = answer.outputs.first().copied().unwrap_or_default();
    let start = first.mul_f64(delay.factor.min(1e6)) + delay.add;
    let queue = delay.queue.map_or(Duration::ZERO, |queue| queue.lasts);
    let begins = start + delay.start + queue;
    let stretched = |at: Duration| begins + (at - first).mul_f64(delay.gap_factor.min(1e6));
    let pause = |nth: usize| {
        let before = |pause: &&mock_providers::fault::Pause| (pause.after as usize) <= nth;
        delay.pauses.iter().filter(before).map(|pause| pause.lasts).sum::<Duration>()
    };
    let outputs = answer.outputs.iter().enumerate().map(|(nth, at)| stretched(*at) + pause(nth)).collect();
    let ends = answer.ends.map(|ends| stretched(ends) + pause(usize::MAX));
    Script { headers: Some(start / 2), outputs, ends, ..answer }
}

fn sample(dist: &Dist, key: Key) -> u64 {
    match dist {
        Dist::Constant(value) => *value as u64,
        _ => dist.sample_us(&mut key.stream()),
    }
}
