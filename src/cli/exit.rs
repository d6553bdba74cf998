//! Exit codes, the same for every command.

use std::process::ExitCode;

use crate::judge::Verdict;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was kept (0).
    Pass,
    /// A scenario or a promise failed (1).
    Fail,
    /// The command line or a file is wrong; nothing was started (2).
    Usage,
    /// A run proved nothing (3).
    Inconclusive,
}

impl Exit {
    /// The exit code of a set of verdicts: one failure makes it a failure, else one inconclusive run makes it
    /// inconclusive.
    #[must_use]
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        verdicts.into_iter().fold(Exit::Pass, |so_far, verdict| match (so_far, verdict) {
            (Exit::Fail, _) | (_, Verdict::Fail) => Exit::Fail,
            (_, Verdict::Inconclusive) => Exit::Inconclusive,
            (so_far, Verdict::Pass) => so_far,
        })
    }

    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Exit::Pass => 0,
            Exit::Fail => 1,
            Exit::Usage => 2,
            Exit::Inconclusive => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outweighs_an_inconclusive_run_and_that_outweighs_a_pass() {
        use Verdict::{Fail, Inconclusive, Pass};
        assert_eq!(Exit::of([]), Exit::Pass);
        assert_eq!(Exit::of([Pass, Inconclusive, Pass]), Exit::Inconclusive);
        assert_eq!(Exit::of([Inconclusive, Fail, Pass]), Exit::Fail);
    }
}
