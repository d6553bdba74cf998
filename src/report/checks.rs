//! Everything that one scenario was checked for, one by one: what a test report lists.

mod run;

use super::units::shown;
use super::{Chapter, command, terminal};
use crate::history::Header;
use crate::judge::diff::{Change, Diff, FigureDiff};
use crate::judge::seeds::Seeds;
use crate::judge::{ExpectationResult, Judgement, PromiseResult, ScriptedResult, Verdict, plural};

/// Witnesses told for a broken promise; the first with its whole story.
const WITNESSES: usize = 5;

/// Columns a story is told on, where no terminal says.
const STORY_COLUMNS: usize = 120;

/// Figures listed of a regression, and seeds that did not pass.
const LISTED: usize = 20;

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
    checks.insert(0, run::of(chapter, &checks));
    if chapter.seeds.is_some() {
        checks.iter_mut().for_each(|check| tolerated(check, chapter.verdict()));
    }
    checks.extend(chapter.diff.as_ref().map(of_diff));
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
    let blamed = promise.witnesses.first();
    let blamed = blamed.and_then(|witness| witness.number.or(witness.others.first().copied()));
    detail.push_str(&story(judgement, blamed));
    Check {
        verdict: Verdict::Fail,
        detail,
        ..kept(CheckKind::Promise, name, format!("broken by {} of {checked}: {first}", promise.violations))
    }
}

fn of_expectation(result: &ExpectationResult) -> Check {
    let name = format!("expect {}", result.expectation.text);
    let place = result.expectation.place.map(|place| (place.line, place.column));
    let check = kept(CheckKind::Expectation, name, result.explanation.clone());
    Check { verdict: result.verdict, place, ..check }
}

fn of_scripted(judgement: &Judgement, result: &ScriptedResult) -> Check {
    let name = format!("scripted request {}", result.expectation.number);
    let found = match result.verdict {
        Verdict::Pass => return kept(CheckKind::Scripted, name, "went as scripted".to_owned()),
        Verdict::Inconclusive => "the run was over before it".to_owned(),
        Verdict::Fail => format!("went another way: differs in {}", differences(result)),
    };
    let mut detail = String::new();
    for mismatch in &result.mismatches {
        let (what, expected, actual) = (&mismatch.what, &mismatch.expected, &mismatch.actual);
        detail.push_str(&format!("{what}\n  expected  {expected}\n  actual    {actual}\n"));
    }
    detail.push_str(&story(judgement, Some(result.expectation.number)));
    Check { verdict: result.verdict, detail, ..kept(CheckKind::Scripted, name, found) }
}

fn differences(result: &ScriptedResult) -> String {
    let differences: Vec<_> = result.mismatches.iter().map(|mismatch| mismatch.what.as_str()).collect();
    differences.join(", ")
}

/// The life of a request that was kept in full.
fn story(judgement: &Judgement, number: Option<u64>) -> String {
    let record = number.and_then(|number| judgement.record(number));
    record.map_or_else(String::new, |record| terminal::story(record, &judgement.header, STORY_COLUMNS))
}

fn of_seeds(seeds: &Seeds) -> Check {
    let name = format!("passes under {} of {}", share(seeds.wanted), plural(seeds.runs.len() as u64, "seed"));
    let lost = seeds.runs.iter().filter(|run| run.verdict != Verdict::Pass);
    let lost = lost.map(|run| {
        let reason = run.reason.as_deref().unwrap_or("no reason was given");
        format!("seed {}: {}: {reason}\n", run.seed, run.verdict.name())
    });
    let detail = lost.take(LISTED).collect();
    Check { verdict: seeds.verdict, detail, ..kept(CheckKind::Seeds, name, seeds.why.clone()) }
}

fn of_diff(diff: &Diff) -> Check {
    let name = "no worse than the baseline".to_owned();
    let (before, after) = diff.passed;
    if diff.change != Change::Worse {
        let pairs = plural(diff.seeds.len() as u64, "pair");
        return kept(CheckKind::Baseline, name, format!("no figure is worse ({pairs} of runs)"));
    }
    let worse: Vec<&FigureDiff> =
        diff.figures.iter().filter(|figure| figure.change == Change::Worse).collect();
    let mut detail = String::new();
    if diff.passes == Change::Worse {
        detail.push_str(&format!("runs that passed: {before} -> {after}\n"));
    }
    for figure in worse.iter().take(LISTED) {
        let (before, after) = (shown(&figure.name, figure.before), shown(&figure.name, figure.after));
        detail.push_str(&format!("{} during {}: {before} -> {after}\n", figure.name, figure.phase));
    }
    let found = detail.lines().next().unwrap_or_default().to_owned();
    let found = if worse.len() > 1 { format!("{found}, and {} more", worse.len() - 1) } else { found };
    Check { verdict: Verdict::Fail, detail, ..kept(CheckKind::Baseline, name, found) }
}

fn share(share: f64) -> String {
    super::paint::percent(Some(share))
}

/// A set of seeds may lose some of its runs, and the one that is shown is the worst of them: what was broken in it weighs
/// no more than the verdict on all of them.
fn tolerated(check: &mut Check, of_all: Verdict) {
    let weight = |verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::Fail => 2,
    };
    if weight(check.verdict) > weight(of_all) {
        check.found = format!("{} with the worst seed, which the pass share tolerates", check.found);
        check.verdict = of_all;
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
    use crate::judge::Sheet;
    use crate::report::testkit::{broken, doubtful, good};

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
        assert!(promise.found.starts_with("broken by 3 of 3 "), "{}", promise.found);
        assert!(promise.detail.contains("attempt 2: claude"), "{}", promise.detail);
        assert_eq!(checks[0].verdict, Verdict::Pass, "the run itself was sound: {:?}", checks[0]);
    }

    #[test]
    fn what_a_share_of_seeds_tolerates_is_no_failure() {
        // Two of three passed, and half were enough: the worst is shown, and nothing of it fails.
        let mut sheets = vec![Sheet::of(&good().judgement); 2];
        let account = broken();
        sheets.push(Sheet { seed: 9, broken: Vec::new(), ..Sheet::of(&account.judgement) });
        let chapter = Chapter { seeds: Some(Seeds::of(&sheets, 0.5)), ..Chapter::once(account) };
        assert_eq!(chapter.verdict(), Verdict::Pass);
        let checks = checks(&chapter);
        assert!(checks.iter().all(|check| check.verdict == Verdict::Pass), "{checks:#?}");
        let promise = checks.iter().find(|check| check.name.starts_with("I10")).expect("it was checked");
        assert!(promise.found.ends_with("which the pass share tolerates"), "{}", promise.found);
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
