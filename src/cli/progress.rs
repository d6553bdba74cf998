//! Progress while scenarios run: one line on stderr, only for a person who is watching.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::run::Progress;

/// How often the line is drawn anew.
const EVERY: Duration = Duration::from_millis(200);

/// What the scenarios under way have told so far.
#[derive(Debug, Default)]
pub(super) struct Board {
    under_way: Mutex<Vec<(String, Arc<Progress>)>>,
}

impl Board {
    /// A scenario begins.
    pub(super) fn begin(&self, name: &str) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        self.lock().push((name.to_owned(), Arc::clone(&progress)));
        progress
    }

    /// A scenario is over.
    pub(super) fn end(&self, progress: &Arc<Progress>) {
        self.lock().retain(|(_, other)| !Arc::ptr_eq(other, progress));
    }

    /// Tells every scenario to stop.
    pub(super) fn stop(&self) {
        for (_, progress) in self.lock().iter() {
            progress.stop.store(true, Ordering::Relaxed);
        }
    }

    /// The line, cut to `width`.
    pub(super) fn line(&self, width: usize) -> String {
        let words: Vec<_> = self
            .lock()
            .iter()
            .map(|(name, progress)| {
                let now = progress.now_us.load(Ordering::Relaxed) / 1_000_000;
                let done = progress.done.load(Ordering::Relaxed);
                format!("{name} {:02}:{:02} {done} requests", now / 60, now % 60)
            })
            .collect();
        let mut line = words.join("  |  ");
        if line.chars().count() > width {
            line = line.chars().take(width.saturating_sub(1)).collect();
            line.push('…');
        }
        line
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, Arc<Progress>)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws the board until asked to stop; draws nothing unless stderr is a terminal.
pub(super) fn draw(board: &Board, over: &std::sync::mpsc::Receiver<()>, width: usize) {
    let shown = std::io::stderr().is_terminal();
    while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = over.recv_timeout(EVERY) {
        if shown {
            drop(write!(std::io::stderr().lock(), "\r\x1b[2K{}", board.line(width)));
        }
    }
    erase();
}

/// Takes the line away, so that something else can be written there.
pub(super) fn erase() {
    let mut err = std::io::stderr().lock();
    if err.is_terminal() {
        drop(write!(err, "\r\x1b[2K"));
    }
}
