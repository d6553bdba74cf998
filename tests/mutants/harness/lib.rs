//! The pure core and what it stands on, no more: see `tests/mutants/run`.

pub mod chat;

pub mod world {
    pub use mock_providers::clock::{Clock, Moment};
    pub use mock_providers::dice::{Dice, Key};
}

pub mod dialect {
    pub mod classify;
    mod leniency;
    mod signs;
    mod words;

    pub use classify::lacks_ability;
    pub use leniency::{Ends, Leniency, Malformed};

    /// As in the router.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Dialect {
        Openai,
        Anthropic,
        Gemini,
    }
}

pub mod router {
    pub mod config;
    pub mod engine;
    pub mod fleet;
    pub mod plan;
    pub mod price;
    pub mod seam;
    pub mod spend;
    pub mod trail;

    /// Only as large as a configuration needs it.
    pub mod ask {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct AskPolicy {
            pub no_fallback: bool,
        }

        impl Default for AskPolicy {
            fn default() -> Self {
                AskPolicy { no_fallback: true }
            }
        }
    }

    /// Only as large as a configuration needs it.
    pub mod http {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Intake;
    }
}

pub mod history {
    pub use crate::router::trail::Cause;

    /// A fault as planned.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PlannedFault {
        pub provider: String,
        pub name: String,
        pub kind: String,
        pub during: Vec<mock_providers::fault::Window>,
    }
}

pub mod scenario;

pub mod fuzz {
    pub mod coverage;
    pub use coverage::Coverage;

    pub mod play {
        pub mod engine;

        /// A promise that did not hold.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Broken {
            pub promise: String,
            pub what: String,
            pub request: Option<u64>,
        }
    }
}
