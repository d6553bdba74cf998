//! A promise that a target broke, and how it is told.

use std::fmt::{self, Write};
use std::io;
use std::path::{Path, PathBuf};

use crate::fuzz::shrink::Size;
use crate::fuzz::{Broken, Case};
use crate::judge::plural;
use crate::report::paint::wrap;
use crate::report::promised::promises;

/// Columns of what is told.
const WIDTH: usize = 100;

/// A promise that a target broke, and the smallest world in which it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The promise's id, `liveness` or `panic`.
    pub promise: String,
    /// What happens in the small world, in words.
    pub what: String,
    /// The life of the request that shows it, line by line; empty where it takes more than one.
    pub story: String,
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
        let Finding { promise, what, seed, world, tries, .. } = self;
        writeln!(f, "{promise} is broken: {what}")?;
        f.write_str(&promised(promise))?;
        if !self.story.is_empty() {
            write!(f, "\n{}", self.story)?;
        }
        let Size { requests, faults, providers, .. } = self.size();
        let sizes = [(requests, "request"), (faults as u64, "fault"), (providers as u64, "provider")];
        let size = sizes.map(|(count, what)| plural(count, what)).join(", ");
        writeln!(
            f,
            "\nthe smallest world that shows it, made of world {world} of seed {seed} in {tries} tries: {size}"
        )?;
        write!(f, "\n{}", self.small.doc.yaml())
    }
}

/// What is promised, in the words of its definition.
fn promised(id: &str) -> String {
    let says = promises().find(|promise| promise.id == id).map(|promise| promise.says);
    let lines = says.map(|says| wrap(&format!("promised is {says}"), WIDTH)).unwrap_or_default();
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What a replayed world shows: what it breaks, as lines.
pub(super) fn list(broken: &[Broken]) -> String {
    let line = |broken: &Broken| format!("{} is broken: {}\n", broken.promise, broken.what);
    broken.iter().map(line).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
