//! `brownout report diff`: two runs of the same scenarios, side by side.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::baseline::Side;
use crate::cli::exit::Exit;
use crate::cli::folder::FolderError;
use crate::cli::{pool, screen};
use crate::judge::Sheet;
use crate::judge::diff::{Change, Diff, PAIRS_MIN, Sample};
use crate::report::terminal::{self, Depth};

/// Version of the comparison as `--json` prints it.
const FORMAT_VERSION: u32 = 1;

/// Arguments of `brownout report diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Before: a report folder, a JSON report or a history
    #[arg(value_name = "A")]
    before: PathBuf,
    /// After: the same
    #[arg(value_name = "B")]
    after: PathBuf,
    /// Every figure, also those that stayed the same
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Both sides, compared.
#[derive(Debug, Serialize)]
struct Document<'a> {
    format: &'static str,
    format_version: u32,
    /// The weightiest change of all.
    change: Change,
    scenarios: &'a [Diff],
    /// Scenarios that only one side has.
    before_only: Vec<&'a str>,
    after_only: Vec<&'a str>,
    /// Scenarios without a seed in common.
    unpaired: &'a [String],
}

/// Runs the command: 1 when anything got worse.
pub(super) fn command(args: &Args) -> Exit {
    let sides = Side::open(&args.before).and_then(|before| Ok((before, Side::open(&args.after)?)));
    let compared =
        sides.and_then(|(before, after)| compare(&before, &after).map(|found| (before, after, found)));
    let (before, after, (diffs, unpaired)) = match compared {
        Ok(compared) => compared,
        Err(error) => return screen::usage(error),
    };
    let change = diffs.iter().map(|diff| diff.change).max().unwrap_or(Change::Same);
    let document = Document {
        format: "brownout-diff",
        format_version: FORMAT_VERSION,
        change,
        scenarios: &diffs,
        before_only: before.scenarios().filter(|name| after.seeds(name).is_empty()).collect(),
        after_only: after.scenarios().filter(|name| before.seeds(name).is_empty()).collect(),
        unpaired: &unpaired,
    };
    if args.json {
        let text = serde_json::to_string_pretty(&document).expect("keys are strings and numbers are finite");
        screen::data(&format!("{text}\n"));
    } else {
        tell(&document, args, (&before, &after));
    }
    if diffs.is_empty() {
        return screen::usage("there is nothing to compare: no scenario has a seed on both sides");
    }
    if change == Change::Worse { Exit::Fail } else { Exit::Pass }
}

/// Every scenario that both sides have, in the order of `after`; and those that have no seed in common.
fn compare(before: &Side, after: &Side) -> Result<(Vec<Diff>, Vec<String>), FolderError> {
    let shared: Vec<&str> = after.scenarios().filter(|name| !before.seeds(name).is_empty()).collect();
    let (mut diffs, mut unpaired, mut failed) = (Vec::new(), Vec::new(), None);
    let mut names = shared.iter();
    pool::in_order(
        &shared,
        pool::cores(),
        |name| scenario(before, after, name),
        |result| match (result, names.next()) {
            (Ok(Some(diff)), _) => diffs.push(diff),
            (Ok(None), name) => unpaired.extend(name.map(|name| (*name).to_owned())),
            (Err(error), _) => failed = failed.take().or(Some(error)),
        },
    );
    failed.map_or_else(|| Ok((diffs, unpaired)), Err)
}

fn scenario(before: &Side, after: &Side, name: &str) -> Result<Option<Diff>, FolderError> {
    let theirs = before.seeds(name);
    let shared: Vec<u64> = after.seeds(name).into_iter().filter(|seed| theirs.contains(seed)).collect();
    let wanted = shared.len() < PAIRS_MIN;
    let (mut befores, mut afters): (Vec<Sheet>, Vec<Sheet>) = Default::default();
    let mut samples: Vec<(Sample, Sample)> = Vec::new();
    for seed in shared {
        let pair = before.read(name, seed, wanted)?.zip(after.read(name, seed, wanted)?);
        if let Some(((before, theirs), (after, ours))) = pair {
            befores.push(before);
            afters.push(after);
            samples.extend(theirs.zip(ours));
        }
    }
    Ok(Diff::of(&befores, &afters, &samples))
}

fn tell(document: &Document<'_>, args: &Args, (before, after): (&Side, &Side)) {
    let (width, color) = (screen::width(), screen::stdout_color());
    let alone = document.scenarios.len() == 1;
    let depth = if args.all { Depth::All } else { Depth::changed(false, alone) };
    for diff in document.scenarios {
        screen::data(&terminal::diff(diff, depth, width, color));
    }
    for (what, names) in [("before", &document.before_only), ("after", &document.after_only)] {
        for name in names {
            screen::data(&format!("  ! {name}: {what} only\n"));
        }
    }
    for name in document.unpaired {
        let seeds = |side: &Side| side.seeds(name).iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        screen::data(&format!(
            "  ! {name}: no seed in common (before {}, after {})\n",
            seeds(before),
            seeds(after)
        ));
    }
    let diffs: Vec<&Diff> = document.scenarios.iter().collect();
    if !diffs.is_empty() {
        screen::data(&terminal::diff_tally(&diffs, width, color));
    }
}
