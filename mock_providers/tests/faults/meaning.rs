//! Faults of meaning: well-formed answers that say the wrong thing.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{Emptiness, Fault, InvalidJson, MeaningFault, RefusalForm, WORDINGS};
use serde_json::{Value, json};

use crate::bench::{DIALECTS, words_of};
use crate::support::{
    Anthropic, Gemini, Openai, call, count, fired, json_mode, plain, read, streamed, tool, unknown, words,
};

const fn fault(fault: MeaningFault) -> Fault {
    Fault::Meaning(fault)
}

/// The finish reason of a plain body.
fn finish(json: &Value) -> &str {
    let places = ["/choices/0/finish_reason", "/stop_reason", "/candidates/0/finishReason"];
    places.iter().find_map(|place| json.pointer(place)?.as_str()).unwrap_or("none")
}

/// The text of a plain body.
fn text(json: &Value) -> Option<&str> {
    let places = ["/choices/0/message/content", "/content/0/text", "/candidates/0/content/parts/0/text"];
    places.iter().find_map(|place| json.pointer(place)?.as_str())
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_prose_in_any_wording() {
    for (name, wording) in WORDINGS {
        for dialect in DIALECTS {
            let refusal = || Fault::Refusal {
                after: count(0),
                form: RefusalForm::Prose,
                text: Some(wording.to_owned()),
            };
            let (_, json) = plain(refusal(), dialect, "").await;
            assert_eq!(text(&json), Some(wording), "{name}");
            let (_, body) = streamed(refusal(), dialect).await;
            assert!(words_of(&body).ends_with(wording), "{name}: {body}");
        }
    }
    // In the middle of the output, quotes and all.
    let refusal =
        Fault::Refusal { after: count(4), form: RefusalForm::Prose, text: Some("\"No.\"".to_owned()) };
    let (_, body) = streamed(refusal, Anthropic).await;
    assert!(words_of(&body).ends_with(" \"No.\""), "{body}");
    assert_eq!(words(&body)[..2], [(0, 2), (2, 4)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_empty_in_every_way() {
    let empty = |kind, dialect| plain(Fault::Empty(kind), dialect, "");
    for (kind, dialect, place, value) in [
        (Emptiness::NoChoices, Openai, "/choices", json!([])),
        (Emptiness::NullChoices, Openai, "/choices", json!(null)),
        (Emptiness::NullContent, Openai, "/choices/0/message/content", json!(null)),
        (Emptiness::EmptyText, Openai, "/choices/0/message/content", json!("")),
        (Emptiness::Whitespace, Openai, "/choices/0/message/content", json!(" \n")),
        (Emptiness::LengthWithoutText, Openai, "/choices/0/finish_reason", json!("length")),
        (Emptiness::NoChoices, Anthropic, "/content", json!([])),
        (Emptiness::NullChoices, Anthropic, "/content", json!(null)),
        (Emptiness::NullContent, Anthropic, "/content/0/text", json!(null)),
        (Emptiness::EmptyText, Anthropic, "/content/0/text", json!("")),
        (Emptiness::Whitespace, Anthropic, "/content/0/text", json!(" \n")),
        (Emptiness::ReasoningOnly, Anthropic, "/content/0/type", json!("thinking")),
        (Emptiness::LengthWithoutText, Anthropic, "/stop_reason", json!("max_tokens")),
        (Emptiness::NullChoices, Gemini, "/candidates", json!(null)),
        (Emptiness::NullContent, Gemini, "/candidates/0/content", json!(null)),
        (Emptiness::Whitespace, Gemini, "/candidates/0/content/parts/0/text", json!(" \n")),
        (Emptiness::ReasoningOnly, Gemini, "/candidates/0/content/parts/0/thought", json!(true)),
        (Emptiness::LengthWithoutText, Gemini, "/candidates/0/finishReason", json!("MAX_TOKENS")),
    ] {
        let (bench, json) = empty(kind, dialect).await;
        assert_eq!(json.pointer(place), Some(&value), "{kind:?}: {json}");
        assert_eq!((bench.call().words_planned, bench.call().billed_output), (0, 0));
    }
    for (dialect, field) in [(Openai, "choices"), (Anthropic, "content"), (Gemini, "candidates")] {
        let (_, json) = empty(Emptiness::MissingChoices, dialect).await;
        assert!(json.get(field).is_none(), "{json}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_stream_has_no_words_either() {
    for dialect in DIALECTS {
        for kind in [
            Emptiness::NoChoices,
            Emptiness::NullChoices,
            Emptiness::MissingChoices,
            Emptiness::EmptyText,
            Emptiness::NullContent,
            Emptiness::Whitespace,
            Emptiness::ReasoningOnly,
            Emptiness::LengthWithoutText,
        ] {
            let (_, body) = streamed(Fault::Empty(kind), dialect).await;
            assert!(
                words_of(&body).split_whitespace().next().is_none_or(|_| kind == Emptiness::ReasoningOnly),
                "{body}"
            );
            assert_eq!(words(&body), []);
            for event in crate::support::events(&body) {
                let data = event.split_once("data: ").unwrap().1;
                assert!(data == "[DONE]" || serde_json::from_str::<Value>(data).is_ok(), "{data}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_stops_early_for_its_length() {
    for (dialect, reason) in [(Openai, "length"), (Anthropic, "max_tokens"), (Gemini, "MAX_TOKENS")] {
        let (bench, json) = plain(fault(MeaningFault::EarlyLength { after: count(3) }), dialect, "").await;
        assert_eq!(finish(&json), reason);
        assert!(read(text(&json).unwrap()).is_whole(bench.call().tag, 3));
        assert_eq!((bench.call().words_planned, bench.call().distorted), (3, false));
        let (_, body) = streamed(fault(MeaningFault::EarlyLength { after: count(3) }), dialect).await;
        assert_eq!(words(&body), [(0, 2), (2, 3)]);
        assert!(body.contains(reason));
    }
}

#[tokio::test(start_paused = true)]
async fn another_model_says_it_answered() {
    for (dialect, place) in [(Openai, "/model"), (Anthropic, "/model"), (Gemini, "/modelVersion")] {
        let wrong = || fault(MeaningFault::WrongModel { model: "cheap".to_owned() });
        let (bench, json) = plain(wrong(), dialect, "").await;
        assert_eq!(json.pointer(place), Some(&json!("cheap")));
        // The ledger keeps what was asked for, and the words stay those of that call.
        assert_eq!(bench.call().model, "m");
        assert!(read(text(&json).unwrap()).is_whole(bench.call().tag, 10));
        let (_, body) = streamed(wrong(), dialect).await;
        assert!(body.contains("\"cheap\"") && !body.contains("\"m\""), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tools_arguments_are_cut_in_the_middle() {
    for told in [true, false] {
        let cut = || fault(MeaningFault::ToolCallCut { after: count(3), told });
        let (_, json) = plain(cut(), Openai, tool(Openai)).await;
        let arguments =
            json.pointer("/choices/0/message/tool_calls/0/function/arguments").unwrap().as_str().unwrap();
        assert!(arguments.starts_with("{\"text\":\"") && serde_json::from_str::<Value>(arguments).is_err());
        assert_eq!(finish(&json), if told { "length" } else { "tool_calls" });
        for dialect in [Openai, Anthropic] {
            let (bench, heard) = call(cut(), dialect, true, tool(dialect)).await;
            fired(&bench, 1);
            assert!(!heard.dechunked().0.contains("\\\"}"), "{}", heard.text());
        }
    }
    // An object cannot be cut in valid JSON, and without a tool there is nothing to cut.
    for (dialect, stream) in [(Anthropic, false), (Gemini, true), (Gemini, false)] {
        let cut = fault(MeaningFault::ToolCallCut { after: count(3), told: true });
        fired(&call(cut, dialect, stream, tool(dialect)).await.0, 0);
    }
    unknown(fault(MeaningFault::ToolCallCut { after: count(3), told: true }), Openai, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_that_nobody_offered() {
    for (dialect, place) in [
        (Openai, "/choices/0/message/tool_calls/0/function/name"),
        (Anthropic, "/content/0/name"),
        (Gemini, "/candidates/0/content/parts/0/functionCall/name"),
    ] {
        for extra in ["", tool(dialect)] {
            let (_, json) =
                plain(fault(MeaningFault::UnknownTool { name: "rm".to_owned() }), dialect, extra).await;
            assert_eq!(json.pointer(place), Some(&json!("rm")));
        }
        let (_, body) = streamed(fault(MeaningFault::UnknownTool { name: "rm".to_owned() }), dialect).await;
        assert!(body.contains("\"name\":\"rm\""), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_tool_calls_have_the_same_id() {
    let (_, json) = plain(fault(MeaningFault::DuplicateToolId), Openai, tool(Openai)).await;
    let ids = |nth: u32| json.pointer(&format!("/choices/0/message/tool_calls/{nth}/id")).cloned();
    assert!(ids(0).is_some() && ids(0) == ids(1));
    let (_, json) = plain(fault(MeaningFault::DuplicateToolId), Anthropic, tool(Anthropic)).await;
    assert_eq!(json["content"].as_array().unwrap().len(), 2);
    assert_eq!(json["content"][0]["id"], json["content"][1]["id"]);
    for (dialect, id) in [(Openai, "\"id\":\"call_"), (Anthropic, "\"id\":\"toolu_")] {
        let (bench, heard) = call(fault(MeaningFault::DuplicateToolId), dialect, true, tool(dialect)).await;
        fired(&bench, 1);
        let (body, _) = heard.dechunked();
        let calls: Vec<&str> = body.match_indices(id).map(|(at, _)| &body[at..at + id.len() + 24]).collect();
        assert_eq!(calls.len(), 2, "{body}");
        assert_eq!(calls[0], calls[1]);
        assert!(body.contains("\"index\":1"));
    }
    unknown(fault(MeaningFault::DuplicateToolId), Openai, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_finish_says_tools_and_there_is_no_call() {
    for (dialect, reason) in [(Openai, "tool_calls"), (Anthropic, "tool_use")] {
        for extra in ["", tool(dialect)] {
            let (_, json) = plain(fault(MeaningFault::MissingToolCall), dialect, extra).await;
            assert_eq!(finish(&json), reason);
            assert!(!json.to_string().contains("look") && text(&json) == Some(""), "{json}");
        }
        let (_, body) = streamed(fault(MeaningFault::MissingToolCall), dialect).await;
        assert!(body.contains(reason) && words(&body).is_empty());
    }
    unknown(fault(MeaningFault::MissingToolCall), Gemini, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_and_the_finish_says_stop() {
    for (dialect, reason) in [(Openai, "stop"), (Anthropic, "end_turn")] {
        let (_, json) = plain(fault(MeaningFault::ToolFinishStop), dialect, tool(dialect)).await;
        assert_eq!(finish(&json), reason);
        assert!(json.to_string().contains("\"look\""));
        let (bench, heard) = call(fault(MeaningFault::ToolFinishStop), dialect, true, tool(dialect)).await;
        fired(&bench, 1);
        assert!(heard.dechunked().0.contains(&format!("\"{reason}\"")));
    }
    unknown(fault(MeaningFault::ToolFinishStop), Openai, false).await;
}

async fn json_text(meaning: MeaningFault, dialect: Dialect) -> String {
    let (bench, json) = plain(fault(meaning.clone()), dialect, json_mode(dialect)).await;
    let said = text(&json).unwrap().to_owned();
    assert!(said.contains("-0-") && bench.call().words_sent == 10);
    let (bench, heard) = call(fault(meaning), dialect, true, json_mode(dialect)).await;
    fired(&bench, 1);
    // The stream says the same as the plain body, up to the attempt's own words.
    let streamed = words_of(&heard.dechunked().0);
    assert_eq!(streamed, said);
    said
}

#[tokio::test(start_paused = true)]
async fn json_was_asked_for_and_something_else_is_given() {
    for dialect in DIALECTS {
        for (form, starts, ends) in [
            (InvalidJson::Prose, "", ""),
            (InvalidJson::Fenced, "```json\n{\"text\":\"", "\"}\n```"),
            (InvalidJson::Cut, "{\"text\":\"", ""),
            (InvalidJson::TrailingComma, "{\"text\":\"", "\",}"),
        ] {
            let said = json_text(MeaningFault::InvalidJson { form }, dialect).await;
            assert!(said.starts_with(starts) && said.ends_with(ends), "{said}");
            assert!(serde_json::from_str::<Value>(&said).is_err(), "{said}");
        }
        unknown(fault(MeaningFault::InvalidJson { form: InvalidJson::Prose }), dialect, false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn json_has_other_fields_than_the_schemas() {
    for dialect in DIALECTS {
        let said = json_text(MeaningFault::WrongSchema, dialect).await;
        let fields: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(fields.as_object().unwrap().keys().collect::<Vec<_>>(), ["unexpected"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_word_comes_over_and_over_up_to_a_limit() {
    for (dialect, reason) in [(Openai, "length"), (Anthropic, "max_tokens"), (Gemini, "MAX_TOKENS")] {
        let stuck = || fault(MeaningFault::Repetition { after: count(4), times: count(20) });
        let (bench, json) = plain(stuck(), dialect, "").await;
        let said: Vec<&str> = text(&json).unwrap().split(' ').collect();
        // Words 0, 1, 2, 3 and twenty more times word 3.
        assert_eq!(said.len(), 24);
        assert!(said[3].contains("-3-") && said[4..].iter().all(|word| *word == said[3]));
        assert_eq!(finish(&json), reason);
        let call = bench.call();
        assert_eq!((call.words_planned, call.billed_output, call.distorted), (4, 24, true));
        let (_, body) = streamed(stuck(), dialect).await;
        assert_eq!(words_of(&body).split(' ').count(), 24);
    }
}

#[tokio::test(start_paused = true)]
async fn the_finish_reason_is_another_one() {
    for (dialect, reason, told) in [
        (Openai, "content_filter", "content_filter"),
        (Openai, "insufficient_system_resource", "insufficient_system_resource"),
        (Anthropic, "content_filter", "refusal"),
        (Anthropic, "pause_turn", "pause_turn"),
        (Gemini, "length", "MAX_TOKENS"),
        (Gemini, "MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
    ] {
        let wrong = || fault(MeaningFault::WrongFinish { reason: reason.to_owned() });
        let (bench, json) = plain(wrong(), dialect, "").await;
        assert_eq!(finish(&json), told);
        assert!(read(text(&json).unwrap()).is_whole(bench.call().tag, 10));
        let (_, body) = streamed(wrong(), dialect).await;
        assert!(body.contains(&format!("\"{told}\"")), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_several_choices_or_none() {
    for (dialect, list) in [(Openai, "choices"), (Gemini, "candidates")] {
        for choices in [0, 1, 3] {
            let fault = || fault(MeaningFault::NumberOfChoices { choices: count(choices) });
            let (bench, json) = plain(fault(), dialect, "").await;
            let listed = json[list].as_array().unwrap();
            let indices: Vec<u64> = listed.iter().filter_map(|choice| choice["index"].as_u64()).collect();
            assert_eq!(indices, (0..u64::from(choices)).collect::<Vec<_>>());
            assert_eq!(bench.call().distorted, choices == 0);
            let (_, body) = streamed(fault(), dialect).await;
            // OpenAI: role, five deltas, finish; Gemini: five deltas and the last chunk.
            let events = if dialect == Openai { 7 } else { 6 };
            let told = |index: u32| body.matches(&format!("\"index\":{index}")).count();
            assert_eq!(
                [0, 1, 2, 3].map(told),
                [0, 1, 2, 3].map(|index| events * usize::from(index < choices))
            );
        }
    }
    unknown(fault(MeaningFault::NumberOfChoices { choices: count(2) }), Anthropic, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_billed_as_the_vendor_does() {
    // The prompt has two words. Only what Anthropic refuses in its own form, before the first word, is free.
    for (dialect, form, after, billed) in [
        (Openai, RefusalForm::Native, 0, 2),
        (Openai, RefusalForm::Prose, 0, 2),
        (Gemini, RefusalForm::Native, 0, 2),
        (Anthropic, RefusalForm::Native, 0, 0),
        (Anthropic, RefusalForm::Prose, 0, 2),
        (Anthropic, RefusalForm::Native, 4, 2),
    ] {
        let refusal = Fault::Refusal { after: count(after), form, text: None };
        let (bench, _) = streamed(refusal, dialect).await;
        assert_eq!((bench.call().billed_input, bench.call().billed_output), (billed, u64::from(after)));
    }
}
