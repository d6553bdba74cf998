//! Generated worlds that suit a router that is not ours.
//!
//! The worlds are those of every hunt ([`crate::fuzz::generate`]), around a router of which only what the test declares is written.
//! What no other router could know is taken out: keys of tenants, headers of ours, formats it does not speak.

use std::ops::RangeInclusive;

use mock_providers::dialect::Dialect;

use super::Declared;
use crate::fuzz::generate::{Given, world};
use crate::fuzz::{Case, Doc};
use crate::world::Dice;

/// Keys of a scripted request that only our router reads, or that only some models take.
const OURS: [&str; 4] = ["tenant", "headers", "face", "body"];

/// Keys of a provider that would ask more of a client than to speak HTTP with one key.
const PARTICULAR: [&str; 3] = ["http", "keys", "keep_alive"];

/// Which worlds are played.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) declared: Declared,
    /// What providers speak.
    pub(super) dialects: Vec<Dialect>,
    /// The only faults there are; none means all.
    pub(super) faults: Option<Vec<String>>,
    /// Faults there are not.
    pub(super) without: Vec<String>,
    /// Models, at least and at most.
    pub(super) chain: RangeInclusive<u64>,
    /// Whether requests are sent that must be answered once everything has healed.
    pub(super) liveness: bool,
}

impl Default for Rules {
    /// What a test gets that says nothing: up to three models that speak what callers speak, and every fault.
    fn default() -> Rules {
        Rules {
            declared: Declared::default(),
            dialects: vec![Dialect::Openai],
            faults: None,
            without: Vec::new(),
            chain: 1..=3,
            liveness: false,
        }
    }
}

impl Rules {
    /// The only world there is: `case`.
    pub(super) fn of(case: &Case) -> Rules {
        let models = chain(case);
        Rules {
            declared: Declared::of(case),
            dialects: Dialect::ALL.to_vec(),
            faults: None,
            without: Vec::new(),
            chain: models..=models,
            liveness: true,
        }
    }

    /// The world number `number` of this seed.
    pub(super) fn world(&self, seed: u64, number: u64) -> Case {
        let (least, most) = (*self.chain.start(), *self.chain.end());
        let drawn = Dice::new(seed).key("chain").u64(number).hash();
        let length = least + drawn % (most.saturating_sub(least) + 1);
        let router = self.router(length);
        let given = Given { router: Some(router.clone()), brief: false };
        let mut doc = world(&given, seed, number).doc;
        doc.set("router", router);
        self.suit(&mut doc, length);
        self.checked(doc)
    }

    /// Whether a case is one of these worlds: the shrinker proposes others, too.
    pub(super) fn admit(&self, case: &Case) -> bool {
        let spoken = case.scenario.providers.values().all(|spec| self.dialects.contains(&spec.dialect));
        let faults = items(&case.doc, "faults").iter().all(|fault| self.allows(fault));
        // A shorter chain than was asked for is one that the target may not be made for.
        spoken && faults && chain(case) >= *self.chain.start() && Declared::of(case) == self.declared
    }

    /// Models `m1`, `m2`, … at `p1`, `p2`, …, and the route `r` over all of them.
    fn router(&self, length: u64) -> Doc {
        let models = (1..=length).map(|nth| {
            let model = Doc::map([("provider", format!("p{nth}").into())]);
            (format!("m{nth}"), model)
        });
        let mut route = Doc::map([("chain", Doc::words((1..=length).map(|nth| format!("m{nth}"))))]);
        self.declared.write(&mut route);
        Doc::map([("models", Doc::Map(models.collect())), ("routes", Doc::map([("r", route)]))])
    }

    fn suit(&self, doc: &mut Doc, length: u64) {
        self.providers(doc, length);
        let every = |doc: &mut Doc, list: &str, change: &dyn Fn(&mut Doc) -> bool| {
            if let Some(Doc::List(items)) = doc.get_mut(list) {
                items.retain_mut(change);
                if items.is_empty() {
                    doc.remove(list);
                }
            }
        };
        every(doc, "faults", &|fault| self.allows(fault));
        every(doc, "load", &|source| {
            source.remove("tenants");
            true
        });
        every(doc, "requests", &|request| {
            let asked = request.get("status").is_some();
            if let Some(send) = request.get_mut("send") {
                OURS.iter().for_each(|key| drop(send.remove(key)));
            }
            self.liveness || !asked
        });
    }

    /// Every provider that a model is at, each with a dialect that may be spoken.
    fn providers(&self, doc: &mut Doc, length: u64) {
        let Some(Doc::Map(providers)) = doc.get_mut("providers") else { return };
        for nth in 1..=length {
            let name = format!("p{nth}");
            if !providers.iter().any(|(known, _)| *known == name) {
                let like = providers[0].1.clone();
                providers.push((name, like));
            }
        }
        for (nth, (_, provider)) in providers.iter_mut().enumerate() {
            PARTICULAR.iter().for_each(|key| drop(provider.remove(key)));
            let spoken =
                |dialect: &Dialect| provider.get("dialect").and_then(Doc::word) == Some(dialect.name());
            if !self.dialects.iter().any(spoken) {
                provider.set("dialect", self.dialects[nth % self.dialects.len()].name());
            }
        }
    }

    /// Whether a fault is one of those there may be.
    fn allows(&self, fault: &Doc) -> bool {
        let Some(inject) = fault.get("inject") else { return false };
        let word = inject.word().or_else(|| inject.entries().first().map(|(word, _)| word.as_str()));
        let Some(word) = word else { return false };
        let chosen = self.faults.as_ref().is_none_or(|faults| faults.iter().any(|chosen| chosen == word));
        chosen && !self.without.iter().any(|unwanted| unwanted == word)
    }

    /// Checks a world. With another dialect some of its faults may be impossible, and what was sent for them pointless: these
    /// go, one by one.
    ///
    /// # Panics
    ///
    /// When it is still no scenario without them: a defect of the generator.
    fn checked(&self, mut doc: Doc) -> Case {
        for list in ["faults", "requests"] {
            if let Ok(case) = Case::new(doc.clone()) {
                return case;
            }
            let all = items(&doc, list).to_vec();
            let alone = |one: &Doc| {
                let mut doc = doc.clone();
                doc.set(list, vec![one.clone()]);
                Case::new(doc).is_ok()
            };
            let sound: Vec<Doc> = all.iter().filter(|one| alone(one)).cloned().collect();
            doc.set(list, sound);
            if items(&doc, list).is_empty() {
                doc.remove(list);
            }
        }
        Case::new(doc).unwrap_or_else(|problems| panic!("a generated world has problems:\n{problems}"))
    }
}

/// Models that are asked, as the target is told of them.
fn chain(case: &Case) -> u64 {
    case.scenario.router.routes.values().next().map_or(0, |route| route.chain.len() as u64)
}

fn items<'a>(doc: &'a Doc, list: &str) -> &'a [Doc] {
    doc.get(list).map(Doc::items).unwrap_or_default()
}
