//! Compressed bodies, read as they come.
//!
//! Nobody is asked for them, yet some edges compress whatever they pass on. gzip and deflate (zlib's, and the raw
//! one that some servers send under that name) are read, piece by piece, so that a compressed stream is still a
//! stream. What a body swells to is bounded, in all and at once: a few kilobytes can hold gigabytes.

use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::{protocol, stream::truncated};
use crate::chat::Failure;

/// Compressed bytes that are inflated at once: at deflate's best ratio, 1032 to 1, some 4 MB.
const SLICE: usize = 4096;

/// Undoes the compression of one body.
pub struct Inflater {
    coding: Coding,
    /// What it may still swell to.
    left: usize,
    most: usize,
}

enum Coding {
    Gzip(MultiGzDecoder<Vec<u8>>),
    /// Deflate, until its first two bytes tell which.
    Unknown(Vec<u8>),
    Zlib(ZlibDecoder<Vec<u8>>),
    Raw(DeflateDecoder<Vec<u8>>),
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Inflater {
    /// What a body with these headers needs; none if it is not compressed. It may swell to `most` bytes in all.
    ///
    /// # Errors
    /// [`crate::chat::FailureClass::Protocol`] for a coding that is not known.
    pub fn of(headers: &HeaderMap, most: usize) -> Result<Option<Self>, Failure> {
        let mut coding = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            for name in text.split(',').map(str::trim).filter(|name| !matches!(*name, "" | "identity")) {
                let next = match name {
                    "gzip" | "x-gzip" => Coding::Gzip(MultiGzDecoder::new(Vec::new())),
                    "deflate" => Coding::Unknown(Vec::new()),
                    other => {
                        let other = super::text::tidy(other);
                        return Err(protocol(format!(
                            "a body in content-encoding `{other}`, which nobody asked for; gzip and deflate are read"
                        )));
                    }
                };
                if coding.replace(next).is_some() {
                    return Err(protocol("a body that is compressed twice"));
                }
            }
        }
        Ok(coding.map(|coding| Inflater { coding, left: most, most }))
    }

    /// Takes compressed bytes and hands on what they hold, in pieces of a few megabytes at most.
    ///
    /// # Errors
    /// What `sink` returns, and [`crate::chat::FailureClass::Protocol`] for bytes that are not compressed as they
    /// should be, or hold too much.
    pub fn push(
        &mut self,
        bytes: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for slice in bytes.chunks(SLICE) {
            self.coding.write(slice).map_err(|error| corrupt(&error))?;
            self.hand_on(sink)?;
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`Inflater::push`], and [`crate::chat::FailureClass::Truncated`] for a body that stops before its end.
    pub fn finish(&mut self, sink: &mut impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let finished = self.coding.finish();
        self.hand_on(sink)?;
        finished.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => truncated("the body ended inside its compression"),
            _ => corrupt(&error),
        })
    }

    /// A whole body at once.
    ///
    /// # Errors
    /// As [`Inflater::push`] and [`Inflater::finish`].
    pub fn whole(mut self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        let mut sink = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        self.push(bytes, &mut sink)?;
        self.finish(&mut sink)?;
        Ok(out)
    }

    fn hand_on(&mut self, sink: &mut impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let Some(out) = self.coding.out() else { return Ok(()) };
        let Some(left) = self.left.checked_sub(out.len()) else {
            out.clear();
            let most = self.most;
            return Err(protocol(format!("a compressed body that holds more than {most} bytes")));
        };
        self.left = left;
        if !out.is_empty() {
            sink(out)?;
            out.clear();
        }
        Ok(())
    }
}

impl Coding {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Coding::Gzip(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Coding::Zlib(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Coding::Raw(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
            Coding::Unknown(head) => {
                head.extend_from_slice(bytes);
                let [first, second, ..] = head[..] else { return Ok(()) };
                let head = std::mem::take(head);
                // RFC 1950: the method is 8, and the first two bytes are a multiple of 31.
                let zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]) % 31 == 0;
                *self = if zlib {
                    Coding::Zlib(ZlibDecoder::new(Vec::new()))
                } else {
                    Coding::Raw(DeflateDecoder::new(Vec::new()))
                };
                self.write(&head)
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Coding::Gzip(decoder) => decoder.try_finish(),
            Coding::Zlib(decoder) => decoder.try_finish(),
            Coding::Raw(decoder) => decoder.try_finish(),
            Coding::Unknown(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// What came out since it was emptied.
    fn out(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Coding::Gzip(decoder) => Some(decoder.get_mut()),
            Coding::Zlib(decoder) => Some(decoder.get_mut()),
            Coding::Raw(decoder) => Some(decoder.get_mut()),
            Coding::Unknown(_) => None,
        }
    }
}

fn corrupt(error: &io::Error) -> Failure {
    protocol(format!("a compressed body that cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::chat::FailureClass;

    const MOST: usize = 1 << 20;

    fn headers(coding: &str) -> HeaderMap {
        [(CONTENT_ENCODING, coding.parse().unwrap())].into_iter().collect()
    }

    fn inflater(coding: &str) -> Inflater {
        Inflater::of(&headers(coding), MOST).unwrap().unwrap()
    }

    /// Compresses pieces so that each can be read as soon as it is there.
    fn compress(coding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        fn run<W: Write>(
            mut encoder: W,
            pieces: &[&[u8]],
            take: fn(&mut W) -> Vec<u8>,
            end: fn(W) -> Vec<u8>,
        ) -> Vec<Vec<u8>> {
            let mut out = Vec::new();
            for piece in pieces {
                encoder.write_all(piece).unwrap();
                encoder.flush().unwrap();
                out.push(take(&mut encoder));
            }
            out.push(end(encoder));
            out
        }
        let level = Compression::default();
        match coding {
            "gzip" | "x-gzip" => run(
                GzEncoder::new(Vec::new(), level),
                pieces,
                |encoder| std::mem::take(encoder.get_mut()),
                |encoder| encoder.finish().unwrap(),
            ),
            "deflate" => run(
                ZlibEncoder::new(Vec::new(), level),
                pieces,
                |encoder| std::mem::take(encoder.get_mut()),
                |encoder| encoder.finish().unwrap(),
            ),
            _ => run(
                DeflateEncoder::new(Vec::new(), level),
                pieces,
                |encoder| std::mem::take(encoder.get_mut()),
                |encoder| encoder.finish().unwrap(),
            ),
        }
    }

    /// A sink that keeps everything.
    fn keep(out: &mut Vec<u8>) -> impl FnMut(&[u8]) -> Result<(), Failure> {
        |piece| {
            out.extend_from_slice(piece);
            Ok(())
        }
    }

    /// The header's value, and how the test compresses.
    const CODINGS: [(&str, &str); 4] =
        [("gzip", "gzip"), ("X-Gzip", "gzip"), ("deflate", "deflate"), ("deflate", "raw")];

    #[test]
    fn a_piece_can_be_read_as_soon_as_it_is_there() {
        for (header, coding) in CODINGS {
            let mut inflater = inflater(header);
            let compressed = compress(coding, &[b"data: 1\n\n", b"data: 2\n\n"]);
            let mut seen = Vec::new();
            for (piece, expect) in compressed.iter().zip(["data: 1\n\n", "data: 1\n\ndata: 2\n\n"]) {
                inflater.push(piece, &mut keep(&mut seen)).unwrap();
                assert_eq!(String::from_utf8_lossy(&seen), expect, "{coding}");
            }
            inflater.push(&compressed[2], &mut |_| panic!("nothing is left")).unwrap();
            inflater.finish(&mut |_| panic!("nothing is left")).unwrap();
        }
    }

    #[test]
    fn uncompressed_bodies_need_nothing_and_unknown_codings_are_named() {
        for coding in ["", "identity", "identity, identity"] {
            assert!(Inflater::of(&headers(coding), MOST).unwrap().is_none());
        }
        assert!(Inflater::of(&HeaderMap::new(), MOST).unwrap().is_none());
        for coding in ["br", "zstd", "gzip, br", "gzip, gzip"] {
            let failure = Inflater::of(&headers(coding), MOST).unwrap_err();
            assert_eq!(failure.class, FailureClass::Protocol, "{coding}");
        }
    }

    #[test]
    fn a_body_that_stops_early_is_truncated() {
        for (header, coding) in CODINGS {
            let body = compress(coding, &[b"{\"choices\":[]}"]).concat();
            for end in 0..body.len() {
                let failure = inflater(header).whole(&body[..end]).unwrap_err();
                // Half a checksum (gzip's last eight bytes) cannot be told from a wrong one.
                let half = coding == "gzip" && body.len() - end <= 8;
                let expect = if half { FailureClass::Protocol } else { FailureClass::Truncated };
                assert_eq!(failure.class, expect, "{coding} {end}: {failure}");
            }
            assert_eq!(inflater(header).whole(&body).unwrap(), b"{\"choices\":[]}");
        }
    }

    #[test]
    fn corrupt_bodies_are_protocol_failures() {
        let body = compress("gzip", &[b"hello"]).concat();
        let mut block = body.clone();
        block[10] = 0xff;
        let mut checksum = body.clone();
        let at = body.len() - 6;
        checksum[at] ^= 1;
        for bad in [&b"this is no gzip, just text"[..], &block, &checksum] {
            let failure = inflater("gzip").whole(bad).unwrap_err();
            assert_eq!(failure.class, FailureClass::Protocol, "{failure}");
        }
    }

    #[test]
    fn what_a_body_swells_to_is_bounded_in_all_and_at_once() {
        // 64 MB of nothing in some 64 kB; a megabyte is allowed.
        let bomb = compress("gzip", &[&vec![0; 64 << 20]]).concat();
        assert!(bomb.len() < 100_000);
        let (mut most, mut all) = (0, 0);
        let mut inflater = inflater("gzip");
        let result = inflater.push(&bomb, &mut |piece| {
            (most, all) = (most.max(piece.len()), all + piece.len());
            Ok(())
        });
        assert_eq!(result.unwrap_err().class, FailureClass::Protocol);
        assert!(all <= MOST, "{all}");
        // 4096 * 1032 = 4.2 MB at once, and no more memory than that.
        assert!(inflater.coding.out().unwrap().capacity() <= 8 << 20);
    }

    proptest! {
        /// However a compressed body is cut, it holds what it held; and no bytes panic.
        #[test]
        fn cuts_mean_nothing(body in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
            for (header, coding) in CODINGS {
                let compressed = compress(coding, &[&body]).concat();
                let (head, tail) = compressed.split_at(at.index(compressed.len()));
                let mut out = Vec::new();
                let mut inflater = inflater(header);
                for piece in [head, tail] {
                    inflater.push(piece, &mut keep(&mut out)).unwrap();
                }
                inflater.finish(&mut keep(&mut out)).unwrap();
                prop_assert_eq!(&out, &body);
                let _ = Inflater::of(&headers(header), MOST).unwrap().unwrap().whole(&body);
            }
        }
    }
}
