//! OpenAI's Responses: `POST /v1/responses`.
//!
//! Served from the conversation that comes with each request. What would need a conversation kept here
//! (`previous_response_id`, `conversation`, items by reference, background work) is refused by name.

mod items;
mod object;
mod read;
mod stream;
mod track;

pub(super) use read::read;
