//! A row a request, written while a history is read: nothing is kept of a request that was written.

use std::io::{self, Read, Write};

use super::account::provider;
use crate::history::disk::{ReadError, Reader};
use crate::history::{AttemptResult, CallerEnding, Header, Line, Moment, Record};
use crate::judge::{Case, Facts, bill, first_output};

/// The columns. `docs/reports.md` says what stands in them.
const HEADER: [&str; 24] = [
    "number",
    "request_id",
    "route",
    "tenant",
    "stream",
    "phase",
    "intended",
    "sent",
    "first_output",
    "ended",
    "first_token",
    "total",
    "outcome",
    "status",
    "ending",
    "finish",
    "model",
    "provider",
    "attempts",
    "way",
    "tokens",
    "words",
    "text_bytes",
    "cost",
];

/// Picodollars in a dollar.
const PICO: u64 = 1_000_000_000_000;

/// Writes the table of one run.
#[must_use = "a table without `finish` may lack its last rows"]
pub struct Requests<W: Write> {
    out: csv::Writer<W>,
    facts: Facts,
}

/// Why a table cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RequestsError {
    /// The history cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The table cannot be written.
    #[error("the table cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// The table of a history on disk, read and written as a stream.
///
/// # Errors
///
/// When the history is damaged or cut off, or the table cannot be written.
pub fn requests(history: impl Read, out: impl Write) -> Result<(), RequestsError> {
    let (header, mut reader) = Reader::open(history)?;
    let mut table = Requests::start(out, header)?;
    loop {
        match reader.next_line()? {
            Line::Request(record) => table.record(&record)?,
            Line::Footer(_) => return Ok(table.finish()?),
            Line::Header(_) | Line::Health(_) => {}
        }
    }
}

impl<W: Write> Requests<W> {
    /// Starts a table with its header.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn start(out: W, header: Header) -> io::Result<Requests<W>> {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(HEADER)?;
        Ok(Requests { out, facts: Facts::new(header) })
    }

    /// Adds a request.
    ///
    /// # Errors
    ///
    /// When the table cannot be written to.
    pub fn record(&mut self, record: &Record) -> io::Result<()> {
        let row = row(&Case::new(record, &self.facts));
        Ok(self.out.write_record(row)?)
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// When the table cannot be written to.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn row(case: &Case<'_>) -> [String; 24] {
    let caller = &case.record.caller;
    let first = first_output(case);
    let moment = |moment: Option<Moment>| moment.map_or_else(String::new, |at| micros(at.as_us()));
    let since = |at: Moment| micros(at.as_us().saturating_sub(caller.intended.as_us()));
    [
        caller.number.to_string(),
        caller.request_id.clone(),
        caller.route.clone(),
        caller.tenant.clone().unwrap_or_default(),
        caller.stream.to_string(),
        phase(case).to_owned(),
        micros(caller.intended.as_us()),
        moment(caller.sent),
        moment(first),
        micros(caller.ended.as_us()),
        first.map_or_else(String::new, since),
        since(caller.ended),
        case.outcome.name().to_owned(),
        caller.status.map_or_else(String::new, |status| status.to_string()),
        ending(&caller.ending).to_owned(),
        caller.finish.map_or("", |finish| finish.name()).to_owned(),
        case.serving_model().unwrap_or_default().to_owned(),
        provider(case).unwrap_or_default().to_owned(),
        case.attempt_count().to_string(),
        way(case),
        caller.usage.and_then(|usage| usage.output).map_or_else(String::new, |tokens| tokens.to_string()),
        caller.transcript.words.to_string(),
        caller.text_bytes.to_string(),
        cost(case).unwrap_or_default(),
    ]
}

/// Microseconds as seconds.
fn micros(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

fn phase<'a>(case: &Case<'a>) -> &'a str {
    let phases = &case.facts.header.phases;
    let intended = case.record.caller.intended;
    let at = phases.partition_point(|phase| phase.from <= intended).saturating_sub(1);
    phases.get(at).map_or("", |phase| phase.name.as_str())
}

const fn ending(ending: &CallerEnding) -> &'static str {
    match ending {
        CallerEnding::Complete => "complete",
        CallerEnding::Error { .. } => "error",
        CallerEnding::InBandError { .. } => "in_band_error",
        CallerEnding::Cut => "cut",
        CallerEnding::Garbled { .. } => "garbled",
        CallerEnding::NoAnswer { .. } => "no_answer",
        CallerEnding::Overdue => "overdue",
        CallerEnding::Left => "left",
        CallerEnding::Unsent => "unsent",
    }
}

/// Models asked in turn with what came of it: `claude:overloaded flash:served`.
fn way(case: &Case<'_>) -> String {
    let steps = case.attempts().iter().map(|attempt| {
        let result = match &attempt.result {
            AttemptResult::Served => "served",
            AttemptResult::Failed(failure) => failure.class.name(),
            AttemptResult::Cancelled => "cancelled",
            AttemptResult::Lost => "lost",
        };
        format!("{}:{result}", attempt.model)
    });
    steps.collect::<Vec<_>>().join(" ")
}

/// What providers billed for it, in US dollars; none where one of them has no declared price.
fn cost(case: &Case<'_>) -> Option<String> {
    let bills = case.record.calls.iter().map(|call| bill(case, call));
    let pico = bills.sum::<Option<u64>>()?;
    Some(format!("{}.{:012}", pico / PICO, pico % PICO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::disk::Writer;
    use crate::judge::testkit::{failed_over, failing, footer, header, served};

    fn history() -> Vec<u8> {
        let mut writer = Writer::start(Vec::new(), &header()).expect("memory");
        for record in [served(0, "claude"), failed_over(12), failing(13, &["claude", "flash"])] {
            writer.record(&record).expect("memory");
        }
        writer.finish(&footer(3)).expect("memory")
    }

    #[test]
    fn every_request_is_a_row() {
        let mut table = Vec::new();
        requests(history().as_slice(), &mut table).expect("readable");
        insta::assert_snapshot!(String::from_utf8(table).expect("text"));
    }

    #[test]
    fn a_history_that_was_cut_off_is_an_error() {
        let whole = history();
        let error = requests(&whole[..whole.len() - 20], io::sink()).expect_err("cut off").to_string();
        assert!(error.contains("of the history: "), "{error}");
    }
}
