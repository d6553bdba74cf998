//! Faults of the connection layer: decided when somebody connects, and ahead of time for connections that are
//! open when a window starts.

use super::{ConnectFault, Fault, Rule, Tally, Trigger, Window};
use crate::clock::Moment;
use crate::dice::Dice;

/// What befalls a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incident {
    /// It is refused.
    Refuse,
    /// It hangs until then.
    BlackHole(Moment),
    /// Its host is not found.
    NoSuchHost,
}

/// When a fault of the connection layer acts on those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before there is a connection.
    Connect,
    /// When there is one, before anything is said on it.
    Greeting,
}

const fn stage(fault: &Fault) -> Option<Stage> {
    match fault {
        Fault::RefuseConnections
        | Fault::Crash
        | Fault::BlackHole
        | Fault::Connect(ConnectFault::NoSuchHost) => Some(Stage::Connect),
        Fault::Connect(_) => Some(Stage::Greeting),
        _ => None,
    }
}

/// What will befall an open connection: an [`Incident`] over a window, by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    /// When.
    pub(crate) window: Window,
    /// What happens to the connection.
    pub(crate) blow: Blow,
    /// Which rule.
    pub(crate) rule: usize,
}

/// What a [`Strike`] does to an open connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// It is closed at the start, or as soon as the request on it is answered.
    Close,
    /// It is reset at the start.
    Reset,
    /// Its bytes are withheld throughout.
    Withhold,
}

/// Decides about connection `number`, asked for at `now`; the first rule that fires wins.
pub(crate) fn connect(
    rules: &[Rule],
    tallies: &mut [Tally],
    who: (&str, &Dice),
    number: u64,
    now: Moment,
) -> Option<Incident> {
    let mut incident = None;
    let concerned = |rule: &Rule| stage(&rule.fault) == Some(Stage::Connect);
    for (rule, tally) in rules.iter().zip(tallies).filter(|(rule, _)| concerned(rule)) {
        let Some((index, window)) = open_window(&rule.trigger, now) else { continue };
        let counted = rule.trigger.sequence.is_none_or(|sequence| sequence.picks(tally.count_connect()));
        if counted && incident.is_none() && drawn(rule, who, number, (index, now)) {
            tally.fire(now);
            incident = Some(match rule.fault {
                Fault::BlackHole => Incident::BlackHole(window.to),
                Fault::Connect(_) => Incident::NoSuchHost,
                _ => Incident::Refuse,
            });
        }
    }
    incident
}

/// Decides how connection `number`, made at `now`, is greeted; the first rule that fires wins. Faults of TLS fire
/// where there is TLS.
pub(crate) fn greet(
    rules: &[Rule],
    tallies: &mut [Tally],
    who: (&str, &Dice),
    (number, tls): (u64, bool),
    now: Moment,
) -> Option<usize> {
    let mut greeted = None;
    for (nth, (rule, tally)) in rules.iter().zip(tallies).enumerate() {
        let Some((index, _)) = open_window(&rule.trigger, now) else { continue };
        let fits = tls || !matches!(rule.fault, Fault::Connect(ConnectFault::Tls(_)));
        if stage(&rule.fault) != Some(Stage::Greeting) || !fits {
            continue;
        }
        let counted = rule.trigger.sequence.is_none_or(|sequence| sequence.picks(tally.count_connect()));
        if counted && greeted.is_none() && drawn(rule, who, number, (index, now)) {
            // A limit fires when somebody has to wait or is turned away.
            if !matches!(rule.fault, Fault::Connect(ConnectFault::ConnectionLimit { .. })) {
                tally.fire(now);
            }
            greeted = Some(nth);
        }
    }
    greeted
}

/// What will befall connection `number`, accepted at `now`, in order of time. Rules that count connects leave
/// open connections alone.
pub(crate) fn timeline(rules: &[Rule], who: (&str, &Dice), number: u64, now: Moment) -> Vec<Strike> {
    let mut strikes = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        if !matches!(rule.fault, Fault::RefuseConnections | Fault::Crash | Fault::BlackHole)
            || rule.trigger.sequence.is_some()
        {
            continue;
        }
        for (nth, window) in rule.trigger.during.iter().enumerate() {
            if window.from > now && window.from < window.to && drawn(rule, who, number, (nth, window.from)) {
                let blow = match rule.fault {
                    Fault::RefuseConnections => Blow::Close,
                    Fault::Crash => Blow::Reset,
                    _ => Blow::Withhold,
                };
                strikes.push(Strike { window: *window, blow, rule: index });
            }
        }
    }
    strikes.sort_by_key(|strike| (strike.window.from, strike.rule));
    strikes
}

fn open_window(trigger: &Trigger, now: Moment) -> Option<(usize, Window)> {
    if trigger.during.is_empty() {
        return Some((0, Window { from: Moment::ZERO, to: Moment::NEVER }));
    }
    trigger.during.iter().copied().enumerate().find(|(_, window)| window.contains(now))
}

/// The draw is keyed by the window too: a connection that lived through one may fall in the next.
fn drawn(rule: &Rule, (provider, dice): (&str, &Dice), number: u64, (window, now): (usize, Moment)) -> bool {
    rule.trigger.befalls(dice, now, || {
        dice.key("connection fault").str(provider).str(&rule.name).u64(number).u64(window as u64)
    })
}
