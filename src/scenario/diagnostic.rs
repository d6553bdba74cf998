//! A problem of a scenario file: what, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::code::Code;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// Legal, but hardly what was meant.
    Warning,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a fragment that names the thing in backticks.
    pub message: String,
    /// Bytes of the source it is about; none when it is about the whole file.
    pub span: Option<Range<usize>>,
    /// What was expected, said at the place itself.
    pub label: Option<String>,
    /// Further places that matter (the first of two names, say), each with its words.
    pub related: Vec<(Range<usize>, String)>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error; or a warning, if its code says so.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let severity = if code.id().starts_with('W') { Severity::Warning } else { Severity::Error };
        Diagnostic {
            code,
            severity,
            message: message.into(),
            span: None,
            label: None,
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, span: &Range<usize>) -> Self {
        self.span = Some(span.clone());
        self
    }

    /// Says what was expected there.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn related(mut self, span: &Range<usize>, label: impl Into<String>) -> Self {
        self.related.push((span.clone(), label.into()));
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        if help.is_some() {
            self.help = help;
        }
        self
    }
}

/// All problems of a file, with the text they are about.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems {
    path: PathBuf,
    text: String,
    list: Vec<Diagnostic>,
}

impl Problems {
    /// Problems of the file `path` with this text, in the order of their places.
    #[must_use]
    pub fn new(path: &Path, text: impl Into<String>, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|problem| problem.span.as_ref().map_or((0, 0), |span| (span.start, span.end)));
        Problems { path: path.to_path_buf(), text: text.into(), list }
    }

    /// A single problem of a file as a whole.
    #[must_use]
    pub fn of_file(path: &Path, problem: Diagnostic) -> Self {
        Problems::new(path, "", vec![problem])
    }

    /// The same, with what `advice` says to do where nothing was said yet.
    #[must_use]
    pub(super) fn advising(mut self, advice: impl Fn(&Diagnostic, &str) -> Option<String>) -> Self {
        for problem in self.list.iter_mut().filter(|problem| problem.help.is_none()) {
            problem.help = advice(problem, &self.text);
        }
        self
    }

    /// The same, with asterisks for what `secrets` finds in the text, and `words` in what is said of it.
    #[must_use]
    pub(super) fn hiding(
        mut self,
        secrets: impl Fn(&str) -> Vec<Range<usize>>,
        words: impl Fn(&str) -> Vec<Range<usize>>,
    ) -> Self {
        let spans = secrets(&self.text);
        self.text = hidden(self.text, spans);
        for problem in &mut self.list {
            let said = problem.related.iter_mut().map(|(_, label)| label).chain(&mut problem.notes);
            let said = said.chain(&mut problem.label).chain(&mut problem.help).chain([&mut problem.message]);
            for text in said {
                let spans = words(text);
                *text = hidden(std::mem::take(text), spans);
            }
        }
        self
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text, as far as it could be read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One by one, in the order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether one of them stops the run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// For people: path, line and column, the line itself, what was expected, and what to do.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        super::render::render(self, color)
    }
}

/// Asterisks for `spans` of a text; it keeps its length and its lines.
fn hidden(text: String, spans: Vec<Range<usize>>) -> String {
    let mut bytes = text.into_bytes();
    for span in spans {
        if let Some(hidden) = bytes.get_mut(span) {
            hidden.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
    }
    // Spans are of whole characters; if one were not, nothing is shown rather than half of something.
    String::from_utf8(bytes).unwrap_or_default()
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Problems {}
