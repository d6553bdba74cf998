//! Brownout: test how LLM fallback routers degrade.

pub mod chat;
pub mod cli;
pub mod dialect;
pub mod history;
pub mod judge;
pub mod load;
pub mod report;
pub mod router;
pub mod run;
pub mod scenario;
pub mod world;
