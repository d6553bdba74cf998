//! Valid replies: real bytes of every vendor, spoken by the mock providers.
//!
//! What is wanted is drawn by chance ([`wanted`]); what comes of it is what a mock writes over a connection, head and chunk
//! framing taken off. Nothing of [`crate::dialect`] has a hand in it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{
    AfterError, ErrorIn200, ErrorKind, Fault, RefusalForm, Rule, StreamFault, Trigger, VendorFault,
};
use mock_providers::latency::{Dist, Latency};
use mock_providers::ledger::Call;
use mock_providers::provider::{Provider, Spec};
use mock_providers::serve::serve_connection;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::asking;
use super::spelling;
use crate::dialect::Dialect;
use crate::world::sim::pipe;
use crate::world::{Clock, Dice};

/// What a reply consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Words.
    Text,
    /// A call of a tool.
    Tool,
    /// A JSON object with words in it.
    Json,
}

/// What the provider does on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Nothing.
    None,
    /// An error in the stream; a plain answer is the error with status 200.
    Error(AfterError),
    /// A failure inside a success, in one of OpenRouter's forms.
    ErrorIn200(ErrorIn200),
    /// A refusal in the vendor's own form, in words of four bytes a character.
    Refusal,
    /// Deltas that say nothing, between those that do.
    EmptyDeltas,
    /// Every event names the role again.
    RoleRepeated,
}

/// Which reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Who speaks.
    pub vendor: Vendor,
    /// Piece by piece, or whole.
    pub streamed: bool,
    /// What of.
    pub shape: Shape,
    /// Words.
    pub words: u32,
    /// Words an event carries.
    pub chunk: u32,
    /// Tokens of thought before them.
    pub thoughts: u32,
    /// Whether a stream shall tell its usage, where callers choose.
    pub usage: bool,
    /// Answers side by side, where a vendor gives several.
    pub choices: u32,
    /// Whether letters are spelt as characters of up to four bytes, and as escapes.
    pub spelt: bool,
    /// What happens on the way.
    pub twist: Twist,
    /// The provider's own chance.
    pub seed: u64,
}

/// A reply as its bytes came.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid {
    /// Which was wanted.
    pub wanted: Wanted,
    /// How a router reads this vendor.
    pub dialect: Dialect,
    /// The status.
    pub status: u16,
    /// The content type.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
    /// What the provider says of it.
    pub call: Option<Call>,
}

/// How a router reads what a vendor writes.
#[must_use]
pub const fn dialect_of(vendor: Vendor) -> Dialect {
    match vendor {
        Vendor::Anthropic => Dialect::Anthropic,
        Vendor::Gemini => Dialect::Gemini,
        _ => Dialect::Openai,
    }
}

/// Replies of every vendor, weighted towards streams.
pub fn wanted() -> impl Strategy<Value = Wanted> {
    let shape = prop_oneof![3 => Just(Shape::Text), 2 => Just(Shape::Tool), 1 => Just(Shape::Json)];
    let twist = prop_oneof![
        8 => Just(Twist::None),
        1 => prop::sample::select(vec![AfterError::Vendor, AfterError::Nothing, AfterError::Terminator]).prop_map(Twist::Error),
        1 => prop::sample::select(vec![ErrorIn200::Body, ErrorIn200::Chunk, ErrorIn200::BareChunk, ErrorIn200::FinishReason])
            .prop_map(Twist::ErrorIn200),
        1 => Just(Twist::Refusal),
        1 => Just(Twist::EmptyDeltas),
        1 => Just(Twist::RoleRepeated),
    ];
    let who = (prop::sample::select(Vendor::ALL.to_vec()), prop::bool::weighted(0.8), shape);
    let size = (0..7_u32, 1..4_u32, prop_oneof![Just(0_u32), 1..5_u32], 1..3_u32);
    (who, size, any::<(bool, bool, u64)>(), twist).prop_map(
        |((vendor, streamed, shape), (words, chunk, thoughts, choices), (usage, spelt, seed), twist)| {
            Wanted { vendor, streamed, shape, words, chunk, thoughts, usage, choices, spelt, twist, seed }
        },
    )
}

impl Wanted {
    /// A whole text of six words by `vendor`, which begins from thoughts and says its usage.
    #[must_use]
    pub const fn plain_text(vendor: Vendor, streamed: bool) -> Wanted {
        Wanted {
            vendor,
            streamed,
            shape: Shape::Text,
            words: 6,
            chunk: 2,
            thoughts: 2,
            usage: true,
            choices: 1,
            spelt: true,
            twist: Twist::None,
            seed: 1,
        }
    }

    fn fault(&self) -> Option<Fault> {
        let after = Dist::Constant(f64::from(self.words / 2));
        Some(match self.twist {
            Twist::None => return None,
            Twist::Error(then) => Fault::StreamError { after, error: ErrorKind::Overloaded, then },
            Twist::ErrorIn200(form) => {
                Fault::Vendor(VendorFault::ErrorIn200 { after, error: ErrorKind::RateLimited, form })
            }
            Twist::Refusal => Fault::Refusal {
                after: Dist::Constant(0.0),
                form: RefusalForm::Native,
                text: Some("抱歉，我无法… 🙇".to_owned()),
            },
            Twist::EmptyDeltas => Fault::Stream(StreamFault::EmptyDeltas { every: Dist::Constant(1.0) }),
            Twist::RoleRepeated => Fault::Stream(StreamFault::RoleRepeated),
        })
    }

    fn spec(&self) -> Spec {
        let faults =
            self.fault().map(|fault| Rule { name: "twist".to_owned(), trigger: Trigger::default(), fault });
        Spec {
            latency: Latency::none(),
            chunk: Some(Dist::Constant(f64::from(self.chunk))),
            faults: faults.into_iter().collect(),
            ..Spec::new("p", self.vendor)
        }
    }
}

/// Asks a mock for the reply, and takes down what it writes.
///
/// # Panics
///
/// When the mock does not answer in HTTP: a defect of the mock.
#[must_use]
pub fn valid(wanted: &Wanted) -> Valid {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O needs nothing of the machine");
    let (bytes, call) = runtime.block_on(overheard(wanted));
    let end = memchr::memmem::find(&bytes, b"\r\n\r\n").expect("a mock answers with a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let field = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let body = &bytes[end + 4..];
    let body = if field("transfer-encoding").is_some() { unchunked(body) } else { body.to_vec() };
    let spelt = wanted.spelt && wanted.twist != Twist::Refusal;
    Valid {
        dialect: dialect_of(wanted.vendor),
        status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0),
        kind: field("content-type").unwrap_or_default(),
        body: if spelt { spelling::respell(&body) } else { body },
        wanted: wanted.clone(),
        call,
    }
}

async fn overheard(wanted: &Wanted) -> (Vec<u8>, Option<Call>) {
    /// 2026-05-21T13:58:00Z.
    const WALL_US: i64 = 1_779_371_880_000_000;
    let clock = Clock::start(WALL_US);
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let ledger = Arc::clone(&calls);
    let sink = move |call| ledger.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    let provider = Provider::new(wanted.spec(), Dice::new(wanted.seed), clock, Arc::new(sink));
    let (mut near, far) = pipe(clock, Duration::ZERO);
    let serving = tokio::spawn(serve_connection(provider, far, 0));
    let mut heard = Vec::new();
    if near.write_all(asking::request(wanted).as_bytes()).await.is_ok() {
        // What was heard before a connection ended is what it said.
        let _ended = near.read_to_end(&mut heard).await;
    }
    drop(near);
    let _served = serving.await;
    let call = calls.lock().unwrap_or_else(PoisonError::into_inner).pop();
    (heard, call)
}

/// A body without its chunk framing.
pub(super) fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let (Some(size @ 1..), after) = (size, &rest[end + 2..]) else { break };
        body.extend_from_slice(&after[..size.min(after.len())]);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}

/// A plain answer's head, as the router's decoder wants it.
#[must_use]
pub fn parts(valid: &Valid) -> http::response::Parts {
    let answer = http::Response::builder().status(valid.status).header("content-type", &valid.kind);
    answer.body(()).expect("a mock's status and type are legal").into_parts().0
}
