//! What `brownout run` says: on stdout how it went, on stderr where to look.

use std::path::Path;

use crate::cli::baseline::Side;
use crate::cli::screen;
use crate::judge::Verdict;
use crate::report::suite::Chapter;
use crate::report::{Plan, Suite, terminal};

/// Most names in a message.
const NAMED: usize = 5;

/// Tells how one scenario went: a page when it is the only one of those `planned`, otherwise a line, and the story of a
/// failure. `first` is the first that is told of.
pub(super) fn chapter(chapter: &Chapter, first: bool, quiet: bool, planned: usize) {
    let (width, color) = (screen::width(), screen::stdout_color());
    let judgement = &chapter.account.judgement;
    let alone = planned == 1;
    if !quiet && alone {
        screen::data(&terminal::summary(&chapter.account, width, color));
    } else if !quiet {
        if first {
            screen::data(&format!("{}\n", terminal::status_header(width, color)));
        }
        screen::data(&format!("{}\n", terminal::status_line(chapter, width, color)));
    }
    let failed = chapter.verdict() != Verdict::Pass;
    if failed && quiet {
        // Where nothing was said before, the story needs its title.
        screen::data(&format!("{}\n", terminal::status_line(chapter, width, color)));
    }
    if let Some(seeds) = chapter.seeds.as_ref().filter(|_| !quiet || failed) {
        screen::data(&terminal::seeds(seeds, &judgement.header, alone, width, color));
    }
    if failed {
        screen::data(&format!("\n{}\n", terminal::failure(judgement, width, color)));
    }
    if let Some(diff) = &chapter.diff {
        screen::data(&terminal::diff(diff, terminal::Depth::changed(quiet, alone), width, color));
    }
}

/// The last words.
pub(super) fn end(suite: &Suite, report: Option<&Path>) {
    let (width, color) = (screen::width(), screen::stdout_color());
    if suite.planned == 1 {
        screen::data(&terminal::tally(suite, width, color));
    } else {
        screen::data(&terminal::closing(suite, width, color));
    }
    let diffs: Vec<_> = suite.chapters.iter().filter_map(|chapter| chapter.diff.as_ref()).collect();
    if !diffs.is_empty() {
        screen::data(&terminal::diff_tally(&diffs, width, color));
    }
    if let Some(folder) = report {
        let folder = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
        screen::talk(&format!("reports and histories: {folder}\n"));
    }
}

/// Something that could not be done.
pub(super) fn trouble(message: &str) {
    screen::talk(&format!("error: {message}\n"));
}

/// Which scenarios could not be compared, and which the baseline alone has. Of those that were not to be run nothing is said.
pub(super) fn unpaired(unpaired: &[String], side: &Side, plan: &Plan) {
    if !unpaired.is_empty() {
        screen::talk(&format!("not in the baseline with these seeds: {}\n", some(unpaired)));
    }
    if plan.shard.is_some() {
        return;
    }
    let planned = |name: &&str| plan.scenarios.iter().all(|scenario| scenario.name != *name);
    let gone: Vec<String> = side.scenarios().filter(planned).map(str::to_owned).collect();
    if !gone.is_empty() {
        screen::talk(&format!("in the baseline only: {}\n", some(&gone)));
    }
}

fn some(names: &[String]) -> String {
    let rest = names.len().saturating_sub(NAMED);
    let named = names[..names.len() - rest].join(", ");
    if rest > 0 { format!("{named} and {rest} more") } else { named }
}
