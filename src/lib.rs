//! Brownout: test how LLM fallback routers degrade.
//!
//! A real fallback router runs against scripted mock providers, in virtual time or over real sockets, and is
//! judged by what its callers got. The way through the house, in the order in which a run passes the rooms:
//!
//! - [`cli`]: the command line, one file a command.
//! - [`scenario`]: the YAML language -> the checked plan of a run.
//! - [`mock`]: its providers as servers of their own, for any client.
//! - [`run`]: builds a world from that plan, runs it, and hands on its history.
//! - [`world`]: time, network and chance, real or simulated.
//! - [`load`]: callers: when they ask, what they ask, what they see.
//! - [`serve`]: the router as a server of its own, for real traffic.
//! - [`router`]: the fallback router itself. Its core ([`router::plan`], [`router::engine`],
//!   [`router::fleet`]) is pure.
//! - [`dialect`]: chat <-> bytes, the client side of each provider's wire format.
//! - [`chat`]: the neutral language they all speak.
//! - [`history`]: the record of a run, written by three witnesses.
//! - [`judge`]: promises, expectations, figures, verdict.
//! - [`report`]: a judgement, for people and for machines.
//! - [`fuzz`]: worlds nobody thought of, and the smallest that breaks a promise.
//! - [`testing`]: the same for a router of your own, in your own tests.
//!
//! The providers on the other side of the network are a crate of their own, [`mock_providers`], which knows
//! nothing of routers. `docs/architecture.md` says which room may know which, and why.
//!
//! # One run
//!
//! ```
//! use brownout::history::Mode;
//! use brownout::judge::Verdict;
//! use brownout::{run, scenario};
//!
//! let file = std::path::Path::new("scenarios/rate_limits/429-twice-then-fallback.yaml");
//! let scenario = scenario::load(file).map_err(|problems| problems.render(false))?;
//! let judgement = run::judge(&scenario, Mode::Simulated).map_err(|error| error.to_string())?;
//! assert_eq!(judgement.verdict, Verdict::Pass);
//! # Ok::<(), String>(())
//! ```

pub mod chat;
pub mod cli;
pub mod dialect;
pub mod fuzz;
pub mod history;
pub mod judge;
pub mod load;
pub mod mock;
pub mod report;
pub mod router;
pub mod run;
pub mod scenario;
pub mod serve;
pub mod testing;
pub mod world;
