//! A history that is read ahead: while its lines are judged, other threads unpack and decode what follows.
//!
//! Decoding takes longer than unpacking and judging together, so two threads take turns at it, block by block: two cores
//! have as much to do as each other. What waits between two threads is a few blocks, however long the history is, and the
//! lines come in their order.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Problem, ReadError, Reader, decode};
use crate::history::{Header, Line};

/// Bytes of lines handed on at once: enough that handing on costs nothing.
const BLOCK: usize = 256 << 10;

/// Blocks that wait between two threads.
const WAITING: usize = 4;

/// Threads that decode, taking turns.
const DECODERS: usize = 2;

/// Lines, unpacked.
struct Block {
    /// The number of its first line, from 1.
    first: u64,
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
    /// Why there is nothing after these.
    end: Option<ReadError>,
}

/// The lines of a history, read ahead.
pub struct Ahead {
    /// Of each decoder.
    lines: Vec<Receiver<Vec<Result<Line, ReadError>>>>,
    /// Whose turn it is.
    turn: usize,
    batch: std::vec::IntoIter<Result<Line, ReadError>>,
    /// The number of the last line that was given.
    line: u64,
}

impl Ahead {
    /// The next request, change of standing, or the footer, after which there is nothing.
    ///
    /// # Errors
    ///
    /// When a line is damaged, or the file ends without a footer.
    pub fn next_line(&mut self) -> Result<Line, ReadError> {
        loop {
            if let Some(line) = self.batch.next() {
                self.line += 1;
                return line;
            }
            match self.lines[self.turn].recv() {
                Ok(batch) => {
                    self.batch = batch.into_iter();
                    self.turn = (self.turn + 1) % DECODERS;
                }
                // An end was given already, and somebody asks again.
                Err(_) => return Err(ReadError { line: self.line + 1, problem: Problem::NoFooter }),
            }
        }
    }
}

/// Opens a history and gives its header and lines to `take`.
///
/// # Errors
///
/// When the first line is not a header this program understands, or as `take` says.
pub fn ahead<T, E: From<ReadError>>(
    input: impl Read + Send,
    take: impl FnOnce(Header, &mut Ahead) -> Result<T, E>,
) -> Result<T, E> {
    let (header, reader) = Reader::open(input)?;
    std::thread::scope(|scope| {
        let (mut packed, mut lines) = (Vec::new(), Vec::new());
        for _ in 0..DECODERS {
            let (to_decoder, blocks) = sync_channel(WAITING);
            let (decoded, from_decoder) = sync_channel(WAITING);
            scope.spawn(move || decode_all(&blocks, &decoded));
            packed.push(to_decoder);
            lines.push(from_decoder);
        }
        scope.spawn(move || unpack(reader, &packed));
        // Whoever takes no more lets go of the lines, and all threads end.
        take(header, &mut Ahead { lines, turn: 0, batch: Vec::new().into_iter(), line: 1 })
    })
}

/// Hands the blocks out in turn: the one who takes the lines asks in the same order.
fn unpack(mut reader: Reader<impl Read>, decoders: &[SyncSender<Block>]) {
    for decoder in decoders.iter().cycle() {
        let bytes = Vec::with_capacity(BLOCK * 2);
        let mut block = Block { first: reader.line + 1, bytes, ends: Vec::new(), end: None };
        while block.bytes.len() < BLOCK && block.end.is_none() {
            match reader.read_raw(&mut block.bytes) {
                Ok(true) => block.ends.push(block.bytes.len()),
                Ok(false) => block.end = Some(reader.error(Problem::NoFooter)),
                Err(error) => block.end = Some(error),
            }
        }
        let ended = block.end.is_some();
        if decoder.send(block).is_err() || ended {
            return;
        }
    }
}

fn decode_all(blocks: &Receiver<Block>, lines: &SyncSender<Vec<Result<Line, ReadError>>>) {
    for block in blocks {
        let starts = std::iter::once(0).chain(block.ends.iter().copied());
        let numbered = (block.first..).zip(starts.zip(&block.ends));
        let mut batch: Vec<_> =
            numbered.map(|(line, (start, end))| decode(line, &block.bytes[start..*end])).collect();
        batch.extend(block.end.map(Err));
        if lines.send(batch).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;
    use crate::judge::testkit::{footer, header, served};

    fn written(requests: u64) -> Vec<u8> {
        let mut writer = Writer::start(Vec::new(), &header()).expect("memory");
        (0..requests).for_each(|number| writer.record(&served(number, "claude")).expect("memory"));
        writer.finish(&footer(requests)).expect("memory")
    }

    fn numbers(bytes: &[u8]) -> Result<Vec<u64>, ReadError> {
        ahead(bytes, |_, lines| {
            let mut numbers = Vec::new();
            loop {
                match lines.next_line()? {
                    Line::Request(record) => numbers.push(record.caller.number),
                    Line::Footer(_) => return Ok(numbers),
                    Line::Health(_) | Line::Header(_) => {}
                }
            }
        })
    }

    #[test]
    fn lines_come_in_their_order_however_many_blocks_there_are() {
        // A record has about 1.5 kB: 2,000 of them are a dozen blocks.
        assert_eq!(numbers(&written(2_000)).expect("readable"), (0..2_000).collect::<Vec<_>>());
        assert_eq!(numbers(&written(0)).expect("readable"), Vec::<u64>::new());
    }

    #[test]
    fn damage_is_reported_with_its_line_as_a_plain_reader_does() {
        let whole = written(300);
        let cut = &whole[..whole.len() / 2];
        let (_, mut reader) = Reader::open(cut).expect("the header is there");
        let plain = loop {
            if let Err(error) = reader.next_line() {
                break error;
            }
        };
        assert_eq!(numbers(cut).expect_err("it was cut").to_string(), plain.to_string());
    }

    #[test]
    fn whoever_takes_no_more_ends_the_reading() {
        let first = ahead::<_, ReadError>(written(5_000).as_slice(), |_, lines| lines.next_line());
        assert!(matches!(first, Ok(Line::Request(record)) if record.caller.number == 0));
    }
}
