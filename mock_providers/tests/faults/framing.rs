//! Faults of how events are written.

use mock_providers::fault::{Fault, FramingFault, Joint};

use crate::bench::DIALECTS;
use crate::support::{
    Anthropic, Gemini, Openai, call, count, events, fired, healthy, streamed, unknown, words,
};

const fn fault(fault: FramingFault) -> Fault {
    Fault::Framing(fault)
}

#[tokio::test(start_paused = true)]
async fn lines_end_with_cr_lf_where_they_did_not() {
    for dialect in DIALECTS {
        let (_, body) = streamed(fault(FramingFault::Crlf), dialect).await;
        let healthy = healthy(dialect).await;
        assert_eq!(body.replace("\r\n", "\n"), healthy.replace("\r\n", "\n"));
        let lines = healthy.matches('\n').count();
        assert_eq!(body.matches("\r\n").count(), if dialect == Gemini { 0 } else { lines });
    }
    unknown(fault(FramingFault::Crlf), Openai, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_byte_order_mark_comes_first() {
    for dialect in DIALECTS {
        let (_, body) = streamed(fault(FramingFault::Bom), dialect).await;
        assert_eq!(body.strip_prefix('\u{feff}').unwrap(), healthy(dialect).await);
        let (bench, heard) = call(fault(FramingFault::Bom), dialect, false, "").await;
        fired(&bench, 1);
        assert!(heard.raw_body().starts_with("\u{feff}{"));
    }
}

#[tokio::test(start_paused = true)]
async fn no_space_follows_the_colon() {
    for dialect in DIALECTS {
        let (_, body) = streamed(fault(FramingFault::NoSpaceAfterColon), dialect).await;
        assert!(body.contains("data:{") && !body.contains("data: "));
        assert_eq!(body.replace("data:", "data: "), healthy(dialect).await);
    }
}

#[tokio::test(start_paused = true)]
async fn events_have_names_nobody_knows() {
    let named = || fault(FramingFault::EventNames { name: "chunk".to_owned() });
    for dialect in [Openai, Gemini] {
        let (_, body) = streamed(named(), dialect).await;
        assert!(events(&body).iter().all(|event| event.starts_with("event: chunk\ndata: ")), "{body}");
        assert_eq!(body.replace("event: chunk\n", ""), healthy(dialect).await);
    }
    let (_, body) = streamed(named(), Anthropic).await;
    let stranger = "event: chunk\ndata: {\"type\":\"chunk\"}\n\n";
    assert_eq!(body.matches(stranger).count(), 5);
    assert_eq!(body.replace(stranger, ""), healthy(Anthropic).await);
}

#[tokio::test(start_paused = true)]
async fn json_is_spread_over_several_data_lines() {
    for dialect in DIALECTS {
        let (_, body) = streamed(fault(FramingFault::MultiLineData), dialect).await;
        assert!(body.matches("\ndata: ").count() > 20, "{body}");
        for (event, whole) in std::iter::zip(events(&body), events(&healthy(dialect).await)) {
            let joined = |event: &str| {
                let lines = event.lines().filter_map(|line| line.strip_prefix("data: "));
                serde_json::from_str::<serde_json::Value>(&lines.collect::<Vec<_>>().join("\n")).ok()
            };
            assert_eq!(joined(event), joined(whole), "{event}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_events_arrive_as_one() {
    for dialect in DIALECTS {
        let joint = |form| fault(FramingFault::TwoEventsInOne { after: count(2), form });
        let healthy = healthy(dialect).await;
        let (bench, body) = streamed(joint(Joint::Line), dialect).await;
        assert_eq!(events(&body).len() + 1, events(&healthy).len());
        let both = events(&body).into_iter().find(|event| event.contains("}{")).unwrap();
        assert_eq!(both.matches("data: ").count(), 1);
        assert_eq!(
            serde_json::Deserializer::from_str(both.split_once("data: ").unwrap().1)
                .into_iter::<serde_json::Value>()
                .flatten()
                .count(),
            2
        );
        assert!(!bench.call().distorted);
        let (_, body) = streamed(joint(Joint::Block), dialect).await;
        let both = events(&body).into_iter().find(|event| event.matches("data: ").count() == 2).unwrap();
        assert_eq!(
            words(
                &both
                    .replace("\nevent", "\n\nevent")
                    .replace("\ndata: {\"c", "\n\ndata: {\"c")
                    .replace("\ndata: {\"id", "\n\ndata: {\"id")
            ),
            [(2, 4), (4, 6)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_follows_the_last_byte() {
    let garbage = || fault(FramingFault::TrailingGarbage { text: "</html>".to_owned() });
    for dialect in DIALECTS {
        let (_, body) = streamed(garbage(), dialect).await;
        assert_eq!(body, format!("{}</html>", healthy(dialect).await));
        let (_, heard) = call(garbage(), dialect, false, "").await;
        let body = heard.raw_body();
        assert!(serde_json::from_str::<serde_json::Value>(body.strip_suffix("</html>").unwrap()).is_ok());
        assert_eq!(heard.header("content-length"), Some(body.len().to_string()));
    }
}
