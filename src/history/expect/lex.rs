//! The text of an expectation in pieces, each with its place.

use std::ops::Range;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything that is none of the others: names, numbers, units.
    Word,
    /// Signs of comparison, as many as stand together.
    Compare,
    /// `|`
    Bar,
    /// `,`
    Comma,
}

/// Signs of which comparisons are made.
const COMPARES: [char; 6] = ['<', '>', '=', '≤', '≥', '!'];

/// All pieces in order; whitespace only separates.
pub(super) fn lex(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    for (at, char) in text.char_indices().filter(|(_, char)| !char.is_whitespace()) {
        let end = at + char.len_utf8();
        let kind = kind(char);
        match tokens.last_mut() {
            Some(last) if last.span.end == at && last.kind == kind && grows(kind) => {
                last.span.end = end;
                last.text = &text[last.span.clone()];
            }
            _ => tokens.push(Token { kind, text: &text[at..end], span: at..end }),
        }
    }
    tokens
}

/// Whether signs of this kind that stand together are one piece.
const fn grows(kind: Kind) -> bool {
    matches!(kind, Kind::Word | Kind::Compare)
}

fn kind(char: char) -> Kind {
    match char {
        '|' => Kind::Bar,
        ',' => Kind::Comma,
        char if COMPARES.contains(&char) => Kind::Compare,
        _ => Kind::Word,
    }
}
