//! Brownout: test how LLM fallback routers degrade.

pub mod chat;
pub mod dialect;
pub mod history;
pub mod router;
pub mod scenario;
pub mod world;
