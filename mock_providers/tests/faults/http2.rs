//! Faults of HTTP/2's frames.

use bytes::Bytes;
use h2::client::SendRequest;
use mock_providers::dialect::Dialect;
use mock_providers::fault::{Fault, HttpFault};
use mock_providers::latency::Dist;
use mock_providers::ledger::Ending;

use crate::bench::{Bench, ask, faulty};

async fn open(bench: &Bench) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(bench.connect().wire).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

/// Events heard, and what went wrong then.
async fn hear(client: &mut SendRequest<Bytes>) -> (usize, Option<h2::Error>) {
    let text = ask(Dialect::Openai, true, 10);
    let body = Bytes::from(text.split_once("\r\n\r\n").unwrap().1.to_owned());
    let request = http::Request::post("http://p/v1/chat/completions").header("authorization", "Bearer k");
    let (answer, mut stream) = client.send_request(request.body(()).unwrap(), false).unwrap();
    stream.send_data(body, true).unwrap();
    let mut body = match answer.await {
        Ok(answer) => answer.into_body(),
        Err(error) => return (0, Some(error)),
    };
    let mut events = 0;
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => events += String::from_utf8_lossy(&data).matches("data: ").count(),
            Err(error) => return (events, Some(error)),
        }
    }
    (events, None)
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_reset_with_the_code_that_was_asked_for() {
    for (after, events) in [(None, 0), (Some(Dist::Constant(4.0)), 3)] {
        let fault = HttpFault::RstStream { code: 7, after };
        let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
        let mut client = open(&bench).await;
        let (heard, error) = hear(&mut client).await;
        let error = error.unwrap();
        assert_eq!(
            (heard, error.reason(), error.is_reset()),
            (events, Some(h2::Reason::REFUSED_STREAM), true)
        );
        assert_eq!(bench.call().ending, Ending::Broken);
        assert!(client.ready().await.is_ok(), "the connection lives on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_given_up_with_the_code_that_was_asked_for() {
    for (after, events) in [(None, 0), (Some(Dist::Constant(4.0)), 3)] {
        let fault = HttpFault::Goaway { code: 11, after };
        let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
        let mut client = open(&bench).await;
        let (heard, error) = hear(&mut client).await;
        assert_eq!(heard, events);
        let error = error.expect("the stream dies");
        // A call that was not answered is told so, by the last stream that was; one that was loses its connection.
        let told = error.is_go_away() && error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
        assert_eq!((told, error.is_io()), (events == 0, events > 0), "{error:?}");
        assert!(client.ready().await.is_err(), "the connection is over");
        assert_eq!(bench.call().ending, Ending::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_without_an_error_lets_open_streams_finish() {
    let fault = HttpFault::Goaway { code: 0, after: None };
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
    let mut client = open(&bench).await;
    let (events, error) = hear(&mut client).await;
    // The opening, five events of two words, the finish and the terminator.
    assert_eq!((events, error.is_none()), (8, true));
    assert_eq!(bench.call().ending, Ending::Complete);
    bench.at_ms(1_000).await;
    assert!(client.ready().await.is_err(), "no further stream is taken");
}

#[tokio::test(start_paused = true)]
async fn faults_of_http2_do_not_fire_on_http1() {
    let fault = HttpFault::RstStream { code: 7, after: None };
    let bench = Bench::new(faulty(Dialect::Openai, Fault::Http(fault)));
    assert_eq!(bench.exchange(&ask(Dialect::Openai, false, 1)).await.status(), 200);
    assert_eq!(bench.provider.fired()[0].1, 0);
}
