//! Brownout: test how LLM fallback routers degrade.

pub mod chat;
pub mod dialect;
pub mod history;
pub mod judge;
pub mod report;
pub mod router;
pub mod scenario;
pub mod world;
