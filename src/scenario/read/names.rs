//! The names of a file, gathered before anything is read in full: a broken provider still has its name, so one
//! mistake never makes ten.

use indexmap::{IndexMap, IndexSet};

use super::super::yaml::{Node, Value};

/// What names mean.
#[derive(Debug, Default)]
pub(super) struct Names {
    providers: IndexSet<String>,
    /// Models by name, with the providers that have them and the upstream ids there.
    models: IndexMap<String, Vec<(String, String)>>,
    routes: IndexSet<String>,
    tenants: IndexSet<String>,
    /// Whether callers outside the file may use any model and speak for anybody.
    open: bool,
}

impl Names {
    /// Gathers them from the whole file.
    pub(super) fn gather(root: &Node) -> Self {
        let router = child(root, "router");
        let mut names = Names {
            providers: child(root, "providers").map(keys).unwrap_or_default(),
            routes: router.and_then(|router| child(router, "routes")).map(keys).unwrap_or_default(),
            ..Names::default()
        };
        for (name, model) in
            router.and_then(|router| child(router, "models")).map(entries).unwrap_or_default()
        {
            names.models.insert(name.to_owned(), places(name, model));
        }
        for source in child(root, "load").map(items).unwrap_or_default() {
            names.tenants.extend(child(source, "tenants").map(keys).unwrap_or_default());
        }
        for request in child(root, "requests").map(items).unwrap_or_default() {
            let tenant = child(request, "send").and_then(|send| child(send, "tenant")).and_then(scalar);
            names.tenants.extend(tenant.map(str::to_owned));
        }
        names
    }

    /// Those of a router alone: its providers are those that its models and settings name.
    pub(super) fn of_router(router: &Node) -> Self {
        let models = child(router, "models").map(entries).unwrap_or_default();
        let models: IndexMap<_, _> =
            models.into_iter().map(|(name, model)| (name.to_owned(), places(name, model))).collect();
        let named = models.values().flatten().map(|(provider, _)| provider.clone());
        let told = child(router, "providers").map(keys).unwrap_or_default();
        Names {
            providers: named.chain(told).filter(|name| !name.is_empty()).collect(),
            routes: child(router, "routes").map(keys).unwrap_or_default(),
            models,
            ..Names::default()
        }
    }

    /// Providers alone.
    pub(super) fn providers_only(providers: impl IntoIterator<Item = String>) -> Self {
        Names { providers: providers.into_iter().collect(), ..Names::default() }
    }

    /// The same, where callers may use any model and speak for anybody.
    pub(super) fn opened(self) -> Self {
        Names { open: true, ..self }
    }

    pub(super) fn provider(&self, name: &str) -> Option<usize> {
        self.providers.get_index_of(name)
    }

    pub(super) fn model(&self, name: &str) -> Option<usize> {
        self.models.get_index_of(name)
    }

    /// The providers of a model, and each one's id for it.
    pub(super) fn places(&self, name: &str) -> Option<&[(String, String)]> {
        self.models.get(name).map(Vec::as_slice)
    }

    /// Whether models are used that the file does not name.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn has_route(&self, name: &str) -> bool {
        self.routes.contains(name)
    }

    pub(super) fn has_tenant(&self, name: &str) -> bool {
        self.open || self.tenants.contains(name)
    }

    pub(super) fn providers(&self) -> impl Iterator<Item = &str> + Clone {
        self.providers.iter().map(String::as_str)
    }

    pub(super) fn models(&self) -> impl Iterator<Item = &str> + Clone {
        self.models.keys().map(String::as_str)
    }

    pub(super) fn routes(&self) -> impl Iterator<Item = &str> + Clone {
        self.routes.iter().map(String::as_str)
    }

    pub(super) fn tenants(&self) -> impl Iterator<Item = &str> + Clone {
        self.tenants.iter().map(String::as_str)
    }

    /// Upstream ids of the models of a provider.
    pub(super) fn upstreams<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a str> + Clone {
        let places = self.models.values().flatten();
        places.filter(move |(of, _)| of == provider).map(|(_, upstream)| upstream.as_str())
    }
}

/// Where a model is deployed: at its `provider`, or at those of `deployments`.
fn places(name: &str, model: &Node) -> Vec<(String, String)> {
    fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
        child(node, key).and_then(scalar)
    }
    let upstream = text(model, "upstream").unwrap_or(name);
    let place = |node: &Node| {
        let provider = scalar(node).or_else(|| text(node, "provider")).unwrap_or_default();
        (provider.to_owned(), text(node, "upstream").unwrap_or(upstream).to_owned())
    };
    match child(model, "deployments") {
        Some(list) => items(list).iter().map(place).collect(),
        None => vec![place(model)],
    }
}

fn entries(node: &Node) -> Vec<(&str, &Node)> {
    match &node.value {
        Value::Map(map) => map.iter().filter_map(|(key, value)| Some((scalar(key)?, value))).collect(),
        _ => Vec::new(),
    }
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entries(node).into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
}

fn keys(node: &Node) -> IndexSet<String> {
    entries(node).into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => &[],
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        _ => None,
    }
}
