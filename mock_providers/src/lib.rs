//! Scriptable mock LLM providers.
//!
//! A map, in reading order:
//!
//! - [`clock`] and [`dice`]: time and chance as values, so that a run can be repeated to the byte.
//! - [`latency`]: how long a healthy provider takes.
//! - [`reply`]: canonical replies, in which every word says which attempt it belongs to.
//! - [`fault`]: what can go wrong, when, and for whom.
//! - [`capacity`]: places, queues, and overload that follows from the load.
//! - [`limit`]: real limits: buckets, quotas, and what vendors say about them.
//! - [`dialect`]: what each vendor reads and writes.
//! - [`provider`]: start here: a provider's description and its state.
//! - [`serve`]: a provider on any byte stream.
//! - [`listen`]: a provider on a real port.
//! - [`tls`]: a throw-away authority and its certificates.
//! - [`server`]: the same for a test, in one line.
//! - [`ledger`]: what a provider saw, sent and billed.
//!
//! The crate knows nothing of routers, and shares no wire code with anything that reads its output. It neither
//! reads the machine's clock nor draws ambient chance: under a paused tokio runtime a run repeats to the byte.
//!
//! # One call
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use mock_providers::clock::{Clock, Moment};
//! use mock_providers::dialect::Dialect;
//! use mock_providers::dice::Dice;
//! use mock_providers::fault::{Close, Fault, Rule, Sequence, Trigger};
//! use mock_providers::latency::Dist;
//! use mock_providers::ledger::{Call, Ending};
//! use mock_providers::listen::Listener;
//! use mock_providers::provider::{Provider, Spec};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! // A provider whose first stream is cut after three words.
//! let mut spec = Spec::new("openai", Dialect::Openai);
//! spec.latency = mock_providers::latency::Latency::none();
//! spec.faults.push(Rule {
//!     name: "cut".to_owned(),
//!     trigger: Trigger {
//!         sequence: Some(Sequence { skip: 0, first: 1, per: Default::default() }),
//!         ..Trigger::default()
//!     },
//!     fault: Fault::Cut { after: Dist::Constant(3.0), close: Close::Reset },
//! });
//! spec.check().expect("the specification is sound");
//!
//! // Its ledger goes to anybody who takes calls.
//! let (ledger, mut calls) = tokio::sync::mpsc::unbounded_channel();
//! let sink = move |call: Call| drop(ledger.send(call));
//! let provider = Provider::new(spec, Dice::new(7), Clock::start(0), Arc::new(sink));
//!
//! let listener = Listener::bind(provider.clone(), ([127, 0, 0, 1], 0).into())?;
//! let address = listener.local_addr();
//! let serving = tokio::spawn(listener.run(std::future::pending()));
//!
//! let mut caller = tokio::net::TcpStream::connect(address).await?;
//! let body = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"[words=9]"}]}"#;
//! let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
//! caller.write_all((head + body).as_bytes()).await?;
//! let mut heard = Vec::new();
//! let _reset_by_peer = caller.read_to_end(&mut heard).await;
//!
//! let call = calls.recv().await.expect("every call is recorded");
//! assert_eq!((call.ending, call.words_planned, call.words_sent), (Ending::Broken, 9, 3));
//! assert_eq!(provider.fired(), [("cut".to_owned(), 1)]);
//! # serving.abort();
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```

pub mod capacity;
pub mod clock;
pub mod dialect;
pub mod dice;
mod edit;
pub mod fault;
pub mod latency;
pub mod ledger;
pub mod limit;
pub mod listen;
pub mod provider;
pub mod reply;
pub mod serve;
pub mod server;
pub mod tls;
