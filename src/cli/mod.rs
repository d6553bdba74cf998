//! The command line: one file a command.
//!
//! stdout is data, stderr is talk. Every command ends with one of four exit codes ([`exit`]), the same ones
//! everywhere.

mod baseline;
mod check;
pub mod exit;
mod explain;
mod figures;
mod folder;
mod fuzz;
mod interrupt;
mod mock;
mod pool;
mod progress;
mod report;
mod run;
mod schema;
mod screen;
mod serve;
mod shrink;
mod ticker;
mod wire_corpus;

use clap::{Parser, Subcommand};

use self::exit::Exit;

/// Test how LLM fallback routers degrade.
///
/// A real router runs against scripted mock providers, in virtual time or over real sockets, and is judged by
/// what its callers got.
#[derive(Debug, Parser)]
#[command(name = "brownout", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 pass; 1 a scenario or promise failed; 2 usage or configuration; 3 inconclusive";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and judge them (default: every scenario below scenarios/)
    Run(run::Args),
    /// Check scenario files and configurations without running them
    Check(check::Args),
    /// Attack the promises with worlds nobody thought of
    Fuzz(fuzz::Args),
    /// Make a scenario that breaks something as small as it still does
    Shrink(shrink::Args),
    /// Put together, or compare, reports of runs that are over
    Report(report::Args),
    /// Show why one request went the way it did
    Explain(explain::Args),
    /// Define the figures of reports and expectations
    Figures(figures::Args),
    /// Serve mock providers on real ports
    Mock(mock::Args),
    /// Serve the router for real traffic
    Serve(serve::Args),
    /// Print the JSON Schema of scenario files or configurations, for editors
    Schema(schema::Args),
    /// Print broken streams of every vendor, for the vendors' packages to read
    #[command(hide = true)]
    WireCorpus(wire_corpus::Args),
}

/// Parses the process's arguments, runs the command, and says how it ended.
#[must_use]
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for usage errors is 2, ours too; help and version are no errors.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Pass };
            drop(error.print());
            return code;
        }
    };
    match cli.command {
        Command::Run(args) => run::command(&args),
        Command::Check(args) => check::command(&args),
        Command::Fuzz(args) => fuzz::command(&args),
        Command::Shrink(args) => shrink::command(&args),
        Command::Report(args) => report::command(&args),
        Command::Explain(args) => explain::command(&args),
        Command::Figures(args) => figures::command(&args),
        Command::Mock(args) => mock::command(&args),
        Command::Serve(args) => serve::command(&args),
        Command::Schema(args) => schema::command(&args),
        Command::WireCorpus(args) => wire_corpus::command(&args),
    }
}
