//! What a provider makes of a request: decided whole, before the first byte of the answer.

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;

use super::act::{Act, flatten, sorry};
use super::entry::{note, settle};
use super::manner::Manner;
use super::measure::Measures;
use super::way_in::WayIn;
use super::{Aside, Provider, Schedule, Via};
use crate::capacity::Entry;
use crate::clock::Moment;
use crate::dialect::{Ask, Asked, Complaint, Script, Times};
use crate::dice::Key;
use crate::edit::{self, Edit, Truth};
use crate::fault::{Draw, Facts, Fault, Form, Rule, StreamFault};
use crate::ledger::Call;
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
        note(&mut call, &act, truth);
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
        // A way of writing that two rules ask for is one: a byte order mark or a role that stands twice is another fault.
        let again = |nth: usize| {
            let fault = &fired[nth].fault;
            let written = matches!(fault, Fault::Framing(_) | Fault::Stream(StreamFault::RoleRepeated));
            written && fired[..nth].iter().any(|earlier| earlier.fault == *fault)
        };
        let mut edits: Vec<Edit> = fired
            .iter()
            .enumerate()
            .filter(|(nth, _)| !again(*nth))
            .filter_map(|(_, rule)| {
                edit::draw(&rule.fault, Draw::new(&facts, &self.dice, &rule.name), script, &mut truth)
            })
            .collect();
        edit::once(&mut edits, &truth);
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
