//! Faults: which, where, when and for whom.

mod inject;
mod occasion;
mod sets;

use super::constants::Constants;
use super::draw::{Draw, Pace};
use super::providers::Provider;
use super::swarm::Swarm;
use super::timeline::Timeline;
use super::words::{self, ON_CONNECTIONS, Word};
use crate::fuzz::Doc;

/// Who asks what, as far as faults may look at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) tenants: Vec<String>,
    pub(super) models: Vec<String>,
}

/// What faults are made of.
pub(super) struct Trouble<'a> {
    pub(super) swarm: &'a Swarm,
    pub(super) pace: Pace,
    pub(super) own: &'a Constants,
    pub(super) timeline: &'a Timeline,
    pub(super) providers: &'a [Provider],
    pub(super) seen: &'a Seen,
}

/// The faults of a world, and the words among them.
pub(super) fn drawn(draw: &mut Draw, trouble: &Trouble<'_>) -> (Vec<Doc>, Vec<&'static str>) {
    let swarm = trouble.swarm;
    let vocabulary = vocabulary(draw, swarm);
    let (mut docs, mut words) = trouble.sets(draw);
    for number in 0..swarm.faults.max(usize::from(!swarm.theme.faults.is_empty())) {
        let word = draw.pick(&vocabulary);
        docs.push(trouble.fault(&mut draw.of("fault").of(&number.to_string()), word));
        words.push(word.name);
    }
    (docs, words)
}

/// The words of this world: those of its theme first.
fn vocabulary(draw: &mut Draw, swarm: &Swarm) -> Vec<&'static Word> {
    let all: Vec<(u64, &'static Word)> = words::all().map(|word| (word.weight, word)).collect();
    let mut vocabulary = Vec::new();
    for _ in 0..swarm.words {
        let theme = swarm.theme.faults;
        let wanted = (!theme.is_empty() && draw.chance(75)).then(|| draw.pick(theme));
        let known = wanted.and_then(words::named);
        vocabulary.push(known.unwrap_or_else(|| draw.weighted(&all)));
    }
    vocabulary
}

impl Trouble<'_> {
    fn fault(&self, draw: &mut Draw, word: &'static Word) -> Doc {
        let connection = ON_CONNECTIONS.contains(&word.name);
        let names: Vec<&Provider> = self.victims(draw, word);
        let mut fault = Doc::map([(
            "on",
            match &names[..] {
                [one] => one.name.as_str().into(),
                several => Doc::words(several.iter().map(|provider| &provider.name)),
            },
        )]);
        let windows = self.during(draw, &mut fault);
        self.luck(draw, &mut fault, connection, windows);
        if word.name == "latency_spike" && windows && draw.chance(12) {
            fault.set("strength", Doc::map([("ramp", Doc::words(["0%", "100%"]))]));
        }
        fault.set("inject", self.inject(draw, word, names[0]));
        fault
    }

    /// One provider, or several that share its fate; those of whom it is true what a fault needs.
    fn victims(&self, draw: &mut Draw, word: &Word) -> Vec<&Provider> {
        let fits = |provider: &&Provider| match word.name {
            name if name.starts_with("tls_") => provider.tls,
            "goaway" | "rst_stream" => provider.http2,
            "capacity_finish" => matches!(provider.dialect, "deepseek" | "openrouter"),
            _ => true,
        };
        if self.swarm.theme.everybody && draw.chance(70) {
            return self.providers.iter().collect();
        }
        let mut all: Vec<&Provider> = self.providers.iter().filter(fits).collect();
        if all.is_empty() {
            all = self.providers.iter().collect();
        }
        let count = draw.weighted(&[(7, 1), (2, 2), (1, all.len())]).min(all.len());
        // What hits the first of a chain is seen by everybody.
        if count == 1 && draw.chance(60) { vec![all[0]] } else { draw.some(&all, count) }
    }
}
