//! Whether the model that served is the one that was asked for, by their names alone.
//!
//! Names are not kept to the letter: an alias is answered with its snapshot (`gpt-4o` -> `gpt-4o-2024-08-06`), a
//! gateway puts its vendor in front (`openai/gpt-4o`), Gemini `models/`, Ollama a tag (`:latest`), Azure leaves out
//! a dot (`gpt-35-turbo`). All that is tolerated. Another size, version or family is not: `gpt-4o-mini` is no
//! `gpt-4o`. In doubt the answer is yes: a good answer shall not be thrown away for its label.

/// Whether `served` may be `asked`. A name that is not said contradicts nothing.
#[must_use]
pub fn same_model(asked: &str, served: &str) -> bool {
    let (asked, served) = (Name::of(asked), Name::of(served));
    if asked.core.is_empty() || served.core.is_empty() || asked.core == "auto" {
        return true;
    }
    let tags = asked.tag.is_none() || served.tag.is_none() || asked.tag == served.tag;
    tags && ["-", ""].iter().any(|dot| {
        let (asked, served) = (asked.core.replace('.', dot), served.core.replace('.', dot));
        is_snapshot(&asked, &served) || is_snapshot(&served, &asked) || is_latest(&asked, &served)
    })
}

/// A name without what gateways put around it.
struct Name {
    core: String,
    /// Ollama's `8b` in `llama3:8b`.
    tag: Option<String>,
}

/// Tags that say nothing of the model: the default one, and OpenRouter's ways of serving it.
const NEUTRAL_TAGS: [&str; 7] = ["latest", "free", "nitro", "floor", "online", "beta", "extended"];

/// What Bedrock puts in front.
const REGIONS: [&str; 5] = ["us.", "eu.", "apac.", "global.", "us-gov."];
const VENDORS: [&str; 11] = [
    "anthropic.",
    "meta.",
    "amazon.",
    "mistral.",
    "cohere.",
    "ai21.",
    "openai.",
    "google.",
    "deepseek.",
    "qwen.",
    "nvidia.",
];

impl Name {
    fn of(name: &str) -> Self {
        let name = name.trim().to_lowercase();
        // A fine-tuned model's colons are its own.
        if name.starts_with("ft:") {
            return Name { core: name, tag: None };
        }
        let last = name.rsplit('/').next().unwrap_or_default();
        let last = last.strip_prefix('~').unwrap_or(last);
        let last = REGIONS.iter().find_map(|region| last.strip_prefix(region)).unwrap_or(last);
        let last = VENDORS.iter().find_map(|vendor| last.strip_prefix(vendor)).unwrap_or(last);
        let (core, tag) = match last.split_once(':') {
            Some((core, tag)) => (core, Some(tag)),
            None => (last, None),
        };
        // Bedrock's revision: `-v1:0`.
        let revised = tag.is_some_and(|tag| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_digit()));
        let revision = core.rfind("-v").filter(|at| {
            let digits = &core[at + 2..];
            revised && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let core = revision.map_or(core, |at| &core[..at]);
        let tag = tag.filter(|tag| !revised && !tag.is_empty() && !NEUTRAL_TAGS.contains(tag));
        Name { core: core.replace(['@', '_'], "-"), tag: tag.map(str::to_owned) }
    }
}

/// Whether `dated` is `alias`, or a snapshot of it.
fn is_snapshot(alias: &str, dated: &str) -> bool {
    let alias = alias.strip_suffix("-latest").unwrap_or(alias);
    let Some(rest) = dated.strip_prefix(alias) else { return false };
    if rest.is_empty() {
        return true;
    }
    let Some(rest) = rest.strip_prefix('-') else { return false };
    let words: Vec<&str> = rest.split('-').collect();
    let is = |word: &str, lengths: &[usize]| {
        lengths.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    // A month or a day means something only beside a year or a preview.
    let anchored = words.iter().any(|word| is(word, &[4, 6, 8]) || STAGES.contains(word));
    words.iter().all(|word| is(word, &[3, 4, 6, 8]) || STAGES.contains(word) || (anchored && is(word, &[2])))
}

/// Words of a name that say how finished a snapshot is.
const STAGES: [&str; 5] = ["preview", "exp", "experimental", "stable", "latest"];

/// Whether `asked` is an alias for the newest of a line (`gemini-flash-latest`) that `served` may be.
fn is_latest(asked: &str, served: &str) -> bool {
    let Some(line) = asked.strip_suffix("-latest") else { return false };
    // What the snapshot has beside the line's words are versions and dates.
    let mut line = line.split('-').peekable();
    served.split('-').all(|word| {
        let known = line.next_if_eq(&word).is_some();
        known || STAGES.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    }) && line.peek().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_model_under_another_name_is_the_same() {
        for (asked, served) in [
            ("gpt-4o", "gpt-4o"),
            ("gpt-4o", "GPT-4o"),
            ("gpt-4o", ""),
            ("", "gpt-4o"),
            ("gpt-4o", "gpt-4o-2024-08-06"),
            ("gpt-4", "gpt-4-0613"),
            ("gpt-4-turbo", "gpt-4-turbo-2024-04-09"),
            ("gpt-3.5-turbo", "gpt-35-turbo"),
            ("gpt-35-turbo", "gpt-3.5-turbo-0125"),
            ("o1", "o1-2024-12-17"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("openai/gpt-4o", "gpt-4o-2024-08-06"),
            ("gpt-4o", "openai/gpt-4o"),
            ("openai/gpt-4o", "azure/gpt-4o"),
            ("openrouter/auto", "anthropic/claude-sonnet-4.5"),
            ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet-20241022"),
            ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
            ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
            ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"),
            ("us.anthropic.claude-3-sonnet-20240229-v1:0", "claude-3-sonnet-20240229"),
            ("gemini-1.5-flash", "gemini-1.5-flash-002"),
            ("models/gemini-2.5-pro", "gemini-2.5-pro"),
            ("gemini-2.5-pro", "models/gemini-2.5-pro-preview-05-06"),
            ("gemini-flash-latest", "gemini-2.5-flash-preview-09-2025"),
            ("gemini-2.0-flash-exp", "gemini-2.0-flash"),
            ("mistral-large-latest", "mistral-large-2411"),
            ("mistral-small", "mistral-small-2506"),
            ("qwen-plus", "qwen-plus-2025-07-28"),
            ("command-r", "command-r-08-2024"),
            ("grok-4", "grok-4-0709"),
            ("llama3", "llama3:latest"),
            ("llama3:latest", "llama3"),
            ("llama3", "llama3:8b"),
            ("llama3:8b", "llama3:8b"),
            ("meta-llama/llama-3.3-70b-instruct:free", "meta-llama/llama-3.3-70b-instruct"),
            ("accounts/fireworks/models/deepseek-v3", "deepseek-v3"),
            ("ft:gpt-4o-mini-2024-07-18:acme::x1", "ft:gpt-4o-mini-2024-07-18:acme::x1"),
            ("text-embedding-3-small", "text-embedding-3-small"),
        ] {
            assert!(same_model(asked, served), "{asked} {served}");
        }
    }

    #[test]
    fn another_model_is_another() {
        for (asked, served) in [
            ("gpt-4o", "gpt-4o-mini"),
            ("gpt-4o-mini", "gpt-4o"),
            ("gpt-4o", "gpt-4o-mini-2024-07-18"),
            ("gpt-4", "gpt-4o"),
            ("gpt-4", "gpt-4-turbo-2024-04-09"),
            ("gpt-4", "gpt-4-32k"),
            ("gpt-4", "gpt-4.1"),
            ("gpt-5", "gpt-5-mini"),
            ("gpt-5", "gpt-5.1"),
            ("o1", "o1-mini"),
            ("o1", "o3"),
            ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20"),
            ("claude-sonnet-4", "claude-sonnet-4-5-20250929"),
            ("claude-opus-4", "claude-opus-4-1-20250805"),
            ("claude-3-5-sonnet-latest", "claude-3-7-sonnet-20250219"),
            ("claude-3-opus-20240229", "claude-3-haiku-20240307"),
            ("gemini-2.5-flash", "gemini-2.5-flash-lite"),
            ("gemini-1.5-flash", "gemini-1.5-flash-8b"),
            ("gemini-2.5-pro", "gemini-2.5-flash"),
            ("gemini-flash-latest", "gemini-2.5-flash-lite"),
            ("gemini-flash-latest", "gemini-2.5-pro"),
            ("llama3:8b", "llama3:70b"),
            ("llama3", "llama2"),
            ("llama3", "llama3.1"),
            ("mistral-large-latest", "mistral-small-2506"),
            ("deepseek-chat", "deepseek-reasoner"),
            ("text-embedding-3-small", "text-embedding-3-large"),
            ("text-embedding-3-small", "text-embedding-ada-002"),
            ("openai/gpt-4o", "anthropic/claude-3-opus"),
            ("ft:gpt-4o-mini-2024-07-18:acme::x1", "gpt-4o-mini-2024-07-18"),
        ] {
            assert!(!same_model(asked, served), "{asked} {served}");
        }
    }

    proptest::proptest! {
        /// A name is the same as itself, whatever it is, and nothing panics.
        #[test]
        fn a_name_is_its_own(name in "\\PC{0,24}", other in "[a-z0-9:/.@-]{0,16}") {
            proptest::prop_assert!(same_model(&name, &name));
            let _ = same_model(&name, &other);
        }
    }
}
