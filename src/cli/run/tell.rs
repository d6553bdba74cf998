//! What `brownout run` says: on stdout how it went, on stderr where to look.

use std::path::Path;

use super::args::Args;
use crate::cli::{progress, screen};
use crate::judge::{Judgement, Verdict};
use crate::report::Suite;
use crate::report::suite::Chapter;
use crate::report::terminal;

/// Tells how one scenario went: a page when it is the only one of those `planned`, otherwise a line, and the story of a
/// failure. `first` is the first that is told of.
pub(super) fn chapter(chapter: &Chapter, first: bool, args: &Args, planned: usize) {
    progress::erase();
    let (width, color) = (screen::width(), screen::stdout_color());
    let judgement = &chapter.account.judgement;
    let alone = planned == 1;
    if !args.quiet && alone {
        screen::data(&terminal::summary(judgement, width, color));
    } else if !args.quiet {
        if first {
            screen::data(&format!("{}\n", terminal::status_header(width, color)));
        }
        screen::data(&format!("{}\n", terminal::status_line(judgement, width, color)));
    }
    let failed = chapter.verdict() != Verdict::Pass;
    if failed && args.quiet {
        // Where nothing was said before, the story needs its title.
        screen::data(&terminal::status_line(judgement, width, color));
    }
    if let Some(seeds) = chapter.seeds.as_ref().filter(|_| !args.quiet || failed) {
        screen::data(&terminal::seeds(seeds, &judgement.header, alone, width, color));
    }
    if failed {
        screen::data(&format!("\n{}\n", terminal::failure(judgement)));
    }
}

/// The last words.
pub(super) fn end(suite: &Suite, report: Option<&Path>) {
    let (width, color) = (screen::width(), screen::stdout_color());
    let judgements: Vec<Judgement> =
        suite.chapters.iter().map(|chapter| chapter.account.judgement.clone()).collect();
    if suite.planned == 1 {
        screen::data(&terminal::tally(&judgements, suite.planned, width, color));
    } else {
        screen::data(&terminal::closing(&judgements, suite.planned, width, color));
    }
    if let Some(folder) = report {
        let folder = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
        screen::talk(&format!("reports and histories: {folder}\n"));
    }
}
