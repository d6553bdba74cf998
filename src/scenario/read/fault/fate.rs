//! Faults of time and fate.

use std::time::Duration;

use mock_providers::capacity::Capacity;
use mock_providers::fault::{ErrorBody, ErrorKind, FateFault, Fault, HERD_MAX, Relapse, StatusFault};

use super::super::limit;
use super::answer::ERRORS;
use super::args::Args;
use super::word::{Kind, Word, word};

/// How long a recovery stays fragile unless it is said.
const USUAL_FRAGILE: Duration = Duration::from_secs(60);

pub(super) const WORDS: &[Word] = &[
    word!(
        "brownout",
        "brownout: { concurrency: 8, queue: 32 }",
        [
            "concurrency": Kind::Whole,
            "queue": Kind::Whole,
            "overload": Kind::Overload,
            "slowdown": Kind::Factors,
        ],
        brownout
    ),
    word!(
        "relapse",
        "relapse: { calls: 20, within: 1s, lasts: 10s }",
        [
            "calls": Kind::Whole,
            "within": Kind::Duration,
            "lasts": Kind::Duration,
            "fragile": Kind::Duration,
            "error": Kind::Error,
        ],
        relapse
    ),
];

fn brownout(args: &Args<'_>) -> Option<Fault> {
    let number = |key: &str| args.get(key).and_then(|node| args.cx.whole_in(node, 0, 1_000_000));
    let concurrency = args.whole("concurrency", "8")?;
    Some(Fault::Fate(FateFault::Brownout(Capacity {
        concurrency: u32::try_from(concurrency).ok()?,
        queue: number("queue").and_then(|queue| u32::try_from(queue).ok()).unwrap_or(0),
        overload: args.get("overload").and_then(|node| limit::overload(args.cx, node)).unwrap_or_default(),
        slowdown: args.get("slowdown").and_then(|node| args.cx.factor(node, 1.0)).unwrap_or(1.0),
    })))
}

fn relapse(args: &Args<'_>) -> Option<Fault> {
    let calls = args.require("calls", "20").and_then(|node| args.cx.whole_in(node, 0, HERD_MAX));
    let time = |key: &str, example| args.require(key, example).and_then(|node| args.cx.some_time(node));
    let (within, lasts) = (time("within", "1s"), time("lasts", "10s"));
    let fragile = args.get("fragile").and_then(|node| args.cx.some_time(node)).unwrap_or(USUAL_FRAGILE);
    let error = args.choice("error", &ERRORS).unwrap_or(ErrorKind::Overloaded);
    let answer = StatusFault {
        status: args.dialect.usual_status(error),
        error: Some(error),
        retry_after: None,
        headers: Vec::new(),
        body: ErrorBody::Vendor,
    };
    let relapse = Relapse { calls: calls?, within: within?, lasts: lasts?, fragile, answer };
    Some(Fault::Fate(FateFault::Relapse(Box::new(relapse))))
}
