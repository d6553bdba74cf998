//! HTTP/2: many calls on one connection, each with its own fate.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use mock_providers::dialect::Dialect;
use mock_providers::fault::{AfterError, BytesFault, Close, ErrorKind, Fault, Match, Trigger};
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;

use crate::bench::{Bench, ask, during, faulty, rule, spec};

/// A connection by prior knowledge.
async fn open(bench: &Bench) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(bench.connect().wire).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

/// The call of [`ask`], without its HTTP/1.1.
fn request(model: &str, words: u32) -> (http::Request<()>, Bytes) {
    let text = ask(Dialect::Openai, true, words);
    let body = text.split_once("\r\n\r\n").unwrap().1.replace("\"m\"", &format!("\"{model}\""));
    let request = http::Request::post("http://p/v1/chat/completions").header("authorization", "Bearer k");
    (request.body(()).unwrap(), Bytes::from(body))
}

/// What was said, and with which code the stream was reset.
async fn hear(client: &mut SendRequest<Bytes>, model: &str, words: u32) -> (String, Option<h2::Reason>) {
    let (head, body) = request(model, words);
    let (answer, mut stream) = client.send_request(head, false).unwrap();
    stream.send_data(body, true).unwrap();
    let mut heard = Vec::new();
    let mut body = match answer.await {
        Ok(answer) => answer.into_body(),
        Err(error) => return (String::new(), error.reason()),
    };
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => heard.extend_from_slice(&data),
            Err(error) => return (String::from_utf8(heard).unwrap(), error.reason()),
        }
    }
    (String::from_utf8(heard).unwrap(), None)
}

#[tokio::test(start_paused = true)]
async fn calls_share_a_connection_and_none_waits_for_another() {
    let bench = Bench::new(spec(Dialect::Openai));
    let client = open(&bench).await;
    let (mut one, mut two) = (client.clone(), client);
    let (one, two) = tokio::join!(hear(&mut one, "m", 10), hear(&mut two, "m", 10));
    assert!(one.0.ends_with("data: [DONE]\n\n") && two.0.ends_with("data: [DONE]\n\n"), "{}", one.0);
    // The last of ten words is due at 100 + 9 * 10 ms, in both.
    let calls = bench.calls.lock().unwrap();
    assert_eq!(calls.iter().map(|call| call.ended.as_us()).collect::<Vec<_>>(), [190_000, 190_000]);
    assert!(calls.iter().all(|call| call.connection == 0 && call.words_sent == 10));
    // Nothing holds them up.
    assert!(calls.iter().all(|call| call.handed == Some(call.ended)));
}

#[tokio::test(start_paused = true)]
async fn a_reset_resets_the_stream_and_leaves_its_neighbour_alone() {
    let mut spec = spec(Dialect::Openai);
    let matches = Match { model: Some("bad".to_owned()), ..Match::default() };
    let cut = Fault::Cut { after: Dist::Constant(4.0), close: Close::Reset };
    spec.faults.push(rule(cut, Trigger { matches, ..Trigger::default() }));
    let bench = Bench::new(spec);
    let client = open(&bench).await;
    let (mut one, mut two) = (client.clone(), client);
    let (bad, good) = tokio::join!(hear(&mut one, "bad", 10), hear(&mut two, "good", 10));
    assert_eq!(bad.1, Some(h2::Reason::INTERNAL_ERROR));
    // Four words in two events of two, after the opening one.
    assert_eq!(bad.0.matches("data: ").count(), 3, "{}", bad.0);
    assert!(good.0.ends_with("data: [DONE]\n\n") && good.1.is_none());
    let calls = bench.calls.lock().unwrap();
    let ends: Vec<_> = calls.iter().map(|call| (call.ending, call.words_sent, call.ended.as_us())).collect();
    assert_eq!(ends, [(Ending::Broken, 4, 130_000), (Ending::Complete, 10, 190_000)]);
}

#[tokio::test(start_paused = true)]
async fn a_reset_before_the_headers_is_one_of_the_stream() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Reset));
    let mut client = open(&bench).await;
    let (heard, reason) = hear(&mut client, "m", 3).await;
    assert_eq!((heard.as_str(), reason), ("", Some(h2::Reason::INTERNAL_ERROR)));
    assert_eq!((bench.call().ending, bench.call().status), (Ending::Broken, None));
    assert!(client.ready().await.is_ok(), "the connection lives on");
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_stream_ends_the_stream_and_leaves_its_neighbour_alone() {
    let mut spec = spec(Dialect::Openai);
    let matches = Match { model: Some("bad".to_owned()), ..Match::default() };
    let error = Fault::StreamError {
        after: Dist::Constant(4.0),
        error: ErrorKind::Overloaded,
        then: AfterError::Vendor,
    };
    spec.faults.push(rule(error, Trigger { matches, ..Trigger::default() }));
    let bench = Bench::new(spec);
    let client = open(&bench).await;
    let (mut one, mut two) = (client.clone(), client);
    let (bad, good) = tokio::join!(hear(&mut one, "bad", 10), hear(&mut two, "good", 10));
    assert!(
        bad.0.contains("\"error\"") && bad.0.ends_with("data: [DONE]\n\n") && bad.1.is_none(),
        "{}",
        bad.0
    );
    assert!(good.0.ends_with("data: [DONE]\n\n") && good.1.is_none(), "{}", good.0);
    let calls = bench.calls.lock().unwrap();
    let ends: Vec<_> = calls.iter().map(|call| (call.ending, call.failure, call.ended.as_us())).collect();
    let overloaded = Some(ErrorKind::Overloaded);
    assert_eq!(ends, [(Ending::Broken, overloaded, 130_000), (Ending::Complete, None, 190_000)]);
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_before_it_fails_has_not_failed() {
    let mut spec = spec(Dialect::Openai);
    let matches = |model: &str| {
        let matches = Match { model: Some(model.to_owned()), ..Match::default() };
        Trigger { matches, ..Trigger::default() }
    };
    // The neighbour takes the connection away at 130 ms, with its fourth word; the error is due with the seventh.
    spec.faults.push(rule(Fault::Cut { after: Dist::Constant(4.0), close: Close::Fin }, matches("cut")));
    let error = |then| Fault::StreamError { after: Dist::Constant(7.0), error: ErrorKind::Overloaded, then };
    spec.faults.push(rule(error(AfterError::Vendor), matches("failing")));
    let bench = Bench::new(spec);
    let client = open(&bench).await;
    let (mut one, mut two) = (client.clone(), client);
    tokio::join!(hear(&mut one, "cut", 10), hear(&mut two, "failing", 10));
    let calls = bench.calls.lock().unwrap();
    let failing = calls.iter().find(|call| call.model == "failing").unwrap();
    assert_eq!((failing.ending, failing.failure, failing.words_sent), (Ending::Abandoned, None, 4));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_resets_its_stream_has_left() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Hang));
    let mut client = open(&bench).await;
    let left = tokio::time::timeout(Duration::from_secs(2), hear(&mut client, "m", 3)).await;
    assert!(left.is_err(), "it hangs");
    bench.at_ms(2_001).await;
    assert_eq!((bench.call().ending, bench.call().ended.as_us()), (Ending::Abandoned, 2_000_000));
}

#[tokio::test(start_paused = true)]
async fn a_slow_wire_keeps_what_was_handed_over_and_the_ledger_tells_both_times() {
    // Ten bytes every ten milliseconds.
    let (size, gap) = (Dist::Constant(10.0), Dist::Constant(10_000.0));
    let slow = Fault::Bytes(BytesFault::TinySegments { size, gap });
    let bench = Bench::new(faulty(Dialect::Openai, slow));
    let mut client = open(&bench).await;
    let (heard, _) = hear(&mut client, "m", 1).await;
    assert!(heard.ends_with("data: [DONE]\n\n"), "{heard}");
    let call = bench.call();
    // The only word is due at 100 ms.
    assert_eq!(call.handed.map(mock_providers::clock::Moment::as_us), Some(100_000));
    assert!(call.ended.as_us() > 300_000, "{call:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cut_with_fin_ends_the_connection_and_a_crash_resets_it() {
    let bench =
        Bench::new(faulty(Dialect::Openai, Fault::Cut { after: Dist::Constant(4.0), close: Close::Fin }));
    let mut client = open(&bench).await;
    let (heard, reason) = hear(&mut client, "m", 10).await;
    assert_eq!((heard.matches("data: ").count(), reason), (3, None));
    assert_eq!(bench.call().ending, Ending::Broken);

    let mut spec = spec(Dialect::Openai);
    spec.faults.push(rule(Fault::Crash, during(145, 300)));
    let bench = Bench::new(spec);
    let mut client = open(&bench).await;
    hear(&mut client, "m", 10).await;
    let call = bench.call();
    assert_eq!((call.ending, call.words_sent, call.ended.as_us()), (Ending::Broken, 4, 145_000));
}
