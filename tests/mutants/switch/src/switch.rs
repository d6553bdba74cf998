//! Put into the crate that is mutated. `MUTANT=7` turns mutant 7 on; `MUTANTS_MET=FILE` notes in a file which a run comes across.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

static ON: LazyLock<usize> =
    LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|id| id.parse().ok()).unwrap_or(0));
static NOTES: LazyLock<Option<Mutex<std::fs::File>>> =
    LazyLock::new(|| std::env::var_os("MUTANTS_MET").and_then(|path| std::fs::File::create(path).ok()).map(Mutex::new));
static MET: [AtomicBool; MUTANTS] = [const { AtomicBool::new(false) }; MUTANTS];

/// Whether a mutant is on.
#[inline]
pub fn on(id: usize) -> bool {
    if let Some(notes) = &*NOTES && !MET[id].swap(true, Ordering::Relaxed) {
        let mut file = notes.lock().expect("notes");
        let _ = writeln!(file, "{id}");
    }
    *ON == id
}
