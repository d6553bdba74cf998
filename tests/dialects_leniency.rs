//! What a route may forgive in a stream: which sign ends it (B044), a malformed event (B062); and what none may: a
//! stream that begins again (B043).

use brownout::chat::{Delta, Failure, FailureClass};
use brownout::dialect::{Dialect, Ends, Leniency, Malformed, StreamDecoder};

const OPENAI_TEXT: &str = "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"}}]}\n\n";
const OPENAI_FINISH: &str =
    "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const OPENAI_DONE: &str = "data: [DONE]\n\n";

const ANTHROPIC_TEXT: &str = concat!(
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
);
const ANTHROPIC_FINISH: &str =
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";
const ANTHROPIC_DONE: &str = "data: {\"type\":\"message_stop\"}\n\n";

const GEMINI_TEXT: &str = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]}}]}\n\n";
const GEMINI_FINISH: &str = "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n";

/// Text, finish reason and terminator of each dialect; Gemini's terminator is the end of the body.
const PIECES: [(Dialect, [&str; 3]); 3] = [
    (Dialect::Openai, [OPENAI_TEXT, OPENAI_FINISH, OPENAI_DONE]),
    (Dialect::Anthropic, [ANTHROPIC_TEXT, ANTHROPIC_FINISH, ANTHROPIC_DONE]),
    (Dialect::Gemini, [GEMINI_TEXT, GEMINI_FINISH, ""]),
];

fn ends(ends: Ends) -> Leniency {
    Leniency { ends, ..Leniency::default() }
}

const SKIP: Leniency = Leniency { ends: Ends::Both, malformed: Malformed::Skip };

fn decode(dialect: Dialect, leniency: Leniency, body: &str) -> (Vec<Delta>, Result<(), Failure>, u32) {
    let mut decoder = StreamDecoder::with(dialect, leniency);
    let mut out = Vec::new();
    let end = decoder.push(body.as_bytes(), &mut out).and_then(|()| decoder.finish(&mut out));
    (out, end, decoder.skipped())
}

#[track_caller]
fn check(dialect: Dialect, rule: Ends, body: &str, whole: bool) {
    let (deltas, end, _) = decode(dialect, ends(rule), body);
    let context = format!("{dialect:?} {rule:?} {body:?} {end:?}");
    assert_eq!(end.is_ok(), whole, "{context}");
    let expected = if whole { 1 } else { 0 };
    assert_eq!(deltas.iter().filter(|delta| **delta == Delta::End).count(), expected, "{context}");
    assert_eq!(deltas.last() == Some(&Delta::End), whole, "{context}");
    if let Err(failure) = end {
        assert_eq!(failure.class, FailureClass::Truncated, "{context}");
    }
}

#[test]
fn the_declared_sign_ends_a_stream_and_no_other() {
    for (dialect, [text, finish, done]) in PIECES {
        // Gemini's terminator is the end of the body behind a finish reason; the end of the body alone may be a cut.
        let ended = dialect == Dialect::Gemini;
        let cases = [
            // What came after the text, and which of both, finish, done and either call it whole.
            (format!("{text}{finish}{done}"), [true, true, true, true]),
            (format!("{text}{finish}"), [ended, true, ended, true]),
            (format!("{text}{done}"), [false, false, !ended, !ended]),
            (text.to_owned(), [false; 4]),
        ];
        for (body, whole) in cases {
            for (rule, whole) in [Ends::Both, Ends::Finish, Ends::Done, Ends::Either].into_iter().zip(whole) {
                check(dialect, rule, &body, whole);
            }
        }
        // A body without any event ends nothing, whatever is forgiven.
        check(dialect, Ends::Either, "", false);
        check(dialect, Ends::Either, ": keep-alive\n\n", false);
    }
}

#[test]
fn the_strict_rule_is_the_default() {
    assert_eq!(Leniency::default(), Leniency { ends: Ends::Both, malformed: Malformed::Fail });
    let read: Leniency = serde_json::from_str("{\"ends\":\"either\"}").unwrap();
    assert_eq!(read, ends(Ends::Either));
}

#[test]
fn usage_behind_a_finish_reason_that_ends_a_stream_is_still_read() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
    let body = format!("{OPENAI_TEXT}{OPENAI_FINISH}{usage}");
    let (deltas, end, _) = decode(Dialect::Openai, ends(Ends::Finish), &body);
    assert_eq!(end, Ok(()));
    assert!(matches!(deltas[deltas.len() - 2..], [Delta::Usage(_), Delta::End]), "{deltas:?}");
}

#[test]
fn a_stream_that_is_whole_says_so_before_its_body_ends() {
    for (dialect, [text, finish, _]) in PIECES {
        for (rule, whole) in
            [(Ends::Both, false), (Ends::Finish, true), (Ends::Done, false), (Ends::Either, true)]
        {
            let mut decoder = StreamDecoder::with(dialect, ends(rule));
            let mut out = Vec::new();
            decoder.push(text.as_bytes(), &mut out).unwrap();
            assert!(!decoder.is_whole(), "{dialect:?} {rule:?}");
            decoder.push(finish.as_bytes(), &mut out).unwrap();
            assert_eq!(decoder.is_whole(), whole, "{dialect:?} {rule:?}");
        }
    }
}

#[test]
fn a_tail_cut_behind_all_there_was_to_come_is_no_loss() {
    let body = format!("{OPENAI_TEXT}{OPENAI_FINISH}data: {{\"choices\":[],\"usa");
    check(Dialect::Openai, Ends::Finish, &body, true);
    check(Dialect::Openai, Ends::Both, &body, false);
}

#[test]
fn an_error_behind_a_finish_reason_is_still_an_error() {
    let error = "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}\n\n";
    for rule in [Ends::Finish, Ends::Either] {
        let (_, end, _) =
            decode(Dialect::Openai, ends(rule), &format!("{OPENAI_TEXT}{OPENAI_FINISH}{error}"));
        assert_eq!(end.unwrap_err().class, FailureClass::ServerError);
    }
}

#[test]
fn malformed_events_are_skipped_and_counted_where_that_is_declared() {
    for (dialect, [text, finish, done]) in PIECES {
        for bad in ["data: {not json}\n\n", "data: [1,2]\n\n", "data: {\"a\":1\n\n", "data: hello\n\n"] {
            let body = format!("{bad}{text}{bad}{finish}{bad}{done}");
            let (clean, _, _) = decode(dialect, SKIP, &format!("{text}{finish}{done}"));
            let (deltas, end, skipped) = decode(dialect, SKIP, &body);
            assert_eq!((deltas, end, skipped), (clean, Ok(()), 3), "{dialect:?} {bad:?}");
            let (_, end, _) = decode(dialect, Leniency::default(), &body);
            assert_eq!(end.unwrap_err().class, FailureClass::Protocol, "{dialect:?} {bad:?}");
        }
    }
}

#[test]
fn an_event_that_is_not_utf8_is_a_malformed_one() {
    for (dialect, [text, finish, done]) in PIECES {
        let body =
            [text.as_bytes(), b"data: {\"a\":\"\xff\"}\n\n", finish.as_bytes(), done.as_bytes()].concat();
        for (leniency, whole) in [(Leniency::default(), false), (SKIP, true)] {
            let mut decoder = StreamDecoder::with(dialect, leniency);
            let mut out = Vec::new();
            let end = decoder.push(&body, &mut out).and_then(|()| decoder.finish(&mut out));
            assert_eq!(end.is_ok(), whole, "{dialect:?}");
            assert_eq!(decoder.skipped(), u32::from(whole));
        }
    }
}

#[test]
fn skipping_forgives_neither_errors_nor_a_missing_end() {
    for (dialect, [text, finish, _]) in PIECES {
        let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        let (_, end, skipped) = decode(dialect, SKIP, &format!("{text}{error}{finish}"));
        assert_eq!((end.unwrap_err().class, skipped), (FailureClass::Overloaded, 0), "{dialect:?}");
        let (_, end, skipped) = decode(dialect, SKIP, &format!("{text}data: {{oops}}\n\n"));
        assert_eq!((end.unwrap_err().class, skipped), (FailureClass::Truncated, 1), "{dialect:?}");
        // Cut inside its last event: what is missing is not known to be rubbish.
        let (_, end, skipped) = decode(dialect, SKIP, &format!("{text}data: {{\"choi"));
        assert_eq!((end.unwrap_err().class, skipped), (FailureClass::Truncated, 0), "{dialect:?}");
    }
}

#[test]
fn a_stream_that_begins_again_is_broken() {
    let again = ANTHROPIC_TEXT.replace("\"m\"", "\"n\"");
    for (dialect, body) in [
        (Dialect::Anthropic, format!("{ANTHROPIC_TEXT}{again}{ANTHROPIC_FINISH}{ANTHROPIC_DONE}")),
        (Dialect::Anthropic, format!("{ANTHROPIC_TEXT}{ANTHROPIC_TEXT}{ANTHROPIC_FINISH}{ANTHROPIC_DONE}")),
        (
            Dialect::Openai,
            format!(
                "{OPENAI_TEXT}{}{}{OPENAI_FINISH}{OPENAI_DONE}",
                "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\" there\"}}]}\n\n",
                OPENAI_TEXT.replace("\"a\"", "\"b\"")
            ),
        ),
    ] {
        for leniency in [Leniency::default(), Leniency { ends: Ends::Either, malformed: Malformed::Skip }] {
            let (_, end, _) = decode(dialect, leniency, &body);
            assert_eq!(end.unwrap_err().class, FailureClass::Protocol, "{dialect:?}");
        }
    }
}

#[test]
fn a_role_in_every_chunk_is_no_second_beginning() {
    let chunk = |id: &str| {
        format!(
            "data: {{\"id\":\"{id}\",\"choices\":[{{\"delta\":{{\"role\":\"assistant\",\"content\":\"x\"}}}}]}}\n\n"
        )
    };
    // The same id, as most do; a new id each time, as some do; and a role repeated under the same id.
    let bare = "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"y\"}}]}\n\n";
    for body in [
        [chunk("a"), chunk("a"), chunk("a")].concat(),
        [chunk("a"), chunk("b"), chunk("c")].concat(),
        [chunk("a"), bare.to_owned(), chunk("a")].concat(),
        [chunk(""), bare.to_owned(), chunk("a")].concat(),
    ] {
        let (_, end, _) =
            decode(Dialect::Openai, Leniency::default(), &format!("{body}{OPENAI_FINISH}{OPENAI_DONE}"));
        assert_eq!(end, Ok(()), "{body}");
    }
}
