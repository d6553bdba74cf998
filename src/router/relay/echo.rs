//! Skips, in an answer that is said again, what its caller has already.
//!
//! Only as long as the text agrees to the letter: two answers that differ are two answers, and a caller must never
//! get the beginning of one and the end of the other.

use crate::chat::{Delta, Failure, FailureClass};
use crate::router::seam::seam;

/// What is still to be said again before something new comes.
pub(super) struct Echo {
    rest: String,
}

impl Echo {
    /// Nothing is skipped.
    pub(super) fn none() -> Self {
        Echo { rest: String::new() }
    }

    /// `said` is skipped.
    pub(super) fn of(said: &str) -> Self {
        Echo { rest: said.to_owned() }
    }

    /// `deltas` without what was said already.
    ///
    /// # Errors
    ///
    /// When something else is said than before.
    pub(super) fn strip(&mut self, deltas: impl Iterator<Item = Delta>) -> Result<Vec<Delta>, Failure> {
        let mut new = Vec::new();
        for delta in deltas {
            match delta {
                Delta::Text(text) if !self.rest.is_empty() => {
                    let common = common_prefix(&self.rest, &text);
                    if common < text.len() && common < self.rest.len() {
                        seam!(SkipsWithoutReading, return Err(differs()), self.rest.truncate(common));
                    }
                    self.rest.drain(..common);
                    if common < text.len() {
                        new.push(Delta::Text(text[common..].to_owned()));
                    }
                }
                Delta::ToolCall { .. } | Delta::Refusal(_) if !self.rest.is_empty() => return Err(differs()),
                // The thoughts of the first time were told already.
                Delta::Reasoning(_) if !self.rest.is_empty() => {}
                other => new.push(other),
            }
        }
        Ok(new)
    }

    /// At the end of the answer.
    ///
    /// # Errors
    ///
    /// When less was said than before.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        if self.rest.is_empty() { Ok(()) } else { Err(differs()) }
    }
}

fn common_prefix(a: &str, b: &str) -> usize {
    let pairs = a.char_indices().zip(b.chars());
    let differs = pairs.clone().find(|((_, a), b)| a != b);
    differs.map_or(a.len().min(b.len()), |((at, _), _)| at)
}

fn differs() -> Failure {
    Failure::new(FailureClass::InvalidOutput, "said again, the answer differs from what was said before")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(said: &str, pieces: &[&str]) -> Result<String, Failure> {
        let mut echo = Echo::of(said);
        let mut new = String::new();
        for piece in pieces {
            for delta in echo.strip(std::iter::once(Delta::Text((*piece).to_owned())))? {
                if let Delta::Text(text) = delta {
                    new.push_str(&text);
                }
            }
        }
        echo.finish().map(|()| new)
    }

    #[test]
    fn what_was_said_is_skipped_however_it_is_cut() {
        for pieces in [&["Hello world, hi"][..], &["Hel", "lo world", ", hi"], &["H", "ello world, ", "hi"]] {
            assert_eq!(strip("Hello world", pieces).as_deref(), Ok(", hi"));
        }
    }

    #[test]
    fn another_answer_is_not_gone_on_with() {
        assert!(strip("Hello world", &["Hello there"]).is_err());
        assert!(strip("Hellö", &["Hellä!"]).is_err());
        assert!(strip("Hello world", &["Hello"]).is_err(), "it ended before what was said");
    }

    #[test]
    fn a_call_in_place_of_the_text_is_another_answer() {
        let call = Delta::ToolCall { index: 0, id: None, name: None, arguments: String::new() };
        assert!(Echo::of("a").strip(std::iter::once(call)).is_err());
    }
}
