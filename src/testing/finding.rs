//! A promise that a target broke, and how it is told.

use std::fmt::{self, Write};
use std::io;
use std::path::{Path, PathBuf};

use crate::fuzz::shrink::Size;
use crate::fuzz::{Broken, Case};

/// A promise that a target broke, and the smallest world in which it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The promise's id, `liveness` or `panic`.
    pub promise: String,
    /// What happens in the small world, in words.
    pub what: String,
    /// The seed of the worlds.
    pub seed: u64,
    /// Which of them it was, from 0.
    pub world: u64,
    /// As it was found.
    pub found: Case,
    /// Made small.
    pub small: Case,
    /// Worlds played to make it small.
    pub tries: u32,
}

impl Finding {
    /// What the small world costs its reader: requests, faults, providers.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::of(&self.small)
    }

    /// The small world as a scenario file, with what it shows at its head. It has everything in it but the target, so it is the
    /// same wherever it is written and whenever it is played.
    #[must_use]
    pub fn yaml(&self) -> String {
        let Finding { promise, what, seed, world, .. } = self;
        let mut text = String::new();
        let lines = [
            format!("{promise} is broken: {}", one_line(what)),
            format!("found by brownout::testing in world {world} of seed {seed}; play it again with"),
            format!(
                "testing::check(…).promises([{promise:?}]).replay(include_str!(\"{}\"))",
                self.file_name()
            ),
        ];
        for line in lines {
            writeln!(text, "# {line}").expect("a string takes everything");
        }
        text + &self.small.doc.yaml()
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.yaml", self.promise, self.seed, self.world)
    }

    /// Writes it to a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join(self.file_name());
        std::fs::write(&file, self.yaml())?;
        Ok(file)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size();
        writeln!(f, "{}: {}", self.promise, self.what)?;
        writeln!(
            f,
            "found in world {} of seed {}; made small in {} tries: {} requests, {} faults, {} providers",
            self.world, self.seed, self.tries, size.requests, size.faults, size.providers
        )?;
        write!(f, "\n{}", self.small.doc.yaml())
    }
}

/// What a replayed world shows: what it breaks, as lines.
pub(super) fn list(broken: &[Broken]) -> String {
    let line = |broken: &Broken| format!("{}: {}\n", broken.promise, broken.what);
    broken.iter().map(line).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
