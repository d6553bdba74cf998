//! What came of a hunt: what was met, what was asked, and every finding with its scenario.

use std::time::Duration;

use super::{Kept, coverage};
use crate::fuzz::hunt::{Caught, Outcome};
use crate::fuzz::play::engine::CASES;
use crate::fuzz::shrink::Size;
use crate::fuzz::{Depth, save};
use crate::judge::{Verdict, plural};
use crate::report::paint::{Paint, glyph, show_seconds, tame, thousands, wrap};

/// A hunt that is over.
pub(super) struct Page<'a> {
    pub(super) outcome: &'a Outcome,
    /// The findings' texts, in their order.
    pub(super) kept: &'a [Kept],
    /// Findings and the last line alone.
    pub(super) quiet: bool,
    pub(super) width: usize,
    pub(super) color: bool,
}

impl Page<'_> {
    pub(super) fn text(&self) -> String {
        let paint = Paint::new(self.color);
        let mut text = String::new();
        if !self.quiet && self.outcome.played != [0; 3] {
            text.push_str(&coverage::picture(&self.outcome.coverage, self.width, paint));
            text.push('\n');
            text.push_str(&coverage::asked(&self.outcome.coverage, self.width, paint));
            text.push('\n');
        }
        for (caught, kept) in self.outcome.caught.iter().zip(self.kept) {
            text.push_str(&self.finding(caught, kept, paint));
            text.push('\n');
        }
        text + &self.verdict(paint)
    }

    /// What broke, how, how small it is by now, the scenario itself, and how to play it again.
    fn finding(&self, caught: &Caught, kept: &Kept, paint: Paint) -> String {
        let finding = &caught.finding;
        let title = format!("{} {}", glyph(Verdict::Fail), save::promise(&finding.shown));
        let mut text = paint.verdict(Verdict::Fail, &title) + "\n";
        let mut say = |words: &str| {
            for line in wrap(&tame(words), self.width.saturating_sub(2)) {
                text.push_str(&format!("  {line}\n"));
            }
        };
        say(&finding.shown.what);
        let number = thousands(finding.number);
        let also = match caught.also.as_slice() {
            [] => String::new(),
            others => format!("; it also broke {}", others.join(", ")),
        };
        say(&format!("found by case {number}, {}{also}", depth(caught.found_at)));
        let (before, after) = (Size::of(&finding.found), Size::of(&finding.shrunk.case));
        let tries = plural_of(finding.shrunk.tries.into(), "try");
        say(&format!("made small in {tries}: {} -> {}", size(&before), size(&after)));
        match &kept.saved {
            Some(Ok(path)) => {
                let file = path.display().to_string();
                say(&format!("saved as {file}"));
                text.push_str(&format!("  replay: {}\n", save::replay(&file, caught.depth)));
            }
            Some(Err(error)) => say(&format!("not saved: {error}")),
            None => say("`--save DIR` writes it down"),
        }
        text.push('\n');
        for line in kept.text.lines() {
            text.push_str(&format!("    {line}\n"));
        }
        text
    }

    /// `✓ nothing found in 10,000 cases: …`.
    fn verdict(&self, paint: Paint) -> String {
        let Outcome { caught, played, stopped, .. } = self.outcome;
        let cases = plural_of(played.iter().sum(), "case");
        let parts = Depth::ALL.into_iter().zip(played).filter(|(_, played)| **played > 0);
        let part = |(at, played): (Depth, &u64)| {
            let seeds = if at == Depth::Engine { format!(" with {CASES} seeds each") } else { String::new() };
            format!("{} {}{seeds}", thousands(*played), depth(at))
        };
        let parts: Vec<String> = parts.map(part).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let (verdict, words) = match (caught.len(), *stopped || played.iter().all(|played| *played == 0)) {
            (0, false) => (Verdict::Pass, "nothing found".to_owned()),
            (0, true) => (Verdict::Inconclusive, "nothing found so far".to_owned()),
            (found, _) => (Verdict::Fail, format!("{} broken", plural(found as u64, "promise"))),
        };
        let words = format!("{} {words} in {cases}{parts}", glyph(verdict));
        paint.verdict(verdict, &words) + "\n"
    }
}

/// How fast it was, of which the page says nothing: the same hunt is the same page.
pub(super) fn speed(outcome: &Outcome, took: Duration) -> String {
    let cases: u64 = outcome.played.iter().sum();
    let slowest = outcome.caught.iter().map(|caught| caught.took).max();
    let hunted = took.saturating_sub(slowest.unwrap_or_default()).as_secs_f64();
    let rate = thousands((cases as f64 / hunted.max(1e-3)) as u64);
    let cases = plural_of(cases, "case");
    let small =
        slowest.map(|took| format!(", and {} to make findings small", show_seconds(took.as_secs_f64())));
    format!("{cases} in {} ({rate} a second){}", show_seconds(hunted), small.unwrap_or_default())
}

const fn depth(depth: Depth) -> &'static str {
    match depth {
        Depth::Engine => "on the core alone",
        Depth::Simulated => "simulated",
        Depth::Sockets => "over sockets",
    }
}

fn size(size: &Size) -> String {
    let parts =
        [(size.requests, "request"), (size.faults as u64, "fault"), (size.providers as u64, "provider")];
    parts.map(|(count, what)| plural(count, what)).join(", ")
}

fn plural_of(count: u64, what: &str) -> String {
    let many = what.strip_suffix('y').map_or_else(|| format!("{what}s"), |stem| format!("{stem}ies"));
    format!("{} {}", thousands(count), if count == 1 { what.to_owned() } else { many })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::fuzz::coverage::{Asked, Path, Standing, State};
    use crate::fuzz::hunt::Finding;
    use crate::fuzz::shrink::Shrunk;
    use crate::fuzz::{Broken, Case, Coverage, Doc};

    fn case(requests: u64) -> Case {
        let text = format!(
            "providers: {{ p: {{ dialect: openai }} }}
router: {{ models: {{ m: {{ provider: p }} }}, routes: {{ r: {{ chain: [m] }} }} }}
load: [{{ route: r, rate: 1/s, for: {requests}s }}]
"
        );
        Case::new(Doc::read(&text).expect("YAML")).expect("a scenario")
    }

    fn caught() -> Caught {
        let what = "asked again 2s before the wait was over".to_owned();
        let broken = Broken { promise: "I10".to_owned(), what, request: Some(0) };
        Caught {
            found_at: Depth::Sockets,
            depth: Depth::Simulated,
            finding: Finding {
                number: 1_234,
                found: case(20),
                broken: broken.clone(),
                shrunk: Shrunk { case: case(1), tries: 812, finished: true },
                shown: broken,
            },
            also: vec!["I12".to_owned()],
            took: Duration::from_millis(800),
        }
    }

    fn page(
        caught: Vec<Caught>,
        saved: Option<Result<&str, &str>>,
        played: [u64; 3],
        stopped: bool,
    ) -> String {
        let mut coverage = Coverage::default();
        let state = State { asked: Asked::First, standing: Standing::Open, path: Path::Plain };
        coverage.meet("reset", state);
        let saved = || saved.map(|saved| saved.map(PathBuf::from).map_err(std::io::Error::other));
        let kept = caught.iter().map(|_| Kept { text: "name: a\n".to_owned(), saved: saved() });
        let (kept, outcome) = (kept.collect::<Vec<_>>(), Outcome { caught, coverage, played, stopped });
        Page { outcome: &outcome, kept: &kept, quiet: true, width: 80, color: false }.text()
    }

    #[test]
    fn a_finding_is_told_with_what_it_takes_to_see_it_again() {
        insta::assert_snapshot!(page(vec![caught()], Some(Ok("found/a.yaml")), [8, 2, 1], false), @r"
        ✗ I10 server-directed-wait
          asked again 2s before the wait was over
          found by case 1,234, over sockets; it also broke I12
          made small in 812 tries: 19 requests, 0 faults, 1 provider -> 1 request, 0
          faults, 1 provider
          saved as found/a.yaml
          replay: brownout run found/a.yaml

            name: a

        ✗ 1 promise broken in 11 cases: 8 on the core alone with 16 seeds each, 2 simulated, 1 over sockets
        ");
        let unsaved = page(vec![caught()], None, [0, 1_500, 0], false);
        assert!(unsaved.contains("`--save DIR` writes it down") && !unsaved.contains("replay:"), "{unsaved}");
        assert!(unsaved.ends_with("✗ 1 promise broken in 1,500 cases: 1,500 simulated\n"), "{unsaved}");
        // A disk that has filled up takes the file, and not the finding.
        let lost = page(vec![caught()], Some(Err("no space left")), [0, 1, 0], false);
        assert!(lost.contains("  not saved: no space left\n\n    name: a\n"), "{lost}");
    }

    #[test]
    fn a_hunt_without_findings_says_what_that_is_worth() {
        assert_eq!(page(Vec::new(), None, [0, 1, 0], false), "✓ nothing found in 1 case: 1 simulated\n");
        assert_eq!(
            page(Vec::new(), None, [0, 9, 0], true),
            "? nothing found so far in 9 cases: 9 simulated\n"
        );
        assert_eq!(page(Vec::new(), None, [0; 3], false), "? nothing found so far in 0 cases\n");
    }
}
