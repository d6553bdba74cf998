//! Markup that is safe by construction: text and attributes are escaped by the one place that writes them.

use std::fmt::{Display, Write};

/// A piece of HTML or SVG. Whatever text becomes one is escaped on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup(String);

/// An element under construction: attributes first, then what is in it.
#[derive(Clone, Debug)]
#[must_use = "an element shows only where it was put"]
pub(super) struct Element {
    name: &'static str,
    attributes: String,
    inner: String,
}

/// HTML elements without an end.
const VOID: [&str; 5] = ["br", "col", "hr", "input", "meta"];

/// SVG elements that are mostly empty, and close themselves when they are.
const LEAVES: [&str; 5] = ["circle", "line", "path", "rect", "use"];

/// An element of this name.
pub(super) fn el(name: &'static str) -> Element {
    Element { name, attributes: String::new(), inner: String::new() }
}

/// A `span` of this class around `inner`.
pub(super) fn span(class: &str, inner: impl Into<Markup>) -> Element {
    el("span").class(class).with(inner)
}

impl Element {
    /// With an attribute. The value is escaped.
    pub(super) fn attr(mut self, name: &str, value: impl Display) -> Element {
        let value = value.to_string();
        // Unquoted values are legal without blanks and quotes, and a page of charts has tens of thousands.
        let bare =
            !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.%#".contains(c));
        let quote = if bare { "" } else { "\"" };
        _ = write!(self.attributes, " {name}={quote}{}{quote}", escape(&value));
        self
    }

    /// With an attribute, where there is a value.
    pub(super) fn attr_if(self, name: &str, value: Option<impl Display>) -> Element {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// With an attribute that says yes by being there.
    pub(super) fn flag(mut self, name: &str) -> Element {
        _ = write!(self.attributes, " {name}");
        self
    }

    /// With these classes.
    pub(super) fn class(self, names: &str) -> Element {
        self.attr("class", names)
    }

    /// With an id.
    pub(super) fn id(self, id: &str) -> Element {
        self.attr("id", id)
    }

    /// With `inner` after what is already in it.
    pub(super) fn with(mut self, inner: impl Into<Markup>) -> Element {
        self.inner.push_str(&inner.into().0);
        self
    }

    /// With all of these in it.
    pub(super) fn each(mut self, inner: impl IntoIterator<Item = impl Into<Markup>>) -> Element {
        inner.into_iter().for_each(|one| self.inner.push_str(&one.into().0));
        self
    }
}

impl Markup {
    /// Nothing yet.
    pub(super) fn new() -> Markup {
        Markup::default()
    }

    /// Data for a script. `json` must not contain `<`.
    pub(super) fn data(json: &str) -> Markup {
        debug_assert!(!json.contains('<'), "no markup can begin in data");
        Markup(format!("<script type=\"application/json\">{json}</script>"))
    }

    /// Adds at the end.
    pub(super) fn push(&mut self, more: impl Into<Markup>) {
        self.0.push_str(&more.into().0);
    }

    /// Followed by `more`.
    pub(super) fn and(mut self, more: impl Into<Markup>) -> Markup {
        self.push(more);
        self
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it goes into the file.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Element> for Markup {
    fn from(element: Element) -> Markup {
        let Element { name, attributes, inner } = element;
        Markup(if VOID.contains(&name) {
            format!("<{name}{attributes}>")
        } else if inner.is_empty() && LEAVES.contains(&name) {
            format!("<{name}{attributes} />")
        } else {
            format!("<{name}{attributes}>{inner}</{name}>")
        })
    }
}

impl From<&str> for Markup {
    fn from(text: &str) -> Markup {
        Markup(escape(text))
    }
}

impl From<String> for Markup {
    fn from(text: String) -> Markup {
        Markup(escape(&text))
    }
}

impl From<&String> for Markup {
    fn from(text: &String) -> Markup {
        Markup(escape(text))
    }
}

impl<M: Into<Markup>> From<Option<M>> for Markup {
    fn from(some: Option<M>) -> Markup {
        some.map(Into::into).unwrap_or_default()
    }
}

impl<M: Into<Markup>> FromIterator<M> for Markup {
    fn from_iter<I: IntoIterator<Item = M>>(all: I) -> Markup {
        let mut markup = Markup::new();
        all.into_iter().for_each(|one| markup.push(one));
        markup
    }
}

/// Text as HTML, in elements and in attributes. Characters that no document may contain are shown as a question mark.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(char),
            _ if char.is_control() => out.push('\u{fffd}'),
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_never_becomes_markup() {
        let wicked = "</p><script>alert('1')</script> & \"\u{1b}";
        let markup: Markup = el("p").attr("title", wicked).with(wicked).into();
        let safe = "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;\u{fffd}";
        assert_eq!(markup.as_str(), format!("<p title=\"{safe}\">{safe}</p>"));
    }

    #[test]
    fn elements_close_as_their_kind_does() {
        let all: Markup = [el("br"), el("path").attr("d", "M0 0"), el("rect").attr("x", "1%"), el("b")]
            .into_iter()
            .collect();
        assert_eq!(all.as_str(), "<br><path d=\"M0 0\" /><rect x=1% /><b></b>");
    }
}
