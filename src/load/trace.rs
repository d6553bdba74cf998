//! A recorded trace, row by row: its memory does not grow with its length.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::civil::DateTime;

/// One recorded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Since the first row of the recording.
    pub at: Duration,
    /// Prompt tokens.
    pub prompt: u32,
    /// Generated tokens.
    pub reply: u32,
}

/// The rows of a recording that lie in a slice of it.
///
/// The file was checked when its scenario was loaded; a row that has become unreadable since ends the iteration.
pub struct Rows {
    records: csv::StringRecordsIntoIter<File>,
    slice: (Duration, Duration),
    origin: Option<DateTime>,
}

impl Rows {
    /// Opens a recording with the columns TIMESTAMP, ContextTokens and GeneratedTokens.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened.
    pub fn open(path: &Path, slice: (Duration, Duration)) -> io::Result<Self> {
        let file = File::open(path).map_err(|error| {
            io::Error::new(error.kind(), format!("`{}` cannot be opened: {error}", path.display()))
        })?;
        let records = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file).into_records();
        Ok(Rows { records, slice, origin: None })
    }

    fn read(&mut self) -> Option<Row> {
        let record = self.records.next()?.ok()?;
        let stamp: DateTime = record.get(0)?.parse().ok()?;
        let since = stamp.duration_since(*self.origin.get_or_insert(stamp));
        Some(Row {
            at: Duration::try_from(since).unwrap_or_default(),
            prompt: record.get(1)?.parse().ok()?,
            reply: record.get(2)?.parse().ok()?,
        })
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let row = self.read()?;
            if row.at >= self.slice.1 {
                return None;
            }
            if row.at >= self.slice.0 {
                return Some(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_recording_has_all_its_rows() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/traces/azure-conversation-2023.csv");
        let rows: Vec<_> = Rows::open(&path, (Duration::ZERO, Duration::MAX)).unwrap().collect();
        assert_eq!(rows.len(), 19_366);
        assert_eq!(rows[0], Row { at: Duration::ZERO, prompt: 374, reply: 44 });
        // 18:15:46.680590 to 18:15:50.995169.
        assert_eq!(rows[1].at, Duration::from_micros(4_314_579));
    }
}
