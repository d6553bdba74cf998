//! Connections: outages on open ones, callers that leave, limits, and hostile bytes.

use std::time::Duration;

use mock_providers::clock::Moment;
use mock_providers::dialect::Dialect;
use mock_providers::fault::{Fault, Trigger};
use mock_providers::ledger::Ending;
use mock_providers::provider::Admission;
use tokio::io::AsyncWriteExt;

use crate::bench::{Bench, DIALECTS, End, ask, during, rule, spec, words_of};

fn with(fault: Fault, trigger: Trigger) -> Bench {
    let mut spec = spec(Dialect::Openai);
    spec.faults.push(rule(fault, trigger));
    Bench::new(spec)
}

#[tokio::test(start_paused = true)]
async fn a_crash_resets_open_connections_also_in_mid_stream() {
    let bench = with(Fault::Crash, during(145, 300));
    let mut idle = bench.connect();
    let heard = bench.exchange(&ask(Dialect::Openai, true, 10)).await;
    // Words are due at 100, 110, ...; chunks of two at 110 and 130 are out, the next would be at 150.
    assert_eq!((heard.end, heard.ended_ms), (End::Reset, 145));
    assert_eq!(idle.listen().await.end, End::Reset);
    let call = bench.call();
    assert_eq!((call.ending, call.words_sent, call.ended.as_us()), (Ending::Broken, 4, 145_000));
    assert_eq!(call.faults, ["crash"]);
    // Two open connections were struck.
    assert_eq!(bench.provider.fired()[0].1, 2);
}

#[tokio::test(start_paused = true)]
async fn a_shut_port_closes_idle_connections_and_lets_a_stream_finish() {
    let bench = with(Fault::RefuseConnections, during(145, 300));
    let mut idle = bench.connect();
    let heard = bench.exchange(&ask(Dialect::Openai, true, 10)).await;
    // The last of ten words is due at 100 + 9 * 10 = 190 ms, in the middle of the window.
    assert!(heard.text().contains("data: [DONE]"), "{}", heard.text());
    assert_eq!(idle.listen().await.end, End::Fin);
    assert_eq!(bench.call().ending, Ending::Complete);
    // Two open connections were struck.
    assert_eq!(bench.provider.fired()[0].1, 2);
}

#[tokio::test(start_paused = true)]
async fn connects_are_refused_during_the_window_and_accepted_after() {
    let bench = with(Fault::RefuseConnections, during(100, 200));
    assert!(matches!(bench.provider.admit_connection(), Admission::Accept(0)));
    bench.at_ms(100).await;
    assert!(matches!(bench.provider.admit_connection(), Admission::Refuse));
    bench.at_ms(200).await;
    assert!(matches!(bench.provider.admit_connection(), Admission::Accept(2)));
    let tally = &bench.provider.tallies()[0].1;
    assert_eq!((tally.fired(), tally.first_fired()), (1, Some(Moment::from_us(100_000))));
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_withholds_bytes_both_ways_and_gives_them_back() {
    let bench = with(Fault::BlackHole, during(125, 1_000));
    let heard = bench.exchange(&ask(Dialect::Openai, true, 10)).await;
    // The chunk of 110 ms is out; everything else comes when the window ends.
    let times: Vec<u64> = heard.pieces.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(times, [50, 110, 1_000]);
    assert!(heard.text().ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
    let call = bench.call();
    assert_eq!((call.ending, call.words_sent, call.ended.as_us()), (Ending::Complete, 10, 1_000_000));
    assert_eq!(call.faults, ["black_hole"]);

    // A request sent into the hole arrives after it.
    let bench = with(Fault::BlackHole, during(125, 1_000));
    let mut caller = bench.connect();
    bench.at_ms(500).await;
    caller.send(&ask(Dialect::Openai, false, 1)).await;
    caller.listen().await;
    assert_eq!(bench.call().received, Moment::from_us(1_000_000));
}

#[tokio::test(start_paused = true)]
async fn connects_hang_in_a_black_hole_until_its_end() {
    let bench = with(Fault::BlackHole, during(0, 300));
    let until = Moment::from_us(300_000);
    assert!(matches!(bench.provider.admit_connection(), Admission::BlackHole { until: end } if end == until));
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_open_connections_is_struck_by_number() {
    let trigger = Trigger { probability_ppm: Some(500_000), ..during(100, 200) };
    let bench = with(Fault::Crash, trigger);
    let mut callers: Vec<_> = (0..40).map(|_| bench.connect()).collect();
    let mut resets = 0;
    for caller in &mut callers {
        resets += u32::from(caller.listen().await.end == End::Reset);
    }
    // Forty fair tosses: 20, give or take five deviations of sqrt(10) = 3.2.
    assert!((4..=36).contains(&resets), "{resets}");
    assert_eq!(bench.provider.fired()[0].1, u64::from(resets));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_is_noticed_and_generation_stops() {
    for dialect in DIALECTS {
        for (stream, sent) in [(true, 4), (false, 0)] {
            let bench = Bench::new(spec(dialect));
            let mut caller = bench.connect();
            caller.send(&ask(dialect, stream, 50)).await;
            bench.at_ms(135).await;
            drop(caller.wire);
            caller.serving.await.unwrap();
            let call = bench.call();
            // Words at 100, 110, 120, 130 are generated; the plain reply sent none of them.
            assert_eq!((call.ending, call.ended.as_us()), (Ending::Abandoned, 135_000));
            assert_eq!((call.billed_output, call.words_sent), (4, sent), "{dialect:?} {stream}");
            assert_eq!(call.status, stream.then_some(200));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_records_what_was_open() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, true, 50)).await;
    bench.at_ms(135).await;
    caller.serving.abort();
    assert_eq!(caller.listen().await.end, End::Fin);
    assert_eq!((bench.call().ending, bench.call().words_sent), (Ending::Shutdown, 4));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_its_keep_alive() {
    let mut spec = spec(Dialect::Openai);
    spec.keep_alive = Duration::from_secs(3);
    let bench = Bench::new(spec);
    let heard = bench.exchange(&ask(Dialect::Openai, false, 2)).await;
    // The reply at 110 ms, three idle seconds.
    assert_eq!((heard.end, heard.ended_ms), (End::Fin, 3_110));
}

#[tokio::test(start_paused = true)]
async fn a_keep_alive_of_zero_closes_after_every_reply() {
    let mut spec = spec(Dialect::Openai);
    spec.keep_alive = Duration::ZERO;
    let heard = Bench::new(spec).exchange(&ask(Dialect::Openai, false, 2)).await;
    assert_eq!((heard.status(), heard.end, heard.ended_ms), (200, End::Fin, 110));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_answered_after_a_minute() {
    for dialect in DIALECTS {
        let bench = Bench::new(spec(dialect));
        let mut caller = bench.connect();
        let request = ask(dialect, false, 2);
        caller.send(&request[..request.len() - 5]).await;
        bench.at_ms(59_999).await;
        assert!(bench.calls.lock().unwrap().is_empty());
        let heard = caller.listen().await;
        assert_eq!((heard.status(), heard.end), (408, End::Fin));
        assert_eq!(bench.call().status, Some(408));
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_request_is_nobodys_call() {
    for length in [0, 1, 30, 150, 180] {
        let bench = Bench::new(spec(Dialect::Openai));
        let mut caller = bench.connect();
        caller.send(&ask(Dialect::Openai, false, 2)[..length]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(caller.wire);
        caller.serving.await.unwrap();
        assert!(bench.calls.lock().unwrap().is_empty(), "{length}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gigabyte_is_turned_down_unread() {
    for dialect in DIALECTS {
        let bench = Bench::new(spec(dialect));
        let mut caller = bench.connect();
        let head = ask(dialect, false, 2).split("\r\n\r\n").next().unwrap().to_owned();
        let (before, _) = head.split_once("content-length: ").unwrap();
        let rest = head.split_once("content-length: ").unwrap().1.split_once("\r\n").unwrap().1;
        caller.send(&format!("{before}content-length: 1073741824\r\n{rest}\r\n\r\n")).await;
        let heard = caller.listen().await;
        assert_eq!((heard.status(), heard.end), (413, End::Fin), "{}", heard.text());
        assert_eq!(bench.call().status, Some(413));
    }
}

#[tokio::test(start_paused = true)]
async fn an_endless_chunked_body_is_cut_off_at_32_megabytes() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut caller = bench.connect();
    caller.send("POST /v1/chat/completions HTTP/1.1\r\nhost: p\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    let mut written = 0;
    while written < 64 && caller.wire.write_all(chunk.as_bytes()).await.is_ok() {
        written += 1;
    }
    assert!(written < 40, "{written} MB were taken");
    assert_eq!(caller.listen().await.status(), 413);
}

#[tokio::test(start_paused = true)]
async fn garbage_is_turned_down_without_a_call() {
    for garbage in
        ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}hello\r\n\r\n", "POST / HTTP/9.9\r\n\r\n"]
    {
        let bench = Bench::new(spec(Dialect::Openai));
        let heard = bench.exchange(garbage).await;
        assert!(heard.status() == 400 || heard.end == End::Fin, "{garbage:?}: {}", heard.text());
        assert!(bench.calls.lock().unwrap().is_empty());
    }
    let bench = Bench::new(spec(Dialect::Openai));
    let heard = bench.exchange(&format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000))).await;
    assert_eq!(heard.status(), 431);
}

#[tokio::test(start_paused = true)]
async fn hostile_latencies_neither_panic_nor_spin() {
    let mut spec = spec(Dialect::Openai);
    spec.latency.first_token = mock_providers::latency::Dist::Constant(f64::INFINITY);
    spec.latency.per_token = mock_providers::latency::Dist::Constant(f64::NAN);
    spec.chunk = Some(mock_providers::latency::Dist::Constant(-3.0));
    assert!(spec.check().is_err());
    let bench = Bench::new(spec);
    let heard = bench.exchange(&ask(Dialect::Openai, true, 3)).await;
    assert_eq!((heard.end, heard.text().as_str()), (End::Silence, ""));
}

#[tokio::test(start_paused = true)]
async fn the_longest_reply_fits() {
    let mut spec = spec(Dialect::Gemini);
    spec.latency = mock_providers::latency::Latency::none();
    let bench = Bench::new(spec);
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Gemini, false, u32::MAX)).await;
    let heard = caller.listen().await;
    assert_eq!(bench.call().words_sent, 1 << 19);
    assert_eq!(words_of(&heard.raw_body()).split(' ').count(), 1 << 19);
}

#[tokio::test(start_paused = true)]
async fn a_request_body_in_many_pieces_is_read_whole() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut caller = bench.connect();
    for byte in ask(Dialect::Openai, false, 2).split_inclusive(|_| true) {
        caller.send(byte).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(caller.listen().await.status(), 200);
}
