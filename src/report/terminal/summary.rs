//! A page for a single scenario.

use super::histogram::histogram;
use super::timeline::timeline;
use super::{page_width, tables};
use crate::history::figure::Kind;
use crate::judge::expectations::show;
use crate::judge::{Interval, Judgement, Verdict, WindowFigures, plural};
use crate::report::Account;
use crate::report::paint::{Paint, badge, fit, glyph, show_seconds, tame, thousands, time, wrap};

/// Verdict and why, the run over time, phases, outcomes, latency, failover, politeness and cost, expectations, faults.
#[must_use]
pub fn summary(account: &Account, width: usize, color: bool) -> String {
    let judgement = &account.judgement;
    let page = Page { judgement, width: page_width(width), paint: Paint::new(color) };
    let sections = [
        page.verdict(),
        page.section("Over time", &timeline(account, page.width, page.paint)),
        page.section("Phases", &page.phases()),
        page.section("Outcomes", &tables::outcomes(&judgement.whole, page.width)),
        page.section("Latency", &page.latency()),
        page.section("Failover", &page.failover()),
        page.section("Politeness and cost", &page.manners()),
        page.section("Expectations", &page.expectations()),
        page.section("Promises", &page.promises()),
        page.section("Faults", &page.faults()),
        page.definitions(),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Columns left of what is said with a sign.
const INDENT: usize = 4;

struct Page<'a> {
    judgement: &'a Judgement,
    width: usize,
    paint: Paint,
}

impl Page<'_> {
    fn section(&self, title: &str, body: &str) -> String {
        if body.is_empty() { String::new() } else { format!("{}\n{body}", self.paint.bold(title)) }
    }

    fn verdict(&self) -> String {
        let judgement = self.judgement;
        let header = &judgement.header;
        let badge = self.paint.verdict(judgement.verdict, badge(judgement.verdict).trim_end());
        let mut text = format!("{badge}  {}", self.paint.bold(&header.scenario));
        text.push_str(&self.paint.dim(&format!("  seed {}\n", header.seed)));
        if let Some(about) = &header.about {
            text.push_str(&format!("  {}\n", fit(about.trim(), self.width - 2)));
        }
        for reason in &judgement.reasons {
            let sign = self.paint.verdict(reason.verdict, glyph(reason.verdict));
            text.push_str(&self.paragraph(&format!("  {sign} "), &reason.what, Paint::bold));
            text.push_str(&self.paragraph("    ", &reason.help, Paint::dim));
        }
        text
    }

    /// Words on as many lines as they need, the first after `start`, the others below it.
    fn paragraph(&self, start: &str, words: &str, dress: fn(Paint, &str) -> String) -> String {
        let lines = wrap(&tame(words), self.width.saturating_sub(INDENT)).into_iter().enumerate();
        let start = |index| if index == 0 { start.to_owned() } else { " ".repeat(INDENT) };
        lines.map(|(index, line)| format!("{}{}\n", start(index), dress(self.paint, &line))).collect()
    }

    /// Where the figures are defined.
    fn definitions(&self) -> String {
        let words = "every figure is defined in docs/metrics.md, and by `brownout figures NAME`";
        let lines = wrap(words, self.width).into_iter();
        lines.map(|line| self.paint.dim(&line) + "\n").collect()
    }

    fn phases(&self) -> String {
        let judgement = self.judgement;
        let ended = judgement.footer.ended.as_us() as f64 / 1e6;
        tables::phases(&judgement.phases, &judgement.whole, ended, self.width)
    }

    /// Two histograms; one when nothing was streamed, so that the first output is also the last.
    fn latency(&self) -> String {
        let whole = &self.judgement.whole.distributions;
        let (first, total) = (whole.get("latency.first_token"), whole.get("latency.total"));
        let shown = if first == total {
            [("first output, which is also the last", first), ("", None)]
        } else {
            [("first output", first), ("whole answer", total)]
        };
        let shown = shown.into_iter().filter_map(|(title, figure)| Some((title, figure?)));
        shown.map(|(title, distribution)| histogram(title, distribution, self.width)).collect()
    }

    fn failover(&self) -> String {
        let windows = self.judgement.windows.iter().filter(|window| window.wanted > 0);
        let mut text: String = windows.map(|window| self.window(window)).collect();
        let at = |figure| time(self.judgement.whole.measure(figure, Some("p50")));
        text.push_str(&tables::facts(
            &[
                ("detect p50", at("failover.detect")),
                ("decide p50", at("failover.decide")),
                ("answer p50", at("failover.answer")),
                ("added p50", at("failover.added")),
            ],
            self.width,
        ));
        text
    }

    fn window(&self, window: &WindowFigures) -> String {
        let to = window.to.map_or_else(|| "the end".to_owned(), show_seconds);
        let title = format!("  {} {}..{to} ({})", window.provider, show_seconds(window.from), window.fault);
        let facts = [
            ("time to failover", failover_after(window)),
            ("harmed before", thousands(window.harmed)),
            ("wasted attempts", thousands(window.wasted_attempts)),
            ("service back after", interval(window.recover_service)),
            ("failback after", interval(window.recover_failback)),
            ("flaps", thousands(window.flaps)),
            (
                "lost",
                window
                    .loss_area
                    .filter(|lost| *lost > 0.0)
                    .map_or_else(|| "-".to_owned(), |lost| format!("{lost:.1} requests")),
            ),
        ];
        format!("{}\n{}", fit(&title, self.width), tables::facts(&facts, self.width))
    }

    fn manners(&self) -> String {
        let number = |figure, kind| {
            self.judgement.whole.number(figure).map_or_else(|| "-".to_owned(), |value| show(kind, value))
        };
        tables::facts(
            &[
                ("amplification", number("amplification", Kind::Ratio)),
                ("worst second", number("amplification.worst", Kind::Ratio)),
                ("in outage", number("outage_amplification", Kind::Ratio)),
                ("early retries", number("retry_after_violations", Kind::Count)),
                ("useless repeats", number("repeat_violations", Kind::Count)),
                ("orphans", number("orphans", Kind::Count)),
                ("cost", number("cost.total", Kind::Money)),
                ("per success", number("cost.per_success", Kind::Money)),
                ("inflation", number("cost.inflation", Kind::Ratio)),
                ("quality", number("quality", Kind::Ratio)),
            ],
            self.width,
        )
    }

    fn expectations(&self) -> String {
        let lines = self.judgement.expectations.iter().map(|result| {
            let sign = self.paint.verdict(result.verdict, glyph(result.verdict));
            let text = format!("{}: {}", result.expectation.text, result.explanation);
            self.paragraph(&format!("  {sign} "), &text, |_, line| line.to_owned())
        });
        lines.collect()
    }

    fn promises(&self) -> String {
        let (kept, broken): (Vec<_>, Vec<_>) = self
            .judgement
            .promises
            .iter()
            .filter(|promise| promise.checked > 0)
            .partition(|p| p.violations == 0);
        let ids: Vec<_> = kept.iter().map(|promise| promise.id.as_str()).collect();
        let sign = self.paint.verdict(Verdict::Pass, glyph(Verdict::Pass));
        let plain = |_: Paint, line: &str| line.to_owned();
        let mut text = self.paragraph(&format!("  {sign} "), &format!("kept: {}", ids.join(" ")), plain);
        for promise in broken {
            let line = format!(
                "{} {}: {} of {} requests",
                promise.id, promise.name, promise.violations, promise.checked
            );
            let sign = self.paint.verdict(Verdict::Fail, glyph(Verdict::Fail));
            text.push_str(&format!("  {sign} {}\n", fit(&line, self.width - 4)));
        }
        text
    }

    fn faults(&self) -> String {
        let faults = self.judgement.header.faults.iter().map(|fault| {
            let fired = self.judgement.footer.fired.iter();
            let fired =
                fired.filter(|f| f.provider == fault.provider && f.name == fault.name).map(|f| f.count);
            let count = fired.sum::<u64>();
            let sign = glyph(if count > 0 { Verdict::Pass } else { Verdict::Inconclusive });
            let line = format!(
                "{} on {} ({}): fired {}",
                fault.name,
                fault.provider,
                fault.kind,
                plural(count, "time")
            );
            format!("  {sign} {}\n", fit(&line, self.width - 4))
        });
        faults.collect()
    }
}

fn failover_after(window: &WindowFigures) -> String {
    match window.time_to_failover {
        Interval::Unknown => "unknown (too few requests)".to_owned(),
        known => interval(known),
    }
}

fn interval(interval: Interval) -> String {
    match interval {
        Interval::After(seconds) => show_seconds(seconds),
        Interval::Never(watched) => format!("never in {}", show_seconds(watched)),
        Interval::Unknown => "-".to_owned(),
    }
}
