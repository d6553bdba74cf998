//! Sound and broken ways for a provider's answer to travel.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::super::cuts::cut;
use super::super::valid::Valid;

/// How a provider's answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In chunks, whole.
    Chunked,
    /// With its length, whole.
    Measured,
    /// With a length that is so much too small, per mille.
    Short(usize),
    /// With a length that is too large; then the connection ends.
    Long,
    /// In chunks, and the connection ends after so much of the bytes, per mille.
    CutChunked(usize),
    /// Compressed, whole.
    Gzip,
    /// Compressed, and the compressed bytes end after so much, per mille, though HTTP ends well.
    CutGzip(usize),
}

impl Transport {
    /// A provider's answer with this body, as its bytes travel; the connection ends behind them.
    #[must_use]
    pub fn carry(self, valid: &Valid, cuts: &[usize]) -> Vec<u8> {
        let head = |more: &str| {
            format!(
                "HTTP/1.1 {} OK\r\ncontent-type: {}\r\nconnection: close\r\n{more}\r\n",
                valid.status, valid.kind
            )
        };
        let chunked = "transfer-encoding: chunked\r\n";
        let chunks = |body: &[u8]| {
            let mut out = Vec::new();
            for piece in cut(body, cuts).into_iter().filter(|piece| !piece.is_empty()) {
                out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                out.extend_from_slice(piece);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(b"0\r\n\r\n");
            out
        };
        let body = &valid.body;
        let share = |bytes: &[u8], mille: usize| bytes.len() * mille / 1000;
        let measured =
            |length: usize| [head(&format!("content-length: {length}\r\n")).as_bytes(), body].concat();
        match self {
            Transport::Chunked => [head(chunked).as_bytes(), &chunks(body)].concat(),
            Transport::Measured => measured(body.len()),
            Transport::Short(mille) => measured(share(body, mille)),
            Transport::Long => measured(body.len() + 7),
            Transport::CutChunked(mille) => {
                let chunks = chunks(body);
                [head(chunked).as_bytes(), &chunks[..share(&chunks, mille)]].concat()
            }
            Transport::Gzip | Transport::CutGzip(_) => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                let packed = packed.write_all(body).and_then(|()| packed.finish()).unwrap_or_default();
                let end =
                    if let Transport::CutGzip(mille) = self { share(&packed, mille) } else { packed.len() };
                [
                    head(&format!("content-encoding: gzip\r\ncontent-length: {end}\r\n")).as_bytes(),
                    &packed[..end],
                ]
                .concat()
            }
        }
    }

    pub(super) const fn is_sound(self) -> bool {
        matches!(self, Transport::Chunked | Transport::Measured | Transport::Gzip)
    }
}

/// A way to travel.
pub fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        1 => Just(Transport::Chunked),
        1 => Just(Transport::Measured),
        1 => (0..1000_usize).prop_map(Transport::Short),
        1 => Just(Transport::Long),
        3 => (0..1000_usize).prop_map(Transport::CutChunked),
        1 => Just(Transport::Gzip),
        2 => (0..1000_usize).prop_map(Transport::CutGzip),
    ]
}
