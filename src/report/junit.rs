//! JUnit's XML: a `testsuite` a scenario, a `testcase` for everything it was checked for.
//!
//! There is no standard of it, only schemas and habits. What is written here keeps to both schemas in use (Ant's,
//! `JUnit.xsd`, and that of Jenkins' xUnit plugin, `junit-10.xsd`): attributes that only one viewer knows, such as `file`
//! on a test case, would break them, so the place of a check stands in its text (`scenarios/outage.yaml:12:5`), where
//! viewers find it as they find a compiler's. Times are those of the run: simulated ones in a simulation.

use super::checks::{Check, checks, place, reproduce};
use super::{Chapter, Suite};
use crate::history::{Header, Mode};
use crate::judge::{Judgement, Verdict};

/// The test report of a suite.
#[must_use]
pub fn junit(suite: &Suite) -> String {
    let mut xml = Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
    xml.line(0, "<testsuites>");
    for (id, chapter) in suite.chapters.iter().enumerate() {
        test_suite(&mut xml, id, chapter);
    }
    xml.line(0, "</testsuites>");
    xml.0
}

fn test_suite(xml: &mut Xml, id: usize, chapter: &Chapter) {
    let judgement = &chapter.account.judgement;
    let header = &judgement.header;
    let checks = checks(chapter);
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count().to_string();
    let seconds = seconds(judgement);
    xml.open(
        1,
        "testsuite",
        &[
            ("name", &header.scenario),
            ("package", &class_name(header)),
            ("id", &id.to_string()),
            ("hostname", "localhost"),
            ("timestamp", &timestamp(header.starts_us)),
            ("time", &seconds),
            ("tests", &checks.len().to_string()),
            ("failures", &count(Verdict::Fail)),
            ("errors", &count(Verdict::Inconclusive)),
        ],
    );
    properties(xml, chapter);
    let mut names = Names::default();
    for (index, check) in checks.iter().enumerate() {
        // One run was made for all of them: its time stands at the first.
        let time = if index == 0 { &seconds } else { "0" };
        test_case(xml, judgement, check, &names.own(&check.name), time);
    }
    xml.line(2, &format!("<system-out>{}</system-out>", escape(&reproduce(judgement))));
    xml.line(2, "<system-err></system-err>");
    xml.line(1, "</testsuite>");
}

fn properties(xml: &mut Xml, chapter: &Chapter) {
    let header = &chapter.account.judgement.header;
    let mode = if header.mode == Mode::RealTime { "real_time" } else { "simulated" };
    xml.line(2, "<properties>");
    for (name, value) in [
        ("file", header.path.as_str()),
        ("seed", &header.seed.to_string()),
        ("mode", mode),
        ("verdict", chapter.verdict().name()),
        ("about", header.about.as_deref().unwrap_or_default().trim()),
    ] {
        if !value.is_empty() {
            xml.empty(3, "property", &[("name", name), ("value", value)]);
        }
    }
    xml.line(2, "</properties>");
}

fn test_case(xml: &mut Xml, judgement: &Judgement, check: &Check, name: &str, time: &str) {
    let class = class_name(&judgement.header);
    let attributes = [("classname", class.as_str()), ("name", name), ("time", time)];
    let element = match check.verdict {
        Verdict::Pass => return xml.empty(2, "testcase", &attributes),
        Verdict::Fail => "failure",
        Verdict::Inconclusive => "error",
    };
    let kind = match check.verdict {
        Verdict::Inconclusive => "inconclusive",
        _ => check.kind.name(),
    };
    xml.open(2, "testcase", &attributes);
    let text = format!(
        "{}: {}\n{}\n{}{}",
        place(&judgement.header, check),
        check.name,
        check.found,
        check.detail,
        reproduce(judgement)
    );
    let opened = tag(element, &[("type", kind), ("message", &check.found)]);
    xml.line(3, &format!("<{opened}>{}</{element}>", escape(&text)));
    xml.line(2, "</testcase>");
}

/// `scenarios/outages/regional.yaml` is `scenarios.outages.regional`: viewers make a tree of it.
fn class_name(header: &Header) -> String {
    let path = header.path.strip_suffix(".yaml").or_else(|| header.path.strip_suffix(".yml"));
    let parts = path.unwrap_or(&header.path).split(['/', '\\']);
    let parts: Vec<_> = parts.filter(|part| !["", ".", ".."].contains(part)).collect();
    if parts.is_empty() { "scenario".to_owned() } else { parts.join(".") }
}

/// Seconds of the run, in the form of both schemas.
fn seconds(judgement: &Judgement) -> String {
    format!("{:.3}", judgement.footer.ended.as_us() as f64 / 1e6)
}

/// When the run began, in universal time and without saying so: Ant's schema wants no zone.
fn timestamp(starts_us: i64) -> String {
    let start = jiff::Timestamp::from_microsecond(starts_us).unwrap_or_default();
    start.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Names as they were given, but never the same twice: viewers take two cases of one name for one.
#[derive(Default)]
struct Names(std::collections::BTreeMap<String, u32>);

impl Names {
    fn own(&mut self, name: &str) -> String {
        let count = self.0.entry(name.to_owned()).or_default();
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name} ({count})") }
    }
}

/// Lines of XML.
struct Xml(String);

impl Xml {
    fn line(&mut self, depth: usize, text: &str) {
        self.0.push_str(&format!("{}{text}\n", "  ".repeat(depth)));
    }

    fn open(&mut self, depth: usize, name: &str, attributes: &[(&str, &str)]) {
        self.line(depth, &format!("<{}>", tag(name, attributes)));
    }

    fn empty(&mut self, depth: usize, name: &str, attributes: &[(&str, &str)]) {
        self.line(depth, &format!("<{}/>", tag(name, attributes)));
    }
}

fn tag(name: &str, attributes: &[(&str, &str)]) -> String {
    let attributes = attributes.iter().map(|(name, value)| {
        // A line break inside an attribute is read as a space unless it is written as a number.
        format!(" {name}=\"{}\"", escape(value).replace('\n', "&#10;").replace('\t', "&#9;"))
    });
    format!("{name}{}", attributes.collect::<String>())
}

/// Text as XML 1.0 allows it: what has a meaning is written as an entity, what may not occur at all becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | '\u{20}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(char),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::{doubtful, suite};

    #[test]
    fn a_suite_is_told_as_test_suites() {
        insta::assert_snapshot!(junit(&suite()));
    }

    #[test]
    fn an_inconclusive_run_is_an_error_and_its_name_is_legal_xml() {
        let xml = junit(&Suite { chapters: vec![Chapter::once(doubtful())], planned: 1 });
        assert!(xml.contains("name=\"never &lt;fired&gt; &amp; \u{fffd}\""), "{xml}");
        assert!(xml.contains("failures=\"0\" errors=\"1\""), "{xml}");
        assert!(
            xml.contains("<error type=\"inconclusive\" message=\"fault `outage` (status) on anthropic"),
            "{xml}"
        );
        assert!(xml.contains("send requests its way inside its window"), "{xml}");
    }

    #[test]
    fn characters_that_xml_forbids_never_occur() {
        assert_eq!(
            escape("a\u{0}b\u{1b}[31m\u{fffe}\u{7f}\u{1f600}"),
            "a\u{fffd}b\u{fffd}[31m\u{fffd}\u{7f}\u{1f600}"
        );
        assert_eq!(escape("<&>\"\r\n\t"), "&lt;&amp;&gt;&quot;&#13;\n\t");
        assert_eq!(tag("a", &[("b", "1\n2")]), "a b=\"1&#10;2\"");
    }

    #[test]
    fn class_names_make_a_tree_of_folders() {
        let name =
            |path: &str| class_name(&Header { path: path.to_owned(), ..crate::judge::testkit::header() });
        assert_eq!(name("scenarios/outages/regional.yaml"), "scenarios.outages.regional");
        assert_eq!(name("./../a.b.yml"), "a.b");
        assert_eq!(name(""), "scenario");
    }

    #[test]
    fn equal_names_are_told_apart() {
        let mut names = Names::default();
        assert_eq!([names.own("a"), names.own("a"), names.own("b")], ["a", "a (2)", "b"]);
    }
}
