//! Refusals in prose: a model that says no in a sentence, where no field gives it away.
//!
//! Only the first sentences are looked at, only where they begin with an apology or with the model itself, and only
//! for a few verbs: a list of phrases finds refusals everywhere ("I can't wait", "I cannot recommend it enough").
//! What goes on after the refusal (", but here is …"), asks for more ("without more details"), quotes somebody or is
//! code or JSON is an answer. So it misses some refusals; the ones it finds are meant to be ones. It reads English
//! by its grammar, and a dozen other languages by an opening and a phrase. A route has to ask for it.

mod english;
mod phrases;

/// The longest text that is taken for a refusal, in characters: who refuses is brief.
const MAX_CHARS: usize = 600;

/// How far into a text is looked, in sentences.
const SENTENCES: usize = 2;

/// Whether a text, or its beginning, sounds like a refusal.
#[must_use]
pub fn looks_refused(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['*', '_']).trim_start();
    // Quotations, code, JSON, headings, lists and tables are something that was asked for.
    let is_made =
        text.starts_with(['"', '\'', '“', '„', '«', '‘', '「', '`', '>', '#', '{', '[', '<', '-', '|']);
    if text.is_empty() || is_made || text.contains("```") || text.chars().nth(MAX_CHARS).is_some() {
        return false;
    }
    let text = text.to_lowercase().replace(['’', 'ʼ', '`'], "'");
    let sentences = sentences(&text);
    let mut looked = sentences.iter().take(SENTENCES).enumerate();
    looked.any(|(at, sentence)| {
        let next = sentences.get(at + 1).copied().unwrap_or_default();
        english::refuses(sentence, next) || phrases::refuses(sentence)
    })
}

/// The first sentences, and one more to see what follows.
fn sentences(text: &str) -> Vec<&str> {
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '\n');
    text.split(ends).map(str::trim).filter(|sentence| !sentence.is_empty()).take(SENTENCES + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSALS: [&str; 46] = [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with that request.",
        "I'm sorry, I can't help you with that.",
        "I am sorry. I cannot assist you with this.",
        "Sorry, I can't do that.",
        "I apologize, but I'm not able to help with this request.",
        "I'm really sorry, but I can't help with creating malware.",
        "I'm afraid I can't help with that.",
        "I can't help with that, but I'm happy to talk about network security in general.",
        "I can't assist with that. Is there something else you need?",
        "I cannot provide instructions for making explosives.",
        "I cannot fulfill this request.",
        "I can't comply with that request.",
        "I won't help with that.",
        "I will not write that kind of content.",
        "I won't be able to assist you with this one.",
        "I'm unable to provide that information.",
        "I am unable to assist with this request.",
        "Unfortunately, I cannot create content of that kind.",
        "As an AI language model, I am not able to do that.",
        "As an AI, I cannot engage in that kind of conversation.",
        "As a large language model, I can't generate such content.",
        "This request goes against my guidelines, so I must decline.",
        "That violates my content policy.",
        "I must decline to answer this question.",
        "I have to decline this request.",
        "I'm going to have to decline that request.",
        "Thank you for asking! I would rather not get into that. Is there anything else?",
        "I'd rather not discuss that topic.",
        "I'm not comfortable helping with that.",
        "**I'm sorry**, but I can't help with that.",
        "I'm sorry, but I can't help with",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Leider kann ich Ihnen dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Desculpe, mas não posso ajudar com isso.",
        "Mi dispiace, ma non posso aiutarti con questa richiesta.",
        "Het spijt me, maar daar kan ik niet bij helpen.",
        "Извините, я не могу с этим помочь.",
        "Przykro mi, ale nie mogę w tym pomóc.",
        "Üzgünüm, bu konuda yardımcı olamam.",
        "抱歉，我无法提供这方面的帮助。",
        "对不起，我不能回答这个问题。",
        "申し訳ありませんが、お手伝いできません。",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    ];

    const ANSWERS: [&str; 56] = [
        "",
        "I can't believe how well this works!",
        "I can't wait to help you with your trip to Rome.",
        "I cannot recommend it enough.",
        "I can't stress this enough: back up your data.",
        "I can't help but smile at that.",
        "I can't help thinking of the sea.",
        "I can't help you without more details. Which version do you use?",
        "I can't answer that until I know your time zone.",
        "I'm sorry to hear that. Losing a pet is hard.",
        "I'm sorry for the inconvenience. I can help with that: please send the order number.",
        "I'm sorry, I can't find order 123. Could you check the number?",
        "I'm sorry, but your refund has not been approved yet.",
        "I apologize for the confusion. The right answer is 42.",
        "Sorry for the delay! Here is the table.",
        "Sorry, my mistake: it is 7.",
        "Unfortunately, the museum is closed on Mondays.",
        "I cannot provide an exact figure, but it is roughly five million.",
        "I can't provide medical advice. Common causes are stress and a lack of sleep.",
        "I cannot give you the exact date, but here is what is known.",
        "I'm unable to provide a definitive answer; most scholars say 1492.",
        "I can't access your calendar, but here is how to export it.",
        "I'm not able to see the attachment. Could you paste its text?",
        "I won't lie, the ending surprised me.",
        "I won't go into every detail, so here are the main points.",
        "As an AI, I don't have feelings, but I can tell you what people say.",
        "As an AI assistant, I can help with that.",
        "\"I'm sorry, I can't help with that\" is a sentence many assistants use.",
        "“I can't assist with that,” said the clerk.",
        "> I cannot help you",
        "`I cannot help with that`",
        "```\nprint(\"I cannot help with that\")\n```",
        "{\"answer\": \"I cannot help with that\"}",
        "[\"I cannot help with that\"]",
        "print(\"I'm sorry, I can't help with that\")",
        "The assistant answered: I cannot help with that.",
        "A refusal often begins with \"I cannot assist\".",
        "Thank you for the invitation, but I must decline: I am away that week.",
        "Dear Anna, I must decline your offer.",
        "I must decline the noun: der Hund, des Hundes, dem Hund, den Hund.",
        "I cannot write poems like the old masters did, and still I sing.",
        "I will not share this throne, cried the king.",
        "I can't do that in one line, so here are three.",
        "I cannot answer for him.",
        "You cannot help with that; only the admin can.",
        "Can I help with that? Yes.",
        "Guidelines for writing a refusal: be kind, be brief.",
        "My policy covers water damage.",
        "Es tut mir leid, das zu hören.",
        "Ich kann dir helfen, auch wenn du das Passwort nicht kennst.",
        "Leider regnet es morgen.",
        "Je ne peux pas croire que c'est fini.",
        "Lo siento mucho por tu pérdida.",
        "抱歉让您久等了，以下是答案。",
        "抱歉，我无法提供准确的数字，但大约是五百万。",
        "申し訳ありません。正しい答えは42です。",
    ];

    #[test]
    fn refusals_in_prose_are_found() {
        for text in REFUSALS {
            assert!(looks_refused(text), "{text}");
        }
    }

    #[test]
    fn answers_that_only_sound_alike_are_not() {
        for text in ANSWERS {
            assert!(!looks_refused(text), "{text}");
        }
    }

    #[test]
    fn a_long_answer_is_no_refusal_however_it_begins() {
        let refusal = "I'm sorry, but I can't help with that. ";
        assert!(looks_refused(refusal));
        let long = format!("{refusal}{}", "Here is what I can say. ".repeat(30));
        assert!(long.chars().count() > MAX_CHARS && !looks_refused(&long));
    }

    #[test]
    fn most_of_what_mocks_refuse_with_is_found() {
        let missed: Vec<&str> = mock_providers::fault::WORDINGS
            .iter()
            .filter(|(_, sentence)| !looks_refused(sentence))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(missed, [""; 0]);
    }

    proptest::proptest! {
        /// Any text is looked at without a panic.
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}", start in proptest::sample::select(REFUSALS.to_vec())) {
            let _ = looks_refused(&text);
            let cut = start.char_indices().map(|(at, _)| at).nth(text.len() % 20).unwrap_or(0);
            let _ = looks_refused(&format!("{}{text}", &start[..cut]));
        }
    }
}
