//! A body that goes on and on, without being anywhere as a whole.

use bytes::Bytes;

/// What it goes on with.
static FILLER: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// A body with a filler in its middle.
pub(super) struct Enormous {
    before: Option<&'static str>,
    /// Bytes of the filler still to come.
    left: u64,
    after: Option<String>,
    /// Words behind the filler.
    pub(super) words: u32,
}

impl Enormous {
    pub(super) const fn new(before: &'static str, size: u64, after: String, words: u32) -> Self {
        Enormous { before: Some(before), left: size, after: Some(after), words }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.after.is_none()
    }

    /// The next piece; none at the end.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if let Some(before) = self.before.take() {
            return Some(Bytes::from_static(before.as_bytes()));
        }
        if self.left > 0 {
            let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(FILLER.len());
            self.left -= length as u64;
            return Some(Bytes::from_static(&FILLER[..length]));
        }
        self.after.take().map(Bytes::from)
    }
}
