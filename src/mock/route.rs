//! Which request means what: paths, methods and queries of the control API.

use http::Method;

/// What is asked of the control API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Health,
    Document,
    Providers,
    Faults,
    AddFault,
    RemoveFaults,
    RemoveFault,
    Reset,
    Calls,
    CallStream,
    Metrics,
    Shutdown,
}

/// Everything that is served. `{name}` stands for one segment.
pub(super) const ROUTES: [(&str, &str, Ask); 12] = [
    ("GET", "/health", Ask::Health),
    ("GET", "/openapi.json", Ask::Document),
    ("GET", "/providers", Ask::Providers),
    ("GET", "/faults", Ask::Faults),
    ("POST", "/faults", Ask::AddFault),
    ("DELETE", "/faults", Ask::RemoveFaults),
    ("DELETE", "/faults/{name}", Ask::RemoveFault),
    ("POST", "/reset", Ask::Reset),
    ("GET", "/calls", Ask::Calls),
    ("GET", "/calls/stream", Ask::CallStream),
    ("GET", "/metrics", Ask::Metrics),
    ("POST", "/shutdown", Ask::Shutdown),
];

/// A request that leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nothing is there.
    Path,
    /// Something is there, for these methods.
    Method(String),
}

/// What is asked, and the name in the path.
pub(super) fn find(method: &Method, path: &str) -> Result<(Ask, Option<String>), Lost> {
    // What can be read can be asked about.
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let here =
        || ROUTES.iter().filter_map(|(takes, template, ask)| Some((*takes, *ask, fits(template, path)?)));
    if let Some((_, ask, name)) = here().find(|(takes, ..)| *takes == method) {
        return Ok((ask, name));
    }
    let methods: Vec<&str> = here().map(|(takes, ..)| takes).collect();
    Err(if methods.is_empty() { Lost::Path } else { Lost::Method(methods.join(", ")) })
}

/// Whether `path` is what `template` says, and the name it holds.
fn fits(template: &str, path: &str) -> Option<Option<String>> {
    match template.strip_suffix("{name}") {
        None => (template == path).then_some(None),
        Some(start) => {
            let name = path.strip_prefix(start).filter(|name| !name.is_empty() && !name.contains('/'))?;
            Some(Some(decoded(name)))
        }
    }
}

/// The values of a query's keys, all of which must be `known`.
pub(super) fn query(query: Option<&str>, known: &[&str]) -> Result<Vec<(String, String)>, String> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if known.contains(&key) {
                return Ok((key.to_owned(), decoded(value)));
            }
            let all: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            let all = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            Err(format!("`{key}` means nothing in the query here; it takes {all}"))
        })
        .collect()
}

/// Undoes percent-encoding; what is no encoding stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code =
            (byte == b'%').then(|| after.get(..2)).flatten().and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(if byte == b'+' { b' ' } else { byte });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_methods_and_names_are_told_apart() {
        assert_eq!(find(&Method::GET, "/faults"), Ok((Ask::Faults, None)));
        assert_eq!(find(&Method::HEAD, "/health"), Ok((Ask::Health, None)));
        let name = |path| find(&Method::DELETE, path).map(|(_, name)| name.unwrap_or_default());
        assert_eq!(name("/faults/a%2Db"), Ok("a-b".to_owned()));
        assert_eq!(name("/faults/a/b"), Err(Lost::Path));
        assert_eq!(find(&Method::PUT, "/faults"), Err(Lost::Method("GET, POST, DELETE".to_owned())));
        assert_eq!(find(&Method::GET, "/"), Err(Lost::Path));
    }

    #[test]
    fn queries_take_known_keys_only() {
        let pairs = query(Some("provider=a%2Fb&limit=3"), &["provider", "limit"]).unwrap();
        assert_eq!(pairs, [("provider".to_owned(), "a/b".to_owned()), ("limit".to_owned(), "3".to_owned())]);
        assert!(query(Some("limt=3"), &["limit"]).unwrap_err().contains("`limt`"));
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
