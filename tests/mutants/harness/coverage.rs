//! What the depth notes and nobody reads here.

mod state;

pub use state::{Asked, Path, Standing, State};

#[derive(Debug, Default)]
pub struct Coverage;

impl Coverage {
    pub fn meet(&mut self, _word: &str, _state: State) {}

    pub fn check(&mut self, _promise: &str, _times: u64) {}
}
