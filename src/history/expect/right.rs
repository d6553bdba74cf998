//! The right side of a comparison: a value, or something else that was measured in the same run.

use super::lex::{Kind, Token};
use super::parse::Parser;
use super::value::{self, Written};
use super::{ExpectError, Measure, Threshold, error, figure, list, reach};
use crate::history::figure::{Kind as Unit, nearest};

/// The right side as it was read: which requests its phases are meant for is known only at the end of the text.
pub(super) struct Right<'a> {
    /// What it refers to; none when it is a plain value.
    what: Option<What<'a>>,
    factor: f64,
    /// The value, or what is added to what it refers to.
    plus: f64,
}

/// What stands behind `95% of`.
enum What<'a> {
    /// The figure on the left, in these phases; and the word that names the first of them.
    Phases(Vec<String>, Token<'a>),
    /// A figure of its own, and the word that names it.
    Figure(Measure, Token<'a>),
}

impl<'a> Right<'a> {
    /// Reads `3s`, `95% of baseline`, `baseline + 200ms` or `1.2x of cost.per_success for tenant=paid`.
    pub(super) fn read(parser: &mut Parser<'a>, left: &Measure) -> Result<Self, ExpectError> {
        let kind = left.kind();
        let Some(first) = parser.peek().cloned() else {
            let (message, end) = ("no value after the comparison", parser.end());
            return Err(error(message, format!("give {}", kind.example()), end..end));
        };
        if first.kind != Kind::Word {
            let message = format!("unexpected `{}`", first.text);
            return Err(error(message, format!("give {}", kind.example()), first.span));
        }
        if !value::begins_one(first.text) {
            check_word(parser, left, &first)?;
            return Right::of(parser, left, 1.0);
        }
        let written = written(parser);
        if parser.peek().is_none_or(|token| token.text != "of") {
            let plus = value::read(&written, kind)?;
            return Ok(Right { what: None, factor: 1.0, plus });
        }
        parser.at += 1;
        let factor = value::factor(&written)?;
        Right::of(parser, left, factor)
    }

    fn of(parser: &mut Parser<'a>, left: &Measure, factor: f64) -> Result<Self, ExpectError> {
        let what = Some(What::read(parser, left)?);
        let plus = plus(parser, left.kind())?;
        Ok(Right { what, factor, plus })
    }

    /// The threshold, once it is known what the left side speaks of.
    pub(super) fn resolve(self, left: &Measure) -> Result<Threshold, ExpectError> {
        let Right { what, factor, plus } = self;
        let (measure, word) = match what {
            None => return Ok(Threshold::Value(plus)),
            Some(What::Figure(measure, word)) => (measure, word),
            Some(What::Phases(phases, word)) => {
                reach::check_phase(&left.figure, &word)?;
                (Measure { scope: left.scope.moved(phases), ..left.clone() }, word)
            }
        };
        if measure == *left {
            let help = "compare it with another phase, or with other requests";
            return Err(error(format!("`{}` is compared with itself", word.text), help, word.span));
        }
        Ok(Threshold::Of { measure, factor, plus })
    }
}

impl<'a> What<'a> {
    fn read(parser: &mut Parser<'a>, left: &Measure) -> Result<Self, ExpectError> {
        let Some(word) = parser.peek().filter(|token| token.kind == Kind::Word).cloned() else {
            let end = parser.peek().map_or(parser.end(), |token| token.span.start);
            return Err(error(
                "nothing after `of`",
                "name a phase, such as `baseline`, or a figure",
                end..end,
            ));
        };
        if figure::is_one(word.text) {
            let right = parser.measure()?;
            check_kinds(left, &right, &word)?;
            return Ok(What::Figure(right, word));
        }
        let exists = parser.known.is_none_or(|known| known.has_phase(word.text));
        if !exists && (word.text.contains('.') || figure::near(word.text).is_some()) {
            return Err(figure::unknown(&word));
        }
        Ok(What::Phases(parser.phases()?, word))
    }
}

/// A word in the place of a value may be meant as one: where it is neither figure nor phase, what comes near is offered.
fn check_word(parser: &Parser<'_>, left: &Measure, word: &Token<'_>) -> Result<(), ExpectError> {
    let Some(known) = parser.known.filter(|known| !known.has_phase(word.text)) else { return Ok(()) };
    if figure::is_one(word.text) || word.text.contains(['.', '_']) {
        return Ok(());
    }
    let phases = || known.phases.iter().map(String::as_str);
    let help = match (nearest(word.text, phases()), figure::near(word.text)) {
        (Some(phase), _) => format!("did you mean the phase `{phase}`?"),
        (None, Some(figure)) => format!("did you mean the figure `{figure}`?"),
        (None, None) => {
            format!("give {}, or a phase to compare with: {}", left.kind().example(), list(phases()))
        }
    };
    let wrong = value::wrong(&Written { text: word.text, span: word.span.clone() }, left.kind());
    Err(ExpectError { help: Some(help), ..wrong })
}

/// Seconds are not compared with dollars.
fn check_kinds(left: &Measure, right: &Measure, word: &Token<'_>) -> Result<(), ExpectError> {
    let plain = |kind| if kind == Unit::Durations { Unit::Duration } else { kind };
    let (mine, other) = (plain(left.kind()), plain(right.kind()));
    if mine == other {
        return Ok(());
    }
    let message = format!(
        "`{}` is {}, and `{}` is {}",
        word.text,
        value::article(other),
        left.figure,
        value::article(mine)
    );
    Err(error(message, "compare figures of the same kind", word.span.clone()))
}

/// `+ 200ms` or `- 1%`; nothing is nothing.
fn plus(parser: &mut Parser<'_>, kind: Unit) -> Result<f64, ExpectError> {
    let Some(word) = parser.peek().filter(|token| token.text.starts_with(['+', '-'])).cloned() else {
        return Ok(0.0);
    };
    let sign = if word.text.starts_with('-') { -1.0 } else { 1.0 };
    if word.text.len() == 1 {
        parser.at += 1;
    } else {
        // The sign stands at its number: what is left of the word is the value.
        let rest = &mut parser.tokens[parser.at];
        rest.span.start += 1;
        rest.text = &rest.text[1..];
    }
    if parser.peek().is_none_or(|token| !value::begins_one(token.text)) {
        let message = format!("no value after `{}`", &word.text[..1]);
        return Err(error(message, format!("give {}", kind.example()), word.span));
    }
    let written = written(parser);
    value::read(&written, kind).map(|value| sign * value).map_err(|wrong| {
        if written.text.ends_with('%') {
            let help = "a part of the other value is written before it: `110% of baseline`";
            return ExpectError { help: Some(help.to_owned()), ..wrong };
        }
        wrong
    })
}

/// A number and, if it stands apart, its unit.
fn written<'a>(parser: &mut Parser<'a>) -> Written<'a> {
    let start = parser.tokens[parser.at].span.start;
    parser.at += 1;
    if parser.peek().is_some_and(|token| value::is_unit(token.text)) {
        parser.at += 1;
    }
    let span = start..parser.tokens[parser.at - 1].span.end;
    Written { text: &parser.text[span.clone()], span }
}
