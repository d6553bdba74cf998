//! Takes something that has a name out of a document, with all that speaks of it.

use super::Named;
use crate::fuzz::Doc;

/// Takes `name` out, and whatever is nothing without it.
pub(super) fn take_out(doc: &mut Doc, named: Named, name: &str) {
    undeclare(doc, named, name);
    match named {
        Named::Provider => provider(doc, name),
        Named::Model => model(doc, name),
        Named::Route => route(doc, name),
        Named::Tenant => tenant(doc, name),
        Named::Quota => each(doc, &["providers"], |provider| lose(provider, "quota", name)),
    }
}

/// Takes its declaration out, and nothing else.
pub(super) fn undeclare(doc: &mut Doc, named: Named, name: &str) {
    let places = [named.place(), if named == Named::Provider { &["router", "providers"] } else { &[] }];
    for place in places.into_iter().filter(|place| !place.is_empty()) {
        if let Some(declared) = inside(doc, place) {
            declared.remove(name);
        }
    }
    tidy(doc, &["router", "providers"]);
    tidy(doc, &["router", "tenants"]);
    tidy(doc, &["quotas"]);
}

fn provider(doc: &mut Doc, name: &str) {
    retain(doc, &["faults"], |fault| {
        let Some(on) = fault.get_mut("on") else { return true };
        let was_list = matches!(on, Doc::List(_));
        drop_items(on, name);
        on.word() != Some(name) && !(was_list && on.is_empty())
    });
    let mut nowhere = Vec::new();
    for model in Named::Model.names(doc) {
        let Some(spec) = inside(doc, &["router", "models", &model]) else { continue };
        lose(spec, "provider", name);
        if let Some(places) = spec.get_mut("deployments") {
            drop_items(places, name);
            if places.is_empty() {
                spec.remove("deployments");
            }
        }
        if spec.get("provider").is_none() && spec.get("deployments").is_none() {
            nowhere.push(model);
        }
    }
    nowhere.iter().for_each(|model| take_out(doc, Named::Model, model));
}

fn model(doc: &mut Doc, name: &str) {
    let mut chainless = Vec::new();
    for route in Named::Route.names(doc) {
        let Some(spec) = inside(doc, &["router", "routes", &route]) else { continue };
        no_rescue(spec, name);
        if let Some(chain) = spec.get_mut("chain") {
            drop_items(chain, name);
            if chain.is_empty() {
                chainless.push(route);
            }
        }
    }
    if let Some(defaults) = inside(doc, &["router", "defaults"]) {
        no_rescue(defaults, name);
    }
    each(doc, &["router", "tenants"], |tenant| {
        if let Some(models) = tenant.get_mut("models") {
            drop_items(models, name);
            if models.is_empty() {
                tenant.remove("models");
            }
        }
    });
    retain(doc, &["faults"], |fault| when(fault, "model") != Some(name));
    each(doc, &["requests"], |request| {
        lose(request, "served_by", name);
        let attempts =
            request.get("attempts").map(Doc::items).unwrap_or_default().iter().filter_map(Doc::word);
        if attempts.filter_map(|attempt| attempt.split(' ').next()).any(|asked| asked == name) {
            request.remove("attempts");
        }
    });
    chainless.iter().for_each(|route| take_out(doc, Named::Route, route));
}

fn no_rescue(route: &mut Doc, model: &str) {
    let Some(rescue) = route.get_mut("rescue") else { return };
    if let Doc::List(lasts) = rescue {
        lasts.retain(|last| last.get("model").and_then(Doc::word) != Some(model));
        if lasts.is_empty() {
            route.remove("rescue");
        }
    }
}

fn route(doc: &mut Doc, name: &str) {
    retain(doc, &["load"], |source| source.get("route").and_then(Doc::word) != Some(name));
    retain(doc, &["requests"], |request| {
        request.get("send").and_then(|send| send.get("route")).and_then(Doc::word) != Some(name)
    });
}

fn tenant(doc: &mut Doc, name: &str) {
    each(doc, &["load"], |source| {
        if let Some(tenants) = source.get_mut("tenants") {
            tenants.remove(name);
            if tenants.is_empty() {
                source.remove("tenants");
            }
        }
    });
    each(doc, &["requests"], |request| {
        if let Some(send) = request.get_mut("send") {
            lose(send, "tenant", name);
        }
    });
    retain(doc, &["faults"], |fault| when(fault, "tenant") != Some(name));
}

fn when<'a>(fault: &'a Doc, key: &str) -> Option<&'a str> {
    fault.get("when")?.get(key)?.word()
}

fn inside<'a>(doc: &'a mut Doc, place: &[&str]) -> Option<&'a mut Doc> {
    place.iter().try_fold(doc, |doc, key| doc.get_mut(key))
}

/// Takes `key` out if it says `name`.
fn lose(doc: &mut Doc, key: &str, name: &str) {
    if doc.get(key).and_then(Doc::word) == Some(name) {
        doc.remove(key);
    }
}

/// Takes out the items of a list that are `name`, or a link to it.
fn drop_items(list: &mut Doc, name: &str) {
    let of = |item: &Doc, key: &str| item.get(key).and_then(Doc::word) == Some(name);
    if let Doc::List(items) = list {
        items.retain(|item| item.word() != Some(name) && !of(item, "model") && !of(item, "provider"));
    }
}

/// Changes every entry or item at `place`.
fn each(doc: &mut Doc, place: &[&str], change: impl Fn(&mut Doc)) {
    match inside(doc, place) {
        Some(Doc::Map(entries)) => entries.iter_mut().for_each(|(_, value)| change(value)),
        Some(Doc::List(items)) => items.iter_mut().for_each(change),
        _ => {}
    }
}

/// Keeps items of the list at `place`; a list of which nothing is left goes as well.
fn retain(doc: &mut Doc, place: &[&str], keep: impl FnMut(&mut Doc) -> bool) {
    if let Some(Doc::List(items)) = inside(doc, place) {
        items.retain_mut(keep);
    }
    tidy(doc, place);
}

/// Takes out what has nothing in it.
fn tidy(doc: &mut Doc, place: &[&str]) {
    let Some((key, above)) = place.split_last() else { return };
    if let Some(above) = inside(doc, above)
        && above.get(key).is_some_and(|value| value.word().is_none() && value.is_empty())
    {
        above.remove(key);
    }
}
