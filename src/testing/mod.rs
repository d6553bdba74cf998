//! Test a router of your own: generated worlds, in your own `#[test]`.
//!
//! ```
//! use brownout::testing::{self, Error, Reply, Request, Upstreams};
//!
//! /// Asks one model after the other, until one does not answer with an error.
//! fn router(upstreams: Upstreams) -> impl testing::Target {
//!     move |request: Request| {
//!         let upstreams = upstreams.clone();
//!         async move {
//!             let mut last = Reply::error(503, "no model is left");
//!             for model in upstreams.models() {
//!                 match upstreams.ask(model, &request).await {
//!                     Ok(response) if response.status().is_success() => return Ok(Reply::new(response)),
//!                     Ok(response) => last = Reply::new(response),
//!                     Err(error) => last = Reply::error(502, &error.to_string()),
//!                 }
//!             }
//!             Ok::<_, Error>(last)
//!         }
//!     }
//! }
//!
//! // It never splices two answers, leaks no key, and lets go of calls that nobody waits for.
//! testing::check(router).promises(["I03", "I16", "I21"]).cases(30).run();
//!
//! // But it believes that whoever began to answer will end, and nobody watches the clock.
//! let found = testing::check(router).promises(["I12"]).cases(200).hunt().expect("a world that shows it");
//! println!("{found}");
//! ```
//!
//! A world is mock providers that misbehave, callers, virtual time and a network in memory. What is in the middle is a [`Target`]:
//! anything that makes a [`Reply`] of a [`Request`]. It reaches the providers through [`Upstreams`], and uses `tokio::time` as
//! always; an hour passes in no time, and the same seed gives the same run, byte for byte. The network is in memory too: a client that
//! opens sockets of its own reaches nobody, and one that takes no [`Upstreams::connector`] (reqwest) has to be given another way out. A
//! target that looks at another clock or draws by itself works, but then a world that broke a promise may keep it the next time. One that
//! never awaits anything stops the clock, and with it the test.
//!
//! What is promised is in `docs/invariants.md`. A router of yours writes no trail that a judge could read, so it is judged by what
//! its callers got and what the providers saw: [`judged`] lists the promises for which that is enough. Nothing is held against it
//! that good routers may do for reasons nobody can see from outside, and of limits and bounds only those are checked that the test
//! declares ([`Check::idle`], [`Check::max_attempts`], …) and of which the target can ask ([`Upstreams::declared`]).
//!
//! A world that breaks a promise is made small, and [`Check::run`] panics with it: an ordinary scenario of a few lines. Keep it
//! ([`Check::save`]) and play it in a test of its own ([`Check::replay`]).
//!
//! - `target`: what is tested. `upstreams`: what it finds. `declared`: what it is held to.
//! - `worlds`: generated worlds that suit a router that is not ours. `face`, `player`: it in the middle of one. `falls`: its panics.
//! - `check`: the test. `wishes`: what can be said of it. `finding`: what is told of a promise that was broken.

mod check;
mod declared;
mod face;
mod falls;
mod finding;
mod player;
mod service;
mod target;
#[cfg(test)]
mod tests;
mod upstreams;
mod wishes;
mod worlds;

pub use check::{Check, Report, check, judged};
pub use declared::Declared;
pub use finding::Finding;
pub use mock_providers::dialect::Dialect;
pub use service::{Tower, service};
pub use target::{Body, Error, Reply, Request, Sender, Target};
pub use upstreams::{Model, Upstreams};

pub use crate::fuzz::Broken;
pub use crate::fuzz::shrink::{Budget, Size};
