//! The words replies are made of: plain, short, lower case, and none that a refusal is told by.

/// Longest lexeme, in bytes.
pub(super) const LONGEST: usize = 8;

/// A power of two of them, so a hash picks one by its top bits.
#[rustfmt::skip]
pub(super) const LEXICON: [&str; 256] = [
    "acorn", "alder", "amber", "anchor", "anvil", "apple", "apron", "arbor", "arrow", "aspen", "atlas",
    "attic", "autumn", "axle", "badge", "bagel", "bakery", "bamboo", "banjo", "barley", "barn", "basil",
    "basin", "basket", "beacon", "beaver", "bench", "berry", "birch", "bison", "blanket", "bloom", "board",
    "bonnet", "border", "bottle", "branch", "bread", "breeze", "brick", "bridge", "bronze", "brook",
    "bucket", "buckle", "bugle", "bundle", "burrow", "butter", "button", "cabin", "cable", "cactus",
    "camel", "candle", "canoe", "canvas", "canyon", "carbon", "carpet", "cedar", "cellar", "chalk",
    "cherry", "chest", "chimney", "cider", "cinder", "citrus", "clay", "clover", "coast", "cobalt", "cocoa",
    "comet", "compass", "copper", "coral", "corner", "cotton", "cradle", "crane", "crater", "cream",
    "creek", "cricket", "crystal", "cup", "curtain", "cypress", "daisy", "dawn", "delta", "desert", "dome",
    "donkey", "dragon", "drum", "dune", "eagle", "earth", "easel", "ember", "engine", "fabric", "falcon",
    "feather", "fennel", "fern", "ferry", "fiddle", "field", "finch", "flag", "flame", "flask", "flint",
    "floor", "flute", "forest", "forge", "fossil", "fountain", "fox", "frost", "garden", "garlic", "gate",
    "ginger", "glacier", "glass", "globe", "glove", "goose", "granite", "grape", "gravel", "grove",
    "hammer", "harbor", "harvest", "hazel", "hearth", "hedge", "helmet", "heron", "hill", "hollow", "honey",
    "horizon", "island", "ivory", "ivy", "jacket", "jade", "jasmine", "jetty", "jungle", "juniper", "kayak",
    "kelp", "kettle", "kite", "ladder", "lagoon", "lantern", "lark", "laurel", "leaf", "lemon", "lentil",
    "lilac", "lily", "linen", "lizard", "lobster", "locket", "lotus", "lumber", "magnet", "mango", "maple",
    "marble", "marsh", "meadow", "melon", "mill", "mint", "mirror", "moon", "mortar", "moss", "mountain",
    "mulberry", "needle", "nest", "nickel", "nutmeg", "oak", "oasis", "oat", "ocean", "olive", "onion",
    "orbit", "orchard", "otter", "owl", "oyster", "paddle", "palm", "panda", "paper", "parade", "parsley",
    "path", "pebble", "pepper", "piano", "pillar", "pine", "planet", "plum", "pocket", "pond", "poplar",
    "prairie", "prism", "pumpkin", "quarry", "quartz", "quill", "rabbit", "radish", "raft", "rain", "raven",
    "reef", "ribbon", "ridge", "river", "robin", "rocket", "rope", "rose", "saddle", "sail", "salmon",
    "sand", "satin", "silver", "spruce", "summit", "timber", "tulip", "willow",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexemes_are_distinct_short_and_plain() {
        let mut seen: Vec<&str> = LEXICON.to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 256);
        assert!(LEXICON.iter().all(|w| w.len() <= LONGEST && w.bytes().all(|b| b.is_ascii_lowercase())));
    }
}
