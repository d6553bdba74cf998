//! What an SDK has to be told so that it speaks to a mock: each vendor has its own variables.

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::provider::Spec;

/// The key where a provider takes any.
const ANY_KEY: &str = "sk-mock";

/// How a vendor's SDKs are pointed at another server.
struct Vendor {
    /// The variable that holds the base URL.
    url: &'static str,
    /// The variable that holds the key.
    key: &'static str,
    /// What else an SDK insists on.
    more: &'static [(&'static str, &'static str)],
}

/// Mistral's SDK, and those of the vendors that are used through OpenAI's, read the URL from an argument: there the
/// variable is a convention for the code that fills it in.
const fn vendor(dialect: Dialect) -> Vendor {
    let (url, key) = match dialect {
        Dialect::Azure => ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"),
        Dialect::Anthropic => ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
        Dialect::Gemini => ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
        Dialect::Mistral => ("MISTRAL_BASE_URL", "MISTRAL_API_KEY"),
        Dialect::Deepseek => ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_KEY"),
        Dialect::Qwen => ("DASHSCOPE_BASE_URL", "DASHSCOPE_API_KEY"),
        Dialect::Openrouter => ("OPENROUTER_BASE_URL", "OPENROUTER_API_KEY"),
        Dialect::Ollama => ("OLLAMA_HOST", "OLLAMA_API_KEY"),
        // llama.cpp and vLLM are meant to be called with OpenAI's SDK.
        _ => ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    };
    let more: &[_] = match dialect {
        Dialect::Azure => &[("OPENAI_API_VERSION", "2024-10-21")],
        _ => &[],
    };
    Vendor { url, key, more }
}

/// The base URL as the vendor's SDK wants it; `origin` has no slash at its end.
#[must_use]
pub fn base_url(dialect: Dialect, origin: &str) -> String {
    format!("{origin}{}", dialect.base_path())
}

/// The variables that lead the vendor's SDK to `origin`.
#[must_use]
pub fn variables(spec: &Spec, origin: &str) -> IndexMap<&'static str, String> {
    let Vendor { url, key, more } = vendor(spec.dialect);
    let first = spec.keys.first().map_or(ANY_KEY, String::as_str);
    let mut all = IndexMap::from([(url, base_url(spec.dialect, origin)), (key, first.to_owned())]);
    all.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    all
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
    fn azure_is_told_its_version_too() {
        let all = variables(&Spec::new("a", Dialect::Azure), "http://x");

        let names: Vec<_> = all.keys().copied().collect();
        assert_eq!(names, ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION"]);
    }

    #[test]
    fn the_key_is_one_that_the_provider_takes() {
        let mut spec = Spec::new("a", Dialect::Anthropic);
        assert_eq!(variables(&spec, "http://x")["ANTHROPIC_API_KEY"], "sk-mock");

        spec.keys = vec!["sk-1".to_owned(), "sk-2".to_owned()];
        assert_eq!(variables(&spec, "http://x")["ANTHROPIC_API_KEY"], "sk-1");
    }
}
