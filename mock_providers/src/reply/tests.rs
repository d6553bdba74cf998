use proptest::prelude::*;

use super::*;

fn text(tag: Tag, from: u32, to: u32) -> String {
    let mut out = String::new();
    (from..to).for_each(|index| push_word(tag, index, &mut out));
    out
}

fn read(text: &str) -> Transcript {
    let mut scan = Scan::default();
    scan.push(text);
    scan.finish()
}

const A: Tag = Tag(7);
const B: Tag = Tag(u32::MAX);

#[test]
fn a_word_names_its_reply_and_its_place() {
    // 95 = 2 * 36 + 23 ("2n"); 7 in base 36, padded to seven digits.
    let word = text(A, 95, 96);
    assert!(word.starts_with(' ') && word.ends_with("-2n-0000007"), "{word}");
    assert_eq!(read(&word).segments, [Segment { tag: A, from: 95, to: 96 }]);
}

#[test]
fn a_whole_reply_is_told_from_every_shorter_and_longer_one() {
    let seen = read(&text(A, 0, 40));
    assert!(seen.is_whole(A, 40) && seen.is_prefix(A));
    assert!(!seen.is_whole(A, 39) && !seen.is_whole(A, 41) && !seen.is_whole(B, 40) && !seen.is_prefix(B));
    assert!(read("").is_whole(A, 0) && read("").is_prefix(B));
}

#[test]
fn a_splice_of_two_attempts_shows_both() {
    let seen = read(&(text(A, 0, 5) + &text(B, 5, 9)));
    assert_eq!(seen.segments, [Segment { tag: A, from: 0, to: 5 }, Segment { tag: B, from: 5, to: 9 }]);
    assert!(!seen.is_prefix(A) && !seen.is_prefix(B));
}

#[test]
fn a_duplicated_and_a_missing_stretch_are_seen() {
    let twice = read(&(text(A, 0, 5) + &text(A, 3, 8)));
    assert_eq!(twice.segments, [Segment { tag: A, from: 0, to: 5 }, Segment { tag: A, from: 3, to: 8 }]);
    let holed = read(&(text(A, 0, 5) + &text(A, 6, 8)));
    assert_eq!(holed.segments.len(), 2);
    assert!(!twice.is_prefix(A) && !holed.is_prefix(A));
}

#[test]
fn a_word_cut_short_is_a_shorter_reply_and_not_a_stray() {
    let whole = text(A, 0, 5);
    let seen = read(&whole[..whole.len() - 3]);
    assert!(seen.is_prefix(A) && seen.words == 4 && !seen.is_whole(A, 5));
}

#[test]
fn a_forged_lexeme_or_position_is_a_stray() {
    let word = text(A, 0, 1);
    let (_, numbers) = word.split_once('-').unwrap();
    for forged in
        [format!("zebra-{numbers}"), format!("{word}0"), word.replace("-0-", "-00-"), "x".repeat(5_000)]
    {
        assert_eq!(read(&forged).strays, 1, "{forged}");
    }
    assert_eq!(read("I'm sorry, but I can't help with that.").strays, 8);
}

#[test]
fn a_hostile_patchwork_stays_small() {
    let patchwork: String = (0..1_000).map(|n| text(Tag(n), 3, 4)).collect();
    let seen = read(&patchwork);
    // 16 segments are kept, the other 984 words are strays.
    assert_eq!((seen.segments.len(), seen.words, seen.strays), (MAX_SEGMENTS, 16, 984));
}

proptest! {
    // R1: a transcript says the same however its text was cut.
    #[test]
    fn any_chunking_gives_the_same_transcript(
        parts in prop::collection::vec((any::<u32>(), 0..5_000_u32, 0..6_u32, "[ a-z0-9é-]{0,30}"), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let whole: String =
            parts.iter().map(|(tag, from, n, noise)| text(Tag(*tag), *from, from + n) + noise).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
        places.sort_unstable();
        let mut scan = Scan::default();
        let mut at = 0;
        for place in places {
            if place >= at && whole.is_char_boundary(place) {
                scan.push(&whole[at..place]);
                at = place;
            }
        }
        scan.push(&whole[at..]);
        prop_assert_eq!(scan.finish(), read(&whole));
    }

    // R0: writing by the batch and one by one is the same.
    #[test]
    fn batches_are_written_as_single_words_are(tag in any::<u32>(), from in 0..40_000_u32, count in 0..300_u32) {
        let mut batch = String::new();
        push_words(Tag(tag), from, from + count, &mut batch);
        prop_assert_eq!(batch, text(Tag(tag), from, from + count));
    }

    // R2: every word is read back as what it was written for.
    #[test]
    fn every_word_is_attributable(tag in any::<u32>(), index in any::<u32>()) {
        let seen = read(&text(Tag(tag), index, index.saturating_add(1)));
        if index < u32::MAX {
            prop_assert_eq!(seen.segments, [Segment { tag: Tag(tag), from: index, to: index + 1 }]);
        }
    }
}

#[test]
fn words_are_the_same_one_by_one_and_many_at_once() {
    // Around one, two and three digits of position (36, 36^2), and more than a batch of them.
    for (from, to) in [(0, 1), (0, 80), (35, 37), (1_290, 1_300), (46_650, 46_660)] {
        let mut many = String::new();
        push_words(B, from, to, &mut many);
        assert_eq!(many, text(B, from, to));
        assert_eq!(read(&many).segments, [Segment { tag: B, from, to }]);
    }
    assert_eq!(text(A, 36, 37).split('-').nth(1), Some("10"));
    assert_eq!(text(A, 1_296, 1_297).split('-').nth(1), Some("100"));
}
