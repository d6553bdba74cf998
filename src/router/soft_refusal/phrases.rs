//! Other languages: what a refusal opens with, and what it says; both have to be there.

/// A language's openings and phrases, in lower case.
struct Language {
    openings: &'static [&'static str],
    phrases: &'static [&'static str],
    /// "But", behind which an answer follows; and what offers something else.
    but: &'static str,
    offers: &'static [&'static str],
}

const LANGUAGES: [Language; 12] = [
    Language {
        openings: &[
            "es tut mir leid",
            "tut mir leid",
            "entschuldigung",
            "leider",
            "ich kann",
            "dabei kann ich",
            "das kann ich",
            "als ki",
        ],
        phrases: &[
            "nicht helfen",
            "nicht weiterhelfen",
            "nicht dabei helfen",
            "nicht damit helfen",
            "nicht unterstützen",
            "frage nicht beantworten",
            "anfrage nicht erfüllen",
            "nicht nachkommen",
        ],
        but: " aber ",
        offers: &["ich kann", "gerne", "ich helfe"],
    },
    Language {
        openings: &[
            "je suis désolé",
            "désolé",
            "je regrette",
            "malheureusement",
            "je ne peux pas",
            "je ne suis pas en mesure",
            "en tant qu",
        ],
        phrases: &[
            "ne peux pas vous aider",
            "ne peux pas t'aider",
            "ne peux pas aider",
            "ne peux pas répondre à cette",
            "ne peux pas fournir",
            "ne peux pas vous fournir",
            "ne peux pas faire cela",
            "ne suis pas en mesure de vous aider",
            "ne suis pas en mesure de répondre",
            "ne peux pas accéder à cette demande",
        ],
        but: " mais ",
        offers: &["je peux", "n'hésitez pas"],
    },
    Language {
        openings: &[
            "lo siento",
            "lamento",
            "disculpa",
            "desafortunadamente",
            "no puedo",
            "como ia",
            "como modelo",
        ],
        phrases: &[
            "no puedo ayudar",
            "no puedo proporcionar",
            "no puedo cumplir",
            "no puedo responder a es",
            "no puedo asistir",
            "no puedo hacer eso",
        ],
        but: " pero ",
        offers: &["puedo", "con gusto"],
    },
    Language {
        openings: &[
            "desculp",
            "lamento",
            "sinto muito",
            "infelizmente",
            "não posso",
            "como ia",
            "como uma ia",
        ],
        phrases: &[
            "não posso ajudar",
            "não posso te ajudar",
            "não posso fornecer",
            "não posso atender",
            "não consigo ajudar",
            "não posso fazer isso",
            "não posso responder a es",
        ],
        but: " mas ",
        offers: &["posso", "ficarei"],
    },
    Language {
        openings: &["mi dispiace", "spiacente", "purtroppo", "non posso", "come ia"],
        phrases: &[
            "non posso aiutar",
            "non posso fornire",
            "non posso assister",
            "non posso rispondere a quest",
            "non posso soddisfare",
        ],
        but: " ma ",
        offers: &["posso", "sarei"],
    },
    Language {
        openings: &["het spijt me", "sorry", "helaas", "ik kan", "daar kan ik"],
        phrases: &[
            "niet helpen",
            "niet mee helpen",
            "niet bij helpen",
            "niet voldoen aan",
            "niet assisteren",
        ],
        but: " maar ",
        offers: &["ik kan", "graag", "daar kan ik"],
    },
    Language {
        openings: &[
            "извините",
            "простите",
            "к сожалению",
            "прошу прощения",
            "я не могу",
            "как ии",
            "как языков",
        ],
        phrases: &[
            "не могу помочь",
            "не могу с этим помочь",
            "не могу вам помочь",
            "не могу вам с этим помочь",
            "не могу предоставить",
            "не могу выполнить",
            "не смогу помочь",
            "не могу ответить на этот",
            "не могу обсуждать",
        ],
        but: " но ",
        offers: &["могу", "я могу", "буду рад"],
    },
    Language {
        openings: &["przepraszam", "przykro mi", "niestety", "nie mogę"],
        phrases: &[
            "nie mogę pomóc",
            "nie mogę w tym pomóc",
            "nie mogę ci w tym pomóc",
            "nie mogę ci pomóc",
            "nie mogę udzielić",
        ],
        but: " ale ",
        offers: &["mogę", "chętnie"],
    },
    Language {
        openings: &["üzgünüm", "özür dilerim", "maalesef"],
        phrases: &["yardımcı olamam", "yardım edemem", "yardımcı olamıyorum"],
        but: " ama ",
        offers: &["başka"],
    },
    Language {
        openings: &["抱歉", "对不起", "對不起", "很抱歉", "非常抱歉", "不好意思", "作为", "我无法", "我不能"],
        phrases: &[
            "无法提供",
            "不能提供",
            "无法帮助",
            "无法协助",
            "不能帮助",
            "不能协助",
            "无法回答",
            "不能回答",
            "无法满足",
            "无法为您提供",
            "無法提供",
            "無法協助",
            "無法幫助",
            "無法回答",
        ],
        but: "但",
        offers: &["我可以", "可以", "是我可以"],
    },
    Language {
        openings: &["申し訳", "すみません", "ごめんなさい", "恐れ入りますが", "残念ながら"],
        phrases: &[
            "お手伝いできません",
            "お手伝いすることはできません",
            "お答えできません",
            "お答えすることはできません",
            "提供できません",
            "提供することはできません",
            "応じられません",
            "お応えできません",
            "お力になれません",
            "致しかねます",
            "いたしかねます",
        ],
        but: "ただし",
        offers: &[],
    },
    Language {
        openings: &["죄송", "미안"],
        phrases: &[
            "도와드릴 수 없",
            "도움을 드릴 수 없",
            "도와 드릴 수 없",
            "제공할 수 없",
            "답변할 수 없",
            "답변드릴 수 없",
            "도울 수 없",
        ],
        but: "하지만 다음",
        offers: &[],
    },
];

/// Whether a sentence (in lower case) refuses.
pub(super) fn refuses(sentence: &str) -> bool {
    LANGUAGES.iter().any(|language| language.refuses(sentence))
}

impl Language {
    fn refuses(&self, sentence: &str) -> bool {
        if !self.openings.iter().any(|opening| sentence.starts_with(opening)) {
            return false;
        }
        let found = self.phrases.iter().find_map(|phrase| sentence.find(phrase).map(|at| at + phrase.len()));
        let Some(behind) = found.map(|at| &sentence[at..]) else { return false };
        match behind.split_once(self.but) {
            Some((_, rest)) => self.offers.iter().any(|offer| rest.trim_start().starts_with(offer)),
            None => true,
        }
    }
}
