//! Faults and rules in few words, for Rust code that has no scenario file.

use std::time::Duration;

use super::{AfterError, Close, ErrorBody, ErrorKind, Fault, Rule, Sequence, StatusFault, Trigger, Window};
use crate::clock::Moment;
use crate::latency::Dist;

impl Fault {
    /// This HTTP status, with the vendor's usual error for it.
    #[must_use]
    pub const fn status(status: u16) -> Fault {
        Fault::Status(StatusFault {
            status,
            error: None,
            retry_after: None,
            headers: Vec::new(),
            body: ErrorBody::Vendor,
        })
    }

    /// A clean end without the terminator after `words` words.
    #[must_use]
    pub fn cut(words: u32) -> Fault {
        Fault::Cut { after: Dist::from(words), close: Close::Clean }
    }

    /// Silence after `words` words.
    #[must_use]
    pub fn stall(words: u32) -> Fault {
        Fault::Stall { after: Dist::from(words) }
    }

    /// An error event after `words` words.
    #[must_use]
    pub fn stream_error(words: u32, error: ErrorKind) -> Fault {
        Fault::StreamError { after: Dist::from(words), error, then: AfterError::Vendor }
    }

    /// The first output comes this much later.
    #[must_use]
    pub fn late(by: Duration) -> Fault {
        Fault::LatencySpike { factor: Dist::Constant(1.0), add: Dist::from(by) }
    }
}

impl From<u32> for Dist {
    /// Always this count.
    fn from(count: u32) -> Dist {
        Dist::Constant(f64::from(count))
    }
}

impl From<Duration> for Dist {
    /// Always this duration, in microseconds.
    fn from(duration: Duration) -> Dist {
        Dist::Constant(duration.as_micros() as f64)
    }
}

impl Rule {
    /// `fault`, for every call and for ever.
    #[must_use]
    pub fn new(name: impl Into<String>, fault: Fault) -> Rule {
        Rule { name: name.into(), trigger: Trigger::default(), fault }
    }

    /// Only the first `calls` calls.
    #[must_use]
    pub fn first(self, calls: u64) -> Rule {
        self.sequence(|sequence| sequence.first = calls)
    }

    /// Lets `calls` calls through before.
    #[must_use]
    pub fn skip(self, calls: u64) -> Rule {
        self.sequence(|sequence| sequence.skip = calls)
    }

    /// Only this share of the calls, from 0 to 1.
    #[must_use]
    pub fn probability(mut self, share: f64) -> Rule {
        self.trigger.probability_ppm = Some((share.clamp(0.0, 1.0) * 1e6).round() as u32);
        self
    }

    /// Only from `from` to `to` after the start of the provider's clock; may be said several times.
    #[must_use]
    pub fn during(mut self, from: Duration, to: Duration) -> Rule {
        let moment = |since: Duration| Moment::from_us(u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        self.trigger.during.push(Window { from: moment(from), to: moment(to) });
        self
    }

    /// Only calls of this model; a `*` at the end matches anything.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Rule {
        self.trigger.matches.model = Some(model.into());
        self
    }

    /// Only calls whose prompt holds this text.
    #[must_use]
    pub fn prompt(mut self, text: impl Into<String>) -> Rule {
        self.trigger.matches.prompt = Some(text.into());
        self
    }

    fn sequence(mut self, change: impl FnOnce(&mut Sequence)) -> Rule {
        let all = Sequence { skip: 0, first: u64::MAX, per: super::Per::default() };
        change(self.trigger.sequence.get_or_insert(all));
        self
    }
}
