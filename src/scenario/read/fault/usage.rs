//! Faults of the usage that is told.

use mock_providers::fault::{Fault, UsageFault};
use mock_providers::latency::Dist;

use super::word::{Kind, Word, word};

pub(super) const WORDS: &[Word] = &[
    word!(bare _ "usage_missing", "usage_missing", [], |_| Some(Fault::Usage(UsageFault::Missing))),
    word!(bare _ "usage_late", "usage_late", [], |_| Some(Fault::Usage(UsageFault::Late))),
    word!(bare _ "usage_twice", "usage_twice", [], |_| Some(Fault::Usage(UsageFault::Twice))),
    word!(bare _ "usage_false", "usage_false: 10x", ["factor": Kind::Factors] = "factor", |args| {
        let factor = args.factors("factor").unwrap_or(Dist::Constant(10.0));
        Some(Fault::Usage(UsageFault::False { factor }))
    }),
];
