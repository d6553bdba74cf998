//! The formats of a report, and the files that each of them makes.

use super::{Suite, csv, github, hlog, html, json, junit, markdown, openmetrics};
use crate::history::figure::nearest;

/// A form in which a run can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A document a scenario, for programs; its schema is `schemas/report.schema.json`.
    Json,
    /// One self-contained page.
    Html,
    /// JUnit's XML, for the test reports of CI systems.
    Junit,
    /// GitHub-flavoured Markdown: the summary of a step, or a comment.
    Markdown,
    /// GitHub's annotations: workflow commands, to be printed inside a step.
    Github,
    /// HdrHistogram's interval logs: every latency, by time, phase and provider.
    Hlog,
    /// Every figure in a row of its own.
    Csv,
    /// OpenMetrics text, as Prometheus and its like take it.
    Openmetrics,
    /// A row a request; made from a history alone ([`super::requests()`]), as it does not fit into memory.
    Requests,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name inside the report's folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl File {
    pub(super) fn new(name: String, text: String) -> File {
        File { name, text }
    }
}

/// A word that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{word}`{}; there are {}", self.meant(), names())]
pub struct UnknownFormat {
    /// The word.
    pub word: String,
}

impl Format {
    /// Every format, in the order in which they are listed.
    pub const ALL: [Format; 9] = [
        Format::Json,
        Format::Html,
        Format::Junit,
        Format::Markdown,
        Format::Github,
        Format::Hlog,
        Format::Csv,
        Format::Openmetrics,
        Format::Requests,
    ];

    /// As it is written on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Html => "html",
            Format::Junit => "junit",
            Format::Markdown => "markdown",
            Format::Github => "github",
            Format::Hlog => "hlog",
            Format::Csv => "csv",
            Format::Openmetrics => "openmetrics",
            Format::Requests => "requests",
        }
    }

    /// The format of this name.
    ///
    /// # Errors
    ///
    /// When there is none; the error says which there are, and which was probably meant.
    pub fn parse(word: &str) -> Result<Format, UnknownFormat> {
        let found = Format::ALL.into_iter().find(|format| format.name() == word);
        found.ok_or_else(|| UnknownFormat { word: word.to_owned() })
    }
}

impl UnknownFormat {
    fn meant(&self) -> String {
        let names = Format::ALL.into_iter().map(Format::name);
        nearest(&self.word, names).map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
    }
}

fn names() -> String {
    let names = Format::ALL.map(|format| format!("`{}`", format.name()));
    let (last, rest) = names.split_last().expect("there are formats");
    format!("{} and {last}", rest.join(", "))
}

/// The files of a suite in these formats, but for [`Format::Requests`]; each is made when it is asked for, as those of a
/// big suite together are more than memory should hold. The same suite gives the same bytes.
pub fn files<'a>(suite: &'a Suite, formats: &'a [Format]) -> impl Iterator<Item = File> + 'a {
    let wanted = Format::ALL.into_iter().filter(|format| formats.contains(format));
    wanted.flat_map(|format| files_of(suite, format))
}

type Files<'a> = Box<dyn Iterator<Item = File> + 'a>;

fn files_of(suite: &Suite, format: Format) -> Files<'_> {
    match format {
        Format::Json => {
            Box::new(suite.chapters.iter().map(|c| File::new(format!("{}.json", stem(c.name())), json(c))))
        }
        Format::Html => one("index.html", || html::page(suite)),
        Format::Junit => one("junit.xml", || junit(suite)),
        Format::Markdown => one("summary.md", || markdown(suite)),
        Format::Github => one("annotations.txt", || github(suite)),
        Format::Hlog => Box::new(suite.chapters.iter().flat_map(|chapter| hlog(&chapter.account))),
        Format::Csv => one("figures.csv", || csv::figures(suite)),
        Format::Openmetrics => one("metrics.txt", || openmetrics(suite)),
        Format::Requests => Box::new(std::iter::empty()),
    }
}

fn one<'a>(name: &str, text: impl FnOnce() -> String + 'a) -> Files<'a> {
    let name = name.to_owned();
    Box::new(std::iter::once_with(|| File::new(name, text())))
}

/// A scenario's name as the beginning of a file's: letters, digits, `.`, `_` and `-` stay as they are.
#[must_use]
pub fn stem(scenario: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || "._-".contains(char);
    scenario.chars().map(|char| if plain(char) { char } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::suite;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.name()), Ok(format));
        }
    }

    #[test]
    fn an_unknown_format_is_answered_with_those_there_are() {
        let error = Format::parse("juint").expect_err("unknown").to_string();
        assert!(error.starts_with("there is no format `juint` (did you mean `junit`?); there are `json`, "));
        assert!(error.ends_with(" and `requests`"), "{error}");
    }

    #[test]
    fn files_have_names_of_their_own_and_the_same_bytes_each_time() {
        let suite = suite();
        let files: Vec<_> = super::files(&suite, &Format::ALL).collect();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        let expected = [
            "regional-outage.json",
            "broken-promise.json",
            "index.html",
            "junit.xml",
            "summary.md",
            "annotations.txt",
            "regional-outage.first_token.hlog",
            "regional-outage.total.hlog",
            "broken-promise.first_token.hlog",
            "broken-promise.total.hlog",
            "broken-promise.error.hlog",
            "figures.csv",
            "metrics.txt",
        ];
        assert_eq!(names, expected);
        assert_eq!(files, super::files(&suite, &Format::ALL).collect::<Vec<_>>());
    }

    #[test]
    fn names_of_files_lead_nowhere_else() {
        assert_eq!(stem("../it's down: 50%"), "..-it-s-down--50-");
    }
}
