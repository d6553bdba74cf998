//! A history on disk: gzip, one JSON [`Line`] a line, written and read as a stream.
//!
//! The bytes are a function of the history alone (no file time, no name in the gzip header), so two simulated
//! runs with one seed give the same file. A reader is bounded: a line longer than [`LINE_BYTES_MAX`] is an
//! error, not an allocation.

mod ahead;

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::{Footer, Header, HealthChange, Line, Record, VERSION};

pub use ahead::{Ahead, ahead};

/// Longest line read or written: a request with a thousand attempts and ten thousand gaps stays far below.
pub const LINE_BYTES_MAX: usize = 8 << 20;

/// Writes a history: a header, the records in order of completion, a footer.
#[must_use = "a history without `finish` has no end and cannot be read"]
pub struct Writer<W: Write> {
    out: BufWriter<GzEncoder<W>>,
}

/// Reads a history line by line.
pub struct Reader<R: Read> {
    input: BufReader<GzDecoder<R>>,
    line: u64,
    buffer: Vec<u8>,
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the history: {problem}")]
pub struct ReadError {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read or is not gzip.
    #[error("cannot be read: {0} (is it a `.jsonl.gz` written by brownout, whole?)")]
    Io(#[from] io::Error),
    /// The line is no [`Line`].
    #[error("is not a line of a history: {0}")]
    Json(#[from] serde_json::Error),
    /// The line is longer than [`LINE_BYTES_MAX`].
    #[error("is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// The first line is no header.
    #[error("is not a header; a history starts with one")]
    NoHeader,
    /// The header has another version.
    #[error("has version {found}, and this program reads version {VERSION}")]
    Version {
        /// The version found.
        found: u32,
    },
    /// The file ends without a footer.
    #[error("is missing: the file ends without a footer, so the run was cut off")]
    NoFooter,
}

// === impl Writer ===

impl<W: Write> Writer<W> {
    /// Starts a history with its header.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn start(out: W, header: &Header) -> io::Result<Self> {
        let gzip = GzBuilder::new().mtime(0).operating_system(255).write(out, Compression::fast());
        let mut writer = Writer { out: BufWriter::new(gzip) };
        writer.write("header", header)?;
        Ok(writer)
    }

    /// Adds a request.
    ///
    /// # Errors
    ///
    /// When the file cannot be written to.
    pub fn record(&mut self, record: &Record) -> io::Result<()> {
        self.write("request", record)
    }

    /// Adds a change of a target's standing.
    ///
    /// # Errors
    ///
    /// When the file cannot be written to.
    pub fn health(&mut self, change: &HealthChange) -> io::Result<()> {
        self.write("health", change)
    }

    /// Ends the history and gives the file back.
    ///
    /// # Errors
    ///
    /// When the file cannot be written to.
    pub fn finish(mut self, footer: &Footer) -> io::Result<W> {
        self.write("footer", footer)?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
    }

    /// Writes the externally tagged form of a [`Line`] without cloning what is in it.
    fn write(&mut self, tag: &str, value: &impl serde::Serialize) -> io::Result<()> {
        write!(self.out, "{{\"{tag}\":")?;
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"}\n")
    }
}

// === impl Reader ===

impl<R: Read> Reader<R> {
    /// Opens a history: reads its header and checks its version.
    ///
    /// # Errors
    ///
    /// When the first line is not a header this program understands.
    pub fn open(input: R) -> Result<(Header, Self), ReadError> {
        let mut reader = Reader { input: BufReader::new(GzDecoder::new(input)), line: 0, buffer: Vec::new() };
        let line = reader.read_line()?.ok_or_else(|| reader.error(Problem::NoHeader))?;
        reader.check_version()?;
        match line {
            Line::Header(header) => Ok((*header, reader)),
            Line::Request(_) | Line::Health(_) | Line::Footer(_) => Err(reader.error(Problem::NoHeader)),
        }
    }

    /// The next request, or the footer, after which there is nothing.
    ///
    /// # Errors
    ///
    /// When a line is damaged, or the file ends without a footer.
    pub fn next_line(&mut self) -> Result<Line, ReadError> {
        self.read_line()?.ok_or_else(|| self.error(Problem::NoFooter))
    }

    fn read_line(&mut self) -> Result<Option<Line>, ReadError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let read = self.read_raw(&mut buffer);
        self.buffer = buffer;
        if !read? {
            return Ok(None);
        }
        if self.line == 1 {
            self.check_version()?;
        }
        decode(self.line, &self.buffer).map(Some)
    }

    /// Adds the next line to `buffer`, as it stands in the file; false at the end of the file.
    fn read_raw(&mut self, buffer: &mut Vec<u8>) -> Result<bool, ReadError> {
        self.line += 1;
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        match (&mut self.input).take(limit + 1).read_until(b'\n', buffer) {
            Err(problem) => Err(self.error(Problem::Io(problem))),
            Ok(length) if length > LINE_BYTES_MAX => Err(self.error(Problem::TooLong)),
            Ok(length) => Ok(length > 0),
        }
    }

    /// Looks at the version before the rest, so that a newer header is not reported as a broken one.
    fn check_version(&self) -> Result<(), ReadError> {
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: u32,
        }
        #[derive(serde::Deserialize)]
        struct First {
            header: Versioned,
        }
        match serde_json::from_slice::<First>(&self.buffer) {
            Ok(first) if first.header.version != VERSION => {
                Err(self.error(Problem::Version { found: first.header.version }))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, problem: Problem) -> ReadError {
        ReadError { line: self.line, problem }
    }
}

fn decode(line: u64, bytes: &[u8]) -> Result<Line, ReadError> {
    // Checked once for the whole line, UTF-8 is not checked again string by string.
    let decoded = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    decoded.map_err(|problem| ReadError { line, problem: Problem::Json(problem) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::{footer, header, served};

    fn written() -> Vec<u8> {
        let mut writer = Writer::start(Vec::new(), &header()).expect("memory");
        writer.record(&served(0, "claude")).expect("memory");
        writer.finish(&footer(1)).expect("memory")
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).expect("memory");
        gzip.finish().expect("memory")
    }

    fn fails_to_open(bytes: &[u8]) -> String {
        Reader::open(bytes).err().expect("unreadable").to_string()
    }

    #[test]
    fn what_was_written_is_read_again_and_the_bytes_are_always_the_same() {
        let bytes = written();
        assert_eq!(bytes, written());
        let (head, mut reader) = Reader::open(bytes.as_slice()).expect("readable");
        assert_eq!(head, header());
        assert_eq!(reader.next_line().expect("a line"), Line::Request(Box::new(served(0, "claude"))));
        assert_eq!(reader.next_line().expect("a line"), Line::Footer(Box::new(footer(1))));
        assert!(reader.next_line().is_err());
    }

    #[test]
    fn damage_is_reported_with_its_line() {
        assert!(fails_to_open(b"plain").starts_with("line 1 of the history: cannot be read"));
        assert!(fails_to_open(&gzip("")).contains("is not a header"));
        assert!(fails_to_open(&gzip("{\"header\":{\"version\":99}}\n")).contains("version 99"));
        assert!(fails_to_open(&gzip("{}\n")).contains("is not a line of a history"));
    }

    #[test]
    fn an_endless_line_is_an_error_and_not_an_allocation() {
        assert!(fails_to_open(&gzip(&" ".repeat(LINE_BYTES_MAX + 10))).contains("longer than"));
    }

    #[test]
    fn a_file_without_an_end_is_noticed() {
        let mut text = serde_json::to_string(&Line::Header(Box::new(header()))).expect("serialises");
        text.push('\n');
        let bytes = gzip(&text);
        let (_, mut reader) = Reader::open(bytes.as_slice()).expect("readable");
        assert!(reader.next_line().expect_err("no footer").to_string().contains("without a footer"));
    }
}
