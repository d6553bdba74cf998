//! Where the configuration comes from, and whether it has changed.
//!
//! Files are read every second: the configuration, and the keys and certificates that it names. That is a few thousand
//! bytes, it finds what a time stamp would hide, and it needs nothing from the system. A change is taken up once it
//! has stayed for a second: an editor that is half way through is not disturbed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::scenario::Problems;
use crate::scenario::serve::{self, Serve};

/// How often files are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Larger files are told by their length alone: none of ours is.
const LARGEST: u64 = 8 * 1024 * 1024;

/// What the environment says of a name.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A configuration file, and the environment it is read in.
#[derive(Clone)]
pub struct Source {
    path: PathBuf,
    environment: Environment,
}

impl Source {
    /// The file `path`, whose references stand for what `environment` says.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, environment: Environment) -> Self {
        Source { path: path.into(), environment }
    }

    /// Reads and checks it.
    #[must_use]
    pub fn read(&self) -> (Option<Serve>, Problems) {
        serve::check(&self.path, &*self.environment)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Files, and what was in them.
#[derive(Debug)]
pub(super) struct Files {
    paths: Vec<PathBuf>,
    /// What the running configuration was made of, or a bad one that was refused.
    known: u64,
    /// What was there when they were looked at last, if it was something else.
    new: Option<u64>,
}

impl Files {
    /// The files of a configuration, as they are now.
    pub(super) fn of(source: &Source, plan: &Serve) -> Self {
        let paths: Vec<_> = std::iter::once(source.path())
            .chain(plan.files.iter().map(PathBuf::as_path))
            .map(Path::to_path_buf)
            .collect();
        Files { known: print(&paths), paths, new: None }
    }

    /// Looks: whether something else is there than before, and was there the last time as well.
    pub(super) fn changed(&mut self) -> bool {
        let now = print(&self.paths);
        if now == self.known {
            self.new = None;
            return false;
        }
        if self.new.replace(now) != Some(now) {
            return false;
        }
        (self.known, self.new) = (now, None);
        true
    }

    /// What is there now is known.
    pub(super) fn seen(&mut self) {
        (self.known, self.new) = (print(&self.paths), None);
    }
}

/// A number for what is in the files.
fn print(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let length = std::fs::metadata(path).map(|metadata| metadata.len()).ok();
        length.hash(&mut hasher);
        if length.is_some_and(|length| length <= LARGEST) {
            std::fs::read(path).ok().hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_it_stays_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, "1").unwrap();
        let paths = vec![path.clone()];
        let mut files = Files { known: print(&paths), paths, new: None };
        assert!(!files.changed());

        std::fs::write(&path, "2").unwrap();
        let first = files.changed();
        std::fs::write(&path, "3").unwrap();
        let still_changing = files.changed();
        let stays = files.changed();

        assert_eq!((first, still_changing, stays), (false, false, true));
        assert!(!files.changed());
    }

    #[test]
    fn a_change_that_is_taken_back_is_none_and_a_file_that_goes_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, "1").unwrap();
        let paths = vec![path.clone()];
        let mut files = Files { known: print(&paths), paths, new: None };

        std::fs::write(&path, "2").unwrap();
        assert!(!files.changed());
        std::fs::write(&path, "1").unwrap();
        assert!(!files.changed());

        std::fs::remove_file(&path).unwrap();
        assert!(!files.changed());
        assert!(files.changed());
    }
}
