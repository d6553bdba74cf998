//! GitHub's annotations: workflow commands that mark lines of scenario files, when they are printed inside a step.
//!
//! GitHub shows ten errors and ten warnings of a step and drops the rest without a word. So the weightiest come first,
//! every scenario that failed before the second word on any of them, and the tenth says how many there are more.

use super::Suite;
use super::checks::{Check, checks, reproduce};
use crate::judge::{Judgement, Verdict};

/// Annotations of one kind that GitHub shows of a step.
const SHOWN: usize = 10;

/// Workflow commands, a line each; empty when everything passed.
#[must_use]
pub fn github(suite: &Suite) -> String {
    let mut found = Vec::new();
    for chapter in &suite.chapters {
        let mut checks = checks(chapter);
        checks.retain(|check| check.verdict != Verdict::Pass);
        checks.sort_by_key(|check| (check.verdict != Verdict::Fail, check.kind));
        let judgement = &chapter.account.judgement;
        found.extend(checks.into_iter().enumerate().map(|(rank, check)| (rank, check, judgement)));
    }
    found.sort_by_key(|(rank, check, _)| (*rank > 0, check.kind, *rank));
    let of = |verdict, level| {
        let wanted = found.iter().filter(|(_, check, _)| check.verdict == verdict);
        shown(level, &wanted.map(|(_, check, judgement)| (check, *judgement)).collect::<Vec<_>>())
    };
    of(Verdict::Fail, "error") + &of(Verdict::Inconclusive, "warning")
}

fn shown(level: &str, found: &[(&Check, &Judgement)]) -> String {
    let kept = if found.len() > SHOWN { SHOWN - 1 } else { found.len() };
    let mut text: String =
        found[..kept].iter().map(|(check, judgement)| command(level, check, judgement)).collect();
    if found.len() > kept {
        let more = found.len() - kept;
        text.push_str(&format!(
            "::{level} title=Brownout::{more} more; all of them are in the summary and the report\n"
        ));
    }
    text
}

fn command(level: &str, check: &Check, judgement: &Judgement) -> String {
    let header = &judgement.header;
    let place = check.place.map_or_else(String::new, |(line, column)| format!(",line={line},col={column}"));
    let title = property(&format!("{}: {}", header.scenario, check.name));
    let message = format!("{}\n{}", check.found, reproduce(judgement));
    format!("::{level} file={}{place},title={title}::{}\n", property(&header.path), data(message.trim_end()))
}

/// What a message may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What a property may not hold as it is.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Chapter;
    use crate::report::testkit::{broken, doubtful, good, suite};

    #[test]
    fn a_failure_marks_its_file() {
        insta::assert_snapshot!(github(&suite()));
    }

    #[test]
    fn an_inconclusive_run_is_a_warning_and_a_pass_is_silent() {
        let told = |account| github(&Suite { chapters: vec![Chapter::once(account)], planned: 1 });
        assert!(
            told(doubtful())
                .starts_with("::warning file=scenarios/outages/regional-outage.yaml,title=never <fired> & ")
        );
        assert_eq!(told(good()), "");
    }

    #[test]
    fn more_than_github_shows_are_counted_and_every_scenario_has_its_word_first() {
        // Five scenarios with three failures each: nine are shown, the first five of different scenarios.
        let named = |name: String| {
            let mut account = broken();
            account.judgement.header.scenario = name;
            Chapter::once(account)
        };
        let suite = Suite { chapters: (0..5).map(|n| named(format!("s{n}"))).collect(), planned: 5 };
        let text = github(&suite);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 10);
        for (n, line) in lines[..5].iter().enumerate() {
            assert!(line.contains(&format!("title=s{n}%3A I02 ")), "{line}");
        }
        assert!(lines[9].contains("::6 more; "), "{}", lines[9]);
    }

    #[test]
    fn what_ends_a_property_or_a_line_is_escaped() {
        assert_eq!(property("a,b: 50%\nc"), "a%2Cb%3A 50%25%0Ac");
        assert_eq!(data("a,b: 50%\r\nc"), "a,b: 50%25%0D%0Ac");
    }
}
