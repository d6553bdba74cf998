//! What an SDK has to be told so that it speaks to a mock: each vendor has its own variables.

use indexmap::IndexMap;
use mock_providers::dialect::Dialect;
use mock_providers::provider::Spec;

use super::trust::CA_VARIABLES;

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

/// How a provider is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The base URL as the vendor's SDK wants it.
    pub base_url: String,
    /// The variables that lead the SDK there.
    pub env: IndexMap<&'static str, String>,
}

impl Access {
    /// Of a provider at `origin` (without a slash at its end), whose certificate is signed by the authority in the file
    /// `ca`.
    pub(super) fn new(spec: &Spec, origin: &str, ca: Option<&str>) -> Access {
        let Vendor { url, key, more } = vendor(spec.dialect);
        let base_url = format!("{origin}{}", spec.dialect.base_path());
        let first = spec.keys.first().map_or(ANY_KEY, String::as_str);
        let mut env = IndexMap::from([(url, base_url.clone()), (key, first.to_owned())]);
        env.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        env.extend(CA_VARIABLES.into_iter().filter_map(|name| Some((name, ca?.to_owned()))));
        Access { base_url, env }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openai_has_its_version_in_the_base_url_and_the_others_do_not() {
        let url = |dialect| Access::new(&Spec::new("a", dialect), "http://127.0.0.1:4001", None).base_url;

        assert_eq!(url(Dialect::Openai), "http://127.0.0.1:4001/v1");
        assert_eq!(url(Dialect::Anthropic), "http://127.0.0.1:4001");
        assert_eq!(url(Dialect::Gemini), "http://127.0.0.1:4001");
    }

    #[test]
    fn azure_is_told_its_version_too() {
        let all = Access::new(&Spec::new("a", Dialect::Azure), "http://x", None).env;

        let names: Vec<_> = all.keys().copied().collect();
        assert_eq!(names, ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION"]);
    }

    #[test]
    fn the_key_is_one_that_the_provider_takes() {
        let mut spec = Spec::new("a", Dialect::Anthropic);
        assert_eq!(Access::new(&spec, "http://x", None).env["ANTHROPIC_API_KEY"], "sk-mock");

        spec.keys = vec!["sk-1".to_owned(), "sk-2".to_owned()];
        assert_eq!(Access::new(&spec, "http://x", None).env["ANTHROPIC_API_KEY"], "sk-1");
    }
}
