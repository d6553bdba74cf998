//! Colour where it was asked for, alignment by columns, numbers for people.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::judge::Verdict;
pub(crate) use crate::judge::expectations::{show, show_seconds};

/// Colours, or their absence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    color: bool,
}

impl Paint {
    pub(crate) fn new(color: bool) -> Paint {
        Paint { color }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.apply(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.apply(Style::new().dimmed(), text)
    }

    /// Text in the colour of a verdict.
    pub(crate) fn verdict(self, verdict: Verdict, text: &str) -> String {
        let color = match verdict {
            Verdict::Pass => AnsiColor::Green,
            Verdict::Fail => AnsiColor::Red,
            Verdict::Inconclusive => AnsiColor::Yellow,
        };
        self.apply(Style::new().fg_color(Some(color.into())).bold(), text)
    }

    fn apply(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Glyph and word of a verdict, always equally wide.
pub(crate) const fn badge(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓ PASS        ",
        Verdict::Fail => "✗ FAIL        ",
        Verdict::Inconclusive => "? INCONCLUSIVE",
    }
}

/// The glyph alone.
pub(crate) const fn glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Inconclusive => "?",
    }
}

/// What runs with this verdict have done: `12 passed`.
pub(crate) const fn past(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// Columns a text takes up on a terminal: wide characters take two, combining ones none.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cut to `room` columns, with an ellipsis where something is missing.
pub(crate) fn fit(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for char in text.chars() {
        taken += char.width().unwrap_or(0);
        // One column belongs to the ellipsis.
        if taken >= room {
            break;
        }
        kept.push(char);
    }
    if room > 0 {
        kept.push('…');
    }
    kept
}

/// Cut or padded on the right to exactly `room` columns.
pub(crate) fn pad(text: &str, room: usize) -> String {
    let fitted = fit(text, room);
    let missing = room.saturating_sub(width(&fitted));
    fitted + &" ".repeat(missing)
}

/// Padded on the left.
pub(crate) fn right(text: &str, room: usize) -> String {
    let missing = room.saturating_sub(width(text));
    " ".repeat(missing) + text
}

/// Broken between words into lines of at most `room` columns; a word that is longer is broken inside.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = vec![String::new()];
    let mut taken = 0;
    for word in text.split_whitespace() {
        let gap = usize::from(taken > 0);
        if taken > 0 && taken + gap + width(word) > room {
            lines.push(String::new());
            taken = 0;
        } else if taken > 0 {
            lines.last_mut().expect("there is a line").push(' ');
            taken += 1;
        }
        for char in word.chars() {
            let wide = char.width().unwrap_or(0);
            if taken > 0 && taken + wide > room {
                lines.push(String::new());
                taken = 0;
            }
            lines.last_mut().expect("there is a line").push(char);
            taken += wide;
        }
    }
    lines
}

/// Without what a terminal would take for a command: a provider's words are shown, never obeyed.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|char| if char.is_control() && char != '\n' { '\u{b7}' } else { char }).collect()
}

/// `19,366`.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in percent; never rounded up to 100 % or down to 0 %.
pub(crate) fn percent(share: Option<f64>) -> String {
    let Some(share) = share else { return "-".to_owned() };
    let value = share * 100.0;
    match value {
        100.0.. => "100%".to_owned(),
        99.99.. => ">99.99%".to_owned(),
        99.0.. => format!("{:.2}%", (value * 100.0).floor() / 100.0),
        0.0 => "0%".to_owned(),
        ..0.05 => "<0.1%".to_owned(),
        _ => format!("{value:.1}%"),
    }
}

/// A duration in seconds, or a dash.
pub(crate) fn time(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), show_seconds)
}

/// A bar of `width` cells filled to `share`, in eighths of a cell; anything above zero shows.
pub(crate) fn bar(share: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let cells = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let cells = if share > 0.0 { cells.max(1) } else { 0 };
    "█".repeat(cells / 8) + EIGHTHS[cells % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_in_columns_and_not_in_characters() {
        // Two columns each: five of them take ten, and four and the ellipsis are nine.
        assert_eq!(width("障害と復旧"), 10);
        assert_eq!(fit("障害と復旧", 9), "障害と復…");
        // Half a character does not fit, so a column is left over.
        assert_eq!(pad("障害と復旧", 8), "障害と… ");
        assert_eq!(right("障害", 6), "  障害");
        assert_eq!((fit("abc", 0), fit("abc", 1), fit("abc", 3)), (String::new(), "…".into(), "abc".into()));
    }

    #[test]
    fn lines_break_between_words_and_inside_words_that_are_too_long() {
        assert_eq!(wrap("a chain of models", 8), ["a chain", "of", "models"]);
        assert_eq!(wrap("one incomprehensible", 6), ["one", "incomp", "rehens", "ible"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn a_providers_words_cannot_steer_the_terminal() {
        assert_eq!(tame("\u{1b}[2Jgone\r\nnext"), "·[2Jgone·\nnext");
    }
}
