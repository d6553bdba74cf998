//! Problems as text for people: the place, the line itself, what was expected, what to do.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Problems, Severity};

/// Problems shown in full; a file with more has one cause, not hundreds.
const MOST_SHOWN: usize = 40;

/// Bytes of one line that are shown at most: a line of megabytes is not for people.
const LONGEST_LINE: usize = 2_000;

pub(super) fn render(problems: &Problems, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let path = problems.path().display().to_string();
    let mut out = String::new();
    for problem in problems.iter().take(MOST_SHOWN) {
        let report = groups(problem, &path, problems.text());
        out.push_str(renderer.render(&report).trim_end());
        out.push_str("\n\n");
    }
    let hidden = problems.len().saturating_sub(MOST_SHOWN);
    if hidden > 0 {
        let _ = writeln!(out, "… and {hidden} more\n");
    }
    out
}

fn groups<'a>(problem: &'a Diagnostic, path: &'a str, text: &'a str) -> Vec<Group<'a>> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&problem.message).id(problem.code.id()));
    group = match &problem.span {
        Some(span) => snippets(problem, span, path, text).into_iter().fold(group, Group::element),
        None => group.element(Origin::path(path)),
    };
    for note in &problem.notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help));
    }
    vec![group]
}

/// The line of the place itself, and those of related places that are on other lines.
fn snippets<'a>(
    problem: &'a Diagnostic,
    span: &Range<usize>,
    path: &'a str,
    text: &'a str,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let (home, line) = crop(span, text);
    let primary = AnnotationKind::Primary.span(mark(span, &home, text)).label(problem.label.as_deref());
    let mut first = Snippet::source(&text[home.clone()]).path(path).line_start(line).annotation(primary);
    let mut others = Vec::new();
    for (place, label) in &problem.related {
        let (lines, line) = crop(place, text);
        let context = AnnotationKind::Context.span(mark(place, &lines, text)).label(label);
        if lines == home {
            first = first.annotation(context);
        } else {
            others.push(Snippet::source(&text[lines]).path(path).line_start(line).annotation(context));
        }
    }
    others.insert(0, first);
    others
}

/// The part of `span` that lies in `lines`, counted from there.
fn mark(span: &Range<usize>, lines: &Range<usize>, text: &str) -> Range<usize> {
    let start = floor(text, span.start.clamp(lines.start, lines.end));
    let end = floor(text, span.end.clamp(start, lines.end));
    start - lines.start..end - lines.start
}

/// The first line of `span`, and the line's number.
fn crop(span: &Range<usize>, text: &str) -> (Range<usize>, usize) {
    let start = floor(text, span.start);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let to = floor(text, to.min(start + LONGEST_LINE));
    (from..to, text[..from].matches('\n').count() + 1)
}

/// The nearest place at or before `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
