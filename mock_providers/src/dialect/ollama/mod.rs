//! Ollama: its own interface, in lines of JSON, and the OpenAI-compatible one beside it.
//!
//! Where the compatible layer leaks the native one (a failure in the middle of a stream becomes an empty delta
//! and no end at all) it leaks here too.

mod compatible;
mod embed;
mod error;
mod pages;
mod read;
mod write;

pub(super) use compatible::Ollama;
pub(super) use error::native as error;
pub(super) use read::{read, serves};
pub(super) use write::{
    LOAD_NS, delta, empty, empty_stream, opening, part, plain, prefix, refusal, refuse, trouble,
};

/// What it lists when the specification says nothing.
const KNOWN: &[&str] = &["llama3.2:latest", "qwen3:8b"];

/// Whether a path belongs to the native interface.
pub(super) fn is_native(path: &str) -> bool {
    path == "/" || path.starts_with("/api/")
}
