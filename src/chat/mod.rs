//! The provider-neutral language: requests, replies, deltas, usage and failures.
//!
//! Everything between the wire formats speaks these words: the router's core, its OpenAI-compatible face and
//! the client side of each dialect. What never happens here: bytes, sockets, clocks.

mod embed;
mod failure;
mod limits;
mod reply;
mod request;

pub use embed::{EmbedInput, EmbedReply, EmbedRequest, VectorFormat};
pub use failure::{Failure, FailureClass, Limit};
pub use limits::{Allowance, RateLimits};
pub use reply::{ChatReply, Delta, Finish, ToolCall, Usage};
pub use request::{ChatRequest, Message, Origin, Part, ResponseFormat, Role, Tool, ToolChoice};
