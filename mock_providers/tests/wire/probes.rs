//! Requests that are no calls: answered, never counted, never hit by a fault.

use mock_providers::dialect::Dialect;
use mock_providers::fault::Fault;

use crate::bench::{Bench, DIALECTS, faulty};

fn request(line: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: p\r\nauthorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n\
         connection: close\r\n\r\n"
    )
}

#[tokio::test(start_paused = true)]
async fn probes_listings_heads_and_preflights_are_answered_while_every_call_hangs() {
    for dialect in DIALECTS {
        let bench = Bench::new(faulty(dialect, Fault::Hang));
        let expected = [
            ("GET /", 200),
            ("GET /health", 200),
            ("GET /healthz", 200),
            ("GET /readyz", 200),
            ("GET /v1/models", 200),
            ("GET /v1/models/some-model", 200),
            ("HEAD /v1/models", 200),
            ("HEAD /", 200),
            ("OPTIONS /v1/chat/completions", 204),
        ];
        for (line, status) in expected {
            let heard = bench.exchange(&request(line)).await;
            assert_eq!(heard.status(), status, "{dialect:?} {line}");
            assert_eq!(heard.raw_body().is_empty(), !line.starts_with("GET"), "{dialect:?} {line}");
        }
        assert!(bench.calls.lock().unwrap().is_empty(), "{dialect:?}");
        assert_eq!(bench.provider.fired(), [("hang".to_owned(), 0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_model_is_told_as_the_listing_tells_it() {
    for dialect in DIALECTS {
        let mut spec = crate::bench::spec(dialect);
        spec.models = vec!["m1".to_owned(), "m2".to_owned()];
        let bench = Bench::new(spec);

        let listing = bench.exchange(&request("GET /v1/models")).await.json();
        let second = listing.get("data").or_else(|| listing.get("models")).unwrap()[1].clone();
        assert_eq!(bench.exchange(&request("GET /v1/models/m2")).await.json(), second, "{dialect:?}");

        let unknown = bench.exchange(&request("GET /v1/models/m3")).await;
        assert_eq!(unknown.status(), 404, "{dialect:?}");
        assert!(unknown.text().contains("m3"), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_model_needs_the_key_that_the_listing_needs() {
    let mut spec = crate::bench::spec(Dialect::Openai);
    spec.keys = vec!["other".to_owned()];
    let bench = Bench::new(spec);

    assert_eq!(bench.exchange(&request("GET /v1/models/m")).await.status(), 401);
    assert!(bench.calls.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_path_that_nobody_knows_is_still_the_vendors_404_and_recorded() {
    let bench = Bench::new(crate::bench::spec(Dialect::Openai));

    assert_eq!(bench.exchange(&request("GET /v1/nothing")).await.status(), 404);
    assert_eq!(bench.call().status, Some(404));
}
