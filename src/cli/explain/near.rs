//! Requests whose ids are like one that does not exist.

/// Ids that are suggested.
const SUGGESTED: usize = 3;

/// The nearest ids so far: a few, however many requests there are.
#[derive(Debug)]
pub(super) struct Near {
    wanted: String,
    best: Vec<(f64, String)>,
    /// The highest number there is.
    last: Option<u64>,
}

impl Near {
    /// Looks for ids like `wanted`.
    pub(super) fn new(wanted: &str) -> Near {
        Near { wanted: wanted.to_owned(), best: Vec::new(), last: None }
    }

    /// Takes a request's id and number.
    pub(super) fn consider(&mut self, id: &str, number: u64) {
        /// Below this likeness a suggestion confuses more than it helps.
        const LIKENESS_MIN: f64 = 0.75;
        self.last = self.last.max(Some(number));
        let likeness = strsim::jaro_winkler(&self.wanted, id);
        let place = self.best.partition_point(|(other, _)| *other >= likeness);
        if likeness >= LIKENESS_MIN && place < SUGGESTED {
            self.best.insert(place, (likeness, id.to_owned()));
            self.best.truncate(SUGGESTED);
        }
    }

    /// What to say of them, to be put at the end of an error.
    pub(super) fn told(&self) -> String {
        let mut text = self.last.map_or_else(String::new, |last| format!(" and end at {last}"));
        let ids: Vec<String> = self.best.iter().map(|(_, id)| format!("`{id}`")).collect();
        if let [others @ .., last] = &ids[..] {
            let others = if others.is_empty() { String::new() } else { format!("{} or ", others.join(", ")) };
            text.push_str(&format!("; did you mean {others}{last}?"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_ids_are_suggested_and_the_last_number_is_told() {
        let mut near = Near::new("s0-119");
        (0..119).for_each(|number| near.consider(&format!("s0-{number}"), number));
        // `s0-11` is a part of it; the others differ in one digit, the earlier the rarer.
        let told = near.told();
        assert!(told.starts_with(" and end at 118; did you mean `s0-11`"), "{told}");
        assert_eq!(told.matches('`').count(), 2 * SUGGESTED);
    }

    #[test]
    fn nothing_is_suggested_that_nobody_can_have_meant() {
        let mut near = Near::new("xyz");
        near.consider("s0-1", 7);
        assert_eq!(near.told(), " and end at 7");
        assert_eq!(Near::new("r1").told(), "");
    }
}
