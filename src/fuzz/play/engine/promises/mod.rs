//! What must hold, each promise in the words of `docs/invariants.md`, looked at after every event.
//!
//! - [`gates`]: who may be asked for a request at all (I17, I23), and who comes first (I27).
//! - [`effort`]: every attempt that begins (I03, I06, I19); [`repeats`]: the same again (I07, I08, I10, I11); [`limits`]: how long
//!   (I12).
//! - [`health`]: what is known of targets, and what that leads to (I10, I13, I15); [`slots`]: what is held (I14, I22).
//! - [`course`]: what a failure leads to (I02, I03, I09), and the error at the end (I18).
//! - [`alive`]: when everything has healed.

mod alive;
mod course;
mod effort;
mod gates;
mod health;
mod limits;
mod repeats;
mod slots;

use crate::chat::FailureClass;
use crate::fuzz::play::Broken;

/// Whether a promise holds; what broke it, if not.
pub(super) type Check = Result<(), Broken>;

/// `promise!(holds, "I06", request, "what happened")`.
macro_rules! promise {
    ($holds:expr, $id:expr, $request:expr, $($words:tt)+) => {
        if !$holds {
            return Err($crate::fuzz::play::Broken {
                promise: $id.to_owned(),
                what: format!($($words)+),
                request: $request,
            });
        }
    };
}

pub(super) use gates::weights_are_kept;
pub(super) use promise;

/// Classes by which a target says nothing of itself: they are the request's.
pub(super) const fn is_neutral(class: FailureClass) -> bool {
    matches!(class, FailureClass::Cancelled) || is_about_the_request(class)
}

/// Whether a failure only says that a request was not to its taste.
pub(super) const fn is_about_the_request(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::Empty
            | FailureClass::InvalidOutput
    )
}

/// Classes that say that the request, or what it was sent with, is wrong.
const fn blames_request(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::InvalidRequest
            | FailureClass::ContextExceeded
            | FailureClass::Refused
            | FailureClass::Unauthorized
            | FailureClass::NotFound
    )
}
