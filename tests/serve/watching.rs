//! Health and metrics.

use serde_json::json;

use crate::kit::{Config, Serve, mocks};
use crate::mocks::exchange;

#[test]
fn health_tells_that_it_serves_and_which_targets_are_out_of_use() {
    let mock = mocks();
    let breaker = "breaker: { failures: 1, open: 60s }";
    let config = Config::over(&mock, "", "");
    config.write(&config.read().replace("router:\n", &format!("router:\n  {breaker}\n")));
    let serve = Serve::start(&config);
    let well = serve.get("/health");
    assert_eq!((well.status, &well.json()["status"]), (200, &json!("ok")));
    mock.json("POST /faults", r#"{ "on": "openai", "inject": "server_error" }"#);

    serve.complete("chat");

    let health = serve.get("/health").json();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["targets"], 2);
    let gpt = &health["out_of_use"]["gpt"];
    assert_eq!((&gpt["state"], &gpt["cause"]), (&json!("open"), &json!("server_error")), "{health}");
    assert!(gpt["for_ms"].as_u64().unwrap() <= 60_000, "{health}");
    let state = |state: &str| {
        serve
            .metric(&format!("brownout_target_state{{target=\"gpt\",provider=\"openai\",state=\"{state}\"}}"))
    };
    assert_eq!((state("open"), state("closed")), (1.0, 0.0));
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(serve.get(path).status, 200, "{path}");
    }
}

#[test]
fn with_a_port_of_their_own_metrics_are_not_shown_to_callers() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "admin: 127.0.0.1:0", ""));

    let ask = |address: &str, path: &str| exchange(address, &format!("GET {path}"), "", "");

    assert_eq!(ask(&serve.address(), "/metrics").status, 404);
    assert_eq!(ask(&serve.address(), "/health").status, 200);
    let metrics = ask(&serve.admin(), "/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.head.contains("application/openmetrics-text"), "{}", metrics.head);
    assert_eq!(ask(&serve.admin(), "/health").status, 200);
    assert_eq!(ask(&serve.admin(), "/v1/models").status, 404);
    let posted = exchange(&serve.admin(), "POST /metrics", "", "");
    assert_eq!((posted.status, posted.head.to_lowercase().contains("allow: get, head")), (405, true));
}

#[test]
fn the_page_of_metrics_is_well_formed() {
    let mock = mocks();
    let serve = Serve::start(&Config::over(&mock, "", ""));
    serve.complete("chat");

    let page = serve.get("/metrics").body;

    let mut types = std::collections::BTreeSet::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap();
            assert!(types.insert(name.to_owned()), "`{name}` is told twice");
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = series.split('{').next().unwrap();
            let family = ["_total", "_sum", "_count", "_bucket", "_info"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            assert!(types.contains(family.unwrap_or(name)) || types.contains(name), "{line}");
        }
    }
    assert!(types.len() > 15, "{types:?}");
}
