//! Figures and their statistics, by name.

use super::lex::Token;
use super::{ExpectError, error, list};
use crate::history::figure::{self, FIGURES, Figure, Kind, STATS};

type Found = (&'static Figure, Option<&'static str>);

/// Whether a word can only be meant as a figure: it is one, or one with something behind a dot.
pub(super) fn is_one(word: &str) -> bool {
    figure::find(word).is_some() || longest(word).is_some()
}

/// The longest known figure name is the figure; what follows its last dot is the statistic.
pub(super) fn read(token: &Token<'_>) -> Result<Found, ExpectError> {
    if let Some(figure) = figure::find(token.text) {
        return without_stat(figure, token);
    }
    match longest(token.text) {
        Some(figure) => with_stat(figure, token),
        None => Err(unknown(token)),
    }
}

/// The figure that a word nearly names.
pub(super) fn near(word: &str) -> Option<&'static str> {
    figure::nearest(stem(word), FIGURES.iter().map(|figure| figure.name))
}

fn longest(word: &str) -> Option<&'static Figure> {
    let begins = |figure: &&Figure| word.strip_prefix(figure.name).is_some_and(|rest| rest.starts_with('.'));
    FIGURES.iter().filter(begins).max_by_key(|figure| figure.name.len())
}

fn without_stat(figure: &'static Figure, token: &Token<'_>) -> Result<Found, ExpectError> {
    if figure.kind == Kind::Durations {
        let known = list(STATS.into_iter());
        let help = format!("say which, for example `{}.p99`; there are {known}", figure.name);
        let message = format!("`{}` is a distribution and needs a statistic", figure.name);
        return Err(error(message, help, token.span.clone()));
    }
    Ok((figure, None))
}

fn with_stat(figure: &'static Figure, token: &Token<'_>) -> Result<Found, ExpectError> {
    let stat = &token.text[figure.name.len() + 1..];
    let span = token.span.start + figure.name.len() + 1..token.span.end;
    if figure.kind != Kind::Durations {
        let names = || FIGURES.iter().map(|other| other.name);
        let help = figure::nearest(token.text, names().filter(|name| *name != figure.name))
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
    let known = list(STATS.into_iter());
    let help = match figure::nearest(stat, STATS.into_iter()) {
        Some(near) => format!("did you mean `{near}`? There are {known}"),
        None => format!("there are {known}"),
    };
    Err(error(format!("unknown statistic `{stat}`"), help, span))
}

pub(super) fn unknown(token: &Token<'_>) -> ExpectError {
    let stem = stem(token.text);
    let help = match near(token.text) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "docs/metrics.md lists every figure".to_owned(),
    };
    error(format!("unknown figure `{stem}`"), help, token.span.start..token.span.start + stem.len())
}

/// A name without the statistic behind it.
fn stem(word: &str) -> &str {
    let stats = STATS.iter();
    let mut stems = stats.filter_map(|stat| word.strip_suffix(stat).and_then(|stem| stem.strip_suffix('.')));
    stems.next().unwrap_or(word)
}
