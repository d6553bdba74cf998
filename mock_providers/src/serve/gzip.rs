//! Compressed bodies, piece by piece, right or wrong.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of gzip's own header: the first block begins behind it.
const HEADER: usize = 10;

/// Compresses a body as it is said.
pub(super) struct Gzip {
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// Whether the first block is still to be corrupted.
    corrupt: bool,
    /// Bytes that are out.
    out: usize,
}

impl Gzip {
    pub(super) fn new(corrupt: bool) -> Self {
        Gzip { encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())), corrupt, out: 0 }
    }

    /// Compresses a piece, so that it can be read at once.
    pub(super) fn piece(&mut self, piece: &[u8]) -> Bytes {
        let Some(encoder) = &mut self.encoder else { return Bytes::new() };
        // A vector takes whatever is written to it.
        let _ = encoder.write_all(piece).and_then(|()| encoder.flush());
        let out = std::mem::take(encoder.get_mut());
        self.give(out)
    }

    /// The end; none when it was told.
    pub(super) fn end(&mut self) -> Option<Bytes> {
        let out = self.encoder.take()?.finish().unwrap_or_default();
        Some(self.give(out))
    }

    pub(super) const fn is_over(&self) -> bool {
        self.encoder.is_none()
    }

    fn give(&mut self, mut out: Vec<u8>) -> Bytes {
        if self.corrupt && self.out + out.len() > HEADER {
            // A block of a kind that does not exist.
            out[HEADER - self.out] = 0xff;
            self.corrupt = false;
        }
        self.out += out.len();
        Bytes::from(out)
    }
}
