//! What an SDK has to be told so that it speaks to a mock: each vendor has its own variables, and its own opinion
//! on whether the version belongs to the base URL.

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::provider::Spec;

/// The key where a provider takes any.
const ANY_KEY: &str = "sk-mock";

/// How a vendor's SDKs are pointed at another server.
struct Vendor {
    /// What follows the origin in a base URL.
    path: &'static str,
    /// Variables that hold the base URL.
    urls: &'static [&'static str],
    /// Variables that hold the key.
    keys: &'static [&'static str],
}

const fn vendor(dialect: Dialect) -> Vendor {
    match dialect {
        Dialect::Anthropic => {
            Vendor { path: "", urls: &["ANTHROPIC_BASE_URL"], keys: &["ANTHROPIC_API_KEY"] }
        }
        Dialect::Gemini => Vendor {
            path: "",
            urls: &["GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE"],
            keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        },
        _ => Vendor { path: "/v1", urls: &["OPENAI_BASE_URL", "OPENAI_API_BASE"], keys: &["OPENAI_API_KEY"] },
    }
}

/// The base URL as the vendor's SDK wants it; `origin` has no slash at its end.
#[must_use]
pub fn base_url(dialect: Dialect, origin: &str) -> String {
    format!("{origin}{}", vendor(dialect).path)
}

/// The variables that lead the vendor's SDK to `origin`.
#[must_use]
pub fn variables(spec: &Spec, origin: &str) -> IndexMap<&'static str, String> {
    let Vendor { urls, keys, .. } = vendor(spec.dialect);
    let key = spec.keys.first().map_or(ANY_KEY, String::as_str);
    let urls = urls.iter().map(|name| (*name, base_url(spec.dialect, origin)));
    urls.chain(keys.iter().map(|name| (*name, key.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_has_its_version_in_the_base_url_and_the_others_do_not() {
        let url = |dialect| base_url(dialect, "http://127.0.0.1:4001");

        assert_eq!(url(Dialect::Openai), "http://127.0.0.1:4001/v1");
        assert_eq!(url(Dialect::Anthropic), "http://127.0.0.1:4001");
        assert_eq!(url(Dialect::Gemini), "http://127.0.0.1:4001");
    }

    #[test]
    fn the_key_is_one_that_the_provider_takes() {
        let mut spec = Spec::new("a", Dialect::Anthropic);
        assert_eq!(variables(&spec, "http://x")["ANTHROPIC_API_KEY"], "sk-mock");

        spec.keys = vec!["sk-1".to_owned(), "sk-2".to_owned()];
        assert_eq!(variables(&spec, "http://x")["ANTHROPIC_API_KEY"], "sk-1");
    }
}
