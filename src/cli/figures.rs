//! `brownout figures`: what a figure counts, so that nobody has to guess.

use super::exit::Exit;
use super::screen;
use crate::history::figure::{self, FIGURES, STATS};
use crate::report::terminal;

/// Arguments of `brownout figures`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A figure (`availability`, `latency.first_token`) [default: a list of all]
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Prints a definition, or the list.
pub(super) fn command(args: &Args) -> Exit {
    let (width, color) = (screen::width(), screen::stdout_color());
    let Some(name) = &args.name else {
        screen::data(&terminal::figures(width, color));
        return Exit::Pass;
    };
    // In an expectation a statistic may stand behind the name.
    let bare = STATS.iter().find_map(|stat| name.strip_suffix(stat)?.strip_suffix('.'));
    if let Some(figure) = figure::find(name).or_else(|| figure::find(bare?)) {
        screen::data(&terminal::figure(figure, width, color));
        return Exit::Pass;
    }
    let near = figure::nearest(name, FIGURES.iter().map(|figure| figure.name));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    screen::usage(format_args!("no figure `{name}`{near} (`brownout figures` lists all)"))
}
