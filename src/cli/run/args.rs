//! What can be asked of `brownout run`.

use std::path::PathBuf;

use crate::cli::pool;
use crate::report::Format;
use crate::report::plan::Shard;

/// Most seeds of a scenario: each run beyond says next to nothing more about a share.
const SEEDS_MAX: u64 = 10_000;

/// Arguments of `brownout run`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Scenario files, or folders of them
    #[arg(default_value = "scenarios", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Seed of all chance, instead of each file's own
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Run each scenario under so many seeds, from its own on, and judge them all
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX))]
    pub(super) seeds: u64,
    /// Share of a scenario's seeds that has to pass; a broken promise fails with any
    #[arg(long, value_name = "SHARE", default_value = "100%", value_parser = share)]
    pub(super) pass_share: f64,
    /// Only a part of the runs: `1/4` is the first of four
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Shard>,
    /// Run over loopback sockets in real time, instead of simulating
    #[arg(long)]
    pub(super) real_time: bool,
    /// Runs at a time [default: one a core; in real time, one]
    #[arg(long, short, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Only scenarios whose name or path contains this
    #[arg(long, short, value_name = "TEXT")]
    pub(super) filter: Option<String>,
    /// Write reports and the whole history of each run into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<PathBuf>,
    #[command(flatten)]
    pub(super) formats: Formats,
    #[command(flatten)]
    pub(super) baseline: BaselineArgs,
    /// Only failures and the last line
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Which formats a report is written in.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Formats {
    /// Formats of the report, separated by commas
    #[arg(long = "format", value_name = "LIST", value_delimiter = ',', default_value = "json,html,junit,markdown",
        value_parser = Format::parse)]
    pub(in crate::cli) list: Vec<Format>,
}

/// What is compared with, and what follows from it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct BaselineArgs {
    /// Compare with an earlier run: a report folder, a JSON report or a history
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// What a regression does
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Regressions::Fail)]
    pub(in crate::cli) regressions: Regressions,
}

/// What a regression does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Regressions {
    /// It makes the command fail
    Fail,
    /// It is told, no more
    Report,
}

impl Args {
    /// Runs at a time.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(|| if self.real_time { 1 } else { pool::cores() }).max(1)
    }
}

/// `95%` or `0.95`.
fn share(text: &str) -> Result<f64, String> {
    let (digits, unit) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
    match digits.trim().parse::<f64>().map(|number| number / unit) {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a share such as `95%` or `0.95`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_percent_or_as_a_fraction() {
        assert_eq!((share("95%"), share("0.95"), share("100%")), (Ok(0.95), Ok(0.95), Ok(1.0)));
        for wrong in ["", "%", "101%", "95", "-1%", "NaN", "most"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
