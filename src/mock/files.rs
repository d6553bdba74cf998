//! How many files a process may have open: every connection is one. Shells hand out a soft limit of 1,024 for the sake
//! of old programs; whoever can do with more is meant to ask for it, up to the hard limit.

use std::io;

/// Raises this process's soft limit of open files as far as the system lets it, and gives the limit that now holds;
/// none where there is no limit, or none is known.
///
/// # Errors
///
/// When the system refuses what it said it allows.
#[cfg(unix)]
pub fn raise_file_limit() -> io::Result<Option<u64>> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return Ok(current);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => Ok(maximum),
        // macOS says "infinity" and refuses it: what was there before is still there.
        Err(_) if maximum.is_none() => Ok(current),
        Err(error) => Err(error.into()),
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub fn raise_file_limit() -> io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
        // A second time there is nothing left to raise.
        for _ in 0..2 {
            let limit = raise_file_limit().expect("an ordinary process may");
            assert!(hard.is_none() || limit == hard, "{limit:?} of {hard:?}");
        }
    }
}
