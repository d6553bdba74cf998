//! A line on stderr while something takes its time: one that moves where a person watches, one now and then in a log.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::screen;
use crate::report::paint::Paint;
use crate::world::{Clock, Moment};

/// How often the moving line is drawn anew.
const EVERY: Duration = Duration::from_millis(150);

/// How often a line is added to a log.
const LOGGED_EVERY: Duration = Duration::from_secs(10);

/// The line after so much time, on so many columns.
pub(super) type Line<'a> = dyn Fn(Duration, usize, Paint) -> String + Sync + 'a;

/// Does `work`, and shows the line meanwhile.
pub(super) fn beside<R>(line: &Line<'_>, work: impl FnOnce() -> R) -> R {
    std::thread::scope(|scope| {
        let (done, over) = mpsc::channel();
        scope.spawn(move || show(line, &over));
        let result = work();
        drop(done);
        result
    })
}

fn show(line: &Line<'_>, over: &mpsc::Receiver<()>) {
    let clock = Clock::start(0);
    let live = screen::is_live();
    let mut logged = clock.now();
    while let Err(RecvTimeoutError::Timeout) = over.recv_timeout(EVERY) {
        let now = clock.now();
        let took = now - Moment::ZERO;
        if let (true, Some((columns, _))) = (live, screen::size()) {
            let line = |color| line(took, columns.saturating_sub(1), Paint::new(color));
            screen::redraw(&[line(screen::stderr_color())], &[line(false)], columns);
        } else if now - logged >= LOGGED_EVERY {
            logged = now;
            screen::talk(&(line(took, usize::MAX, Paint::new(false)) + "\n"));
        }
    }
    screen::wipe();
}
