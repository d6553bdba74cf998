//! What was found of a defect, as an ordinary scenario file whose head says how.

use std::path::PathBuf;

use brownout::fuzz::{Broken, Case, Depth, Doc};
use brownout::router::seam::Defect;

/// What was found of a defect.
#[derive(Clone, Debug, PartialEq)]
pub struct Caught {
    /// Which one.
    pub defect: Defect,
    /// How deep it shows.
    pub depth: Depth,
    /// The number of the world, of seed 0, in which it was; none for a scenario that somebody wrote.
    pub world: Option<u64>,
    /// Cases played to make that one small.
    pub tries: u32,
    /// What the small one breaks.
    pub broken: Broken,
    /// The small one.
    pub case: Case,
    /// The promise that breaks on the pure core alone, and after how many worlds; none where nothing does.
    pub core: Option<(String, u64)>,
}

impl Caught {
    /// Where the scenario of a defect is kept.
    #[must_use]
    pub fn path(defect: Defect) -> PathBuf {
        crate::root().join("tests/zoo/caught").join(format!("{}.yaml", defect.name()))
    }

    /// As a file.
    #[must_use]
    pub fn text(&self) -> String {
        let Caught { defect, depth, world, tries, broken, case, core } = self;
        let (name, about) = (defect.name(), defect.about());
        let Broken { promise, what, .. } = broken;
        let world =
            world.map_or_else(|| "A scenario written by hand".to_owned(), |n| format!("World {n} of seed 0"));
        let core = core.as_ref().map_or_else(String::new, |(promise, worlds)| {
            format!("# On the pure core it breaks {promise} within {worlds} worlds.\n")
        });
        format!(
            "# {name}: {about}\n# Breaks {promise} at depth {depth}: {what}\n# {world}, made small in {tries} tries.\n{core}\
             # Play it again: cargo run -p zoo -- play {name}\n{}",
            case.doc.yaml()
        )
    }

    /// From a file's text.
    ///
    /// # Errors
    ///
    /// What of it is not as [`Caught::text`] writes it.
    pub fn read(defect: Defect, text: &str) -> Result<Caught, String> {
        let wrong = |what: &str| {
            format!("`{}`: {what}; write it anew with `cargo run --release -p zoo -- --write`", defect.name())
        };
        let mut lines = text.lines();
        let first = lines.next().and_then(|line| line.strip_prefix("# "));
        if first != Some(&format!("{}: {}", defect.name(), defect.about())) {
            return Err(wrong("the first line is not the defect's name and what it does"));
        }
        let breaks = lines.next().and_then(|line| {
            let (promise, rest) = line.strip_prefix("# Breaks ")?.split_once(" at depth ")?;
            let (depth, what) = rest.split_once(": ")?;
            let depth = [Depth::Engine, Depth::Simulated].into_iter().find(|known| known.name() == depth)?;
            Some((promise, depth, what))
        });
        let (promise, depth, what) = breaks
            .ok_or_else(|| wrong("the second line does not say which promise it breaks, and how deep"))?;
        let numbers = lines.next().and_then(|line| {
            let (world, rest) = line.strip_prefix("# ")?.split_once(", made small in ")?;
            let number = world.strip_prefix("World ").and_then(|world| world.strip_suffix(" of seed 0"));
            Some((number.and_then(|number| number.parse().ok()), rest.split_once(" tries.")?.0.parse().ok()?))
        });
        let (world, tries) =
            numbers.ok_or_else(|| wrong("the third line does not say in which world it was found"))?;
        let core = lines.next().and_then(|line| {
            let (promise, rest) =
                line.strip_prefix("# On the pure core it breaks ")?.split_once(" within ")?;
            Some((promise.to_owned(), rest.split_once(" worlds.")?.0.parse().ok()?))
        });
        let doc = Doc::read(text).map_err(|error| wrong(&format!("it is not YAML: {error:?}")))?;
        let case = Case::new(doc).map_err(|problems| wrong(&problems.to_string()))?;
        let broken = Broken { promise: promise.to_owned(), what: what.to_owned(), request: None };
        Ok(Caught { defect, depth, world, tries, broken, case, core })
    }

    /// From its file.
    ///
    /// # Errors
    ///
    /// That there is none, or as [`Caught::read`].
    pub fn load(defect: Defect) -> Result<Caught, String> {
        let path = Caught::path(defect);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("`{}` has no scenario in tests/zoo/caught: {error}", defect.name()))?;
        Caught::read(defect, &text)
    }
}
