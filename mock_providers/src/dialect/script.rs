//! What shall be answered, and its rendering in whichever dialect.

use std::time::Duration;

use super::json::string;
use super::openai::UsageAt;
use super::{Ask, Complaint, Dialect, Format, Media, anthropic, embedding, gemini, hollow, ollama, openai};
use crate::fault::{Emptiness, ErrorIn200, ErrorKind, RefusalForm};
use crate::reply::{Tag, push_words};

/// Prose that only its words give away as a refusal.
const SORRY: &str = "I'm sorry, but I can't help with that.";

/// Bytes of a word and its space, about.
const WORD_BYTES: usize = 20;

/// An answer to be given: everything its rendering depends on.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) dialect: Dialect,
    pub(crate) ask: Ask,
    /// Letters and digits of the answer's ids.
    pub(crate) id: String,
    /// Seconds since the Unix epoch.
    pub(crate) created_s: i64,
    pub(crate) tag: Tag,
    /// Words planned.
    pub(crate) words: u32,
    /// Tokens of the prompt, those from the cache included.
    pub(crate) prompt_tokens: u64,
    /// Tokens of the prompt that came from a cache.
    pub(crate) cached: u64,
    /// Tokens of the prompt that were put into a cache; none of them is in `cached`.
    pub(crate) written: u64,
    /// Tokens the model thought before its first word.
    pub(crate) reasoning: u32,
    /// The beginning of a word that a stop text cut; comes after all words.
    pub(crate) tail: String,
    /// The stop text before which the answer ends.
    pub(crate) stopped: Option<String>,
    /// Whether the caller's limit cut the answer.
    pub(crate) limited: bool,
    /// From this word on the one before it is said again and again.
    pub(crate) stuck: Option<u32>,
    /// The words of a refusal, when they are not the usual ones.
    pub(crate) sorry: Option<String>,
    /// Whether the answer is refused before its first word, in the vendor's own form: no text begins.
    pub(crate) withheld: bool,
    /// How long it takes as planned, where the vendor tells it.
    pub(crate) times: Times,
    /// What every chunk begins with, once [`Script::prepare`] wrote it.
    pub(super) prefix: String,
}

/// How long an answer takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// To its first word.
    pub(crate) first: Duration,
    /// From there to its last.
    pub(crate) rest: Duration,
}

impl Times {
    /// Both, in nanoseconds.
    pub(super) fn nanoseconds(self) -> (u64, u64) {
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        (ns(self.first), ns(self.rest))
    }
}

/// The end of a stream, in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What the words still need: the end of a JSON object, of a content block.
    Rest,
    /// Why the model stopped (where the vendor says it in one breath with the usage: both).
    Finish,
    /// The usage, where it is an event of its own.
    Usage,
    /// The protocol's terminator, where there is one.
    Terminator,
}

impl Part {
    /// All parts, in the order in which they are sent.
    pub(crate) const ALL: [Part; 4] = [Part::Rest, Part::Finish, Part::Usage, Part::Terminator];
}

/// A whole plain body, and where its canonical words lie in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) body: String,
    pub(crate) words_at: usize,
    pub(crate) words_end: usize,
}

/// Whether a tool call comes in one piece, also in a stream.
pub(crate) fn whole_calls(dialect: Dialect, ask: &Ask) -> bool {
    match ask.format {
        Format::Chat => openai::vendor(dialect).whole_calls(),
        Format::Generate | Format::OllamaChat | Format::OllamaGenerate => true,
        _ => false,
    }
}

/// Whether a stream tells its usage, and whether it does so in an event of its own.
pub(crate) fn usage_in_stream(dialect: Dialect, ask: &Ask) -> (bool, bool) {
    match ask.format {
        Format::Chat => match openai::vendor(dialect).usage_at(ask) {
            UsageAt::Nowhere => (false, false),
            UsageAt::Chunk { .. } | UsageAt::Every => (true, true),
            UsageAt::Finish => (true, false),
        },
        _ => (true, false),
    }
}

macro_rules! each {
    ($script:expr, $function:ident $(, $argument:expr)*) => {
        match $script.ask.format {
            Format::Chat => openai::chat::$function($script $(, $argument)*),
            Format::Responses => openai::responses::$function($script $(, $argument)*),
            Format::Embeddings | Format::Embed | Format::OllamaEmbed => embedding::$function($script $(, $argument)*),
            Format::Messages => anthropic::$function($script $(, $argument)*),
            Format::Generate => gemini::$function($script $(, $argument)*),
            Format::OllamaChat | Format::OllamaGenerate => ollama::$function($script $(, $argument)*),
        }
    };
}

impl Script {
    pub(crate) fn new(dialect: Dialect, ask: Ask, id: String, created_s: i64, tag: Tag) -> Script {
        let prompt_tokens = ask.prompt_tokens();
        Script {
            dialect,
            ask,
            id,
            created_s,
            tag,
            words: 0,
            prompt_tokens,
            cached: 0,
            written: 0,
            reasoning: 0,
            tail: String::new(),
            stopped: None,
            limited: false,
            stuck: None,
            sorry: None,
            withheld: false,
            times: Times::default(),
            prefix: String::new(),
        }
    }

    /// Tokens of the reply after `words` words, reasoning included.
    pub(crate) const fn completion_tokens(&self, words: u32) -> u64 {
        words as u64 * self.choices() as u64 + self.reasoning as u64
    }

    /// Answers given side by side.
    pub(crate) const fn choices(&self) -> u32 {
        match self.ask.choices {
            Some(choices) => choices,
            None => 1,
        }
    }

    /// Whether the reply's words come in one piece, also in a stream: a tool call of a vendor that does not
    /// split them.
    pub(crate) fn whole(&self) -> bool {
        self.ask.tool.is_some() && whole_calls(self.dialect, &self.ask)
    }

    /// Whether the vendor tells how long an answer took.
    pub(crate) const fn tells_times(&self) -> bool {
        matches!(self.dialect, Dialect::Ollama | Dialect::LlamaCpp)
    }

    /// What a stream is.
    pub(crate) const fn media(&self) -> Media {
        match (self.ask.format, self.ask.array) {
            (Format::OllamaChat | Format::OllamaGenerate, _) => Media::Lines,
            (_, true) => Media::Json,
            (_, false) => Media::Events,
        }
    }

    /// Writes what all chunks of the stream share; to be called once before the first chunk.
    pub(crate) fn prepare(&mut self) {
        self.prefix = each!(self, prefix);
    }

    /// The whole answer as one body.
    pub(crate) fn plain(&self) -> Plain {
        let mut plain = Plain::default();
        plain.body.reserve(self.words as usize * WORD_BYTES + 1_024);
        each!(self, plain, &mut plain);
        plain
    }

    /// What a stream begins with, before any word.
    pub(crate) fn opening(&self, out: &mut String) {
        each!(self, opening, out);
    }

    /// Words `from..to` as the vendor's next event.
    pub(crate) fn delta(&self, from: u32, to: u32, out: &mut String) {
        each!(self, delta, from, to, out);
    }

    /// How a stream ends well: all parts of its end, in order.
    pub(crate) fn closing(&self, out: &mut String) {
        for part in Part::ALL {
            self.part(part, out);
        }
    }

    /// One part of the end of a stream, where the vendor has it as an event of its own.
    pub(crate) fn part(&self, part: Part, out: &mut String) {
        each!(self, part, part, out);
    }

    /// An error in the stream, after `sent` words; with what the vendor sends after it when it is `last`.
    pub(crate) fn trouble(&self, kind: ErrorKind, sent: u32, last: bool, out: &mut String) {
        let start = out.len();
        each!(self, trouble, kind, sent, out);
        if last {
            return;
        }
        let terminator = self.terminator();
        if self.ask.format == Format::Responses {
            openai::responses::without_failure(start, out);
        } else if out.ends_with(&terminator) {
            out.truncate(out.len() - terminator.len());
        }
    }

    /// Whether an error is told at all: a stream of Ollama's compatible interface swallows it, and what comes is a chunk that says
    /// nothing.
    pub(crate) fn tells_trouble(&self) -> bool {
        let swallowed = self.ask.stream && self.ask.format == Format::Chat;
        self.dialect != Dialect::Ollama || !swallowed
    }

    /// An error with status 200 as a plain body, and what it is; `request` is the request's id.
    pub(crate) fn failure(&self, kind: ErrorKind, request: &str) -> (Media, String) {
        match self.ask.format {
            Format::Responses => (Media::Json, openai::responses::failure(self, kind)),
            Format::Chat | Format::Embeddings => {
                let complaint = Complaint::usual(self.dialect, kind);
                (Media::Json, openai::vendor(self.dialect).inside(&complaint, request))
            }
            format => self.dialect.error(format, &Complaint::usual(self.dialect, kind), request),
        }
    }

    /// A failure inside a success, as a whole body.
    pub(crate) fn failed(&self, kind: ErrorKind, form: ErrorIn200) -> String {
        openai::chat::failed(self, kind, form)
    }

    /// A failure inside a success, as the end of a stream.
    pub(crate) fn fail(&self, kind: ErrorKind, form: ErrorIn200, out: &mut String) {
        openai::chat::fail(self, kind, form, out);
    }

    /// What keeps a silent stream alive in this vendor's format.
    pub(crate) fn keep_alive(&self) -> &'static str {
        match (self.ask.format, self.ask.array) {
            (Format::Messages, _) => "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            (Format::OllamaChat | Format::OllamaGenerate, _) | (_, true) => "\n",
            (Format::Chat | Format::Responses, _) => openai::vendor(self.dialect).keep_alive(),
            (Format::Generate | Format::Embeddings | Format::Embed | Format::OllamaEmbed, false) => {
                ": keep-alive\n\n"
            }
        }
    }

    /// A refusal as a plain body.
    pub(crate) fn refusal(&self, form: RefusalForm) -> String {
        each!(self, refusal, form)
    }

    /// A refusal in the stream, after `sent` words, up to its end.
    pub(crate) fn refuse(&self, form: RefusalForm, sent: u32, out: &mut String) {
        each!(self, refuse, form, sent, out);
    }

    /// A plain body without content.
    pub(crate) fn empty(&self, kind: Emptiness) -> String {
        let mut out = each!(self, empty, hollow::is_bare(kind));
        hollow::hollow(kind, self.ask.format, &mut out);
        out
    }

    /// A whole stream without content.
    pub(crate) fn empty_stream(&self, kind: Emptiness, out: &mut String) {
        let mut stream = String::new();
        each!(self, empty_stream, hollow::is_bare(kind), &mut stream);
        hollow::hollow(kind, self.ask.format, &mut stream);
        out.push_str(&stream);
    }

    /// The terminator of a stream, where there is one.
    pub(crate) fn terminator(&self) -> String {
        let mut out = String::new();
        self.part(Part::Terminator, &mut out);
        out
    }

    /// A whole stream whose only event is an object nobody knows.
    pub(crate) fn wrong_stream(&self) -> &'static str {
        match (self.ask.format, self.ask.array) {
            (Format::Chat, _) => "data: {}\n\ndata: [DONE]\n\n",
            (Format::Generate, true) => "[{}]",
            (Format::OllamaChat | Format::OllamaGenerate, _) => "{}\n",
            _ => "data: {}\n\n",
        }
    }

    /// What is around the words: the JSON of a call's arguments or of structured output, else nothing.
    pub(super) fn around(&self) -> (&str, &str) {
        self.ask.shape.as_ref().map_or(("", ""), |shape| (&shape.open, &shape.close))
    }

    /// The same, inside a JSON string. A limit cuts the end off.
    pub(super) fn quoted_around(&self) -> (&str, &str) {
        let Some(shape) = &self.ask.shape else { return ("", "") };
        (&shape.quoted_open, if self.limited { "" } else { &shape.quoted_close })
    }

    /// Whether the limit was reached before the answer began: there is no block or item of it at all. A call that a
    /// fault cut has lost its end, and has begun.
    pub(super) fn is_silent(&self) -> bool {
        let begun = self.ask.shape.as_ref().is_some_and(|shape| shape.quoted_close.is_empty());
        self.limited && self.words == 0 && self.tail.is_empty() && !begun
    }

    /// Whose words the answers beside the first one have: nobody's who asks for the first.
    pub(super) const fn tag_of(&self, choice: u32) -> Tag {
        Tag(self.tag.0 ^ choice.wrapping_mul(0x9e37_79b9))
    }

    /// The words of a refusal, as a JSON string, after `sent` words: set off from them by a space.
    pub(super) fn sorry_after(&self, sent: u32) -> String {
        let words = self.sorry.as_deref().unwrap_or(SORRY);
        if sent == 0 { string(words) } else { string(&format!(" {words}")) }
    }

    /// Appends words `from..to`.
    pub(crate) fn push_words(&self, from: u32, to: u32, out: &mut String) {
        let Some(stuck) = self.stuck.filter(|stuck| *stuck < to) else {
            return push_words(self.tag, from, to, out);
        };
        push_words(self.tag, from.min(stuck), stuck, out);
        let mut word = String::new();
        push_words(self.tag, stuck.saturating_sub(1), stuck.max(1), &mut word);
        for index in from.max(stuck)..to {
            let word = word.trim_start();
            out.extend([if index == 0 { "" } else { " " }, word]);
        }
    }

    /// Appends all words to a plain body and notes where they lie.
    pub(super) fn push_all(&self, plain: &mut Plain) {
        plain.words_at = plain.body.len();
        self.push_words(0, self.words, &mut plain.body);
        plain.words_end = plain.body.len();
        plain.body.push_str(&self.tail);
    }

    /// Appends the answer as JSON: all words and what is around them.
    pub(super) fn push_raw(&self, plain: &mut Plain) {
        let (open, close) = self.around();
        plain.body.push_str(open);
        self.push_all(plain);
        plain.body.push_str(close);
    }

    /// The same, inside a JSON string.
    pub(super) fn push_quoted(&self, plain: &mut Plain) {
        let (open, close) = self.quoted_around();
        plain.body.push_str(open);
        self.push_all(plain);
        plain.body.push_str(close);
    }

    /// Appends words `from..to` as a piece of that string: the first piece opens the object.
    pub(super) fn push_piece(&self, from: u32, to: u32, out: &mut String) {
        if from == 0 {
            out.push_str(self.quoted_around().0);
        }
        self.push_words(from, to, out);
    }

    /// What is missing of that string after all words; nothing when all was said.
    pub(super) fn rest(&self) -> Option<String> {
        let (open, close) = self.quoted_around();
        let open = if self.words == 0 { open } else { "" };
        let rest = [open, &self.tail, close].concat();
        (!rest.is_empty()).then_some(rest)
    }
}

impl Plain {
    /// How many whole words the first `bytes` of the body hold.
    pub(crate) fn words_in(&self, bytes: usize) -> u32 {
        if bytes >= self.words_end {
            let spaces = self.body[self.words_at..self.words_end].matches(' ').count();
            return if self.words_end > self.words_at { spaces as u32 + 1 } else { 0 };
        }
        let end = bytes.max(self.words_at);
        self.body[self.words_at..end].matches(' ').count() as u32
    }
}
