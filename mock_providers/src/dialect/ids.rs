//! Ids in the forms vendors give them, made of a call's own letters: the same in every run.

/// Hexadecimal digits of a UUID.
const UUID_DIGITS: usize = 32;

/// A random UUID (version 4) of these letters, in lower case.
pub(super) fn uuid(letters: &str) -> String {
    let mut hex = hex(letters);
    // Version 4, variant 10.
    hex.replace_range(12..13, "4");
    hex.replace_range(16..17, "a");
    for dash in [20, 16, 12, 8] {
        hex.insert(dash, '-');
    }
    hex
}

/// Thirty-two hexadecimal digits of these letters.
pub(super) fn hex(letters: &str) -> String {
    let letters = letters.strip_prefix("req_").unwrap_or(letters);
    let middle = letters.len() / 2;
    let half = |part: &[u8]| part.iter().fold(0_u64, |sum, byte| spread(sum ^ u64::from(*byte)));
    let (first, second) = letters.as_bytes().split_at(middle);
    let mut out = format!("{:016x}{:016x}", half(first), half(second));
    out.truncate(UUID_DIGITS);
    out
}

/// A small number of these letters, below `end`.
pub(super) fn number(letters: &str, end: u64) -> u64 {
    letters.bytes().fold(0_u64, |sum, byte| spread(sum ^ u64::from(byte))) % end
}

/// A bijection that spreads every bit over all others (the finaliser of SplitMix64).
const fn spread(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_the_right_form_and_differ() {
        let first = uuid("abcdefghijklmnopqrstuvwx");

        let dashes: Vec<usize> = first.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((first.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert_eq!((&first[14..15], &first[19..20]), ("4", "a"));
        assert_eq!(uuid("req_abcdefghijklmnopqrstuvwx"), first, "a request id stands for its letters");
        assert_ne!(uuid("abcdefghijklmnopqrstuvwy"), first);
        assert_ne!(uuid("bbcdefghijklmnopqrstuvwx"), first);
        assert_eq!(uuid("").len(), 36);
        assert!(number("abc", 999) < 999);
    }
}
