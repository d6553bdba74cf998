//! Everything that has a name and is spoken of elsewhere: taken out with all that speaks of it, put together, called otherwise.

mod call;
mod take_out;

use super::search::Search;
use crate::fuzz::Doc;

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Provider,
    Model,
    Route,
    Tenant,
    Quota,
}

/// All of them: what speaks of others before those.
const ALL: [Named; 5] = [Named::Route, Named::Model, Named::Provider, Named::Tenant, Named::Quota];

impl Named {
    /// Where they are declared.
    const fn place(self) -> &'static [&'static str] {
        match self {
            Named::Provider => &["providers"],
            Named::Model => &["router", "models"],
            Named::Route => &["router", "routes"],
            Named::Tenant => &["router", "tenants"],
            Named::Quota => &["quotas"],
        }
    }

    /// Those that are declared.
    fn names(self, doc: &Doc) -> Vec<String> {
        let declared = self.place().iter().try_fold(doc, |doc, key| doc.get(key));
        declared.map(Doc::entries).unwrap_or_default().iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Takes out whatever has a name, with all that speaks of it; or puts two of a kind together.
pub(super) fn drop_names(search: &mut Search<'_>) {
    for named in ALL {
        for name in named.names(search.doc()).iter().rev() {
            // Where an expectation is what fails, a world with fewer models would be another one: only what nobody speaks of
            // can go.
            if !search.is_judged() || !call::is_spoken_of(search.doc(), named, name) {
                search.edit(|doc| take_out::take_out(doc, named, name));
            }
        }
    }
    if !search.is_judged() {
        for named in [Named::Route, Named::Model, Named::Provider, Named::Tenant] {
            put_together(search, named);
        }
    }
}

/// Two of a kind become one: what was said of the one is said of the other.
fn put_together(search: &mut Search<'_>, named: Named) {
    for name in named.names(search.doc()).iter().rev() {
        for other in named.names(search.doc()).iter().filter(|other| *other != name) {
            let together = |doc: &mut Doc| {
                take_out::undeclare(doc, named, name);
                call::call(doc, named, name, other);
            };
            if search.edit(together) {
                break;
            }
        }
    }
}

/// Gives names with a number behind them the smallest numbers: `p3` alone is `p1`. What a person called by a word of its own
/// keeps it.
pub(super) fn number(search: &mut Search<'_>) {
    let mut doc = search.doc().clone();
    for named in ALL {
        let names = named.names(&doc);
        for (old, new) in call::numbered(&names) {
            call::rename(&mut doc, named, &old, &new);
        }
    }
    search.offer(doc);
}
