//! Text to [`Expectation`]: `figure[.stat] op value[unit] [during PHASE]`.

use std::ops::Range;

use super::{ExpectError, Expectation, Op};
use crate::history::figure::{self, FIGURES, Figure, Kind, STATS};

/// Longest expectation read; nobody writes longer ones by hand.
const TEXT_MAX: usize = 500;

/// A piece of the text, and where it is.
#[derive(Clone, Debug)]
struct Piece<'a> {
    text: &'a str,
    span: Range<usize>,
}

impl Expectation {
    /// Reads `figure[.stat] op value[unit] [during PHASE]`.
    ///
    /// # Errors
    ///
    /// When a piece is missing, unknown or of the wrong unit; the error's span covers the offending piece.
    pub fn parse(text: &str) -> Result<Expectation, ExpectError> {
        if text.len() > TEXT_MAX {
            return Err(error("an expectation of more than 500 bytes", "shorten it", 0..text.len()));
        }
        let (left, op, rest) = split_at_operator(text)?;
        let (figure, stat) = read_figure(&left)?;
        let (value, during) = split_at_during(&rest)?;
        Ok(Expectation {
            text: text.trim().to_owned(),
            figure: figure.name.to_owned(),
            stat: stat.map(str::to_owned),
            op,
            value: read_value(&value, unit_kind(figure, stat))?,
            during,
        })
    }
}

/// The kind a threshold must have: the count of a distribution is a count.
fn unit_kind(figure: &Figure, stat: Option<&str>) -> Kind {
    if stat == Some("count") { Kind::Count } else { figure.kind }
}

fn split_at_operator(text: &str) -> Result<(Piece<'_>, Op, Piece<'_>), ExpectError> {
    const HELP: &str = "write it as `figure op value`, with one of `<`, `<=`, `>`, `>=`, `==`";
    let at = text
        .find(['<', '>', '=', '≤', '≥', '!'])
        .ok_or_else(|| error("no comparison", HELP, trimmed(text, 0..text.len()).span))?;
    let end = text[at..].find(|c| !"<>=≤≥!".contains(c)).map_or(text.len(), |length| at + length);
    let op = match &text[at..end] {
        "<" => Op::Less,
        "<=" | "≤" => Op::AtMost,
        ">" => Op::Greater,
        ">=" | "≥" => Op::AtLeast,
        "==" | "=" => Op::Equal,
        other => return Err(error(format!("unknown comparison `{other}`"), HELP, at..end)),
    };
    Ok((trimmed(text, 0..at), op, trimmed(text, end..text.len())))
}

/// The longest known figure name is the figure; what follows its last dot is the statistic.
fn read_figure(left: &Piece<'_>) -> Result<(&'static Figure, Option<&'static str>), ExpectError> {
    if left.text.is_empty() {
        return Err(error(
            "no figure before the comparison",
            "name one, such as `availability`",
            left.span.clone(),
        ));
    }
    if let Some(figure) = figure::find(left.text) {
        return without_stat(figure, left);
    }
    let known = FIGURES
        .iter()
        .filter(|figure| left.text.strip_prefix(figure.name).is_some_and(|rest| rest.starts_with('.')))
        .max_by_key(|figure| figure.name.len());
    match known {
        Some(figure) => with_stat(figure, left),
        None => Err(unknown_figure(left)),
    }
}

fn without_stat(
    figure: &'static Figure,
    left: &Piece<'_>,
) -> Result<(&'static Figure, Option<&'static str>), ExpectError> {
    if figure.kind == Kind::Durations {
        let help = format!("say which, for example `{}.p99`; there are {}", figure.name, list(&STATS));
        let message = format!("`{}` is a distribution and needs a statistic", figure.name);
        return Err(error(message, help, left.span.clone()));
    }
    Ok((figure, None))
}

fn with_stat(
    figure: &'static Figure,
    left: &Piece<'_>,
) -> Result<(&'static Figure, Option<&'static str>), ExpectError> {
    let stat = &left.text[figure.name.len() + 1..];
    let span = left.span.start + figure.name.len() + 1..left.span.end;
    if figure.kind != Kind::Durations {
        let names = || FIGURES.iter().map(|other| other.name);
        let help = figure::nearest(left.text, names().filter(|name| *name != figure.name))
            .filter(|near| near.starts_with(figure.name))
            .map_or_else(
                || format!("`{}` is a single {} and takes no statistic", figure.name, figure.kind),
                |near| format!("did you mean `{near}`?"),
            );
        return Err(error(format!("unknown statistic `{stat}` of `{}`", figure.name), help, span));
    }
    if let Some(stat) = STATS.into_iter().find(|known| *known == stat) {
        return Ok((figure, Some(stat)));
    }
    let help = match figure::nearest(stat, STATS.into_iter()) {
        Some(near) => format!("did you mean `{near}`? There are {}", list(&STATS)),
        None => format!("there are {}", list(&STATS)),
    };
    Err(error(format!("unknown statistic `{stat}`"), help, span))
}

fn unknown_figure(left: &Piece<'_>) -> ExpectError {
    let stem = STATS
        .iter()
        .find_map(|stat| left.text.strip_suffix(stat).and_then(|stem| stem.strip_suffix('.')))
        .unwrap_or(left.text);
    let help = match figure::nearest(stem, FIGURES.iter().map(|figure| figure.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "docs/metrics.md lists every figure".to_owned(),
    };
    error(format!("unknown figure `{stem}`"), help, left.span.start..left.span.start + stem.len())
}

/// Splits `3s during outage` at its keyword.
fn split_at_during<'a>(rest: &Piece<'a>) -> Result<(Piece<'a>, Option<String>), ExpectError> {
    let mut words = rest.text.split_whitespace();
    let position = rest.text.match_indices("during").find(|(at, word)| is_word(rest.text, *at, word.len()));
    let Some((at, keyword)) = position else {
        if let Some(extra) = words.nth(1).filter(|word| !is_unit(word)) {
            let start = rest.span.start + offset_in(rest.text, extra);
            let help = "only `during PHASE` may follow the value";
            return Err(error(format!("unexpected `{extra}`"), help, start..start + extra.len()));
        }
        return Ok((rest.clone(), None));
    };
    let phase = trimmed_piece(rest, at + keyword.len()..rest.text.len());
    if phase.text.is_empty() {
        let start = rest.span.start + at;
        let help = "name a phase, or a kind: `baseline`, `fault`, `recovery`";
        return Err(error("no phase after `during`", help, start..start + keyword.len()));
    }
    if phase.text.contains(char::is_whitespace) {
        let message = format!("`{}` is not the name of one phase", phase.text);
        return Err(error(message, "name one phase, without spaces", phase.span));
    }
    Ok((trimmed_piece(rest, 0..at), Some(phase.text.to_owned())))
}

fn read_value(piece: &Piece<'_>, kind: Kind) -> Result<f64, ExpectError> {
    if piece.text.is_empty() {
        return Err(error(
            "no value after the comparison",
            format!("give {}", kind.example()),
            piece.span.clone(),
        ));
    }
    let text = piece.text;
    let (dollar, text) = text.strip_prefix('$').map_or((false, text), |rest| (true, rest));
    let number_end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let unit = if dollar { "usd" } else { unit.trim() };
    let wrong = || {
        let message = format!("`{}` is not {}", piece.text, article(kind));
        error(message, format!("give {}", kind.example()), piece.span.clone())
    };
    if dollar && number_end != text.len() {
        return Err(wrong());
    }
    let number: f64 = number.replace('_', "").parse().map_err(|_| wrong())?;
    let scale = scale_of(kind, unit).ok_or_else(wrong)?;
    check_range(kind, number * scale, piece)
}

/// What a unit multiplies by, when the kind knows it.
fn scale_of(kind: Kind, unit: &str) -> Option<f64> {
    match (kind, unit) {
        (Kind::Durations | Kind::Duration, "us" | "µs") => Some(1e-6),
        (Kind::Durations | Kind::Duration, "ms") => Some(1e-3),
        (Kind::Durations | Kind::Duration, "s")
        | (Kind::Share | Kind::Count | Kind::Ratio | Kind::Rate, "") => Some(1.0),
        (Kind::Durations | Kind::Duration, "m" | "min") => Some(60.0),
        (Kind::Durations | Kind::Duration, "h") => Some(3600.0),
        (Kind::Share, "%") => Some(0.01),
        (Kind::Ratio, "x") | (Kind::Money, "usd" | "USD") | (Kind::Rate, "/s") => Some(1.0),
        (Kind::Ratio, "%") => Some(0.01),
        _ => None,
    }
}

fn check_range(kind: Kind, value: f64, piece: &Piece<'_>) -> Result<f64, ExpectError> {
    if kind == Kind::Share && value > 1.0 {
        let help =
            format!("a share is at most 1; did you mean `{}%`?", piece.text.trim_end_matches('%').trim());
        let help = if piece.text.ends_with('%') { "a share is at most 100%".to_owned() } else { help };
        return Err(error(format!("`{}` is more than everything", piece.text), help, piece.span.clone()));
    }
    Ok(value)
}

// === helpers ===

fn is_unit(word: &str) -> bool {
    matches!(word, "us" | "µs" | "ms" | "s" | "m" | "min" | "h" | "%" | "x" | "usd" | "USD" | "/s")
}

fn is_word(text: &str, at: usize, length: usize) -> bool {
    let before = text[..at].chars().next_back().is_none_or(char::is_whitespace);
    let after = text[at + length..].chars().next().is_none_or(char::is_whitespace);
    before && after
}

fn offset_in(text: &str, part: &str) -> usize {
    text.find(part).unwrap_or(0)
}

fn trimmed(text: &str, range: Range<usize>) -> Piece<'_> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let inner = part.trim();
    Piece { text: inner, span: start..start + inner.len() }
}

fn trimmed_piece<'a>(piece: &Piece<'a>, range: Range<usize>) -> Piece<'a> {
    let inner = trimmed(piece.text, range);
    Piece { text: inner.text, span: piece.span.start + inner.span.start..piece.span.start + inner.span.end }
}

fn article(kind: Kind) -> String {
    match kind {
        Kind::Money => "an amount of money".to_owned(),
        Kind::Durations => "a duration".to_owned(),
        other => format!("a {other}"),
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn error(message: impl Into<String>, help: impl Into<String>, span: Range<usize>) -> ExpectError {
    ExpectError { message: message.into(), help: Some(help.into()), span }
}
