//! The part of the schema that is about the router: the same in scenarios and in files of `brownout serve`.

use serde_json::{Value, json};

use super::super::read::words;
use super::{either, either_of, list_of, map_of, reference, words_of};

/// Keys that must be there.
pub(super) fn required(shape: &str) -> Option<&'static [&'static str]> {
    Some(match shape {
        "router" => &["models", "routes"],
        "deployment" => &["provider"],
        "price" => &["input", "output"],
        "embedding" => &["space"],
        "breaker_probe" => &["synthetic"],
        "route" => &["chain"],
        "chain_item" => &["model"],
        "hedge_after" => &["percentile"],
        "spend" => &["usd"],
        "retry_after_policy" => &["wait_at_most"],
        _ => return None,
    })
}

/// Keys of which exactly one is there.
pub(super) fn choice(shape: &str) -> Option<&'static [&'static str]> {
    match shape {
        "model" => Some(&["provider", "deployments"]),
        "rescue_item" => Some(&["fixed", "model"]),
        _ => None,
    }
}

/// What may stand at a key of the router; none if it is no such key, or one that means the same everywhere.
pub(super) fn property(shape: &str, key: &str) -> Option<Value> {
    Some(match (shape, key) {
        ("router", "models") => map_of("model"),
        ("router", "routes") => map_of("route"),
        ("router", "defaults") => reference("defaults"),
        ("router", "providers") => map_of("upstream"),
        ("router", "tenants") => {
            let tenant = either_of([json!({ "type": "null" }), reference("tenant")]);
            json!({ "type": "object", "minProperties": 1, "additionalProperties": tenant })
        }
        ("router", "callers" | "intake") => reference(key),
        ("router", "cache") => reference("cache_limits"),
        ("cache_limits", _) => count(0),
        ("router" | "model", "breaker") => or_off(reference("breaker")),
        ("model", _) => model(key)?,
        ("price", _) => json!({ "type": "number", "minimum": 0 }),
        ("deployment" | "chain_item", "weight") => count(0),
        ("embedding", "dimensions") => count(1),
        ("embedding", _) => text(),
        ("can", _) => can(key),
        ("min_rate", "tokens_per_s") => json!({ "type": "number", "exclusiveMinimum": 0 }),
        ("model_limits", "min_rate") => min_rate(),
        ("breaker", _) => breaker(key)?,
        ("rate_trip" | "slow_trip", "share") => reference("share"),
        ("rate_trip" | "slow_trip", "min_calls") | ("eager", "turned_away") => count(1),
        ("route" | "defaults", _) => policy(key)?,
        ("hold", "tokens") | ("hedge", "most") => count(0),
        ("hold", "time") => or_off(reference("duration")),
        ("hold", "whole") => words_of(words::hold_whole()),
        ("stream_policy", "hold") => either_of([off(), reference("duration"), reference("hold")]),
        ("stream_policy", "after_commit") => words_of(words::after_commit()),
        ("stream_policy", "ends") => words_of(words::ends()),
        ("stream_policy", "malformed") => words_of(["fail", "skip"]),
        ("stream_policy", _) => or_off(reference("duration")),
        ("budget", "per_second") | ("spend", "usd") => json!({ "type": "number", "minimum": 0 }),
        ("spend", "per") => reference("duration"),
        ("budget", _) | ("hedge_after", "percentile") => reference("share"),
        ("hedge", "after") => either_of(hedge_after()),
        ("hedge", "budget") => budget(),
        ("concurrency", "most") => count(1),
        ("concurrency", _) => json!({ "type": "boolean" }),
        ("upstream", _) => upstream(key),
        ("tenant", _) => tenant(key),
        ("class_policy", "backoff") => either_of([reference("duration"), reference("backoff")]),
        ("class_policy", "times") => count(0),
        ("rescue_item", _) => text(),
        ("objective", "availability") => reference("share"),
        _ => return None,
    })
}

fn model(key: &str) -> Option<Value> {
    Some(match key {
        "deployments" => set_of(either_of([text(), reference("deployment")])),
        "balance" => words_of(words::balances()),
        "price" | "can" => reference(key),
        "limits" => reference("model_limits"),
        "retry" => retry(),
        "context" => count(1),
        "embedding" => either_of([text(), reference("embedding")]),
        _ => return None,
    })
}

fn can(key: &str) -> Value {
    match key {
        "max_output" => count(1),
        "max_stop" => count(0),
        "temperature" => json!({ "type": "string", "pattern": r"^[\d._]+\s*\.\.\s*[\d._]+$" }),
        "refuses" => set_of(text()),
        _ => json!({ "type": "boolean" }),
    }
}

fn breaker(key: &str) -> Option<Value> {
    Some(match key {
        "scope" => words_of(words::breaker_scopes()),
        "rate" => either_of([off(), reference("share"), reference("rate_trip")]),
        "slow" => either_of([off(), reference("duration"), reference("slow_trip")]),
        "jitter" => reference("share"),
        "eager" => or_off(reference("eager")),
        "probe" => either(words::probes(), [reference("breaker_probe")]),
        "ramp" => or_off(reference("duration")),
        _ => return None,
    })
}

/// Keys of a route.
fn policy(key: &str) -> Option<Value> {
    Some(match key {
        "chain" => set_of(either_of([text(), reference("chain_item")])),
        "balance" => words_of(words::balances()),
        "headers" | "first_token" | "attempt" | "cache" => or_off(reference("duration")),
        "min_rate" => or_off(min_rate()),
        "stream" => reference("stream_policy"),
        "retry_order" => words_of(words::retry_orders()),
        "retry_budget" => or_off(budget()),
        "hedge" => {
            let [after, percentile, map] = hedge_after();
            either_of([off(), after, percentile, map, reference("hedge")])
        }
        "advance_on" => either(["by_class"], [statuses()]),
        "ambiguous" => words_of(["replay", "surface"]),
        "soft_refusal" | "never_empty" => json!({ "type": "boolean" }),
        "wrong_model" => words_of(["pass", "fail"]),
        "adapt" => words_of(["allow", "forbid"]),
        "regions" => regions(),
        "retry" => retry(),
        "retry_after" => either(["wait", "move_on"], [reference("retry_after_policy")]),
        "refusal" => words_of(["pass", "next"]),
        "empty" => words_of(["answer", "failure"]),
        "all_benched" => words_of(["fail_fast", "ask_one", "wait"]),
        "rescue" => or_off(list_of(either(["cache"], [reference("rescue_item")]))),
        "objective" => reference("objective"),
        _ => return None,
    })
}

fn upstream(key: &str) -> Value {
    match key {
        "region" => text(),
        "http" => json!({ "enum": [1, 2, "1", "2", "auto"] }),
        "headers" => json!({ "type": "object", "minProperties": 1, "additionalProperties": text() }),
        "limit_headers" => json!({ "enum": ["obey", "ignore"] }),
        "concurrency" => or_off(either_of([count(1), reference("concurrency")])),
        _ => or_off(budget()),
    }
}

fn tenant(key: &str) -> Value {
    match key {
        "models" => set_of(text()),
        "regions" => regions(),
        "spend" => or_off(reference("spend")),
        _ => text(),
    }
}

fn regions() -> Value {
    either(["any"], [set_of(text())])
}

fn budget() -> Value {
    either_of([reference("share"), reference("budget")])
}

fn hedge_after() -> [Value; 3] {
    let percentile = json!({ "type": "string", "pattern": r"^p[\d.]+$" });
    [reference("duration"), percentile, reference("hedge_after")]
}

fn statuses() -> Value {
    let status = json!({ "type": "integer", "minimum": 400, "maximum": 599 });
    json!({ "type": "array", "items": either(["4xx", "5xx"], [status]) })
}

/// What failures lead to, by class or group.
fn retry() -> Value {
    let keys = words::retry();
    json!({
        "type": "object",
        "propertyNames": { "enum": keys.collect::<Vec<_>>() },
        "additionalProperties": either_of([json!({ "type": "integer", "minimum": 0, "maximum": 100 }), reference("class_policy")]),
    })
}

fn min_rate() -> Value {
    either_of([json!({ "type": "number", "exclusiveMinimum": 0 }), reference("min_rate")])
}

fn set_of(items: Value) -> Value {
    let mut set = list_of(items);
    set["uniqueItems"] = json!(true);
    set
}

fn or_off(value: Value) -> Value {
    either_of([off(), value])
}

/// Some programs read `off` as false.
fn off() -> Value {
    json!({ "enum": ["off", false] })
}

fn count(least: u32) -> Value {
    json!({ "type": "integer", "minimum": least })
}

fn text() -> Value {
    json!({ "type": "string" })
}
