//! What a provider makes of a request: decided whole, before the first byte of the answer.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;

use super::endings::bytes_act;
use super::error::{Error, request_id};
use super::manner::Manner;
use super::measure::Measures;
use super::schedule::Uneven;
use super::way_in::WayIn;
use super::{Aside, Provider, Schedule, Via};
use crate::capacity::Entry;
use crate::clock::Moment;
use crate::dialect::{Ask, Asked, Complaint, Dialect, Format, Script, Times};
use crate::dice::{Dice, Key};
use crate::edit::{self, Edit, Truth};
use crate::fault::{
    self, AfterError, Beat, Close, Decision, Draw, Emptiness, ErrorIn200, ErrorKind, Facts, FateFault, Fault,
    Form, MalformedBody, Pause, RateFault, RefusalForm, Rule, StreamFault, VendorFault,
};
use crate::latency::{Dist, Tabled};
use crate::ledger::{Call, Ending};
use crate::limit::Ticket;
use crate::reply::Tag;

/// What shall be done about a request.
#[derive(Debug)]
pub(crate) enum Plan {
    /// No call: answered at once, never recorded.
    Aside(Aside),
    /// A call.
    Call(Box<Answer>),
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The ledger's entry, as far as it is known.
    pub(crate) call: Call,
    pub(crate) script: Script,
    pub(crate) schedule: Schedule,
    /// Starts the keys of this call's further draws.
    pub(crate) chunks: Key,
    pub(crate) act: Act,
    /// Rate-limit headers of the answer.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What the call holds until it is over.
    pub(crate) ticket: Option<Ticket>,
    /// Its place, or its place in the queue for one.
    pub(crate) entry: Option<Entry>,
    /// How it gets on the wire.
    pub(crate) manner: Manner,
    /// What is changed in the reply, in order.
    pub(crate) edits: Vec<Edit>,
}

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
    /// Decides about a request whose body came whole.
    pub(crate) fn plan(&self, head: &Parts, body: &[u8], via: Via) -> Plan {
        let connection = via.connection;
        let (head, mut ask) = match self.ask(head, via) {
            Ok(ask) => ask,
            Err(aside) => return Plan::Aside(aside),
        };
        match self.spec.dialect.read(&self.spec, &head, body, &mut ask) {
            Ok(Asked::Aside(body)) => Plan::Aside(Aside::told(body)),
            Ok(Asked::Call) => self.answer(ask, body, connection, None),
            Err(complaint) => match self.probe(&head) {
                Some(aside) => Plan::Aside(aside),
                None if ask.aside => Plan::Aside(self.refuse(ask.format, &complaint)),
                None => self.answer(ask, body, connection, Some(complaint)),
            },
        }
    }

    /// Turns down a request whose body did not come whole.
    pub(crate) fn turn_down(&self, head: &Parts, via: Via, complaint: Complaint) -> Plan {
        match self.ask(head, via) {
            Ok((_, ask)) => self.answer(ask, &[], via.connection, Some(complaint)),
            Err(aside) => Plan::Aside(aside),
        }
    }

    fn answer(&self, mut ask: Ask, body: &[u8], connection: u64, complaint: Option<Complaint>) -> Plan {
        let now = self.clock.now();
        ask.came.in_flight = self.begun();
        let namespace = ask.namespace.as_deref();
        let (number, nth) = self.with_space(namespace, |space| space.number(ask.request_id.as_deref()));
        let facts = self.facts(&ask, number, nth, now);
        let (rules, way, decision, complaint) = self.decide(&ask, &facts, complaint);
        let key = |purpose| facts.key(&self.dice, purpose);
        let tag = self.tag(&facts);
        let measures = Measures { output: key("output"), reasoning: key("reasoning"), cache: key("cache") };
        let (gaps, chunks, id) = (key("gaps"), key("chunks"), key("id"));
        let wall_us = self.clock.wall_us(now);

        let mut script = Script::new(self.spec.dialect, ask, letters(id), wall_us.div_euclid(1_000_000), tag);
        self.measure(&mut script, measures);
        let mut call = self.entry(&script, (nth, connection, now), body);
        let fired: Vec<&Rule> = decision.edits.iter().map(|rule| &rules[*rule]).collect();
        let (edits, truth) = self.edits(&fired, (number, nth, now), &mut script);
        let facts = self.facts(&script.ask, number, nth, now);
        let key = |purpose| facts.key(&self.dice, purpose);
        let (schedule, injected) = self.schedule(&script, &decision, || key("first token"), gaps, now);
        if script.tells_times() {
            let (first, last) = (schedule.first(), schedule.last());
            script.times = Times { first: first - now, rest: last - first };
        }
        call.faults = way.faults;
        call.faults.extend(decision.fired.iter().map(|rule| rules[*rule].name.clone()));
        call.injected = injected;
        let wait = self.error_delay(&decision, || key("error"));
        let act = match (complaint, &way.bar) {
            (Some(complaint), _) => self.complain(&complaint, &script, now + wait, &mut call),
            (None, Some(bar)) => Act::Error(Box::new(self.bar(bar, &script, now + wait, &mut call))),
            (None, None) => {
                let ending = decision.ending.map(|rule| &rules[rule]);
                self.act(ending, &facts, (&script, now + wait), &mut call)
            }
        };
        script.sorry = decision.ending.and_then(|rule| sorry(&rules[rule].fault));
        let manner = self.manner(&rules, &decision, &facts);
        let act = flatten(act, &mut script);
        settle(&mut call, &act, &script);
        note(&mut call, truth);
        // Decided, and counted: nobody reads it again, and a slow stream would keep it all the time.
        script.ask.prompt = String::new();
        let WayIn { headers, ticket, entry, .. } = way;
        let answer = Answer { call, script, schedule, chunks, act, manner, headers, ticket, entry, edits };
        Plan::Call(Box::new(answer))
    }

    /// What the faults that edit change; the script at once.
    fn edits(
        &self,
        fired: &[&Rule],
        (number, nth, now): (u64, u32, Moment),
        script: &mut Script,
    ) -> (Vec<Edit>, Truth) {
        let mut truth = Truth::default();
        if fired.is_empty() {
            return (Vec::new(), truth);
        }
        // Draws go by what was asked, which edits may change.
        let ask = script.ask.clone();
        let facts = self.facts(&ask, number, nth, now);
        let edits = fired
            .iter()
            .filter_map(|rule| {
                edit::draw(&rule.fault, Draw::new(&facts, &self.dice, &rule.name), script, &mut truth)
            })
            .collect();
        (edits, truth)
    }

    fn facts<'a>(&'a self, ask: &'a Ask, number: u64, nth: u32, now: Moment) -> Facts<'a> {
        Facts {
            provider: &self.spec.name,
            model: &ask.model,
            tenant: ask.tenant.as_deref(),
            prompt: &ask.prompt,
            stream: ask.stream,
            form: Form::of(self.spec.dialect, ask),
            request_id: ask.request_id.as_deref(),
            nth,
            number,
            now,
            way: ask.came.way(ask.key.as_deref()),
        }
    }

    fn tag(&self, facts: &Facts<'_>) -> Tag {
        let by_number;
        let id = match facts.request_id {
            Some(id) => id,
            None => {
                by_number = format!("\u{0}{}", facts.number);
                &by_number
            }
        };
        Tag::of(&self.dice, &self.spec.name, facts.model, id, facts.nth)
    }

    fn schedule(
        &self,
        script: &Script,
        decision: &Decision,
        first: impl FnOnce() -> Key,
        gaps: Key,
        now: Moment,
    ) -> (Schedule, Duration) {
        let latency = &self.spec.latency;
        let thousandths =
            latency.per_1k_prompt.as_micros().saturating_mul(script.prompt_tokens.into()) / 1_000;
        let prompt_us = u64::try_from(thousandths).unwrap_or(u64::MAX);
        let first_us = latency.first_token.keyed_us(first).saturating_add(prompt_us);
        let healthy = Schedule {
            start: now,
            first_us,
            gap: self.gap.clone(),
            gap_factor: 1.0,
            words: script.words,
            key: gaps,
            uneven: None,
        };
        let delay = &decision.delay;
        if *delay == fault::Delay::default() {
            return (healthy, Duration::ZERO);
        }
        let plain = !script.ask.stream;
        let slow = Schedule {
            first_us: stretch(first_us, delay),
            gap: delay.per_token.map_or_else(|| self.gap.clone(), Tabled::exact),
            gap_factor: delay.gap_factor * if plain { delay.factor } else { 1.0 },
            uneven: uneven(delay, script.words),
            ..healthy.clone()
        };
        let injected = if plain { slow.last() - healthy.last() } else { slow.first() - healthy.first() };
        (slow, injected)
    }

    /// From the request to an error answer.
    fn error_delay(&self, decision: &Decision, key: impl FnOnce() -> Key) -> Duration {
        let drawn = self.spec.latency.error.keyed_us(key);
        Duration::from_micros(stretch(drawn, &decision.delay))
    }

    fn entry(&self, script: &Script, (nth, connection, now): (u32, u64, Moment), body: &[u8]) -> Call {
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

    fn act(
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
                call.failure = Some(*error);
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
    fn vendor_act(
        &self,
        fault: &VendorFault,
        draw: Draw<'_>,
        (script, due): (&Script, Moment),
        call: &mut Call,
    ) -> Act {
        match fault {
            VendorFault::ErrorIn200 { error, form, after } => {
                call.failure = Some(*error);
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
fn false_success(script: &Script, after: u32, kind: ErrorKind, form: ErrorIn200) -> Act {
    match form {
        ErrorIn200::Body => Act::Plain(Some(kind)),
        _ if script.ask.format == Format::Chat => Act::FalseSuccess { after, kind, form },
        _ => Act::Trouble { after, kind, then: AfterError::Vendor },
    }
}

/// The words of a refusal, where they are given.
fn sorry(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Refusal { text, .. } => text.clone(),
        _ => None,
    }
}

/// Faults of a stream that end it.
fn stream_act(fault: &StreamFault, draw: Draw<'_>, call: &mut Call) -> Act {
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
fn withhold(mut act: Act, script: &mut Script) -> Act {
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
fn flatten(act: Act, script: &mut Script) -> Act {
    let act = withhold(act, script);
    let Act::Plain(error) = act else { return act };
    script.ask.stream = false;
    error.map_or(Act::Reply, |kind| Act::Trouble { after: 0, kind, then: AfterError::Vendor })
}

/// Notes how far the edits lead away from the canonical reply.
fn note(call: &mut Call, truth: Truth) {
    call.distorted = truth.distorted;
    call.usage_told = truth.told;
    call.failure = call.failure.or(truth.failure);
    if let Some(canonical) = truth.canonical {
        call.words_planned = call.words_planned.min(canonical);
    }
}

/// What the delays make of the times of tokens; pauses behind the last token come before it.
fn uneven(delay: &fault::Delay, words: u32) -> Option<Box<Uneven>> {
    let plain = fault::Delay::default();
    if (delay.start, delay.rush, delay.bursts, delay.pauses.len(), delay.pings, delay.queue)
        == (plain.start, plain.rush, plain.bursts, 0, None, None)
    {
        return None;
    }
    let queued = delay.queue.map_or(Duration::ZERO, |queue| queue.lasts);
    let start = delay.start.saturating_add(queued);
    let last = words.saturating_sub(1);
    let pauses = delay.pauses.iter().map(|pause| Pause { after: pause.after.min(last), ..*pause });
    Some(Box::new(Uneven {
        start_us: u64::try_from(start.as_micros()).unwrap_or(u64::MAX),
        pings: delay.pings,
        queue: delay.queue,
        rush: delay.rush,
        pauses: pauses.collect(),
        bursts: delay.bursts,
    }))
}

/// Notes what of the answer is planned and billed. Prompts are billed with every answer that a model began;
/// errors and hangs are not, nor is what Anthropic refuses in its own form before the first word.
fn settle(call: &mut Call, act: &Act, script: &Script) {
    let (planned, billed) = match act {
        Act::Reply | Act::Stall { .. } | Act::Cut { .. } => (script.words, true),
        Act::Enormous { .. } if !call.stream => (script.words, true),
        Act::Malformed(MalformedBody::TruncatedJson) => (script.words, true),
        Act::Opening | Act::KeepAlive { .. } => (script.words, false),
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

/// A drawn time, multiplied and shifted.
fn stretch(us: u64, delay: &fault::Delay) -> u64 {
    let add = u64::try_from(delay.add.as_micros()).unwrap_or(u64::MAX);
    crate::latency::whole(us as f64 * delay.factor).saturating_add(add)
}

/// Twenty-four letters and digits, for ids.
fn letters(key: Key) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut out = String::with_capacity(24);
    for half in 0..2 {
        let mut rest = key.u64(half).hash();
        for _ in 0..12 {
            out.push(char::from(DIGITS[(rest % 36) as usize]));
            rest /= 36;
        }
    }
    out
}

/// A fingerprint that does not depend on the run's seed, so that ledgers can be compared.
fn fingerprint(purpose: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Dice::new(0).key(purpose).long(bytes).hash();
    (0..16).rev().map(|digit| char::from(DIGITS[(hash >> (4 * digit) & 0xf) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_have_sixteen_digits_in_the_usual_order() {
        // One in sixteen begins with a zero.
        for text in 0..64_u8 {
            let hash = Dice::new(0).key("body").long(&[text]).hash();
            assert_eq!(fingerprint("body", &[text]), format!("{hash:016x}"));
        }
    }
}
