//! One word: written, and read back.

use super::Tag;
use super::lexicon::{LEXICON, LONGEST};

/// The lexicon, padded, with lengths: a copy of fixed size is one instruction, and words come by the million.
static PADDED: [([u8; LONGEST], u8); LEXICON.len()] = padded();

/// Digits of a tag: 36^7 exceeds 2^32.
const TAG_DIGITS: usize = 7;
/// Longest word: lexeme, dash, at most 7 digits of position, dash, tag.
pub(crate) const LONGEST_WORD: usize = LONGEST + 1 + 7 + 1 + TAG_DIGITS;
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Appends word `index` of the reply `tag`, after a space unless it is the first.
pub fn push_word(tag: Tag, index: u32, out: &mut String) {
    let mut word = [0; LONGEST_WORD];
    let length = write_word(tag, index, &mut word);
    if index > 0 {
        out.push(' ');
    }
    push_ascii(&word[..length], out);
}

/// Appends words `from..to`. Many at once cost less than one by one: text is checked to be text by the batch.
pub(crate) fn push_words(tag: Tag, from: u32, to: u32, out: &mut String) {
    const BATCH: usize = 1_024;
    let mut batch = [0; BATCH];
    let tail = tail(tag);
    let mut length = 0;
    for index in from..to {
        if length + 1 + LONGEST_WORD > BATCH {
            push_ascii(&batch[..length], out);
            length = 0;
        }
        if index > 0 {
            batch[length] = b' ';
            length += 1;
        }
        if let Some(word) = batch[length..].first_chunk_mut() {
            length += write(tag, tail, index, word);
        }
    }
    push_ascii(&batch[..length], out);
}

fn push_ascii(batch: &[u8], out: &mut String) {
    out.push_str(std::str::from_utf8(batch).expect("words are ASCII"));
}

/// Writes word `index` of `tag` and gives its length in bytes.
pub(super) fn write_word(tag: Tag, index: u32, out: &mut [u8; LONGEST_WORD]) -> usize {
    write(tag, tail(tag), index, out)
}

/// The same, with the end that all words of the reply share.
fn write(tag: Tag, tail: [u8; TAG_DIGITS + 1], index: u32, out: &mut [u8; LONGEST_WORD]) -> usize {
    let (lexeme, length) = &PADDED[lexeme(tag, index)];
    let mut at = usize::from(*length);
    out[..LONGEST].copy_from_slice(lexeme);
    out[at] = b'-';
    at = write_position(index, out, at + 1);
    out[at..at + tail.len()].copy_from_slice(&tail);
    at + tail.len()
}

/// A dash and the tag.
fn tail(tag: Tag) -> [u8; TAG_DIGITS + 1] {
    let mut tail = [b'-'; TAG_DIGITS + 1];
    let mut rest = tag.0;
    for digit in tail[1..].iter_mut().rev() {
        *digit = DIGITS[(rest % 36) as usize];
        rest /= 36;
    }
    tail
}

fn write_position(index: u32, out: &mut [u8; LONGEST_WORD], at: usize) -> usize {
    // Nearly all words.
    if index < 36 * 36 {
        let (high, low) = (DIGITS[(index / 36) as usize], DIGITS[(index % 36) as usize]);
        let two = usize::from(index >= 36);
        (out[at], out[at + two]) = (high, low);
        return at + 1 + two;
    }
    let mut reversed = [0; 7];
    let (mut rest, mut digits) = (index, 0);
    loop {
        reversed[digits] = DIGITS[(rest % 36) as usize];
        digits += 1;
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    for (place, digit) in reversed[..digits].iter().rev().enumerate() {
        out[at + place] = *digit;
    }
    at + digits
}

/// Which reply a word belongs to, and where; none when it is nobody's.
pub(super) fn read_word(word: &[u8]) -> Option<(Tag, u32)> {
    let tail = word.len().checked_sub(TAG_DIGITS + 1)?;
    let tag = Tag(number(&word[tail + 1..])?);
    let dash = word[..tail].iter().position(|byte| *byte == b'-')?;
    let index = number(&word[dash + 1..tail])?;
    // Writing it again checks the rest: the lexeme, the dashes, leading zeros.
    let mut buffer = [0; LONGEST_WORD];
    let length = write_word(tag, index, &mut buffer);
    (buffer[..length] == *word).then_some((tag, index))
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > TAG_DIGITS {
        return None;
    }
    let mut value = 0_u64;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            _ => return None,
        };
        value = value * 36 + u64::from(digit);
    }
    u32::try_from(value).ok()
}

/// Picks the lexeme by a hash of both numbers (one multiplication and one fold: words come by the million).
fn lexeme(tag: Tag, index: u32) -> usize {
    let both = (u64::from(tag.0) << 32) | u64::from(index);
    let product = u128::from(both ^ 0x9e37_79b9_7f4a_7c15) * 0xbf58_476d_1ce4_e5b9_u128;
    let folded = (product as u64) ^ ((product >> 64) as u64);
    (folded.wrapping_mul(0x94d0_49bb_1331_11eb) >> 56) as usize
}

const fn padded() -> [([u8; LONGEST], u8); LEXICON.len()] {
    let mut padded = [([0; LONGEST], 0); LEXICON.len()];
    let mut word = 0;
    while word < LEXICON.len() {
        let lexeme = LEXICON[word].as_bytes();
        padded[word].1 = lexeme.len() as u8;
        let mut at = 0;
        while at < lexeme.len() {
            padded[word].0[at] = lexeme[at];
            at += 1;
        }
        word += 1;
    }
    padded
}
