//! The real fallback router.

pub mod config;
pub mod trail;
