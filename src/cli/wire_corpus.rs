//! `brownout wire-corpus`: broken streams as JSON lines, for `tests/sdk/wire`. Not in the help: no user's business.

use std::io::{BufWriter, Write, stdout};

use super::exit::Exit;
use crate::fuzz::wire::corpus::corpus;

/// Which streams.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Streams for the packages of each vendor
    #[arg(long, default_value_t = 300)]
    each: u64,
    /// Seed of all of them
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Prints them.
pub(super) fn command(args: &Args) -> Exit {
    let mut out = BufWriter::new(stdout().lock());
    for exhibit in corpus(args.seed, args.each) {
        let line = serde_json::to_string(&exhibit).expect("an exhibit has only string keys");
        if writeln!(out, "{line}").is_err() {
            return Exit::Usage;
        }
    }
    if out.flush().is_ok() { Exit::Pass } else { Exit::Usage }
}
