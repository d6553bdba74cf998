//! Brownout: test how LLM fallback routers degrade.

pub mod chat;
pub mod dialect;
pub mod router;
pub mod world;
