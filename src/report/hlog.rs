//! HdrHistogram's interval logs (version 1.3, histograms in V2): every latency of a run, by time, phase and provider, for
//! the tools that know them.
//!
//! One log a figure, since those tools add up whatever stands in a file: `first_token`, `total` (of answered requests) and
//! `error` (of failed ones), in microseconds. The tag of a line is `PHASE/PROVIDER`: merged over the tags of the judged
//! phases, a log has the percentiles of the report. Times stand relative to the run's start.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::Account;
use super::account::{Cell, Counts};
use super::format::{File, stem};
use crate::history::Header;

/// Longest duration told apart, in microseconds: an hour, as everywhere in a report.
const US_MAX: u64 = 3_600_000_000;

/// Significant decimal digits.
const DIGITS: u8 = 3;

type Select = fn(&Cell) -> Option<&Counts>;

/// The logs of one run; one without a single latency is left out.
pub fn hlog(account: &Account) -> impl Iterator<Item = File> + '_ {
    let figures: [(&str, Select); 3] = [
        ("first_token", |cell| Some(&cell.first_token)),
        ("total", |cell| cell.outcome.answered().then_some(&cell.total)),
        ("error", |cell| (!cell.outcome.answered()).then_some(&cell.total)),
    ];
    let stem = stem(&account.judgement.header.scenario);
    figures.into_iter().filter_map(move |(figure, select)| {
        let intervals = intervals(account, select);
        let name = format!("{stem}.{figure}.hlog");
        (!intervals.is_empty()).then(|| File::new(name, log(account, figure, &intervals)))
    })
}

/// Counts by slice of time and tag, in the order of a log.
type Intervals = BTreeMap<(usize, String), Counts>;

fn intervals(account: &Account, select: Select) -> Intervals {
    let mut intervals = Intervals::new();
    for cell in &account.grid.cells {
        let Some(counts) = select(cell).filter(|counts| !counts.is_empty()) else { continue };
        let key = (cell.slice, tag(&account.judgement.header, cell));
        intervals.entry(key).or_default().merge(counts);
    }
    intervals
}

/// Commas, spaces and line breaks would end a tag; whatever is more than letters, digits and `._-` becomes `_`.
fn tag(header: &Header, cell: &Cell) -> String {
    let phase = header.phases.get(cell.phase).map_or("", |phase| phase.name.as_str());
    let provider = cell.provider.as_deref().unwrap_or("nobody");
    let plain = |text: &str| -> String {
        text.chars()
            .map(|char| if char.is_alphanumeric() || "._-".contains(char) { char } else { '_' })
            .collect()
    };
    format!("{}/{}", plain(phase), plain(provider))
}

fn log(account: &Account, figure: &str, intervals: &Intervals) -> String {
    let mut log = head(&account.judgement.header, figure).into_bytes();
    let mut serializer = V2DeflateSerializer::new();
    let width = account.grid.width;
    let mut writer =
        IntervalLogWriterBuilder::new().begin_log_with(&mut log, &mut serializer).expect("memory takes it");
    for ((slice, tag), counts) in intervals {
        let start = width * u32::try_from(*slice).unwrap_or(u32::MAX);
        let tag = Tag::new(tag).expect("what ends a tag was taken out");
        writer.write_histogram(&histogram(counts), start, width, Some(tag)).expect("memory takes it");
    }
    String::from_utf8(log).expect("only text was written")
}

fn head(header: &Header, figure: &str) -> String {
    let start = header.starts_us as f64 / 1e6;
    let date = jiff::Timestamp::from_microsecond(header.starts_us).unwrap_or_default();
    let date = date.strftime("%a %b %d %H:%M:%S UTC %Y");
    let scenario: String = header.scenario.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!(
        "#[Histogram log format version 1.3]\n\
         #[StartTime: {start:.3} (seconds since epoch), {date}]\n\
         #[BaseTime: {start:.3} (seconds since epoch)]\n\
         #[Brownout: {scenario}, seed {}, {figure} in microseconds]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        header.seed
    )
}

fn histogram(counts: &Counts) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, US_MAX, DIGITS).expect("the bounds are legal");
    for (us, count) in &counts.by_us {
        histogram.saturating_record_n(*us, *count);
    }
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testkit::{broken, good};
    use base64::Engine;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    /// All lines of a log in one histogram, and the tags that occurred.
    fn merged(file: &File) -> (Histogram<u64>, std::collections::BTreeSet<String>) {
        let mut sum = Histogram::new_with_bounds(1, US_MAX, DIGITS).expect("legal");
        let mut tags = std::collections::BTreeSet::new();
        // The parser does not know the legend, which HdrHistogram's own writer writes.
        let text: String =
            file.text.lines().filter(|line| !line.starts_with('"')).map(|line| format!("{line}\n")).collect();
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            if let LogEntry::Interval(interval) = entry.expect("legal") {
                let bytes = base64::engine::general_purpose::STANDARD.decode(interval.encoded_histogram());
                let mut bytes = bytes.expect("base64");
                let part: Histogram<u64> =
                    Deserializer::new().deserialize(&mut std::io::Cursor::new(&mut bytes)).expect("V2");
                sum.add(part).expect("the same bounds");
                tags.extend(interval.tag().map(|tag| tag.as_str().to_owned()));
            }
        }
        (sum, tags)
    }

    #[test]
    fn merged_over_tags_and_time_a_log_has_the_percentiles_of_the_report() {
        for account in [good(), broken()] {
            for file in hlog(&account) {
                let (sum, tags) = merged(&file);
                let figure = file.name.split('.').nth(1).expect("SCENARIO.FIGURE.hlog");
                let reported = &account.judgement.whole.distributions[&format!("latency.{figure}")];
                assert_eq!(sum.len(), reported.count);
                for (share, value) in [(0.5, reported.p50), (0.9, reported.p90), (0.99, reported.p99)] {
                    assert_eq!(sum.value_at_quantile(share).min(sum.max()) as f64 / 1e6, value);
                }
                assert!(tags.iter().all(|tag| tag.contains('/')), "{tags:?}");
            }
        }
    }

    #[test]
    fn a_log_begins_as_its_tools_expect() {
        let files: Vec<_> = hlog(&good()).collect();
        let head: Vec<_> = files[0].text.lines().take(5).collect();
        insta::assert_snapshot!(head.join("\n"), @r#"
        #[Histogram log format version 1.3]
        #[StartTime: 0.000 (seconds since epoch), Thu Jan 01 00:00:00 UTC 1970]
        #[BaseTime: 0.000 (seconds since epoch)]
        #[Brownout: regional-outage, seed 7, first_token in microseconds]
        "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
        "#);
        let line = files[0].text.lines().nth(5).expect("an interval");
        assert!(line.starts_with("Tag=baseline/anthropic,0.000,"), "{line}");
        assert!(line.contains(",HISTFAAAA"), "{line}");
    }

    #[test]
    fn tags_hold_nothing_that_would_end_them() {
        let mut account = good();
        account.judgement.header.phases[0].name = "2s..4s, then\nmore".to_owned();
        let (_, tags) = merged(&hlog(&account).next().expect("a log"));
        assert!(tags.contains("2s..4s__then_more/anthropic"), "{tags:?}");
    }
}
