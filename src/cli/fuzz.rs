//! `brownout fuzz`: attacks the promises with worlds nobody thought of.

use super::exit::Exit;
use crate::fuzz::Coverage;
use crate::fuzz::hunt::Hunt;
use crate::fuzz::play::simulated;

/// What to attack, and for how long.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Worlds to play
    #[arg(long, default_value_t = 1_000)]
    cases: u64,
    /// Seed of all worlds
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Hunts, and prints what was found.
pub(super) fn command(args: &Args) -> Exit {
    let hunt = Hunt {
        seed: args.seed,
        given: Default::default(),
        from: 0,
        cases: args.cases,
        budget: Default::default(),
    };
    match hunt.run(&simulated::play, &mut Coverage::default()) {
        Ok(None) => Exit::Pass,
        Ok(Some(finding)) => {
            println!("{}", finding.found.doc.yaml());
            println!("{:?}", finding.broken);
            Exit::Fail
        }
        Err(error) => {
            eprintln!("error: {error}");
            Exit::Usage
        }
    }
}
