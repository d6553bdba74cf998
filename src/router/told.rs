//! What a caller is told about how its answer came to be: headers always, the whole ledger on request.
//!
//! Everything here is a view of the [`Trail`], never a second account of what happened, so that what a caller
//! reads, what a log says and what `brownout explain` shows cannot differ. What never happens here: a credential
//! (keys have names), a zero for something unknown, a header that is too long or that is no header text.

mod headers;
mod ledger;

use super::trail::{Attempt, AttemptResult, Trail};
use crate::router::seam::seam;
use crate::world::Moment;

pub(crate) use headers::text;
pub use ledger::{Ledger, Tried};

/// What a caller is told about how its answer came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Who served: a model's name, `cache` or `fixed`; none when nobody did, or nobody is known to yet.
    pub served_by: Option<String>,
    /// Upstream calls made so far; none when the head leaves before that is known.
    pub attempts: Option<u32>,
    /// Each of them in short: `claude 429 rate_limited; flash ok`.
    pub trail: String,
    /// What they cost, as far as it is known.
    pub cost: Cost,
    /// What had to be changed in the request for the model that serves.
    pub adapted: Vec<String>,
    /// Every attempt that failed, for an error that lists them.
    pub tried: Vec<Tried>,
    /// The whole account, for a caller who asked for it.
    pub ledger: Option<Box<Ledger>>,
}

/// Money in picodollars (10^-12 USD), as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The sum of what is known; none when nothing is.
    pub known: Option<u64>,
    /// Whether something was spent, or may have been, that nobody put a price on.
    pub partial: bool,
}

impl Default for Told {
    /// Of a request that no model was asked about.
    fn default() -> Self {
        Told { attempts: Some(0), ..Told::unknown() }
    }
}

// === impl Told ===

impl Told {
    /// When nothing can be said yet: the head of a stream that is kept warm while its model is still looked for.
    #[must_use]
    pub fn unknown() -> Self {
        Told {
            served_by: None,
            attempts: None,
            trail: String::new(),
            cost: Cost::default(),
            adapted: Vec::new(),
            tried: Vec::new(),
            ledger: None,
        }
    }

    /// What `trail` has to tell at `now`. The attempt `under_way`, which is not in the trail yet, counts as the one
    /// that serves; `ledger` is whether the caller wants the whole account.
    #[must_use]
    pub fn of(
        trail: &Trail,
        under_way: Option<&Attempt>,
        served_by: Option<String>,
        now: Moment,
        ledger: bool,
    ) -> Self {
        let serving =
            under_way.map(|attempt| Attempt { result: AttemptResult::Served, ended: now, ..attempt.clone() });
        let attempts = || trail.attempts.iter().chain(&serving);
        let last = attempts().last();
        let adapted = last.filter(|last| last.result == AttemptResult::Served).map(|last| &last.adapted);
        let mut short = trail.short();
        if let Some(attempt) = &serving {
            short.push_str(if short.is_empty() { "" } else { "; " });
            short.push_str(&format!("{} ok", attempt.model));
        }
        Told {
            attempts: Some(
                u32::try_from(seam!(CountsOnlyWhatFailed, attempts().count(), trail.attempts.len()))
                    .unwrap_or(u32::MAX),
            ),
            trail: short,
            cost: Cost::of(attempts()),
            adapted: adapted.cloned().unwrap_or_default(),
            tried: trail.attempts.iter().filter_map(Tried::of).collect(),
            ledger: ledger.then(|| Box::new(Ledger::of(trail, serving.as_ref(), served_by.as_deref()))),
            served_by,
        }
    }
}

impl Cost {
    /// What `attempts` cost together.
    pub fn of<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Self {
        let mut cost = Cost::default();
        for attempt in attempts {
            match attempt.cost {
                Some(known) => cost.known = Some(cost.known.unwrap_or(0).saturating_add(known)),
                None => cost.partial = true,
            }
        }
        cost
    }
}

#[cfg(test)]
mod tests;
