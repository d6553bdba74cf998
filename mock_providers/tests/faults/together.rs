//! Faults of stream and meaning together: in any pair, any dialect and any form of call nothing panics, every call
//! is recorded once, and what fired is what the ledger names.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{
    Beat, Emptiness, ErrorKind, Fault, FramingFault, InvalidJson, Joint, MalformedBody, MalformedEvent,
    MeaningFault, PacingFault, RefusalForm, StreamFault, Trigger, UsageFault,
};
use mock_providers::latency::Dist;

use crate::bench::{Bench, ask_with, post, rule, spec};
use crate::newer::{RESPONSES_TOOL, responses};
use crate::support::{count, json_mode, ms, tool};

fn edits() -> Vec<Fault> {
    let stream = [
        StreamFault::MissingTerminator,
        StreamFault::MissingFinish,
        StreamFault::MissingEnd,
        StreamFault::MalformedEvent { after: count(3), form: MalformedEvent::Cut },
        StreamFault::DuplicateDeltas { after: count(3), times: count(2) },
        StreamFault::ReorderDeltas { after: count(3) },
        StreamFault::RepeatFromStart { after: count(3) },
        StreamFault::EmptyDeltas { every: count(1) },
        StreamFault::HugeEvent { after: count(3), size: count(100) },
        StreamFault::WrongIndex { index: count(2) },
        StreamFault::IdChanges { id: true, model: true },
        StreamFault::RoleRepeated,
        StreamFault::AfterDone,
    ];
    let framing = [
        FramingFault::Crlf,
        FramingFault::Bom,
        FramingFault::NoSpaceAfterColon,
        FramingFault::EventNames { name: "odd\n\"name".to_owned() },
        FramingFault::MultiLineData,
        FramingFault::TwoEventsInOne { after: count(3), form: Joint::Line },
        FramingFault::TwoEventsInOne { after: count(3), form: Joint::Block },
        FramingFault::TrailingGarbage { text: "\u{0}ü".to_owned() },
    ];
    let usage = [
        UsageFault::Missing,
        UsageFault::Late,
        UsageFault::Twice,
        UsageFault::False { factor: Dist::Constant(1e30) },
    ];
    let meaning = [
        MeaningFault::EarlyLength { after: count(0) },
        MeaningFault::WrongModel { model: "\"odd\\model".to_owned() },
        MeaningFault::ToolCallCut { after: count(2), told: false },
        MeaningFault::UnknownTool { name: "\"odd\\tool".to_owned() },
        MeaningFault::DuplicateToolId,
        MeaningFault::MissingToolCall,
        MeaningFault::ToolFinishStop,
        MeaningFault::InvalidJson { form: InvalidJson::Cut },
        MeaningFault::WrongSchema,
        MeaningFault::Repetition { after: count(3), times: count(9) },
        MeaningFault::WrongFinish { reason: "odd\"reason\n".to_owned() },
        MeaningFault::NumberOfChoices { choices: count(0) },
        MeaningFault::NumberOfChoices { choices: count(3) },
    ];
    let pacing = [
        PacingFault::SlowStart { by: ms(10), pings: Some(ms(1)) },
        PacingFault::JitteryGaps { per_token: ms(3), burst: count(2) },
        PacingFault::BurstThenSilence { burst: count(3), lasts: ms(5) },
        PacingFault::Freeze { after: count(3), lasts: ms(5) },
    ];
    let mut all: Vec<Fault> = stream.into_iter().map(Fault::Stream).collect();
    all.extend(framing.into_iter().map(Fault::Framing));
    all.extend(usage.into_iter().map(Fault::Usage));
    all.extend(meaning.into_iter().map(Fault::Meaning));
    all.extend(pacing.into_iter().map(Fault::Pacing));
    all
}

fn endings() -> Vec<Fault> {
    let beat = Beat { every: ms(0), lasts: Some(ms(5)) };
    vec![
        Fault::Empty(Emptiness::ReasoningOnly),
        Fault::Empty(Emptiness::MissingChoices),
        Fault::Malformed(MalformedBody::TruncatedJson),
        Fault::Malformed(MalformedBody::WrongShape),
        Fault::Malformed(MalformedBody::Nothing),
        Fault::Refusal { after: count(3), form: RefusalForm::Prose, text: Some("nö \"\\".to_owned()) },
        Fault::stream_error(3, ErrorKind::Overloaded),
        Fault::cut(3),
        Fault::Stream(StreamFault::RoleOnly),
        Fault::Stream(StreamFault::CommentOnly(beat)),
        Fault::Stream(StreamFault::PingOnly(beat)),
        Fault::Stream(StreamFault::JsonOnStream { error: None }),
    ]
}

/// Every form of call a dialect knows.
fn asks(dialect: Dialect) -> Vec<String> {
    let mut asks = Vec::new();
    for stream in [false, true] {
        for extra in ["", tool(dialect), json_mode(dialect)] {
            asks.push(ask_with(dialect, stream, "answer in JSON [words=9]", extra));
        }
        if dialect == Dialect::Ollama {
            let body = format!(
                "{{\"model\":\"m\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"[words=9]\"}}]}}"
            );
            asks.push(post("/api/chat", "", &body));
        }
        if dialect == Dialect::Openai {
            let usage = ",\"stream_options\":{\"include_usage\":true}";
            asks.push(ask_with(dialect, true, "hello [words=9]", usage));
            asks.extend(["", RESPONSES_TOOL].map(|extra| responses(stream, extra)));
            asks.push(post("/v1/embeddings", "", "{\"model\":\"m\",\"input\":\"a cat\",\"dimensions\":2}"));
        }
    }
    asks
}

async fn check(faults: &[&Fault], dialect: Dialect, ask: &str) {
    let mut spec = spec(dialect);
    for (nth, fault) in faults.iter().enumerate() {
        let mut rule = rule((*fault).clone(), Trigger::default());
        rule.name = nth.to_string();
        spec.faults.push(rule);
    }
    let bench = Bench::new(spec);
    let mut caller = bench.connect();
    caller.send(ask).await;
    caller.listen().await;
    drop(caller);
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    let call = bench.call();
    assert_eq!(call.status, Some(200), "{faults:?} {dialect:?} {ask}");
    let fired = bench.provider.fired().into_iter().filter(|(_, times)| *times > 0).map(|(name, _)| name);
    assert_eq!(call.faults, fired.collect::<Vec<_>>(), "{faults:?} {dialect:?}");
}

#[tokio::test(start_paused = true)]
async fn every_fault_meets_every_dialect_and_form() {
    for dialect in Dialect::ALL {
        for ask in asks(dialect) {
            for fault in edits().iter().chain(&endings()) {
                check(&[fault], dialect, &ask).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_two_edits_compose_and_so_does_an_edit_with_any_ending() {
    let (edits, endings) = (edits(), endings());
    let chats = [Dialect::Openai, Dialect::Azure, Dialect::Anthropic, Dialect::Gemini]
        .map(|dialect| (dialect, ask_with(dialect, true, "hello [words=9]", "")));
    for (dialect, ask) in chats.into_iter().chain([(Dialect::Openai, responses(true, ""))]) {
        for first in &edits {
            for second in edits.iter().chain(&endings) {
                check(&[first, second], dialect, &ask).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_edited_the_same_way_every_time() {
    let edits = edits();
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let mut spec = spec(Dialect::Openai);
        for (nth, fault) in edits.iter().enumerate() {
            let mut rule =
                rule(fault.clone(), Trigger { probability_ppm: Some(300_000), ..Trigger::default() });
            rule.name = nth.to_string();
            spec.faults.push(rule);
        }
        let bench = Bench::new(spec);
        let mut said = Vec::new();
        for request in 0..40 {
            let ask = ask_with(Dialect::Openai, true, "hello [words=9]", "")
                .replace("x-request-id: r1", &format!("x-request-id: r{request}"));
            said.push(bench.exchange(&ask).await.raw_body());
        }
        bodies.push(said);
    }
    assert_eq!(bodies[0], bodies[1]);
    let different: std::collections::BTreeSet<&String> = bodies[0].iter().collect();
    assert_eq!(different.len(), 40, "every call draws for itself");
}
