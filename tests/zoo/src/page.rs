//! `docs/zoo.md`: the table of all defects, from their rows and from what was found of them.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::caught::Caught;
use crate::rows::Row;

const HEAD: &str = "\
# The zoo of broken routers

A harness that finds nothing proves something only if it would have found what is there. Each of these is the real router with one
small, plausible defect, at a seam that only the package `tests/zoo` compiles. Each is hunted with the worlds and the settings that
`brownout fuzz` has by default, from world 0 of seed 0 on, until a promise breaks; then that world is made small. As there, worlds
are played whole and on the pure core alone: here some whole, then the same ones on the core, then more whole. What is left is
in `tests/zoo/caught/`, and is played again by `cargo test -p zoo`, with the defect and without it. This page is made by

```
cargo run --release -p zoo -- --write
```

The other half of the proof is that nothing is found in the router as it is: `cargo run --release -p zoo -- healthy` plays 100,000 cases of
the core and 20,000 worlds whole; `cargo run --release -p zoo -- ci` plays all of the files below and a share of the healthy worlds, and is
what a build server runs.

*Breaks* are the promises ([invariants.md](invariants.md)) that the defect may be caught by, the one it was caught by in bold. *Like* are
failures of real routers ([field.md](field.md)). *Worlds* is how many were played until it was caught, *tries* how many to
make that one small; then what is left of it: requests, faults, providers, lines. *Core* is what breaks on the pure core alone
(`brownout fuzz --depth engine`), and within how many worlds; what has no bytes, bills or tasks in it cannot be seen there.

";

/// Where the page is.
#[must_use]
pub fn path() -> PathBuf {
    crate::root().join("docs/zoo.md")
}

/// The page. Defects and what was found of them are in the same order.
#[must_use]
pub fn page(found: &[(&Row, Option<Caught>)]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| defect | what it does | breaks | like | depth | worlds | tries | requests | faults | providers | lines | core |\n");
    page.push_str("|---|---|---|---|---|--:|--:|--:|--:|--:|--:|---|\n");
    for (row, caught) in found {
        line(&mut page, row, caught.as_ref());
    }
    let hunted = found
        .iter()
        .filter(|(_, caught)| caught.as_ref().is_some_and(|caught| caught.world.is_some()))
        .count();
    let sizes: Vec<Size> = found.iter().filter_map(|(_, caught)| caught.as_ref()).map(Size::of).collect();
    let middle = |of: fn(&Size) -> usize| median(sizes.iter().map(of).collect());
    let _ = writeln!(
        page,
        "\nThe hunt catches {hunted} of {}. In the median a scenario that shows one has {} and {}, at {}, in {} lines.",
        found.len(),
        count(middle(|size| size.requests), "request"),
        count(middle(|size| size.faults), "fault"),
        count(middle(|size| size.providers), "provider"),
        middle(|size| size.lines),
    );
    page
}

fn line(page: &mut String, row: &Row, caught: Option<&Caught>) {
    let by = caught.map(|caught| caught.broken.promise.as_str());
    let name =
        |promise: &str| if by == Some(promise) { format!("**{promise}**") } else { promise.to_owned() };
    let mut breaks: Vec<String> = row.breaks.iter().map(|promise| name(promise)).collect();
    breaks
        .extend(by.filter(|promise| !row.names(promise)).map(|promise| format!("**{promise}** (unrelated)")));
    let scenario = match caught {
        Some(_) => format!("[{0}](../tests/zoo/caught/{0}.yaml)", row.defect.name()),
        None => row.defect.name().to_owned(),
    };
    let found = caught.map_or("not caught | | | | | | | |".to_owned(), |caught| {
        let size = Size::of(caught);
        let Size { requests, faults, providers, lines } = size;
        let world = caught.world.map_or_else(|| "by hand".to_owned(), |number| (number + 1).to_string());
        let core = caught
            .core
            .as_ref()
            .map_or_else(String::new, |(promise, worlds)| format!("{promise} in {worlds}"));
        format!(
            "{} | {} | {} | {requests} | {faults} | {providers} | {lines} | {core} |",
            caught.depth, world, caught.tries
        )
    });
    let _ = writeln!(
        page,
        "| {scenario} | {} | {} | {} | {found}",
        row.defect.about(),
        breaks.join(", "),
        row.like.join(", ")
    );
}

/// What a scenario asks of its reader.
struct Size {
    requests: usize,
    faults: usize,
    providers: usize,
    lines: usize,
}

impl Size {
    fn of(caught: &Caught) -> Size {
        let case = &caught.case;
        Size {
            requests: usize::try_from(case.requests()).unwrap_or(usize::MAX),
            faults: case.faults(),
            providers: case.scenario.providers.len(),
            lines: case.doc.yaml().lines().count(),
        }
    }
}

fn median(mut sizes: Vec<usize>) -> usize {
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or_default()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
