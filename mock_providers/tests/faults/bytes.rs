//! Faults of the byte stream.

use mock_providers::dialect::Dialect;
use mock_providers::fault::{BadChunk, BytesFault, Close, ErrorKind, Fault, Sequence, Trigger};
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, DIALECTS, End, Heard, ask, during, faulty, rule, spec};

/// A call for ten words under `fault`: words are due at 100, 110, … 190 ms, in chunks of two.
async fn under(fault: BytesFault, dialect: Dialect, stream: bool) -> (Bench, Heard) {
    let bench = Bench::new(faulty(dialect, Fault::Bytes(fault)));
    let heard = bench.exchange(&ask(dialect, stream, 10)).await;
    assert_eq!(bench.provider.fired()[0].1, 1);
    (bench, heard)
}

/// The same without a fault.
async fn healthy(dialect: Dialect, stream: bool) -> Heard {
    Bench::new(spec(dialect)).exchange(&ask(dialect, stream, 10)).await
}

#[tokio::test(start_paused = true)]
async fn jitter_makes_every_write_late_and_changes_no_byte() {
    for dialect in DIALECTS {
        let late = BytesFault::Jitter { per_chunk: Dist::Constant(7_000.0) };
        let (_, heard) = under(late, dialect, true).await;
        let prompt = healthy(dialect, true).await;
        assert_eq!(heard.text(), prompt.text());
        // Seven ms behind every write, none of which has to wait for the one before: chunks come every 20 ms.
        let times = |heard: &Heard| heard.pieces.iter().map(|(ms, _)| *ms).collect::<Vec<_>>();
        let expected: Vec<u64> = times(&prompt).iter().map(|ms| ms + 7).collect();
        assert_eq!(times(&heard), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn bandwidth_is_given_out_in_slices() {
    let (_, heard) =
        under(BytesFault::Bandwidth { per_second: Dist::Constant(1_000.0) }, Dialect::Openai, false).await;
    assert_eq!(heard.text(), healthy(Dialect::Openai, false).await.text());
    // A fiftieth of a second's 1,000 bytes at a time: 20 bytes every 20 ms, from the 190th ms on; the first slice
    // leaves at once.
    let slices = heard.text().len().div_ceil(20) as u64;
    assert_eq!((heard.pieces.len() as u64, heard.ended_ms), (slices, 190 + (slices - 1) * 20));
}

#[tokio::test(start_paused = true)]
async fn tiny_segments_cut_anywhere() {
    for dialect in DIALECTS {
        let tiny = BytesFault::TinySegments { size: Dist::Constant(3.0), gap: Dist::Constant(1_000.0) };
        let (bench, heard) = under(tiny, dialect, true).await;
        let whole = healthy(dialect, true).await.text();
        assert_eq!(heard.text(), whole);
        assert!(heard.pieces.iter().all(|(_, piece)| piece.len() <= 3));
        assert!(heard.pieces.len() >= whole.len() / 3, "{}", heard.pieces.len());
        assert_eq!(bench.call().ending, Ending::Complete);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_has_been_sent_long_before_its_body_in_tiny_segments() {
    let tiny = BytesFault::TinySegments { size: Dist::Constant(10.0), gap: Dist::Constant(10_000.0) };
    let mut spec = faulty(Dialect::Openai, Fault::Bytes(tiny));
    spec.faults.push(rule(Fault::status(500), Trigger::default()));
    let bench = Bench::new(spec.clone());
    let heard = bench.exchange(&ask(Dialect::Openai, false, 2)).await;
    let head = heard.text().split_once("\r\n\r\n").unwrap().0.len() + 4;
    // From the 20th ms on, ten bytes every ten.
    let sent_ms = 20 + (head as u64).div_ceil(10) * 10 - 10;
    assert_eq!(bench.call().headers_sent.unwrap().as_us(), sent_ms * 1_000);
    assert!(bench.call().ended.as_us() > (sent_ms + 50) * 1_000);
    // Who leaves in between knows the status, and so does the ledger.
    let bench = Bench::new(spec);
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, false, 2)).await;
    bench.at_ms(sent_ms + 50).await;
    drop(caller);
    bench.at_ms(sent_ms + 1_000).await;
    let call = bench.call();
    assert_eq!(
        (call.status, call.failure, call.ending),
        (Some(500), Some(ErrorKind::ServerError), Ending::Abandoned)
    );
}

#[tokio::test(start_paused = true)]
async fn a_reused_connection_is_reset_when_the_next_request_comes() {
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Bytes(BytesFault::ResetReused)));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, false, 2)).await;
    assert_eq!(caller.listen().await.status(), 200);
    assert_eq!(bench.provider.fired()[0].1, 0);
    caller.send(&ask(Dialect::Openai, false, 2)).await;
    let heard = caller.listen().await;
    assert_eq!((heard.text().as_str(), heard.end), ("", End::Reset));
    assert_eq!(bench.provider.fired()[0].1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_between_requests_without_a_word() {
    let after = Dist::Constant(200_000.0);
    let (bench, heard) = under(BytesFault::CloseBetweenRequests { after }, Dialect::Openai, false).await;
    // Answered at 190 ms, closed 200 ms later, although 75 s of keep-alive were to be expected.
    assert_eq!((heard.status(), heard.end, heard.ended_ms), (200, End::Fin, 390));
    assert_eq!(heard.header("connection"), None);
    assert_eq!(bench.call().ending, Ending::Complete);

    // A request that comes in time is answered: the next silence counts.
    let first = Sequence { skip: 0, first: 1, per: Default::default() };
    let mut spec = spec(Dialect::Openai);
    let close = Fault::Bytes(BytesFault::CloseBetweenRequests { after });
    spec.faults.push(rule(close, Trigger { sequence: Some(first), ..Trigger::default() }));
    let bench = Bench::new(spec);
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, false, 10)).await;
    bench.at_ms(300).await;
    caller.send(&ask(Dialect::Openai, false, 10)).await;
    let heard = caller.listen().await;
    assert_eq!((heard.text().matches("HTTP/1.1 200").count(), heard.end), (2, End::Silence));
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_connection_ends_for_the_caller_and_listens_on() {
    for after in [None, Some(Dist::Constant(4.0))] {
        let bench = Bench::new(faulty(Dialect::Openai, Fault::Bytes(BytesFault::HalfClose { after })));
        let mut caller = bench.connect();
        caller.send(&ask(Dialect::Openai, true, 10)).await;
        let heard = caller.listen().await;
        assert_eq!(heard.end, End::Fin);
        assert_eq!(
            heard.text().matches("data: ").count(),
            if after.is_some() { 3 } else { 0 },
            "{}",
            heard.text()
        );
        assert!(!heard.text().ends_with("0\r\n\r\n"));
        // It still takes what it is sent.
        bench.at_ms(5_000).await;
        assert!(caller.wire.write_all(b"x").await.is_ok());
        assert!(!caller.serving.is_finished());
        drop(caller);
        bench.at_ms(5_001).await;
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_with_its_connection_looks_whole_when_cut() {
    for (dialect, stream) in DIALECTS.into_iter().flat_map(|d| [(d, false), (d, true)]) {
        let cut = BytesFault::FinWithoutTerminator { after: Dist::Constant(4.0) };
        let (bench, heard) = under(cut, dialect, stream).await;
        assert_eq!((heard.status(), heard.end), (200, End::Fin));
        assert_eq!((heard.header("content-length"), heard.header("transfer-encoding")), (None, None));
        assert_eq!(heard.header("connection").as_deref(), Some("close"));
        let whole = healthy(dialect, false).await.raw_body();
        let (half, call) = (heard.raw_body(), bench.call());
        assert!(stream || (whole.starts_with(&half[..20]) && half.len() < whole.len()), "{half}");
        assert_eq!(call.ending, Ending::Broken);
        assert!(!stream || call.words_sent == 4);
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_status_line_is_followed_by_nothing() {
    let (bench, heard) = under(BytesFault::StallHeaders, Dialect::Openai, true).await;
    // At the time of the headers of a stream: half-way to the first word.
    assert_eq!(heard.pieces, [(50, "HTTP/1.1 20".to_owned())]);
    assert_eq!(heard.end, End::Silence);
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!((bench.call().ending, bench.call().status), (Ending::Broken, None));
}

#[tokio::test(start_paused = true)]
async fn an_announced_length_is_longer_or_shorter_than_the_body() {
    let whole = healthy(Dialect::Openai, false).await.raw_body();
    for by in [10, -10] {
        let (bench, heard) = under(BytesFault::WrongContentLength { by }, Dialect::Openai, false).await;
        let announced = (whole.len() as i64 + by).to_string();
        assert_eq!(heard.header("content-length"), Some(announced));
        assert_eq!((heard.raw_body(), heard.end), (whole.clone(), End::Silence));
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn chunked_framing_breaks_in_three_ways() {
    let good = healthy(Dialect::Openai, true).await;
    for how in [BadChunk::Size, BadChunk::NoLineBreak, BadChunk::NoLastChunk] {
        let (bench, heard) = under(BytesFault::BadChunkFraming(how), Dialect::Openai, true).await;
        let raw = heard.raw_body();
        match how {
            BadChunk::Size => assert!(raw.contains("\r\nxyz\r\ndata: "), "{raw}"),
            BadChunk::NoLineBreak => assert_eq!(raw.len() + 2, good.raw_body().len()),
            BadChunk::NoLastChunk => assert!(raw.ends_with("data: [DONE]\n\n\r\n"), "{raw}"),
        }
        let end = if how == BadChunk::NoLastChunk { End::Silence } else { End::Fin };
        assert_eq!((heard.end, bench.call().ending), (end, Ending::Broken));
    }
    let (_, heard) = under(BytesFault::BadChunkFraming(BadChunk::Size), Dialect::Openai, false).await;
    assert!(heard.raw_body().ends_with("xyz\r\n\r\n"), "{}", heard.text());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_an_answer_written_by_hand_is_noticed() {
    let cut = BytesFault::FinWithoutTerminator { after: Dist::Constant(100.0) };
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Bytes(cut)));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, true, 100)).await;
    caller.wire.read_exact(&mut [0; 100]).await.unwrap();
    bench.at_ms(155).await;
    drop(caller);
    bench.at_ms(156).await;
    // Words are due at 100, 110, ... in chunks of two: those of 110, 130 and 150 ms were out.
    assert_eq!((bench.call().ending, bench.call().words_sent), (Ending::Abandoned, 6));
}

#[tokio::test(start_paused = true)]
async fn a_cut_inside_a_black_hole_waits_for_its_end() {
    let mut spec = faulty(Dialect::Openai, Fault::Cut { after: Dist::Constant(4.0), close: Close::Reset });
    spec.faults.push(rule(Fault::BlackHole, during(125, 1_000)));
    for stream in [true, false] {
        let bench = Bench::new(spec.clone());
        let heard = bench.exchange(&ask(Dialect::Openai, stream, 10)).await;
        // The cut is due at 130 ms (190 ms for a plain reply), and the wire carries nothing before 1,000 ms.
        assert_eq!((heard.end, heard.ended_ms), (End::Reset, 1_000));
    }
}
