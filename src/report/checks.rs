//! Everything that one scenario was checked for, one by one: what a test report lists.

use super::{Chapter, command, terminal};
use crate::history::Header;
use crate::judge::diff::{Change, Diff, FigureDiff};
use crate::judge::seeds::Seeds;
use crate::judge::{ExpectationResult, Judgement, PromiseResult, Reason, ScriptedResult, Verdict, plural};

/// Witnesses told for a broken promise; the first with its whole story.
const WITNESSES: usize = 5;

/// Columns a story is told on, where no terminal says.
const STORY_COLUMNS: usize = 120;

/// Figures listed of a regression.
const FIGURES: usize = 20;

/// One thing that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// What kind of thing.
    pub(crate) kind: CheckKind,
    /// What had to be so, on one line.
    pub(crate) name: String,
    /// Whether it was.
    pub(crate) verdict: Verdict,
    /// What was found, on one line.
    pub(crate) found: String,
    /// What a reader needs to go on; lines. Empty for what was kept.
    pub(crate) detail: String,
    /// Line and column in the scenario's file, from 1; where the check was written down.
    pub(crate) place: Option<(u32, u32)>,
}

/// Kinds of checks, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CheckKind {
    /// A promise that holds in every world.
    Promise,
    /// A threshold.
    Expectation,
    /// A request written down one by one.
    Scripted,
    /// The share of seeds that had to pass.
    Seeds,
    /// No figure worse than the baseline's.
    Baseline,
    /// Whether the run proved anything.
    Run,
}

impl CheckKind {
    /// Its name in formats.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            CheckKind::Promise => "promise",
            CheckKind::Expectation => "expectation",
            CheckKind::Scripted => "scripted",
            CheckKind::Seeds => "seeds",
            CheckKind::Baseline => "baseline",
            CheckKind::Run => "run",
        }
    }
}

/// Everything `chapter` was checked for, the run itself first. At least one of them has the chapter's verdict.
pub(crate) fn checks(chapter: &Chapter) -> Vec<Check> {
    let judgement = &chapter.account.judgement;
    let promises = judgement.promises.iter().filter(|promise| promise.checked > 0 || promise.violations > 0);
    let mut checks: Vec<Check> = promises.map(|promise| of_promise(judgement, promise)).collect();
    checks.extend(judgement.expectations.iter().map(of_expectation));
    checks.extend(judgement.scripted.iter().map(|result| of_scripted(judgement, result)));
    checks.extend(chapter.seeds.as_ref().map(of_seeds));
    checks.extend(chapter.diff.as_ref().map(of_diff));
    checks.insert(0, of_run(chapter, &checks));
    checks
}

fn kept(kind: CheckKind, name: String, found: String) -> Check {
    Check { kind, name, verdict: Verdict::Pass, found, detail: String::new(), place: None }
}

fn of_promise(judgement: &Judgement, promise: &PromiseResult) -> Check {
    let name = format!("{} {}", promise.id, promise.name);
    let checked = plural(promise.checked, "request");
    if promise.violations == 0 {
        return kept(CheckKind::Promise, name, format!("kept by {checked}"));
    }
    let first = promise.witnesses.first().map_or("", |witness| witness.what.as_str());
    let mut detail = String::new();
    for witness in promise.witnesses.iter().take(WITNESSES) {
        detail.push_str(&witness.what);
        detail.push('\n');
    }
    let blamed = promise.witnesses.first().and_then(|witness| witness.number);
    detail.push_str(&story(judgement, blamed));
    Check {
        verdict: Verdict::Fail,
        detail,
        ..kept(CheckKind::Promise, name, format!("broken by {} of {checked}: {first}", promise.violations))
    }
}

fn of_expectation(result: &ExpectationResult) -> Check {
    let name = format!("expect {}", result.expectation.text);
    let check = kept(CheckKind::Expectation, name, result.explanation.clone());
    Check { verdict: result.verdict, ..check }
}

fn of_scripted(judgement: &Judgement, result: &ScriptedResult) -> Check {
    let name = format!("scripted request {}", result.expectation.number);
    if result.verdict == Verdict::Pass {
        return kept(CheckKind::Scripted, name, "went as scripted".to_owned());
    }
    let differences: Vec<_> = result.mismatches.iter().map(|mismatch| mismatch.what.as_str()).collect();
    let mut detail = String::new();
    for mismatch in &result.mismatches {
        let (what, expected, actual) = (&mismatch.what, &mismatch.expected, &mismatch.actual);
        detail.push_str(&format!("{what}\n  expected  {expected}\n  actual    {actual}\n"));
    }
    detail.push_str(&story(judgement, Some(result.expectation.number)));
    let found = format!("went another way: differs in {}", differences.join(", "));
    Check { verdict: result.verdict, detail, ..kept(CheckKind::Scripted, name, found) }
}

/// The life of a request that was kept in full.
fn story(judgement: &Judgement, number: Option<u64>) -> String {
    let record = number.and_then(|number| judgement.record(number));
    record.map_or_else(String::new, |record| terminal::story(record, &judgement.header, STORY_COLUMNS))
}

fn of_seeds(seeds: &Seeds) -> Check {
    let runs = seeds.runs.len();
    let name = format!("passes under {} of {}", share(seeds.wanted), plural(runs as u64, "seed"));
    let (low, high) = seeds.interval;
    let found = format!(
        "{} of {runs} passed ({}; 95% interval {}..{})",
        seeds.passed,
        share(seeds.share),
        share(low),
        share(high)
    );
    let lost = seeds.runs.iter().filter(|run| run.verdict != Verdict::Pass);
    let lost = lost.map(|run| {
        let reason = run.reason.as_deref().unwrap_or("no reason was given");
        format!("seed {}: {}: {reason}\n", run.seed, run.verdict.name())
    });
    Check { verdict: seeds.verdict, detail: lost.collect(), ..kept(CheckKind::Seeds, name, found) }
}

fn of_diff(diff: &Diff) -> Check {
    let name = "no worse than the baseline".to_owned();
    let worse: Vec<&FigureDiff> =
        diff.figures.iter().filter(|figure| figure.change == Change::Worse).collect();
    if worse.is_empty() {
        let pairs = plural(diff.seeds.len() as u64, "pair");
        return kept(CheckKind::Baseline, name, format!("no figure is worse ({pairs} of runs)"));
    }
    let lines = worse.iter().take(FIGURES).map(|figure| {
        format!("{} during {}: {} -> {}\n", figure.name, figure.phase, figure.before, figure.after)
    });
    Check {
        verdict: Verdict::Fail,
        detail: lines.collect(),
        ..kept(CheckKind::Baseline, name, format!("{} worse", plural(worse.len() as u64, "figure")))
    }
}

fn share(share: f64) -> String {
    super::paint::percent(Some(share))
}

/// Whether the run proved anything; and whatever reasons nothing else among `others` speaks for.
fn of_run(chapter: &Chapter, others: &[Check]) -> Check {
    let judgement = &chapter.account.judgement;
    let verdict = chapter.verdict();
    let spoken_for = others.iter().any(|check| check.verdict == verdict);
    let own = |reason: &&Reason| {
        let unmeasured = judgement.expectations.iter().filter(|result| result.verdict != Verdict::Pass);
        let texts = unmeasured.map(|result| format!("`{}`", result.expectation.text));
        let elsewhere = texts.into_iter().any(|text| reason.what.starts_with(&text));
        let given_up = judgement.given_up() == Some(*reason);
        given_up || (reason.verdict == Verdict::Inconclusive && !elsewhere)
    };
    let mut reasons: Vec<&Reason> = judgement.reasons.iter().filter(own).collect();
    if reasons.is_empty() && verdict != Verdict::Pass && !spoken_for {
        reasons = judgement.reasons.iter().collect();
    }
    let name = "the run is valid".to_owned();
    match reasons.first() {
        Some(first) => {
            let detail = reasons.iter().map(|reason| format!("{}\n  {}\n", reason.what, reason.help));
            let check = kept(CheckKind::Run, name, first.what.clone());
            Check { verdict: first.verdict, detail: detail.collect(), ..check }
        }
        None if verdict != Verdict::Pass && !spoken_for => {
            Check { verdict, ..kept(CheckKind::Run, name, verdict.name().to_owned()) }
        }
        None => {
            let requests = plural(judgement.whole.requests, "request");
            kept(CheckKind::Run, name, format!("{requests} judged"))
        }
    }
}

/// The lines that end every account of what went wrong: how to see it again.
pub(crate) fn reproduce(judgement: &Judgement) -> String {
    let (again, closer) = (command::again(&judgement.header), command::closer(judgement));
    if again == closer {
        format!("reproduce: {again}\n")
    } else {
        format!("reproduce: {again}\nlook closer: {closer}\n")
    }
}

/// Where a check was written down: `scenarios/outage.yaml:12:5`.
pub(crate) fn place(header: &Header, check: &Check) -> String {
    match check.place {
        Some((line, column)) => format!("{}:{line}:{column}", header.path),
        None => header.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::{broken, doubtful, good};

    /// Columns a story is told on where no terminal says.
    const STORY_COLUMNS: usize = 120;

    fn told(chapter: &Chapter) -> Vec<String> {
        let checks = checks(chapter);
        checks.iter().map(|check| format!("{}: {}", check.name, check.verdict.name())).collect()
    }

    #[test]
    fn a_kept_scenario_has_a_check_for_everything_it_was_asked() {
        let told = told(&Chapter::once(good()));
        assert_eq!(told[0], "the run is valid: pass");
        assert!(told.contains(&"expect availability >= 99.9%: pass".to_owned()), "{told:#?}");
        assert!(told.iter().all(|line| line.ends_with(": pass")), "{told:#?}");
    }

    #[test]
    fn a_broken_promise_is_told_with_its_witness_and_the_story_of_it() {
        let chapter = Chapter::once(broken());
        let checks = checks(&chapter);
        let promise = checks.iter().find(|check| check.name.starts_with("I10")).expect("it was checked");
        assert_eq!(promise.verdict, Verdict::Fail);
        assert!(promise.found.starts_with("broken by 1 of "), "{}", promise.found);
        assert!(promise.detail.contains("attempt 2: claude"), "{}", promise.detail);
        assert_eq!(checks[0].verdict, Verdict::Pass, "the run itself was sound: {:?}", checks[0]);
    }

    #[test]
    fn an_inconclusive_run_says_what_to_change() {
        let chapter = Chapter::once(doubtful());
        let run = &checks(&chapter)[0];
        assert_eq!(run.verdict, Verdict::Inconclusive);
        assert!(run.found.contains("never fired"), "{}", run.found);
        assert!(run.detail.contains("send requests its way"), "{}", run.detail);
    }
}
