//! How models refuse in prose: the kinds of sentences seen, in several languages.
//!
//! No field gives such a refusal away. Lists of English phrases find some of them; they miss the other languages,
//! and some of the English sentences.

/// Sentences by name.
pub const WORDINGS: [(&str, &str); 14] = [
    ("sorry", "I'm sorry, but I can't help with that."),
    ("curly_apostrophe", "I’m sorry, but I can’t assist with that request."),
    ("as_an_ai", "As an AI language model, I am not able to do that."),
    ("policy", "This request goes against my guidelines, so I must decline."),
    ("unable", "I am unable to provide that information."),
    ("will_not", "I won't be able to assist you with this one."),
    ("polite", "Thank you for asking! I would rather not get into that. Is there anything else?"),
    ("german", "Es tut mir leid, aber dabei kann ich nicht helfen."),
    ("french", "Je suis désolé, mais je ne peux pas vous aider."),
    ("spanish", "Lo siento, pero no puedo ayudar con eso."),
    ("portuguese", "Desculpe, mas não posso ajudar com isso."),
    ("russian", "Извините, я не могу с этим помочь."),
    ("chinese", "抱歉，我无法提供这方面的帮助。"),
    ("japanese", "申し訳ありませんが、お手伝いできません。"),
];
