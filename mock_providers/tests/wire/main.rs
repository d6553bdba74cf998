//! The providers on the wire: actual bytes and socket events.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

mod azure;
mod bench;
mod choices;
mod connections;
mod counting;
mod cut;
mod determinism;
mod embeddings;
mod faults;
mod http2;
mod live;
mod namespaces;
mod probes;
mod requests;
mod responses;
mod said;
mod sockets;
mod streams;
mod structured;
mod thinking;
mod tls;
mod validation_anthropic;
mod validation_gemini;
mod validation_openai;
mod vendors;
mod vendors_embeddings;
mod vendors_errors;
mod vendors_ollama;
