//! One file, played again at a depth of choice.

use std::path::Path;

use super::args::Deep;
use super::wire;
use crate::cli::exit::Exit;
use crate::cli::screen;
use crate::fuzz::hunt::Players;
use crate::fuzz::{Case, Coverage, Depth, Doc, save};
use crate::judge::Verdict;
use crate::report::paint::{Paint, tame};
use crate::scenario;

/// Plays a file as a case, and says which promises it breaks.
pub(super) fn command(file: &Path, deep: Deep) -> Exit {
    if file.extension().is_some_and(|end| end == "txt") {
        return wire::replay(file);
    }
    if deep == Deep::Wire {
        let help = "give a file that ends in `.txt`, or another depth";
        return screen::usage(format_args!("`{}` holds no bytes of a reply: {help}", file.display()));
    }
    let case = match load(file) {
        Ok(case) => case,
        Err(exit) => return exit,
    };
    let depths = deep.depth().map_or(Depth::ALL.to_vec(), |depth| vec![depth]);
    let paint = Paint::new(screen::stdout_color());
    let mut exit = Exit::Pass;
    for depth in depths {
        let broken = match Players::own().at(depth).play(&case, &mut Coverage::default()) {
            Ok(broken) => broken,
            Err(error) => {
                return screen::usage(format_args!("`{}` cannot be played: {error}", file.display()));
            }
        };
        if broken.is_empty() {
            screen::data(&format!("{} {depth}: every promise was kept\n", paint.verdict(Verdict::Pass, "✓")));
        }
        for broken in broken {
            let request = broken.request.map(|number| format!("request {number}: ")).unwrap_or_default();
            let head = paint.verdict(Verdict::Fail, &format!("✗ {}", save::promise(&broken)));
            screen::data(&format!("{head} ({depth})\n  {request}{}\n", tame(&broken.what)));
            exit = Exit::Fail;
        }
    }
    exit
}

/// The file as a case: checked by its own name, so that what is wrong with it is said of it.
pub(in crate::cli) fn load(file: &Path) -> Result<Case, Exit> {
    let scenario = scenario::load(file).map_err(|problems| {
        screen::talk(&problems.render(screen::stderr_color()));
        screen::usage("nothing was started")
    })?;
    let text = std::fs::read_to_string(file);
    let doc = text.map_err(|error| error.to_string()).and_then(|text| Doc::read(&text));
    match doc {
        Ok(doc) => Ok(Case { doc, scenario }),
        Err(error) => Err(screen::usage(format_args!("cannot read `{}`: {error}", file.display()))),
    }
}
