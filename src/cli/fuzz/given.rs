//! A router that is given: read, checked, and rid of its secrets.

use std::path::Path;

use crate::fuzz::Doc;
use crate::scenario::{Problems, plain};

/// The router in a file.
///
/// Keys of tenants become names: worlds around the router are printed and saved, and a key of the file may be a real one.
pub(super) fn router(file: &Path) -> Result<Doc, Problems> {
    let mut router = Doc::from(plain::router(file)?);
    if let Some(Doc::Map(tenants)) = router.get_mut("tenants") {
        for (name, tenant) in tenants {
            if tenant.get("key").is_some() {
                tenant.set("key", format!("key-of-{name}"));
            }
        }
    }
    Ok(router)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: &str = "models: { m: { provider: p } }\nroutes: { r: { chain: [m] } }\n";

    fn read(text: &str) -> Result<Doc, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("given.yaml");
        std::fs::write(&file, text).expect("written");
        router(&file).map_err(|problems| problems.to_string())
    }

    fn below_router(text: &str) -> String {
        let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
        format!("router:\n{indented}")
    }

    #[test]
    fn a_router_is_found_in_every_kind_of_file() {
        let alone = read(ROUTER).expect("a router");
        let scenario = format!(
            "providers: {{ p: {{ dialect: openai }} }}\nload: [{{ route: r, rate: 1/s, for: 9s }}]\n{}",
            below_router(ROUTER)
        );
        let serve = format!(
            "listen: 127.0.0.1:0\nproviders: {{ p: {{ dialect: openai, key: \"${{KEY}}\" }} }}\n{}",
            below_router(ROUTER)
        );
        for text in [scenario, serve, below_router(ROUTER)] {
            assert_eq!(read(&text).as_ref(), Ok(&alone), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_router_is_said_with_its_place() {
        for (text, words) in [
            ("providers: { p: { dialect: openai } }\n", "the file has no router"),
            ("", "the file holds no router"),
            ("models: { m: { provider: p } }\n", "routes"),
            ("models: { m: { provider: p } }\nroutes: { r: { chain: [n] } }\n", "`n`"),
            ("[1, 2]\n", "expected a map that has a router"),
        ] {
            let problems = read(text).expect_err(text);
            assert!(problems.contains(words) && problems.contains("given.yaml"), "{words}:\n{problems}");
        }
    }

    #[test]
    fn keys_of_tenants_do_not_leave_the_file() {
        let text = format!("{ROUTER}tenants: {{ team: {{ key: sk-live-0123456789 }} }}\n");
        let router = read(&text).expect("a router");
        assert!(!router.yaml().contains("sk-live"), "{}", router.yaml());
        assert!(router.yaml().contains("key-of-team"), "{}", router.yaml());
    }
}
