//! Coverage as a picture: a row a fault, a column for every part of a state, and how often promises were asked.

use crate::fuzz::coverage::{Asked, Coverage, Path, Standing, State, pairs_in_all, states, words};
use crate::judge::promises;
use crate::report::paint::{Paint, pad, right, thousands, width, wrap};

/// Heads of the columns, in the order of the parts' own lists.
const ASKED: &str = "frbhlcgp";
const STOOD: &str = "orcbp";
const WENT: &str = "psc";

/// Meetings from which on a mark is full.
const OFTEN: u64 = 10;

/// Columns between two blocks side by side.
const GAP: usize = 4;

/// The picture, and what its columns mean.
pub(super) fn picture(coverage: &Coverage, columns: usize, paint: Paint) -> String {
    let met: Vec<&str> = words().filter(|word| coverage.of(word).next().is_some()).collect();
    let name = met.iter().map(|word| width(word)).max().unwrap_or(0).max("fault".len());
    let rows: Vec<String> = met.iter().map(|word| row(coverage, word, name)).collect();
    let head = format!("{}  {ASKED} {STOOD} {WENT}  {}", pad("fault", name), right("pairs", 5));
    let title = format!(
        "{} of {} pairs of a fault and a state of the router\n",
        thousands(coverage.len() as u64),
        thousands(pairs_in_all() as u64)
    );
    let mut text = paint.bold(&title);
    for line in beside(&head, &rows, columns, paint) {
        text.push_str(&line);
        text.push('\n');
    }
    for line in legend().iter().flat_map(|line| wrap(line, columns)) {
        text.push_str(&paint.dim(&line));
        text.push('\n');
    }
    let never: Vec<&str> = words().filter(|word| !met.contains(word)).collect();
    if !never.is_empty() {
        for line in wrap(&format!("never met: {}", never.join(", ")), columns) {
            text.push_str(&paint.dim(&line));
            text.push('\n');
        }
    }
    text
}

/// How often every promise had something to say.
pub(super) fn asked(coverage: &Coverage, columns: usize, paint: Paint) -> String {
    let times = |id: &str| coverage.promises().find(|(known, _)| *known == id).map_or(0, |(_, times)| times);
    let name = promises().iter().map(|(_, name)| width(name)).max().unwrap_or(0);
    let all = promises();
    let digits = all.iter().map(|(id, _)| thousands(times(id)).len()).max().unwrap_or(1);
    let cell = |(id, name_of): &(&str, &str)| {
        let times = times(id);
        let cell = format!("{id} {} {}", pad(name_of, name), right(&thousands(times), digits));
        if times == 0 { paint.dim(&cell) } else { cell }
    };
    let cells: Vec<String> = all.iter().map(cell).collect();
    let one = 3 + 1 + name + 1 + digits;
    let across = ((columns + GAP) / (one + GAP)).max(1);
    let down = cells.len().div_ceil(across);
    let line = |at: usize| {
        let cells: Vec<&str> = cells.iter().skip(at).step_by(down).map(String::as_str).collect();
        cells.join(&" ".repeat(GAP)) + "\n"
    };
    paint.bold("promises under attack, and how often each had something to say\n")
        + &(0..down).map(line).collect::<String>()
}

/// Rows in as many blocks side by side as fit, each below the head.
fn beside(head: &str, rows: &[String], columns: usize, paint: Paint) -> Vec<String> {
    let across = ((columns + GAP) / (width(head) + GAP)).clamp(1, rows.len().max(1));
    let down = rows.len().div_ceil(across).max(1);
    let gap = " ".repeat(GAP);
    let heads = vec![head; rows.len().div_ceil(down).max(1)];
    let mut lines = vec![paint.dim(&heads.join(&gap))];
    lines.extend((0..down.min(rows.len())).map(|at| {
        let cells: Vec<&str> = rows.iter().skip(at).step_by(down).map(String::as_str).collect();
        cells.join(&gap)
    }));
    lines
}

fn row(coverage: &Coverage, word: &str, name: usize) -> String {
    let marks = |is: &dyn Fn(&State) -> bool| {
        let possible = states(word).any(|state| is(&state));
        let times: u64 = coverage.of(word).filter(|(state, _)| is(state)).map(|(_, times)| times).sum();
        match times {
            0 if !possible => ' ',
            0 => '·',
            1..OFTEN => '○',
            _ => '●',
        }
    };
    let asked: String = Asked::ALL.iter().map(|asked| marks(&|state| state.asked == *asked)).collect();
    let stood: String = Standing::ALL.iter().map(|stood| marks(&|state| state.standing == *stood)).collect();
    let went: String = Path::ALL.iter().map(|path| marks(&|state| state.path == *path)).collect();
    let pairs = format!("{}/{}", coverage.of(word).count(), states(word).count());
    format!("{}  {asked} {stood} {went}  {}", pad(word, name), right(&pairs, 5))
}

fn legend() -> [String; 2] {
    fn named<T>(heads: &str, all: &[T], name: impl Fn(&T) -> &'static str) -> String {
        let pairs = heads.chars().zip(all).map(|(head, one)| format!("{head} {}", name(one)));
        pairs.collect::<Vec<_>>().join(", ")
    }
    let asked = named(ASKED, &Asked::ALL, |asked| asked.name());
    let stood = named(STOOD, &Standing::ALL, |stood| stood.name());
    let went = named(WENT, &Path::ALL, |path| path.name());
    [
        format!(
            "why the target was asked: {asked}; how it stood then: {stood}; how far the request was: {went}"
        ),
        format!("· never, ○ fewer than {OFTEN} times, ● more; blank: cannot be"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage() -> Coverage {
        let mut coverage = Coverage::default();
        let state = |asked, standing, path| State { asked, standing, path };
        for _ in 0..12 {
            coverage.meet("rate_limit", state(Asked::First, Standing::Open, Path::Plain));
        }
        coverage.meet("rate_limit", state(Asked::Probe, Standing::Probing, Path::Stream));
        coverage.meet("cut", state(Asked::Continue, Standing::Benched, Path::Committed));
        coverage.check("I01", 12_034);
        coverage.check("I10", 3);
        coverage
    }

    #[test]
    fn a_row_has_a_mark_for_every_part_of_a_state() {
        let name = 10;
        // Twelve meetings are often, one is not; a rate limit is never met after a commit, so nobody goes on from there.
        assert_eq!(row(&coverage(), "rate_limit", name), "rate_limit  ●····  ○ ●···○ ●○    2/52");
        assert_eq!(row(&coverage(), "cut", name), "cut         ·····○·· ···○· ··○   1/88");
    }

    #[test]
    fn pictures_fit_their_terminal() {
        for columns in [40, 80, 120] {
            let plain = Paint::new(false);
            let text = picture(&coverage(), columns, plain) + &asked(&coverage(), columns, plain);
            for line in text.lines() {
                assert!(width(line) <= columns.max(64), "{columns}: {line}");
            }
            assert!(text.contains("3 of ") && text.contains("never met: "), "{text}");
            assert!(text.contains("I01 no-silent-truncation  12,034"), "{text}");
        }
    }

    #[test]
    fn every_part_of_a_state_has_a_head_of_its_own() {
        fn distinct(heads: &str) -> usize {
            heads.chars().collect::<std::collections::BTreeSet<char>>().len()
        }
        assert_eq!(
            [ASKED, STOOD, WENT].map(distinct),
            [Asked::ALL.len(), Standing::ALL.len(), Path::ALL.len()]
        );
    }
}
