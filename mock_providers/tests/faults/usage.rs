//! Faults of the usage that is told: two prompt words and ten of the reply are billed.

use mock_providers::fault::{Fault, Rule, Trigger, UsageFault};
use mock_providers::latency::Dist;

use crate::bench::{Bench, DIALECTS, ask_with, faulty, rule};
use crate::support::{Anthropic, Gemini, Openai, call, events, fired, plain, streamed, unknown};

const USAGE: &str = ",\"stream_options\":{\"include_usage\":true}";

const fn fault(fault: UsageFault) -> Fault {
    Fault::Usage(fault)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_of_usage() {
    for dialect in DIALECTS {
        let (bench, json) = plain(fault(UsageFault::Missing), dialect, "").await;
        assert!(json.get("usage").is_none() && json.get("usageMetadata").is_none(), "{json}");
        // Billed all the same.
        assert_eq!((bench.call().billed_input, bench.call().billed_output), (2, 10));
    }
    for dialect in [Anthropic, Gemini] {
        let (_, body) = streamed(fault(UsageFault::Missing), dialect).await;
        assert!(!body.contains("usage"), "{body}");
    }
    let (bench, heard) = call(fault(UsageFault::Missing), Openai, true, USAGE).await;
    fired(&bench, 1);
    assert!(!heard.dechunked().0.contains("\"usage\":{"));
    // Nobody asked: nothing is missing.
    unknown(fault(UsageFault::Missing), Openai, true).await;
}

#[tokio::test(start_paused = true)]
async fn usage_comes_after_the_terminator() {
    let (bench, heard) = call(fault(UsageFault::Late), Openai, true, USAGE).await;
    fired(&bench, 1);
    let (body, _) = heard.dechunked();
    let [.., done, usage] = events(&body)[..] else { panic!("{body}") };
    assert_eq!(done, "data: [DONE]");
    assert!(usage.contains("\"choices\":[],\"usage\":{"));
    assert_eq!(body.matches("\"usage\":{").count(), 1);
    for dialect in [Anthropic, Gemini] {
        unknown(fault(UsageFault::Late), dialect, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn usage_comes_twice() {
    let (bench, heard) = call(fault(UsageFault::Twice), Openai, true, USAGE).await;
    fired(&bench, 1);
    let (body, _) = heard.dechunked();
    let [.., one, other, done] = events(&body)[..] else { panic!("{body}") };
    assert_eq!((one, done), (other, "data: [DONE]"));
    assert!(one.contains("\"completion_tokens\":10"));
    unknown(fault(UsageFault::Twice), Openai, true).await;
}

#[tokio::test(start_paused = true)]
async fn usage_is_told_ten_times_too_high() {
    let tenfold = || fault(UsageFault::False { factor: Dist::Constant(10.0) });
    for (dialect, fields) in [
        (Openai, ["/usage/prompt_tokens", "/usage/completion_tokens"]),
        (Anthropic, ["/usage/input_tokens", "/usage/output_tokens"]),
        (Gemini, ["/usageMetadata/promptTokenCount", "/usageMetadata/candidatesTokenCount"]),
    ] {
        let (bench, json) = plain(tenfold(), dialect, "").await;
        let told = fields.map(|field| json.pointer(field).and_then(serde_json::Value::as_u64));
        assert_eq!(told, [Some(20), Some(100)]);
        let call = bench.call();
        assert_eq!((call.billed_input, call.billed_output, call.usage_told), (2, 10, Some(10.0)));
    }
    // Twice at once: every count is multiplied once, and rounded once. 2 x 0.75 x 10 = 15, 10 x 7.5 = 75.
    let mut spec = faulty(Openai, fault(UsageFault::False { factor: Dist::Constant(0.75) }));
    spec.faults.push(Rule { name: "second".to_owned(), ..rule(tenfold(), Trigger::default()) });
    let bench = Bench::new(spec);
    let json = bench.exchange(&ask_with(Openai, false, "hello [words=10]", "")).await.json();
    assert_eq!(
        (json["usage"]["prompt_tokens"].as_u64(), json["usage"]["completion_tokens"].as_u64()),
        (Some(15), Some(75))
    );
    assert_eq!(bench.call().usage_told, Some(7.5));
    let (_, heard) = call(tenfold(), Openai, true, USAGE).await;
    assert!(heard.dechunked().0.contains("\"total_tokens\":120"));
    let (_, body) = streamed(tenfold(), Anthropic).await;
    assert!(body.contains("\"input_tokens\":20") && body.contains("\"usage\":{\"output_tokens\":100}"));
}
