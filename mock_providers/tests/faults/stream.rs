//! Faults of a stream's events.

use std::time::Duration;

use mock_providers::fault::{AfterError, Beat, ErrorKind, Fault, MalformedEvent, Rule, StreamFault};
use mock_providers::ledger::Ending;

use crate::bench::{Bench, DIALECTS, End, ask, ask_with, faulty};
use crate::support::{
    Anthropic, Gemini, Openai, call, count, events, finishes, fired, healthy, ms, streamed, unknown, words,
};

const fn fault(fault: StreamFault) -> Fault {
    Fault::Stream(fault)
}

const PAIRS: [(u32, u32); 5] = [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)];

#[tokio::test(start_paused = true)]
async fn without_its_terminator_a_stream_is_the_same_up_to_it() {
    for (dialect, terminator) in [
        (Openai, "data: [DONE]\n\n"),
        (Anthropic, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
    ] {
        let (bench, body) = streamed(fault(StreamFault::MissingTerminator), dialect).await;
        assert_eq!(format!("{body}{terminator}"), healthy(dialect).await);
        assert_eq!((bench.call().ending, bench.call().words_sent), (Ending::Broken, 10));
    }
    unknown(fault(StreamFault::MissingTerminator), Gemini, true).await;
    unknown(fault(StreamFault::MissingTerminator), Openai, false).await;
}

#[tokio::test(start_paused = true)]
async fn without_its_finish_a_stream_still_has_its_terminator() {
    for dialect in DIALECTS {
        let (bench, body) = streamed(fault(StreamFault::MissingFinish), dialect).await;
        let healthy = healthy(dialect).await;
        let rest: Vec<&str> = events(&healthy).into_iter().filter(|event| !finishes(event)).collect();
        assert_eq!(events(&body), rest);
        assert_eq!(rest.len() + 1, events(&healthy).len());
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn without_its_end_a_stream_stops_after_the_last_word() {
    for dialect in DIALECTS {
        let (bench, body) = streamed(fault(StreamFault::MissingEnd), dialect).await;
        assert!(healthy(dialect).await.starts_with(&body));
        assert_eq!(words(&body), PAIRS);
        assert!(!finishes(&body) && words(events(&body).last().unwrap()) == [(8, 10)], "{body}");
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn role_only_is_the_opening_and_a_clean_end() {
    for (dialect, opening) in [(Openai, 1), (Anthropic, 3)] {
        let (bench, body) = streamed(fault(StreamFault::RoleOnly), dialect).await;
        let healthy = healthy(dialect).await;
        assert_eq!(events(&body), events(&healthy)[..opening]);
        assert_eq!((bench.call().ending, bench.call().words_sent), (Ending::Broken, 0));
    }
    unknown(fault(StreamFault::RoleOnly), Gemini, true).await;
}

#[tokio::test(start_paused = true)]
async fn comments_come_at_their_times_and_nothing_else() {
    // Headers at 50 ms; a comment every 100 ms; the end after 350 ms: three comments.
    let beat = Beat { every: ms(100), lasts: Some(ms(350)) };
    for dialect in DIALECTS {
        let (bench, heard) = call(fault(StreamFault::CommentOnly(beat)), dialect, true, "").await;
        assert_eq!(heard.dechunked(), (": keep-alive\n\n".repeat(3), true));
        let times: Vec<u64> = heard.pieces.iter().map(|(ms, _)| *ms).collect();
        assert_eq!(times, [50, 150, 250, 350, 400]);
        assert_eq!((bench.call().ending, bench.call().billed_output), (Ending::Broken, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn pings_follow_the_opening_and_may_go_on_for_ever() {
    let short = Beat { every: ms(100), lasts: Some(ms(350)) };
    for (dialect, opening, ping) in
        [(Openai, 1, ": keep-alive\n\n"), (Anthropic, 3, "event: ping\ndata: {\"type\": \"ping\"}\n\n")]
    {
        let (_, body) = streamed(fault(StreamFault::PingOnly(short)), dialect).await;
        let healthy = healthy(dialect).await;
        let begin: String = events(&healthy)[..opening].iter().map(|event| format!("{event}\n\n")).collect();
        assert_eq!(body, begin + &ping.repeat(3));
    }
    // Every nine seconds: a caller that waits for ten seconds of silence waits for ever, here for a minute.
    let endless = Beat { every: ms(9_000), lasts: None };
    let bench = Bench::new(faulty(Openai, fault(StreamFault::PingOnly(endless))));
    let mut caller = bench.connect();
    caller.send(&ask(Openai, true, 10)).await;
    assert!(tokio::time::timeout(Duration::from_secs(60), caller.listen()).await.is_err());
    drop(caller);
    bench.at_ms(61_000).await;
    let left = bench.call();
    assert_eq!((left.ending, left.words_sent, left.billed_output), (Ending::Abandoned, 0, 0));
    unknown(fault(StreamFault::PingOnly(short)), Gemini, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_request_can_be_answered_with_plain_json() {
    for dialect in DIALECTS {
        let (bench, heard) = call(fault(StreamFault::JsonOnStream { error: None }), dialect, true, "").await;
        assert!(heard.header("content-type").unwrap().starts_with("application/json"));
        let text = crate::bench::words_of(&heard.json().to_string());
        assert!(crate::support::read(&text).is_whole(bench.call().tag, 10));
        // All ten words are there: after the last of them, at 190 ms.
        assert_eq!((heard.pieces[0].0, bench.call().words_sent, bench.call().stream), (190, 10, true));

        let error = Some(ErrorKind::Overloaded);
        let (bench, heard) = call(fault(StreamFault::JsonOnStream { error }), dialect, true, "").await;
        assert_eq!(heard.status(), 200);
        assert!(heard.json()["error"].is_object(), "{}", heard.text());
        assert_eq!((bench.call().failure, bench.call().billed_input), (error, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn one_event_is_no_json_and_the_others_are() {
    for dialect in DIALECTS {
        for form in [MalformedEvent::Cut, MalformedEvent::Text, MalformedEvent::Number] {
            let (_, body) =
                streamed(fault(StreamFault::MalformedEvent { after: count(5), form }), dialect).await;
            let healthy = healthy(dialect).await;
            let differ: Vec<usize> = std::iter::zip(events(&body), events(&healthy))
                .enumerate()
                .filter(|(_, (one, other))| one != other)
                .map(|(nth, _)| nth)
                .collect();
            // The event with word 5 is the third with words.
            let nth = events(&healthy).iter().position(|event| words(event) == [(4, 6)]).unwrap();
            assert_eq!(differ, [nth]);
            let data = events(&body)[nth].split_once("data: ").unwrap().1;
            assert!(!serde_json::from_str::<serde_json::Value>(data).is_ok_and(|value| value.is_object()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_comes_several_times() {
    for dialect in DIALECTS {
        let fault = fault(StreamFault::DuplicateDeltas { after: count(2), times: count(2) });
        let (bench, body) = streamed(fault, dialect).await;
        assert_eq!(words(&body), [(0, 2), (2, 4), (2, 4), (2, 4), (4, 6), (6, 8), (8, 10)]);
        assert!(bench.call().distorted && bench.call().ending == Ending::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_changes_places_with_the_next_one() {
    for dialect in DIALECTS {
        let (bench, body) = streamed(fault(StreamFault::ReorderDeltas { after: count(2) }), dialect).await;
        assert_eq!(words(&body), [(0, 2), (4, 6), (2, 4), (6, 8), (8, 10)]);
        assert!(bench.call().distorted);
        // The last event has none behind it: it stays where it is.
        let (_, body) = streamed(fault(StreamFault::ReorderDeltas { after: count(99) }), dialect).await;
        assert_eq!(body, healthy(dialect).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_starts_again_in_the_middle() {
    for dialect in DIALECTS {
        let (bench, body) = streamed(fault(StreamFault::RepeatFromStart { after: count(4) }), dialect).await;
        assert_eq!(words(&body), [(0, 2), (2, 4), (0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]);
        assert!(bench.call().distorted);
    }
}

#[tokio::test(start_paused = true)]
async fn empty_deltas_come_between_those_with_words() {
    for dialect in DIALECTS {
        let (bench, body) = streamed(fault(StreamFault::EmptyDeltas { every: count(2) }), dialect).await;
        // Before the third and the fifth of five events; every one of them is still JSON.
        assert_eq!(events(&body).len(), events(&healthy(dialect).await).len() + 2);
        assert_eq!(words(&body), PAIRS);
        // Two of ours, and one of the vendor's own: in the role chunk, the block's start or the last chunk.
        let empty = |field: &str| body.matches(&format!("\"{field}\":\"\"")).count();
        assert_eq!(empty("text") + empty("content"), 3);
        assert!(!bench.call().distorted);
    }
}

#[tokio::test(start_paused = true)]
async fn one_event_is_huge_and_still_json() {
    for dialect in DIALECTS {
        let fault = fault(StreamFault::HugeEvent { after: count(2), size: count(3_000_000) });
        let (_, body) = streamed(fault, dialect).await;
        let healthy = healthy(dialect).await;
        // `"padding":"`, the padding, `",`: 11 + 3,000,000 + 2.
        assert_eq!(body.len(), healthy.len() + 3_000_013);
        assert_eq!(words(&body), PAIRS);
    }
}

#[tokio::test(start_paused = true)]
async fn words_belong_to_another_choice() {
    for dialect in DIALECTS {
        let (bench, body) = streamed(fault(StreamFault::WrongIndex { index: count(3) }), dialect).await;
        assert_eq!(body.matches("\"index\":3").count(), 5);
        assert_eq!(body.replace("\"index\":3", "\"index\":0"), healthy(dialect).await);
        assert!(bench.call().distorted);
    }
}

#[tokio::test(start_paused = true)]
async fn ids_and_models_change_from_event_to_event() {
    let (_, body) = streamed(fault(StreamFault::IdChanges { id: true, model: true }), Openai).await;
    let chunks: Vec<serde_json::Value> = events(&body)
        .iter()
        .filter_map(|event| serde_json::from_str(event.trim_start_matches("data: ")).ok())
        .collect();
    // Role, five deltas, finish.
    let models: Vec<&str> = chunks.iter().map(|chunk| chunk["model"].as_str().unwrap()).collect();
    assert_eq!(models, ["m", "another-model", "m", "another-model", "m", "another-model", "m"]);
    assert_ne!(chunks[0]["id"], chunks[1]["id"]);
    assert_eq!(chunks[0]["id"], chunks[2]["id"]);
    let (_, body) = streamed(fault(StreamFault::IdChanges { id: false, model: true }), Gemini).await;
    assert_eq!(body.matches("\"modelVersion\":\"another-model\"").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn every_delta_names_the_role_again() {
    let (_, body) = streamed(fault(StreamFault::RoleRepeated), Openai).await;
    // The opening has it anyway; five deltas have it now.
    assert_eq!(body.matches("\"role\":\"assistant\"").count(), 6);
    // Twice the same fault does not say it twice in one delta.
    let mut twice = faulty(Openai, fault(StreamFault::RoleRepeated));
    twice.faults.push(Rule { name: "again".to_owned(), ..twice.faults[0].clone() });
    let heard = Bench::new(twice).exchange(&ask_with(Openai, true, "hello [words=10]", "")).await;
    assert_eq!(heard.dechunked().0.matches("\"role\":\"assistant\"").count(), 6);
    for dialect in [Anthropic, Gemini] {
        unknown(fault(StreamFault::RoleRepeated), dialect, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_delta_comes_after_the_terminator() {
    for dialect in [Openai, Anthropic] {
        let (bench, body) = streamed(fault(StreamFault::AfterDone), dialect).await;
        let healthy = healthy(dialect).await;
        let again = body.strip_prefix(&healthy).unwrap();
        assert_eq!(words(again), [(8, 10)]);
        // What follows the end is no part of the answer.
        assert!(!bench.call().distorted && bench.call().ending == Ending::Complete);
    }
    unknown(fault(StreamFault::AfterDone), Gemini, true).await;
}

#[tokio::test(start_paused = true)]
async fn after_an_error_comes_a_terminator_or_nothing_or_the_rest() {
    let error = |then| Fault::StreamError { after: count(4), error: ErrorKind::Overloaded, then };
    for dialect in DIALECTS {
        for (then, deltas, end) in [
            (AfterError::Vendor, 2, End::Fin),
            (AfterError::Terminator, 2, End::Fin),
            (AfterError::Nothing, 2, End::Fin),
            (AfterError::More, 5, End::Silence),
        ] {
            let (bench, heard) = call(error(then), dialect, true, "").await;
            fired(&bench, 1);
            let (body, whole) = heard.dechunked();
            assert!(whole && heard.end == end, "{then:?} {:?}", heard.end);
            assert_eq!(words(&body), PAIRS[..deltas], "{body}");
            assert!(body.contains("overloaded") || body.contains("UNAVAILABLE"), "{body}");
            let done = body.contains("[DONE]") || body.contains("message_stop");
            let wants = match then {
                AfterError::Vendor => dialect == Openai,
                AfterError::Nothing => false,
                AfterError::Terminator | AfterError::More => dialect != Gemini,
            };
            assert_eq!((done, finishes(&body)), (wants, then == AfterError::More), "{body}");
            assert_eq!(bench.call().ending, Ending::Broken);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_before_everything_that_is_said_all_the_same_is_billed() {
    let error = |then| Fault::StreamError { after: count(0), error: ErrorKind::Overloaded, then };
    for (then, billed) in [(AfterError::Vendor, (0, 0)), (AfterError::More, (2, 10))] {
        let (bench, _) = call(error(then), Openai, true, "").await;
        assert_eq!((bench.call().billed_input, bench.call().billed_output), billed, "{then:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn edits_apply_in_the_order_of_their_rules() {
    let doubled = fault(StreamFault::DuplicateDeltas { after: count(0), times: count(1) });
    let spoilt = fault(StreamFault::MalformedEvent { after: count(0), form: MalformedEvent::Text });
    for (first, second, spoilt_events) in
        [(doubled.clone(), spoilt.clone(), 1), (spoilt.clone(), doubled.clone(), 2)]
    {
        let mut spec = crate::bench::spec(Openai);
        for fault in [first, second] {
            spec.faults.push(crate::bench::rule(fault, mock_providers::fault::Trigger::default()));
        }
        let bench = crate::bench::Bench::new(spec);
        let (body, _) = bench.exchange(&crate::bench::ask(Openai, true, 10)).await.dechunked();
        fired(&bench, 2);
        // Doubled first, only the original is spoilt: the copy is no event with words of its own any more.
        assert_eq!(body.matches("upstream connect error").count(), spoilt_events);
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_a_reply_that_never_comes_does_not_fire() {
    let mut spec = crate::bench::faulty(Openai, fault(StreamFault::MissingTerminator));
    spec.faults.push(crate::bench::rule(Fault::Hang, mock_providers::fault::Trigger::default()));
    let bench = crate::bench::Bench::new(spec);
    bench.exchange(&crate::bench::ask(Openai, true, 10)).await;
    assert_eq!(bench.provider.fired(), [("missing_terminator".to_owned(), 0), ("hang".to_owned(), 1)]);
}
