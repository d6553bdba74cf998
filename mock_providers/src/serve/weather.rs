//! What befalls a connection from outside, whatever is said on it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

use tokio::time::Sleep;

use super::changes::Changes;
use super::line::Line;
use crate::clock::Moment;
use crate::fault::{Blow, Rule, Strike};
use crate::provider::Provider;

/// What befalls the connection from outside, in order of time.
pub(super) struct Weather {
    number: u64,
    changes: Changes,
    /// The rules that the strikes come from.
    rules: Arc<Vec<Rule>>,
    strikes: std::vec::IntoIter<Strike>,
    next: Option<Strike>,
    /// End of the black hole the connection is in, and the rule that says so.
    withheld_until: Option<(Moment, String)>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Weather {
    pub(super) fn new(provider: &Provider, number: u64) -> Self {
        let (changes, rules) = (Changes::of(provider), provider.rules());
        let mut strikes = provider.timeline(&rules, number, provider.clock().now()).into_iter();
        let next = strikes.next();
        let (withheld_until, alarm) = (None, None);
        let mut weather = Weather { number, changes, rules, strikes, next, withheld_until, alarm };
        weather.set_alarm(provider);
        weather
    }

    pub(super) fn poll(&mut self, line: &Line, cx: &mut Context<'_>) {
        if self.changes.poll(cx) {
            self.turn(line, line.provider().clock().now());
        }
        while let Some(alarm) = &mut self.alarm {
            if alarm.as_mut().poll(cx).is_pending() {
                return;
            }
            self.pass(line, line.provider().clock().now());
            self.set_alarm(line.provider());
            if line.is_closed() {
                return;
            }
        }
    }

    /// Rules came or went. New ones strike at once; what is gone ends.
    fn turn(&mut self, line: &Line, now: Moment) {
        // First what was due under the old ones, so that nothing strikes twice.
        self.pass(line, now);
        let provider = line.provider();
        let old = std::mem::replace(&mut self.rules, provider.rules());
        let mut strikes = provider.timeline(&self.rules, self.number, Moment::ZERO);
        strikes.retain(|strike| {
            let rule = &self.rules[strike.rule];
            let Strike { window, .. } = strike;
            window.from > now || (window.to > now && !old.contains(rule))
        });
        self.strikes = strikes.into_iter();
        self.next = self.strikes.next();
        let stands = |name: &str| self.rules.iter().any(|rule| rule.name == name);
        self.withheld_until.take_if(|(_, rule)| !stands(rule));
        if !line.is_closed() {
            self.pass(line, now);
        }
        self.set_alarm(line.provider());
    }

    /// Lets everything happen that is due.
    fn pass(&mut self, line: &Line, now: Moment) {
        while let Some(strike) = self.next.filter(|strike| strike.window.from <= now) {
            self.next = self.strikes.next();
            match strike.blow {
                Blow::Close => {
                    line.provider().struck(&self.rules[strike.rule].name);
                    line.close_when_idle();
                }
                Blow::Reset => {
                    line.struck(&self.rules[strike.rule].name, true);
                    return line.reset();
                }
                Blow::Withhold => {
                    let rule = &self.rules[strike.rule].name;
                    line.struck(rule, false);
                    self.withheld_until =
                        self.withheld_until.take().max(Some((strike.window.to, rule.clone())));
                }
            }
        }
        self.withheld_until.take_if(|(until, _)| *until <= now);
        line.withhold(self.withheld_until.is_some());
    }

    fn set_alarm(&mut self, provider: &Provider) {
        let start = self.next.map(|strike| strike.window.from);
        let end = self.withheld_until.as_ref().map(|(until, _)| *until);
        let due = [start, end].into_iter().flatten().min();
        self.alarm = due.map(|due| Box::pin(tokio::time::sleep_until(provider.clock().instant(due))));
    }
}
