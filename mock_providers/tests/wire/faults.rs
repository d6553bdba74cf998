//! Every fault of a call, on the bytes it leaves, in all dialects, plain and streaming.

use std::time::Duration;

use mock_providers::dialect::Dialect;
use mock_providers::fault::{
    AfterError, Close, Emptiness, ErrorBody, ErrorKind, Fault, MalformedBody, RefusalForm, RetryAfter,
    StatusFault, Trigger,
};
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;
use mock_providers::reply::{Scan, Transcript};

use crate::bench::{Bench, DIALECTS, End, Heard, ask, faulty, rule, spec, words_of};

/// A plain call for sixty words under `fault`: half of its body ends among them.
async fn long_under(fault: &Fault, dialect: Dialect) -> (Bench, Heard) {
    let bench = Bench::new(faulty(dialect, fault.clone()));
    let heard = bench.exchange(&ask(dialect, false, 60)).await;
    (bench, heard)
}

/// A call for ten words under `fault`: words are due at 100, 110, … 190 ms, in chunks of two.
async fn under(fault: &Fault, dialect: Dialect, stream: bool) -> (Bench, Heard) {
    let bench = Bench::new(faulty(dialect, fault.clone()));
    let heard = bench.exchange(&ask(dialect, stream, 10)).await;
    assert_eq!(bench.provider.fired(), [(fault.name().to_owned(), 1)]);
    (bench, heard)
}

fn read(body: &str) -> Transcript {
    let mut scan = Scan::default();
    scan.push(&words_of(body));
    scan.finish()
}

fn terminator(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "message_stop",
        Dialect::Gemini => "finishReason",
        _ => "[DONE]",
    }
}

const fn status(status: u16) -> StatusFault {
    StatusFault { status, error: None, retry_after: None, headers: Vec::new(), body: ErrorBody::Vendor }
}

#[tokio::test(start_paused = true)]
async fn hang_reads_the_request_and_never_answers() {
    for (dialect, stream) in DIALECTS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
        let (bench, heard) = under(&Fault::Hang, dialect, stream).await;
        assert_eq!((heard.text().as_str(), heard.end), ("", End::Silence));
        assert!(bench.calls.lock().unwrap().is_empty());
        // The caller gave up after ten seconds and left: noticed at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let call = bench.call();
        assert_eq!((call.ending, call.status, call.billed_input), (Ending::Abandoned, None, 0));
        assert_eq!(call.ended.as_us(), 10_000_000);
    }
}

#[tokio::test(start_paused = true)]
async fn reset_comes_before_any_header() {
    for (dialect, stream) in DIALECTS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
        let (bench, heard) = under(&Fault::Reset, dialect, stream).await;
        assert_eq!((heard.text().as_str(), heard.end), ("", End::Reset));
        assert_eq!((bench.call().ending, bench.call().status), (Ending::Broken, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_comes_in_the_vendors_own_form_after_the_error_latency() {
    let overloaded = [
        (503, "\"code\":\"server_is_overloaded\""),
        (529, "\"type\":\"overloaded_error\""),
        (503, "\"status\": \"UNAVAILABLE\""),
    ];
    for (dialect, (code, body)) in DIALECTS.into_iter().zip(overloaded) {
        let (bench, heard) = under(&Fault::Status(status(code)), dialect, true).await;
        assert_eq!((heard.status(), heard.ended_ms, heard.end), (code, 20, End::Silence));
        assert!(heard.raw_body().contains(body), "{}", heard.text());
        let call = bench.call();
        assert_eq!((call.failure, call.ending), (Some(ErrorKind::Overloaded), Ending::Complete));
        assert_eq!((call.status, call.words_planned, call.billed_input), (Some(code), 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_error_is_valid_json_in_every_dialect() {
    use ErrorKind::*;
    let kinds = [
        RateLimited,
        QuotaExhausted,
        Overloaded,
        ServerError,
        Timeout,
        Unauthorized,
        Forbidden,
        NotFound,
        ContentFilter,
        ContextExceeded,
        InvalidRequest,
    ];
    for (dialect, kind) in DIALECTS.into_iter().flat_map(|d| kinds.map(|kind| (d, kind))) {
        let fault = StatusFault { error: Some(kind), ..status(429) };
        let (bench, heard) = under(&Fault::Status(fault), dialect, false).await;
        assert!(heard.json()["error"].is_object(), "{}", heard.text());
        assert_eq!((heard.status(), bench.call().failure), (429, Some(kind)));
    }
}

#[tokio::test(start_paused = true)]
async fn quota_is_told_from_rate_in_each_vendors_own_way() {
    let quota = |code| Fault::Status(StatusFault { error: Some(ErrorKind::QuotaExhausted), ..status(code) });
    let (_, heard) = under(&quota(429), Dialect::Openai, false).await;
    assert_eq!(heard.json()["error"]["code"], "insufficient_quota");
    let (_, heard) = under(&quota(400), Dialect::Anthropic, false).await;
    assert_eq!(heard.json()["error"]["type"], "invalid_request_error");
    assert!(heard.text().contains("credit balance is too low"));
    let (_, heard) = under(&quota(429), Dialect::Gemini, false).await;
    assert!(
        heard.json()["error"]["details"][0]["violations"][0]["quotaId"].as_str().unwrap().contains("PerDay")
    );
    let (_, heard) = under(&Fault::Status(status(429)), Dialect::Gemini, false).await;
    assert!(heard.text().contains("PerMinute"));
}

#[tokio::test(start_paused = true)]
async fn retry_after_comes_in_all_its_forms() {
    let wait = Dist::Constant(1_500_000.0);
    // 1.5 s, rounded up to 2 s; the answer leaves at 13:58:00.020, so its date is 13:58:02, rounded up as well.
    let cases = [
        (RetryAfter::Seconds(wait), "retry-after", "2", 2_000),
        (RetryAfter::Milliseconds(wait), "retry-after-ms", "1500", 1_500),
        (RetryAfter::Date(wait), "retry-after", "Thu, 21 May 2026 13:58:02 GMT", 2_000),
    ];
    for (form, header, value, told_ms) in cases {
        let fault = StatusFault {
            retry_after: Some(form),
            headers: vec![
                ("x-should-retry".to_owned(), "true".to_owned()),
                ("bad name".to_owned(), "x".to_owned()),
            ],
            ..status(429)
        };
        let (bench, heard) = under(&Fault::Status(fault), Dialect::Openai, false).await;
        assert_eq!(heard.header(header).as_deref(), Some(value));
        assert_eq!(heard.header("x-should-retry").as_deref(), Some("true"));
        assert_eq!(bench.call().retry_after, Some(Duration::from_millis(told_ms)));
    }
    let fault = StatusFault { retry_after: Some(RetryAfter::Milliseconds(wait)), ..status(429) };
    let (_, heard) = under(&Fault::Status(fault), Dialect::Gemini, false).await;
    assert!(heard.text().contains("\"retryDelay\":\"1.500s\""), "{}", heard.text());
}

#[tokio::test(start_paused = true)]
async fn error_bodies_may_be_html_text_json_or_nothing() {
    let cases = [
        (ErrorBody::Html, "text/html; charset=utf-8", "cloudflare"),
        (ErrorBody::Text("try later".to_owned()), "text/plain; charset=utf-8", "try later"),
        (ErrorBody::Text("{\"a\":1}".to_owned()), "application/json", "{\"a\":1}"),
        (ErrorBody::Empty, "application/json", ""),
    ];
    for (body, kind, text) in cases {
        let (bench, heard) =
            under(&Fault::Status(StatusFault { body, ..status(502) }), Dialect::Openai, false).await;
        assert_eq!((heard.status(), heard.header("content-type").as_deref()), (502, Some(kind)));
        assert!(heard.raw_body().contains(text));
        assert_eq!(heard.header("content-length").unwrap(), heard.raw_body().len().to_string());
        assert_eq!(bench.call().ending, Ending::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn an_impossible_status_becomes_500() {
    let (_, heard) = under(&Fault::Status(status(99)), Dialect::Openai, false).await;
    assert_eq!(heard.status(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_latency_spike_stretches_the_time_to_the_first_output() {
    let spike = Fault::LatencySpike { factor: Dist::Constant(3.0), add: Dist::Constant(7_000.0) };
    for dialect in DIALECTS {
        // First chunk of the stream: 3 * 100 + 7, and a gap of 10 for its second word. Healthy: 110.
        let (bench, _) = under(&spike, dialect, true).await;
        assert_eq!(bench.call().first_output.unwrap().as_us(), 317_000);
        assert_eq!(bench.call().injected, Duration::from_millis(207));
        // Plain: the whole generation, 3 * 190 + 7. Healthy: 190.
        let (bench, heard) = under(&spike, dialect, false).await;
        assert_eq!(heard.ended_ms, 577);
        assert_eq!(bench.call().injected, Duration::from_millis(387));
        assert!(read(&heard.raw_body()).is_whole(bench.call().tag, 10));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_tokens_stretch_the_gaps_only() {
    let slow = Fault::SlowTokens { factor: Dist::Constant(4.0), per_token: None };
    let (bench, heard) = under(&slow, Dialect::Anthropic, true).await;
    // The last of ten words: 100 + 9 * 40.
    assert_eq!(heard.ended_ms, 460);
    assert_eq!((bench.call().injected, bench.call().ending), (Duration::ZERO, Ending::Complete));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_stream_stops_after_its_words_and_stays_open() {
    for dialect in DIALECTS {
        let (bench, heard) = under(&Fault::Stall { after: Dist::Constant(3.0) }, dialect, true).await;
        let (body, ended) = heard.dechunked();
        assert!(!ended && heard.end == End::Silence && !body.contains(terminator(dialect)));
        tokio::time::sleep(Duration::from_millis(1)).await;
        let call = bench.call();
        let seen = read(&body);
        assert!(seen.is_prefix(call.tag) && seen.words == 3, "{body}");
        assert_eq!((call.ending, call.words_sent, call.billed_output), (Ending::Abandoned, 3, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_at_zero_sends_headers_and_the_opening_events() {
    let opening = ["\"role\":\"assistant\"", "event: ping", ""];
    for (dialect, opening) in DIALECTS.into_iter().zip(opening) {
        let (_, heard) = under(&Fault::Stall { after: Dist::Constant(0.0) }, dialect, true).await;
        assert_eq!((heard.status(), heard.end), (200, End::Silence));
        assert!(heard.dechunked().0.contains(opening) && read(&heard.dechunked().0).words == 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_plain_reply_announces_everything_and_sends_half() {
    let (bench, heard) = long_under(&Fault::Stall { after: Dist::Constant(3.0) }, Dialect::Openai).await;
    let announced: usize = heard.header("content-length").unwrap().parse().unwrap();
    assert_eq!((heard.raw_body().len(), heard.end), (announced / 2, End::Silence));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let call = bench.call();
    assert_eq!((call.ending, call.status, call.billed_output), (Ending::Abandoned, Some(200), 60));
    assert_eq!(heard.raw_body().matches("-02ee4mn ").count(), call.words_sent as usize);
}

#[tokio::test(start_paused = true)]
async fn a_cut_stream_lacks_its_terminator_and_ends_as_told() {
    for dialect in DIALECTS {
        for (close, end, http_ends) in [
            (Close::Clean, End::Silence, true),
            (Close::Fin, End::Fin, false),
            (Close::Reset, End::Reset, false),
        ] {
            let (bench, heard) =
                under(&Fault::Cut { after: Dist::Constant(4.0), close }, dialect, true).await;
            let (body, ended) = heard.dechunked();
            assert_eq!((heard.end, ended), (end, http_ends), "{dialect:?} {close:?}");
            assert!(!body.contains(terminator(dialect)), "{body}");
            let call = bench.call();
            let seen = read(&body);
            assert!(seen.is_prefix(call.tag) && seen.words == 4, "{body}");
            // The fourth word is due at 130 ms.
            assert_eq!((call.ending, call.words_sent, call.ended.as_us()), (Ending::Broken, 4, 130_000));
            assert_eq!((call.words_planned, call.billed_output), (10, 4));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_beyond_the_reply_cuts_its_end() {
    let (bench, heard) =
        under(&Fault::Cut { after: Dist::Constant(99.0), close: Close::Fin }, Dialect::Openai, true).await;
    assert_eq!(read(&heard.dechunked().0).words, 10);
    assert!(!heard.text().contains("[DONE]"));
    assert_eq!(bench.call().ending, Ending::Broken);
}

#[tokio::test(start_paused = true)]
async fn a_cut_plain_reply_announces_everything_and_sends_half() {
    for (close, end) in [(Close::Clean, End::Fin), (Close::Fin, End::Fin), (Close::Reset, End::Reset)] {
        let (bench, heard) =
            long_under(&Fault::Cut { after: Dist::Constant(4.0), close }, Dialect::Gemini).await;
        let announced: usize = heard.header("content-length").unwrap().parse().unwrap();
        assert_eq!((heard.raw_body().len(), heard.end), (announced / 2, end));
        let call = bench.call();
        assert_eq!((call.ending, call.status, call.billed_output), (Ending::Broken, Some(200), 60));
        assert_eq!(heard.raw_body().matches("-02ee4mn ").count(), call.words_sent as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_error_comes_in_band_and_closes_cleanly() {
    let tails = [
        "\"code\":\"server_is_overloaded\"}}\n\ndata: [DONE]\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        "\r\n\r\n{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is overloaded. Please try again later.\",\
         \n    \"status\": \"UNAVAILABLE\"\n  }\n}\n",
    ];
    let fault = Fault::StreamError {
        after: Dist::Constant(4.0),
        error: ErrorKind::Overloaded,
        then: AfterError::Vendor,
    };
    for (dialect, tail) in DIALECTS.into_iter().zip(tails) {
        let (bench, heard) = under(&fault, dialect, true).await;
        let (body, ended) = heard.dechunked();
        assert!(body.ends_with(tail), "{body:?}");
        assert!(ended && heard.end == End::Fin && heard.ended_ms == 130);
        let call = bench.call();
        assert_eq!(
            (call.ending, call.failure, call.words_sent),
            (Ending::Broken, Some(ErrorKind::Overloaded), 4)
        );

        let (bench, heard) = under(&fault, dialect, false).await;
        assert_eq!(heard.status(), 200);
        assert!(heard.json()["error"].is_object());
        assert_eq!((bench.call().ending, bench.call().billed_output), (Ending::Complete, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_error_in_a_json_array_is_its_last_element() {
    for after in [0, 4] {
        let fault = Fault::StreamError {
            after: Dist::Constant(f64::from(after)),
            error: ErrorKind::Overloaded,
            then: AfterError::Vendor,
        };
        let bench = Bench::new(faulty(Dialect::Gemini, fault));
        let heard = bench.exchange(&ask(Dialect::Gemini, true, 10).replace("?alt=sse", "")).await;
        let chunks: Vec<serde_json::Value> = serde_json::from_str(&heard.dechunked().0).unwrap();
        assert_eq!(chunks.last().unwrap()["error"]["code"], 503);
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_have_status_200_and_the_vendors_form() {
    use RefusalForm::{Filter, Native, Prose};
    let sorry = "I'm sorry, but I can't help with that.";
    let cases = [
        (Dialect::Openai, Native, "\"refusal\":\"I'm sorry", "\"finish_reason\":\"stop\""),
        (Dialect::Openai, Filter, "\"finish_reason\":\"content_filter\"", ""),
        (Dialect::Openai, Prose, sorry, "\"finish_reason\":\"stop\""),
        (Dialect::Anthropic, Native, "\"stop_reason\":\"refusal\"", "\"category\":\"general_harms\""),
        (Dialect::Anthropic, Filter, "\"stop_reason\":\"refusal\"", ""),
        (Dialect::Anthropic, Prose, sorry, "\"stop_reason\":\"end_turn\""),
        (Dialect::Gemini, Native, "\"finishReason\":\"SAFETY\"", ""),
        (Dialect::Gemini, Filter, "\"finishReason\":\"SAFETY\"", ""),
        (Dialect::Gemini, Prose, sorry, "\"finishReason\":\"STOP\""),
    ];
    for (dialect, form, one, two) in cases {
        for (stream, after) in [(false, 0), (true, 0), (true, 4)] {
            let (bench, heard) = under(
                &Fault::Refusal { after: Dist::Constant(f64::from(after)), form, text: None },
                dialect,
                stream,
            )
            .await;
            let body = if stream { heard.dechunked().0 } else { heard.json().to_string() };
            assert!(body.contains(one) && body.contains(two), "{body}");
            let call = bench.call();
            assert_eq!((call.failure, call.ending), (Some(ErrorKind::ContentFilter), Ending::Complete));
            assert_eq!(
                (call.words_sent, call.billed_output, call.status),
                (after, u64::from(after), Some(200))
            );
            assert_eq!(read(&body).words, after);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_reply_is_well_formed_and_has_no_words() {
    for (dialect, stream) in DIALECTS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
        let mut bodies = Vec::new();
        for id in 0..16 {
            let bench = Bench::new(faulty(dialect, Fault::Empty(Emptiness::Any)));
            let request =
                ask(dialect, stream, 10).replace("x-request-id: r1", &format!("x-request-id: r{id}"));
            let heard = bench.exchange(&request).await;
            let body = if stream { heard.dechunked().0 } else { heard.json().to_string() };
            assert!(words_of(&body).is_empty(), "{body}");
            let call = bench.call();
            assert_eq!((call.status, call.words_planned, call.billed_output), (Some(200), 0, 0));
            assert_eq!(call.ending, Ending::Complete);
            bodies.push(body.len());
        }
        bodies.sort_unstable();
        bodies.dedup();
        // Two forms, told by a fair coin: sixteen tosses miss one with a chance of 2 * 2^-16.
        assert_eq!(bodies.len(), 2, "{dialect:?} {stream}");
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_replies_are_200_and_not_what_was_promised() {
    for dialect in DIALECTS {
        let malformed = |body| Fault::Malformed(body);
        let (bench, heard) = under(&malformed(MalformedBody::TruncatedJson), dialect, false).await;
        let body = heard.raw_body();
        assert_eq!(heard.header("content-length").unwrap(), body.len().to_string());
        assert!(serde_json::from_str::<serde_json::Value>(&body).is_err());
        assert_eq!((bench.call().ending, bench.call().status), (Ending::Broken, Some(200)));

        for stream in [false, true] {
            let (_, heard) = under(&malformed(MalformedBody::Html), dialect, stream).await;
            assert_eq!(heard.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
            assert_eq!((heard.status(), heard.end), (200, End::Silence));

            let (bench, heard) = under(&malformed(MalformedBody::Nothing), dialect, stream).await;
            assert_eq!((heard.status(), heard.raw_body().as_str()), (200, ""));
            assert_eq!(heard.header("content-length").as_deref(), Some("0"));
            assert_eq!(bench.call().ending, Ending::Broken);
        }

        let (_, heard) = under(&malformed(MalformedBody::WrongShape), dialect, false).await;
        assert_eq!(heard.raw_body(), "{}");
        let (_, heard) = under(&malformed(MalformedBody::WrongShape), dialect, true).await;
        assert!(heard.dechunked().0.starts_with("data: {}\n\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_event_is_followed_by_the_rest_of_the_stream() {
    for dialect in DIALECTS {
        let (bench, heard) = under(&Fault::Malformed(MalformedBody::TruncatedJson), dialect, true).await;
        let (body, ended) = heard.dechunked();
        assert!(ended && body.contains(terminator(dialect)));
        let events =
            body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        let broken = events.filter(|data| serde_json::from_str::<serde_json::Value>(data).is_err());
        assert_eq!(broken.count(), 1, "{body}");
        // The first two words are lost, the other eight are there.
        assert_eq!(read(&body).words, 8, "{body}");
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn delays_apply_to_the_ending_that_decides() {
    let mut spec = spec(Dialect::Openai);
    let spike = Fault::LatencySpike { factor: Dist::Constant(1.0), add: Dist::Constant(30_000.0) };
    spec.faults.push(rule(spike, Trigger::default()));
    spec.faults.push(rule(Fault::Status(status(500)), Trigger::default()));
    spec.faults.push(rule(Fault::Hang, Trigger::default()));
    let bench = Bench::new(spec);
    let heard = bench.exchange(&ask(Dialect::Openai, false, 3)).await;
    // 20 ms of error latency and 30 ms more.
    assert_eq!((heard.status(), heard.ended_ms), (500, 50));
    assert_eq!(bench.call().faults, ["latency_spike", "status"]);
    let fired: Vec<u64> = bench.provider.fired().into_iter().map(|(_, times)| times).collect();
    assert_eq!(fired, [1, 1, 0]);
}
