//! Text to [`Expectation`]: `FIGURE[.STAT] [SCOPE] OP THRESHOLD [SCOPE]`.
//!
//! A scope is `during PHASE|PHASE` and `for KEY=NAME|NAME,KEY=NAME`, in either order. Behind a figure it belongs to that
//! figure; behind a value or a phase, to the figure on the left. `right` reads what is compared with.

use super::lex::{Kind, Token, lex};
use super::right::Right;
use super::scope::Key;
use super::{ExpectError, Expectation, Known, Measure, Op, Scope, error, figure, known, reach};
use crate::history::figure::nearest;

/// Longest expectation read; nobody writes longer ones by hand.
const TEXT_MAX: usize = 500;

impl Expectation {
    /// Reads an expectation, whatever the names in it mean.
    ///
    /// # Errors
    ///
    /// When a piece is missing, unknown or of the wrong unit; the error's span covers the offending piece.
    pub fn parse(text: &str) -> Result<Expectation, ExpectError> {
        read(text, None).map(|(expectation, _)| expectation)
    }

    /// Reads an expectation, and refuses names that are not among the `known`.
    ///
    /// # Errors
    ///
    /// As [`Expectation::parse`], and when a phase, tenant, route, provider or model does not exist.
    pub fn parse_known(text: &str, known: &Known) -> Result<Expectation, ExpectError> {
        read(text, Some(known)).map(|(expectation, _)| expectation)
    }
}

/// An expectation, and the word that names its figure.
pub(super) fn read<'a>(
    text: &'a str,
    known: Option<&'a Known>,
) -> Result<(Expectation, Token<'a>), ExpectError> {
    if text.len() > TEXT_MAX {
        return Err(error("an expectation of more than 500 bytes", "shorten it", 0..text.len()));
    }
    let mut parser = Parser { text, tokens: lex(text), at: 0, known };
    parser.check_comparison()?;
    let named = parser.figure_word()?;
    let mut measure = parser.measure()?;
    let op = parser.op()?;
    let right = Right::read(&mut parser, &measure)?;
    parser.scope(&measure.figure, &mut measure.scope)?;
    parser.check_end()?;
    let threshold = right.resolve(&measure)?;
    let text = text.trim().to_owned();
    Ok((Expectation { text, measure, op, threshold, place: None }, named))
}

/// What is left to be read.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) at: usize,
    pub(super) known: Option<&'a Known>,
}

impl<'a> Parser<'a> {
    /// A sentence without any comparison is not an expectation, whatever is wrong with its first word.
    fn check_comparison(&self) -> Result<(), ExpectError> {
        const HELP: &str = "write it as `figure op value`, with one of `<`, `<=`, `>`, `>=`, `==`";
        let is_key = |token: &Token<'_>| Key::ALL.iter().any(|key| key.name() == token.text);
        let assigns = |at: usize| self.tokens[at].text == "=" && at > 0 && is_key(&self.tokens[at - 1]);
        let compares = |at: usize| self.tokens[at].kind == Kind::Compare && !assigns(at);
        if (0..self.tokens.len()).any(compares) {
            return Ok(());
        }
        let start = self.tokens.first().map_or(0, |token| token.span.start);
        Err(error("no comparison", HELP, start..self.tokens.last().map_or(0, |token| token.span.end)))
    }

    fn figure_word(&self) -> Result<Token<'a>, ExpectError> {
        let first = self.peek().filter(|token| token.kind == Kind::Word);
        first.cloned().ok_or_else(|| {
            let start = self.peek().map_or(0, |token| token.span.start);
            error("no figure before the comparison", "name one, such as `availability`", start..start)
        })
    }

    /// A figure, its statistic and its scope.
    pub(super) fn measure(&mut self) -> Result<Measure, ExpectError> {
        let word = self.figure_word()?;
        self.at += 1;
        let (figure, stat) = figure::read(&word)?;
        let mut scope = Scope::default();
        self.scope(figure.name, &mut scope)?;
        Ok(Measure { figure: figure.name.to_owned(), stat: stat.map(str::to_owned), scope })
    }

    fn op(&mut self) -> Result<Op, ExpectError> {
        let end = self.end();
        let Some(token) = self.next() else {
            return Err(error("no comparison", "compare it: `<`, `<=`, `>`, `>=` or `==`", end..end));
        };
        if token.kind != Kind::Compare {
            let help = "only `during PHASE` and `for KEY=NAME` may follow a figure, and then a comparison";
            return Err(error(format!("unexpected `{}`", token.text), help, token.span));
        }
        Ok(match token.text {
            "<" => Op::Less,
            "<=" | "≤" => Op::AtMost,
            ">" => Op::Greater,
            ">=" | "≥" => Op::AtLeast,
            "==" | "=" => Op::Equal,
            other => {
                let message = format!("unknown comparison `{other}`");
                return Err(error(message, "there are `<`, `<=`, `>`, `>=` and `==`", token.span));
            }
        })
    }

    /// Every `during` and `for` that follows.
    fn scope(&mut self, figure: &str, scope: &mut Scope) -> Result<(), ExpectError> {
        while let Some(word) = self.peek().cloned() {
            match word.text {
                "during" => self.during(figure, scope, word)?,
                "for" => self.keys(figure, scope)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn during(&mut self, figure: &str, scope: &mut Scope, word: Token<'a>) -> Result<(), ExpectError> {
        self.at += 1;
        reach::check_phase(figure, &word)?;
        if !scope.during.is_empty() {
            return Err(error(
                "`during` is said twice",
                "several phases are written `during a|b`",
                word.span,
            ));
        }
        if self.peek().is_none_or(|token| token.kind != Kind::Word) {
            let help = "name a phase, or a kind: `baseline`, `fault`, `recovery`";
            return Err(error("no phase after `during`", help, word.span));
        }
        scope.during = self.phases()?;
        Ok(())
    }

    /// `a|b`
    pub(super) fn phases(&mut self) -> Result<Vec<String>, ExpectError> {
        let known = self.known;
        self.names(|token| known.map_or(Ok(()), |known| known.phase(token)))
    }

    /// `for tenant=free|trial, route=chat and outcome=primary`
    fn keys(&mut self, figure: &str, scope: &mut Scope) -> Result<(), ExpectError> {
        loop {
            // What makes another key necessary: `for`, a comma or `and`.
            let before = self.tokens[self.at].clone();
            self.at += 1;
            let Some(token) = self.next().filter(|token| token.kind == Kind::Word) else {
                let message = format!("nothing after `{}`", before.text);
                return Err(error(message, format!("write `tenant=free`; {}", keys_known()), before.span));
            };
            self.key(figure, scope, token)?;
            if self.peek().is_none_or(|token| token.kind != Kind::Comma && token.text != "and") {
                return Ok(());
            }
        }
    }

    /// `tenant=free|trial`, of which the first word was read.
    fn key(&mut self, figure: &str, scope: &mut Scope, token: Token<'a>) -> Result<(), ExpectError> {
        let key = key(&token)?;
        reach::check_key(figure, key, &token)?;
        if !scope.of(key).is_empty() {
            let help = format!("several names are written `{}=a|b`", key.name());
            return Err(error(format!("`{}` is said twice", key.name()), help, token.span));
        }
        let equals = self.next().filter(|token| token.kind == Kind::Compare && token.text == "=");
        if equals.is_none() || self.peek().is_none_or(|token| token.kind != Kind::Word) {
            let message = format!("no name after `{}`", key.name());
            return Err(error(message, format!("write `{}=NAME`", key.name()), token.span));
        }
        let known = self.known;
        let names = self.names(|token| match (known, key) {
            (Some(known), key) => known.name(key, token),
            (None, Key::Outcome) => known::outcome(token),
            (None, _) => Ok(()),
        })?;
        scope.set(key, names);
        Ok(())
    }

    /// Names with bars between them; the first one is there.
    fn names(
        &mut self,
        check: impl Fn(&Token<'_>) -> Result<(), ExpectError>,
    ) -> Result<Vec<String>, ExpectError> {
        let (mut names, mut bar) = (Vec::new(), 0..0);
        loop {
            let Some(token) = self.next().filter(|token| token.kind == Kind::Word) else {
                return Err(error("no name after `|`", "name another one, or drop the `|`", bar));
            };
            check(&token)?;
            names.push(token.text.to_owned());
            match self.peek().filter(|token| token.kind == Kind::Bar) {
                Some(found) => bar = found.span.clone(),
                None => return Ok(names),
            }
            self.at += 1;
        }
    }

    fn check_end(&self) -> Result<(), ExpectError> {
        let Some(extra) = self.peek() else { return Ok(()) };
        let help = "only `during PHASE` and `for KEY=NAME` may follow the value";
        Err(error(format!("unexpected `{}`", extra.text), help, extra.span.clone()))
    }

    pub(super) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek().cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// Where the text ends, its last spaces apart.
    pub(super) fn end(&self) -> usize {
        self.text.trim_end().len()
    }
}

fn key(token: &Token<'_>) -> Result<Key, ExpectError> {
    if let Some(key) = Key::ALL.into_iter().find(|key| key.name() == token.text) {
        return Ok(key);
    }
    let help = match nearest(token.text, Key::ALL.iter().map(|key| key.name())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write `tenant={}`; {}", token.text, keys_known()),
    };
    Err(error(format!("`{}` is nothing to tell requests by", token.text), help, token.span.clone()))
}

fn keys_known() -> String {
    format!("there are {}", super::list(Key::ALL.iter().map(|key| key.name())))
}
