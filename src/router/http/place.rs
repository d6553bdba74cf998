//! Paths, and what is there.

use http::Method;

use super::face::Face;

/// What a path is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A chat.
    Converse(Face),
    /// Embeddings.
    Embed,
    /// How many tokens a chat has.
    Count,
    /// What can be addressed: all of it, or the one of this name.
    Models(Option<String>),
    /// Whether the router lives.
    Health,
}

/// What is at `path`.
pub(super) fn place(path: &str) -> Option<Place> {
    let bare = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let bare = if bare.len() > 1 { bare.strip_suffix('/').unwrap_or(bare) } else { bare };
    Some(match bare {
        "/chat/completions" => Place::Converse(Face::Chat),
        "/responses" => Place::Converse(Face::Responses),
        "/messages" => Place::Converse(Face::Messages),
        "/messages/count_tokens" => Place::Count,
        "/embeddings" => Place::Embed,
        "/models" => Place::Models(None),
        "/health" => Place::Health,
        _ => Place::Models(Some(decoded(bare.strip_prefix("/models/")?)?)),
    })
}

impl Place {
    /// The method it is meant for.
    pub(super) const fn method(&self) -> Method {
        match self {
            Place::Converse(_) | Place::Embed | Place::Count => Method::POST,
            Place::Models(_) | Place::Health => Method::GET,
        }
    }

    pub(super) fn allows(&self, method: &Method) -> bool {
        *method == self.method() || (self.method() == Method::GET && *method == Method::HEAD)
    }
}

/// A name out of a path, where it may be percent-encoded; none when it is no text.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
                Some(digit(*high)? << 4 | digit(*low)?)
            }
            _ => None,
        };
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_somewhere_with_and_without_their_version() {
        let model = |name: &str| Some(Place::Models(Some(name.to_owned())));
        for (path, expected) in [
            ("/v1/chat/completions", Some(Place::Converse(Face::Chat))),
            ("/chat/completions/", Some(Place::Converse(Face::Chat))),
            ("/v1/responses", Some(Place::Converse(Face::Responses))),
            ("/messages", Some(Place::Converse(Face::Messages))),
            ("/v1/messages/count_tokens", Some(Place::Count)),
            ("/v1/embeddings", Some(Place::Embed)),
            ("/models/", Some(Place::Models(None))),
            ("/v1/models/a/b", model("a/b")),
            ("/models/a%2Fb%20c", model("a/b c")),
            ("/models/50%", model("50%")),
            ("/models/%ff", None),
            ("/models/%zz", None),
            ("/v1models", None),
            ("/v1", None),
            ("/v2/messages", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_read_may_be_asked_for_by_its_head_alone() {
        assert!(Place::Health.allows(&Method::HEAD) && Place::Models(None).allows(&Method::GET));
        assert!(!Place::Embed.allows(&Method::HEAD) && !Place::Health.allows(&Method::POST));
    }
}
