//! GitHub-flavoured Markdown: the summary of a CI step, or a comment below a merge request.
//!
//! A table of every scenario, then the story of each that did not pass. A step's summary may have 1 MiB; what goes beyond
//! is left out by whole scenarios, and said.

use super::checks::{Check, checks, place, reproduce};
use super::paint::{percent, thousands, time};
use super::units::shown;
use super::{Chapter, Suite};
use crate::history::figure::find;
use crate::judge::diff::{Change, Diff};
use crate::judge::{Judgement, Verdict, plural};

/// GitHub refuses a summary of more than 1 MiB; other things may be written into the same one.
const BYTES_MAX: usize = 1_000_000;

/// Figures of the table, whose definitions stand below it.
const FIGURES: [&str; 4] = ["availability", "attainment", "latency.first_token", "latency.total"];

/// The summary of a suite.
#[must_use]
pub fn markdown(suite: &Suite) -> String {
    let mut page = format!("## {}\n\n{}", title(suite), table(suite));
    let mut left_out = 0_u64;
    for chapter in suite.chapters.iter().filter(|chapter| is_told(chapter)) {
        let story = story(chapter);
        if left_out == 0 && page.len() + story.len() <= BYTES_MAX {
            page.push_str(&story);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let count = plural(left_out, "scenario");
        page.push_str(&format!("\n> {count} more did not pass; there was no room here, see the report.\n"));
    }
    page
}

fn title(suite: &Suite) -> String {
    let count = |verdict| suite.chapters.iter().filter(|chapter| chapter.verdict() == verdict).count();
    let all = [(Verdict::Pass, "passed"), (Verdict::Fail, "failed"), (Verdict::Inconclusive, "inconclusive")];
    let counts = all.into_iter().filter(|(verdict, _)| count(*verdict) > 0);
    let mut counts: Vec<_> = counts.map(|(verdict, word)| format!("{} {word}", count(verdict))).collect();
    let missing = suite.planned.saturating_sub(suite.chapters.len());
    if missing > 0 {
        counts.push(format!("{missing} not run"));
    }
    if counts.is_empty() {
        "Brownout: nothing was run".to_owned()
    } else {
        format!("Brownout: {}", counts.join(", "))
    }
}

/// Rows of the table at most: far more scenarios than a suite has, far fewer bytes than a summary may.
const ROWS: usize = 1_000;

fn table(suite: &Suite) -> String {
    let mut text = "| | scenario | requests | available | attained | first output p50 | p99 | whole answer p99 | why |\n\
                    |---|---|--:|--:|--:|--:|--:|--:|---|\n"
        .to_owned();
    for chapter in suite.chapters.iter().take(ROWS) {
        text.push_str(&row(chapter));
    }
    if suite.chapters.len() > ROWS {
        text.push_str(&format!("\nand {} more scenarios\n", suite.chapters.len() - ROWS));
    }
    text.push_str("\n<details><summary>What these figures count</summary>\n\n");
    for figure in FIGURES.into_iter().filter_map(find) {
        text.push_str(&format!("- **{}**: {}\n", figure.name, inline(figure.about)));
    }
    text.push_str("\n</details>\n");
    text
}

fn row(chapter: &Chapter) -> String {
    let whole = &chapter.account.judgement.whole;
    let at = |figure, stat| time(whole.measure(figure, Some(stat)));
    let why = chapter.account.judgement.reasons.first().map_or("", |reason| reason.what.as_str());
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        mark(chapter.verdict()),
        inline(chapter.name()),
        thousands(whole.requests),
        percent(whole.number("availability")),
        percent(whole.number("attainment")),
        at("latency.first_token", "p50"),
        at("latency.first_token", "p99"),
        at("latency.total", "p99"),
        inline(why)
    )
}

const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
        Verdict::Inconclusive => "❔",
    }
}

/// Scenarios with more to say than their row.
fn is_told(chapter: &Chapter) -> bool {
    chapter.verdict() != Verdict::Pass
        || chapter.diff.as_ref().is_some_and(|diff| diff.change == Change::Worse)
}

fn story(chapter: &Chapter) -> String {
    let judgement = &chapter.account.judgement;
    let mark = mark(chapter.verdict());
    let mut text = format!("\n### {mark} {}\n\n", inline(chapter.name()));
    if let Some(about) = &judgement.header.about {
        text.push_str(&format!("{}\n\n", inline(about.trim())));
    }
    for check in checks(chapter).iter().filter(|check| check.verdict != Verdict::Pass) {
        text.push_str(&told(judgement, check));
    }
    if let Some(diff) = &chapter.diff {
        text.push_str(&changes(diff));
    }
    text.push_str(&format!("\n{}\n", fenced(&reproduce(judgement))));
    text
}

fn told(judgement: &Judgement, check: &Check) -> String {
    let place = place(&judgement.header, check);
    let line = format!(
        "- {} **{}**: {} ({})\n",
        mark(check.verdict),
        inline(&check.name),
        inline(&check.found),
        inline(&place)
    );
    if check.detail.is_empty() {
        return line;
    }
    let block = fenced(&check.detail).lines().map(|line| format!("  {line}\n")).collect::<String>();
    format!("{line}\n{block}\n")
}

/// Figures that changed for certain.
fn changes(diff: &Diff) -> String {
    let changed =
        diff.figures.iter().filter(|figure| matches!(figure.change, Change::Worse | Change::Better));
    let rows = changed.take(ROWS).map(|figure| {
        let word = if figure.change == Change::Worse { "worse" } else { "better" };
        format!(
            "| {} | {} | {} | {} | {word} |\n",
            inline(&figure.phase),
            inline(&figure.name),
            shown(&figure.name, figure.before),
            shown(&figure.name, figure.after)
        )
    });
    let rows: String = rows.collect();
    if rows.is_empty() {
        return rows;
    }
    format!("\n| phase | figure | before | after | |\n|---|---|--:|--:|---|\n{rows}\n")
}

/// Text on one line in which nothing is read as Markdown or HTML.
fn inline(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => escaped.extend(['\\', char]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // Somebody's name, where GitHub would call them.
            '@' => escaped.push_str("&#64;"),
            _ if char.is_control() => escaped.push(' '),
            _ => escaped.push(char),
        }
    }
    escaped
}

/// Text as it is, between fences longer than any inside it.
fn fenced(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for char in text.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    let plain: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    format!("{fence}text\n{}\n{fence}", plain.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::{broken, doubtful, suite};

    #[test]
    fn a_summary_has_a_row_a_scenario_and_the_story_of_a_failure() {
        insta::assert_snapshot!(markdown(&suite()));
    }

    #[test]
    fn names_are_read_as_text_and_nothing_else() {
        let page = markdown(&Suite { chapters: vec![Chapter::once(doubtful())], planned: 2 });
        assert!(page.starts_with("## Brownout: 1 inconclusive, 1 not run\n"), "{page}");
        assert!(page.contains("| ❔ | never &lt;fired&gt; &amp;   | 30 |"), "{page}");
        assert_eq!(inline("a|b *c* @you\n`x`"), "a\\|b \\*c\\* &#64;you \\`x\\`");
        assert_eq!(fenced("```\nx"), "````text\n```\nx\n````");
    }

    #[test]
    fn what_github_would_refuse_is_left_out_and_said() {
        // A story of a broken run has more than 1 kB: a thousand of them do not fit into a megabyte.
        let chapters = vec![Chapter::once(broken()); 1_000];
        let page = markdown(&Suite { chapters, planned: 1_000 });
        assert!(page.len() < 1 << 20, "{}", page.len());
        assert!(page.contains("more did not pass; there was no room here"), "no word of it");
    }
}
