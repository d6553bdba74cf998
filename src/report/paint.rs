//! Colour where it was asked for, alignment by characters, numbers for people.

use anstyle::{AnsiColor, Style};

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

/// Cut to `width` characters, with an ellipsis where something is missing.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Cut or padded on the right to exactly `width` characters.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let fitted = fit(text, width);
    let missing = width.saturating_sub(fitted.chars().count());
    fitted + &" ".repeat(missing)
}

/// Padded on the left.
pub(crate) fn right(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    " ".repeat(missing) + text
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
