//! `brownout report`: what can be done with runs that are over.

mod diff;
mod merge;
mod render;

use super::exit::Exit;

/// Arguments of `brownout report`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Put the report folders of all parts of a suite (`run --shard`) together
    Merge(merge::Args),
    /// Compare two runs of the same scenarios, and tell regressions from noise
    Diff(diff::Args),
    /// Make further formats of runs that are over
    Render(render::Args),
}

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    match &args.command {
        Command::Merge(args) => merge::command(args),
        Command::Diff(args) => diff::command(args),
        Command::Render(args) => render::command(args),
    }
}
