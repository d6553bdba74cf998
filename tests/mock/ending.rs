//! How it ends: by signal, by request, with streams open.

#![cfg(unix)]

use std::io::Read;

use serde_json::Value;

use crate::kit::{Mock, chat, hear, send};

/// The data of the `call` events in a stream of calls.
fn events(heard: &str) -> Vec<Value> {
    let data = heard.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|json| serde_json::from_str(json).unwrap()).collect()
}

#[test]
fn a_stream_that_is_open_at_the_end_is_recorded_and_told_to_those_who_listen() {
    for (signal, namespace) in [("-TERM", "w1"), ("-INT", "w2")] {
        let mock = Mock::start_slow(&["--provider", "openai"]);
        let mut listener = send(&mock.control(), &format!("GET /calls/stream?namespace={namespace}"), "", "");
        let mut told = hear(&mut listener, ": listening");
        let line = format!("POST /ns/{namespace}/v1/chat/completions");
        let mut streams = [0, 1].map(|_| send(&mock.provider("openai"), &line, "", &chat("m", true)));
        for stream in &mut streams {
            hear(stream, "\"content\":\"");
        }

        mock.signal(signal);

        listener.read_to_string(&mut told).unwrap();
        assert_eq!(mock.ended().code(), Some(0), "{signal}");
        let calls = events(&told);
        let endings: Vec<_> = calls.iter().map(|call| call["ending"].as_str().unwrap()).collect();
        assert_eq!(endings, ["shutdown", "shutdown"], "{signal}");
        assert!(calls.iter().all(|call| call["words_sent"].as_u64().unwrap() < 400), "{calls:?}");
    }
}

#[test]
fn listeners_hear_every_call_they_want_as_it_ends() {
    let mock = Mock::start(&["--provider", "openai", "--provider", "openai=b"]);
    let mut listener = send(&mock.control(), "GET /calls/stream?provider=openai", "", "");
    let mut told = hear(&mut listener, ": listening");
    for model in ["m1", "m2"] {
        mock.complete("", "", model);
    }
    told += &hear(&mut listener, "\"m2\"");

    assert_eq!(mock.ask("POST /shutdown", "").status, 202);
    listener.read_to_string(&mut told).unwrap();
    assert_eq!(mock.ended().code(), Some(0));

    let models: Vec<_> = events(&told).iter().map(|call| call["model"].clone()).collect();
    assert_eq!(models, ["m1", "m2"]);
    assert_eq!(told.matches("event: call").count(), 2);
}
