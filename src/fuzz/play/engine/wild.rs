//! Providers without any script: whatever an attempt can meet, at any time.
//!
//! Chance alone would spread failures so thin that nothing is ever known to be dead. So a provider has moods, for a while
//! each: well, or dead in one way, or anything. Times are drawn around the router's own constants, a hair before, at and
//! behind them, because that is where mistakes live.

use std::time::Duration;

use super::chance::Chance;
use super::fate::Script;
use crate::chat::{Allowance, Failure, FailureClass, Limit, RateLimits};
use crate::router::config::Config;
use crate::router::engine::Order;
use crate::world::{Key, Moment};

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);

/// How long moods last.
const SPELLS: [u64; 5] = [1, 5, 20, 60, 300];

/// What a call meets.
pub(super) fn script(config: &Config, order: &Order, deadline: Moment, now: Moment, dice: Key) -> Script {
    let target = &config.targets()[order.target];
    let provider = dice.str("mood").u64(target.provider as u64);
    let spell = Chance::new(provider).one_of(&SPELLS) * 1_000_000;
    let mut mood = Chance::new(provider.u64(now.as_us() / spell).u64(7));
    let mut chance =
        Chance::new(dice.str("call").u64(order.target as u64).u64(now.as_us()).u64(u64::from(order.number)));
    let left = deadline - now;
    match mood.below(10) {
        0..4 => well(&mut chance),
        4..7 => {
            let class = any_class(&mut mood);
            let asks = mood.percent(40);
            let mut failure = failure(class, &mut chance);
            failure.retry_after = asks.then(|| wait(config, order, left, &mut mood));
            let after = chance.between(Duration::ZERO, 900 * MS);
            failing(failure, after, order, now, &mut chance)
        }
        _ => anything(config, order, left, now, &mut chance),
    }
}

fn well(chance: &mut Chance) -> Script {
    let (first, gap) = (chance.between(MS, 900 * MS), chance.between(Duration::ZERO, 50 * MS));
    Script::serving(first, gap, 1 + chance.below(5) as u32)
}

fn anything(config: &Config, order: &Order, left: Duration, now: Moment, chance: &mut Chance) -> Script {
    let mut script = match chance.below(8) {
        0..3 => {
            let (first, gap) = (time(order, left, now, chance), time(order, left, now, chance) / 4);
            Script::serving(first, gap, 1 + chance.below(5) as u32)
        }
        _ => {
            let class = any_class(chance);
            let mut failure = failure(class, chance);
            failure.retry_after = chance.percent(30).then(|| wait(config, order, left, chance));
            let after = time(order, left, now, chance);
            failing(failure, after, order, now, chance)
        }
    };
    script.resumable = chance.percent(80);
    let obeyed = chance.percent(5);
    script.limits = obeyed.then(|| limits(config, order, left, chance));
    script
}

/// A call that fails, before or after its first output; limits run out by silence.
fn failing(failure: Failure, after: Duration, order: &Order, now: Moment, chance: &mut Chance) -> Script {
    let answer = |chance: &mut Chance| {
        let (first, gap) = (chance.between(MS, 900 * MS), chance.between(Duration::ZERO, 50 * MS));
        Script::serving(first, gap, 4)
    };
    match failure.class {
        FailureClass::Timeout(Limit::Connect) => {
            Script { connect: None, headers: None, ..answer(chance).silent(0) }
        }
        FailureClass::Timeout(Limit::FirstToken) => answer(chance).silent(0),
        FailureClass::Timeout(Limit::Idle) => answer(chance).silent(1 + chance.below(3) as usize),
        FailureClass::Timeout(Limit::Total) => {
            let whole = order.limits.total - now;
            Script::serving(whole / 8, whole / 4, 8)
        }
        _ if failure.status.is_none() && chance.percent(30) => {
            let outputs = 1 + chance.below(3) as usize;
            answer(chance).broken(outputs, failure)
        }
        FailureClass::Unreachable if chance.percent(50) => {
            let connect = chance.percent(50).then_some(Duration::ZERO);
            let stale = connect.is_some() && chance.percent(50);
            Script { connect, stale, ..Script::failing(after, failure) }
        }
        _ => Script::failing(after, failure),
    }
}

fn any_class(chance: &mut Chance) -> FailureClass {
    const USUAL: [FailureClass; 6] = [
        FailureClass::RateLimited,
        FailureClass::Overloaded,
        FailureClass::ServerError,
        FailureClass::Unreachable,
        FailureClass::Timeout(Limit::FirstToken),
        FailureClass::Truncated,
    ];
    if chance.percent(50) { chance.one_of(&USUAL) } else { chance.one_of(&FailureClass::ALL) }
}

/// A failure with a status such as its class comes with, or inside a success.
fn failure(class: FailureClass, chance: &mut Chance) -> Failure {
    let statuses: &[u16] = match class {
        FailureClass::RateLimited => &[429],
        FailureClass::QuotaExhausted => &[402, 429, 403, 400],
        FailureClass::Overloaded => &[503, 529],
        FailureClass::ServerError => &[500, 502, 504, 408],
        FailureClass::Refused | FailureClass::ContextExceeded => &[400],
        FailureClass::InvalidRequest => &[400, 413, 422],
        FailureClass::Unauthorized => &[401, 403, 400],
        FailureClass::NotFound => &[404, 410],
        _ => &[],
    };
    let status = (!statuses.is_empty() && chance.percent(85)).then(|| chance.one_of(statuses));
    let unable = class == FailureClass::InvalidRequest && chance.percent(20);
    let crowd = class == FailureClass::RateLimited && chance.percent(20);
    let message = if crowd { "too many concurrent requests" } else { "drawn" };
    let code = unable.then(|| "unsupported_parameter".to_owned());
    Failure { status, code, ..Failure::new(class, message) }
}

/// A span around one of the limits of the attempt, or any other.
fn time(order: &Order, left: Duration, now: Moment, chance: &mut Chance) -> Duration {
    let limits = &order.limits;
    let first = limits.first_token.unwrap_or(limits.total) - now;
    let hedge = order.hedge_at.map_or(S, |at| at - now);
    let spans = [Duration::ZERO, limits.connect - now, first, limits.total - now, limits.idle, hedge, left];
    around(chance.one_of(&spans), chance)
}

/// A wait that a provider asks for.
fn wait(config: &Config, order: &Order, left: Duration, chance: &mut Chance) -> Duration {
    let breaker = config.model_of(order.target).breaker;
    let spans =
        [Duration::ZERO, MS, S, 20 * S, breaker.open, breaker.open_max, left, left / 2, 600 * S, 86_400 * S];
    around(chance.one_of(&spans), chance)
}

/// That span, a hair less or more, or anything up to it.
fn around(span: Duration, chance: &mut Chance) -> Duration {
    let hair = Duration::from_micros(1);
    match chance.below(6) {
        0 => span,
        1 => span.saturating_sub(hair),
        2 => span.saturating_add(hair),
        3 => span.saturating_sub(MS),
        4 => chance.between(Duration::ZERO, S),
        _ => chance.between(Duration::ZERO, span),
    }
}

fn limits(config: &Config, order: &Order, left: Duration, chance: &mut Chance) -> RateLimits {
    let allowance = |chance: &mut Chance| Allowance {
        limit: chance.percent(80).then_some(10),
        remaining: Some(chance.below(2)),
        reset: Some(wait(config, order, left, chance)),
    };
    RateLimits { requests: Some(allowance(chance)), tokens: Some(allowance(chance)), ..RateLimits::default() }
}
