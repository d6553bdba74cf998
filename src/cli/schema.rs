//! `brownout schema`: the JSON Schema of the YAML files.

use super::exit::Exit;
use super::screen;
use crate::scenario;

/// Arguments of `brownout schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of which files
    #[arg(value_enum, default_value_t = Kind::Scenario)]
    kind: Kind,
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// Scenarios
    Scenario,
    /// Configurations of `brownout serve`
    Serve,
}

/// Prints the schema.
pub(super) fn command(args: &Args) -> Exit {
    let schema = match args.kind {
        Kind::Scenario => scenario::schema(),
        Kind::Serve => scenario::serve_schema(),
    };
    screen::data(&format!("{schema:#}\n"));
    Exit::Pass
}
