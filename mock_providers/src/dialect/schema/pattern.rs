//! A text that a regular expression matches, for the expressions people put in schemas: literals, classes, groups,
//! alternatives, counts and anchors. Anything else (look-around, back references) is given up on.

use std::iter::Peekable;
use std::str::Chars;

/// Longest text made.
const LENGTH_MAX: usize = 10_000;
/// Groups inside groups.
const DEPTH_MAX: u32 = 20;

/// A text of at least `least` characters that matches `pattern`; none when none was found.
pub(super) fn example(pattern: &str, least: usize) -> Option<String> {
    // Counts without an end are filled up to the minimal length.
    (0..=least.min(LENGTH_MAX)).find_map(|extra| {
        let mut parser = Parser { rest: pattern.chars().peekable(), extra, depth: 0 };
        let text = parser.alternatives()?;
        (parser.rest.next().is_none() && text.chars().count() >= least).then_some(text)
    })
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    /// How often more than it must an endless repetition repeats.
    extra: usize,
    depth: u32,
}

impl Parser<'_> {
    /// The first of `a|b|c`.
    fn alternatives(&mut self) -> Option<String> {
        let first = self.sequence()?;
        while self.rest.next_if_eq(&'|').is_some() {
            self.sequence()?;
        }
        Some(first)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut out = String::new();
        while let Some(next) = self.rest.next_if(|next| !matches!(next, '|' | ')')) {
            let Some(piece) = self.atom(next)? else { continue };
            let times = self.times()?;
            if out.len() + piece.len() * times > LENGTH_MAX {
                return None;
            }
            out.push_str(&piece.repeat(times));
        }
        Some(out)
    }

    /// One atom; nothing for an anchor.
    fn atom(&mut self, first: char) -> Option<Option<String>> {
        Some(Some(match first {
            '^' | '$' => return Some(None),
            '.' => "a".to_owned(),
            '(' => self.group()?,
            '[' => self.class()?.to_string(),
            '\\' => match self.rest.next()? {
                'b' | 'A' | 'z' | 'Z' => return Some(None),
                escape => member(escape)?.to_string(),
            },
            '*' | '+' | '?' | '{' => return None,
            literal => literal.to_string(),
        }))
    }

    fn group(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next()? {
                ':' => {}
                'P' | '<' => self.name()?,
                _ => return None,
            }
        }
        let text = self.alternatives()?;
        self.depth -= 1;
        self.rest.next_if_eq(&')').map(|_| text)
    }

    /// The name of a group, up to its bracket; look-behind is no name.
    fn name(&mut self) -> Option<()> {
        self.rest.next_if_eq(&'<');
        self.rest.next_if(|next| next.is_alphabetic() || *next == '_')?;
        self.rest.by_ref().find(|next| *next == '>').map(drop)
    }

    /// A member of a class.
    fn class(&mut self) -> Option<char> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let from = match self.rest.next()? {
                ']' if !ranges.is_empty() => break,
                '\\' => {
                    let escape = self.rest.next()?;
                    ranges.extend(kind(escape));
                    member(escape)?
                }
                literal => literal,
            };
            let to = if self.range() { self.bound()? } else { from };
            ranges.push((from, to));
        }
        if !negated {
            return ranges.first().map(|(from, _)| *from);
        }
        let excluded = |char: &char| ranges.iter().any(|(from, to)| (*from..=*to).contains(char));
        ['a', 'A', '0', '_', ' ', '~'].into_iter().find(|char| !excluded(char))
    }

    /// Whether a dash follows that is no member itself.
    fn range(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        let ranges = ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']');
        if ranges {
            self.rest.next();
        }
        ranges
    }

    fn bound(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => member(self.rest.next()?),
            literal => Some(literal),
        }
    }

    /// How often the atom before is repeated.
    fn times(&mut self) -> Option<usize> {
        let Some(sign) = self.rest.next_if(|next| matches!(next, '*' | '+' | '?' | '{')) else {
            return Some(1);
        };
        let times = match sign {
            '*' => self.extra,
            '+' => 1 + self.extra,
            '?' => 0,
            _ => self.counted()?,
        };
        self.rest.next_if(|next| matches!(next, '?' | '+'));
        Some(times)
    }

    fn counted(&mut self) -> Option<usize> {
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '}' => break,
                char => text.push(char),
            }
        }
        let (least, most) = text.split_once(',').unwrap_or((&text, &text));
        let least: usize = least.trim().parse().ok()?;
        match most.trim() {
            "" => Some(least + self.extra),
            most => Some((least + self.extra).min(most.parse().ok()?)),
        }
    }
}

/// All that an escape may stand for.
const fn kind(escape: char) -> &'static [(char, char)] {
    match escape {
        'd' => &[('0', '9')],
        'w' => &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
        's' => &[(' ', ' '), ('\t', '\r')],
        _ => &[],
    }
}

/// One character that an escape stands for.
fn member(escape: char) -> Option<char> {
    Some(match escape {
        'd' => '0',
        'w' => 'a',
        's' => ' ',
        'D' | 'S' => 'a',
        'W' => '-',
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        other if other.is_ascii_alphanumeric() => return None,
        other => other,
    })
}
