//! Real sockets on loopback: the only tests that take real time, tens of milliseconds of it.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mock_providers::clock::{Clock, Moment};
use mock_providers::dialect::Dialect;
use mock_providers::dice::Dice;
use mock_providers::fault::{Close, Fault, Trigger};
use mock_providers::latency::{Dist, Latency};
use mock_providers::ledger::{Call, Ending};
use mock_providers::listen::Listener;
use mock_providers::provider::Provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bench::{ask, during, rule, spec};

struct Port {
    provider: Arc<Provider>,
    address: std::net::SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    clock: Clock,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

fn open(fault: Option<(Fault, Trigger)>) -> Port {
    let mut spec = spec(Dialect::Openai);
    spec.latency = Latency { per_token: Dist::Constant(5_000.0), ..Latency::none() };
    spec.faults.extend(fault.map(|(fault, trigger)| rule(fault, trigger)));
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let ledger = calls.clone();
    let sink = move |call: Call| ledger.lock().unwrap().push(call);
    let clock = Clock::start(0);
    let provider = Provider::new(spec, Dice::new(7), clock, Arc::new(sink));
    let listener = Listener::bind(provider.clone(), ([127, 0, 0, 1], 0).into()).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let address = listener.local_addr();
    let running = tokio::spawn(listener.run(async {
        let _ = stopped.await;
    }));
    Port { provider, address, calls, clock, stop, running }
}

async fn at_ms(port: &Port, ms: u64) {
    port.clock.sleep_until(Moment::from_us(ms * 1_000)).await;
}

async fn hear(stream: &mut TcpStream) -> (String, Option<ErrorKind>) {
    let mut heard = Vec::new();
    let result = stream.read_to_end(&mut heard).await;
    (String::from_utf8(heard).unwrap(), result.err().map(|error| error.kind()))
}

#[tokio::test]
async fn a_call_over_tcp_is_answered_and_a_shutdown_ends_it() {
    let port = open(None);
    let mut caller = TcpStream::connect(port.address).await.unwrap();
    caller.write_all(ask(Dialect::Openai, true, 3).as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("[DONE]") {
        let mut buffer = [0; 4_096];
        let read = caller.read(&mut buffer).await.unwrap();
        assert!(read > 0, "{heard}");
        heard.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    caller.write_all(ask(Dialect::Openai, true, 5_000).as_bytes()).await.unwrap();
    caller.read_exact(&mut [0; 1_000]).await.unwrap();
    port.stop.send(()).unwrap();
    port.running.await.unwrap().unwrap();
    // The connection goes down with the runtime's next turn.
    let (_, _) = hear(&mut caller).await;
    let endings: Vec<Ending> = port.calls.lock().unwrap().iter().map(|call| call.ending).collect();
    assert_eq!(endings, [Ending::Complete, Ending::Shutdown]);
}

#[tokio::test]
async fn resets_are_real_and_fins_are_not_resets() {
    for (fault, error) in [
        (Fault::Reset, Some(ErrorKind::ConnectionReset)),
        (Fault::Cut { after: Dist::Constant(2.0), close: Close::Reset }, Some(ErrorKind::ConnectionReset)),
        (Fault::Cut { after: Dist::Constant(2.0), close: Close::Fin }, None),
    ] {
        let port = open(Some((fault, Trigger::default())));
        let mut caller = TcpStream::connect(port.address).await.unwrap();
        caller.write_all(ask(Dialect::Openai, true, 9).as_bytes()).await.unwrap();
        let (heard, kind) = hear(&mut caller).await;
        assert_eq!(kind, error, "{heard}");
        assert!(!heard.ends_with("0\r\n\r\n"));
    }
}

#[tokio::test]
async fn connects_are_really_refused_in_the_window_and_the_port_comes_back() {
    let port = open(Some((Fault::Crash, during(60, 160))));
    let mut early = TcpStream::connect(port.address).await.unwrap();
    early.write_all(ask(Dialect::Openai, true, 5_000).as_bytes()).await.unwrap();
    let (_, kind) = hear(&mut early).await;
    assert_eq!(kind, Some(ErrorKind::ConnectionReset));
    at_ms(&port, 90).await;
    let refused = TcpStream::connect(port.address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    at_ms(&port, 200).await;
    let mut late = TcpStream::connect(port.address).await.unwrap();
    late.write_all(ask(Dialect::Openai, false, 1).as_bytes()).await.unwrap();
    late.read_exact(&mut [0; 15]).await.unwrap();
    assert_eq!(port.calls.lock().unwrap()[0].ending, Ending::Broken);
    // The port closed once, and one open connection was reset.
    assert_eq!(port.provider.fired()[0].1, 2);
}

#[tokio::test]
async fn nobody_is_heard_in_a_black_hole() {
    let port = open(Some((Fault::BlackHole, during(0, 150))));
    let call = async {
        let mut caller = TcpStream::connect(port.address).await?;
        caller.write_all(ask(Dialect::Openai, false, 1).as_bytes()).await?;
        caller.read_exact(&mut [0; 15]).await
    };
    assert!(tokio::time::timeout(Duration::from_millis(80), call).await.is_err(), "something was heard");
    at_ms(&port, 180).await;
    let mut late = TcpStream::connect(port.address).await.unwrap();
    late.write_all(ask(Dialect::Openai, false, 1).as_bytes()).await.unwrap();
    late.read_exact(&mut [0; 15]).await.unwrap();
    assert_eq!(port.calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_port_that_is_taken_is_not_shared() {
    let port = open(None);
    let provider = Provider::new(spec(Dialect::Openai), Dice::new(7), port.clock, Arc::new(|_: Call| ()));
    assert_eq!(Listener::bind(provider, port.address).unwrap_err().kind(), ErrorKind::AddrInUse);
}
