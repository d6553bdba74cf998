//! Panics while a world is played: kept for the finding.
//!
//! A target that panics does so in every one of the worlds that are tried to make the first one small. Fifty messages of the same kind
//! would bury the one that matters, so they are not printed; the finding has the words and the place.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::sync::Once;

thread_local! {
    /// Whether a world is being played on this thread. A world has one thread, tasks of its target included.
    static PLAYING: Cell<bool> = const { Cell::new(false) };
    /// What panicked first in it.
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
}

static LISTENING: Once = Once::new();

/// Plays a world. Gives what came of it, if it came to an end, and the words of the first panic in it, tasks included.
pub(super) fn watched<R>(play: impl FnOnce() -> R) -> (Option<R>, Option<String>) {
    LISTENING.call_once(listen);
    FIRST.take();
    let before = PLAYING.replace(true);
    let played = panic::catch_unwind(AssertUnwindSafe(play));
    PLAYING.set(before);
    (played.ok(), FIRST.take())
}

/// Keeps the panics of worlds; all others go where they always went.
fn listen() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if PLAYING.try_with(Cell::get) == Ok(true) {
            FIRST.with_borrow_mut(|first| *first = first.take().or_else(|| Some(words(info))));
        } else {
            usual(info);
        }
    }));
}

/// What was said, and where: the file's name without its folders, which are the machine's.
fn words(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let said =
        payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
    let said = said.unwrap_or("something panicked").to_owned();
    let place = info.location().and_then(|place| {
        let file = Path::new(place.file()).file_name()?.to_string_lossy();
        Some(format!(" ({file}:{})", place.line()))
    });
    said + &place.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_panic_of_a_world_is_kept_with_its_place_and_those_of_another_are_not() {
        let (played, fall) = watched(|| {
            let task = panic::catch_unwind(|| panic!("a task fell"));
            assert!(task.is_ok(), "so did what waited for it");
        });
        assert_eq!(played, None);
        let fall = fall.expect("a panic");
        assert!(fall.starts_with("a task fell (falls.rs:"), "{fall}");
        assert_eq!(watched(|| 7), (Some(7), None));
    }
}
