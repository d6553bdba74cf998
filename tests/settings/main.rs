//! Every setting of the router can be written, and what is written is what is configured.
//!
//! I29, as far as the language goes: two values of a setting make two configurations that differ in just that; each
//! setting of the schema and each field of the configuration has such a pair; a zero is a zero; a default does what the
//! setting itself would do; and a served file means the same by a router as a scenario does.

mod cases;
mod docs;
mod fields;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use brownout::scenario::{self, Scenario};
use cases::{CASES, Case, ZEROS};
use serde_json::{Value, json};

/// The smallest scenario in which every setting has a place.
fn base() -> Value {
    json!({
        "providers": {
            "openai": { "dialect": "openai", "keys": ["sk-1", "sk-2"] },
            "azure": { "dialect": "azure" },
        },
        "router": {
            "providers": { "openai": { "region": "eu" }, "azure": { "region": "us" } },
            "models": {
                "gpt": { "provider": "openai", "upstream": "gpt-4o", "price": { "input": 1, "output": 2 } },
                "mini": { "provider": "azure", "price": { "input": 1, "output": 2 } },
            },
            "routes": { "chat": { "chain": ["gpt", "mini"] } },
        },
        "load": [{ "route": "chat", "rate": "1/s", "for": "10s" }],
    })
}

/// As the readers have it: `off` is a word, not a truth value.
fn yaml(text: &str) -> Value {
    let mut options = serde_yaml::Options::default();
    options.strict_booleans = true;
    serde_yaml::from_str_with_options(text, options).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// `base` with `text` at `path` of its router.
fn with(path: &str, text: &str) -> Value {
    let mut scenario = base();
    put(&mut scenario["router"], path, yaml(text));
    scenario
}

fn put(router: &mut Value, path: &str, value: Value) {
    let place = path.split('.').fold(router, |place, key| {
        if !place.is_object() {
            *place = json!({});
        }
        place.as_object_mut().expect("a map").entry(key).or_insert_with(|| json!({}))
    });
    *place = value;
}

fn read(scenario: &Value) -> Result<Scenario, scenario::Problems> {
    scenario::parse(&scenario.to_string(), Path::new("settings.yaml"))
}

#[track_caller]
fn configured(path: &str, text: &str) -> Scenario {
    read(&with(path, text)).unwrap_or_else(|problems| panic!("{path}: {text}\n{problems}"))
}

/// What is configured, as text; secrets are told by their length, since they never tell themselves.
fn told(scenario: &Scenario) -> String {
    let mut secrets: Vec<String> = Vec::new();
    for provider in scenario.router.providers.values() {
        secrets.extend(provider.headers.iter().map(|(name, value)| format!("{name}={}", value.expose())));
    }
    for tenant in scenario.router.tenants.values() {
        secrets.extend(tenant.key.as_ref().map(|key| key.expose().to_owned()));
    }
    format!("{:#?}", (&scenario.router, &scenario.objectives, secrets))
}

#[test]
fn two_values_of_a_setting_make_two_configurations() {
    for Case { path, a, b } in CASES {
        assert_ne!(told(&configured(path, a)), told(&configured(path, b)), "{path}: {a} and {b}");
    }
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let validator = schema::validator();
    for Case { path, a, b } in CASES {
        for text in [a, b] {
            let problems: Vec<String> =
                validator.iter_errors(&with(path, text)).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{path}: {text}: {problems:?}");
        }
    }
}

#[test]
fn what_is_wrong_for_the_schema_is_wrong_for_the_reader() {
    // Whatever stands at a key, if the reader has no complaint, an editor must have none either.
    let validator = schema::validator();
    let odd = [
        "[]",
        "[[]]",
        "{}",
        "{ nonsense: 1 }",
        "nonsense",
        "off",
        "false",
        "any",
        "-1",
        "0",
        "1",
        "0.5",
        "7",
        "1e99",
        "true",
        "yes",
        "''",
        "5s",
        "0s",
        "-5s",
        "50%",
        "0%",
        "150%",
        "p95",
        "p0",
        "0..1",
        "[gpt]",
        "[503]",
        "[eu]",
        "{ usd: 0 }",
        "~",
    ];
    for Case { path, .. } in CASES {
        for text in odd {
            let scenario = with(path, text);
            if read(&scenario).is_ok() {
                let errors: Vec<String> =
                    validator.iter_errors(&scenario).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "the reader takes `{text}` at {path}; {errors:?}");
            }
        }
    }
}

#[test]
fn every_setting_of_the_schema_has_a_pair_that_differs_in_it_alone() {
    let schema = schema::Schema::new();
    let mut shown = BTreeSet::new();
    for Case { path, a, b } in CASES {
        schema.differences(&with(path, a)["router"], &with(path, b)["router"], &mut shown);
    }

    let missing: Vec<_> = schema.settings().difference(&shown).cloned().collect();
    assert!(missing.is_empty(), "no pair for {missing:?}");
}

#[test]
fn every_field_of_the_configuration_can_be_set() {
    // Not a setting of the router: where a mock is, and with which credentials.
    let given = [
        "providers.*.dialect",
        "providers.*.base_url",
        "providers.*.keys",
        "targets",
        "models.*.name",
        "routes.*.name",
        "tenants.*.name",
    ];
    let (mut all, mut set) = (BTreeMap::<String, BTreeSet<Vec<String>>>::new(), BTreeSet::new());
    for Case { path, a, b } in CASES {
        let tell = |text| fields::flatten(&format!("{:#?}", configured(path, text).router));
        let (a, b) = (tell(a), tell(b));
        for (name, value) in &a {
            if b.get(name).is_some_and(|other| other != value) {
                set.insert(name.clone());
            }
        }
        for (name, value) in a.into_iter().chain(b) {
            all.entry(name).or_default().insert(value);
        }
    }

    assert!(all.len() > 100, "{all:#?}");
    for (name, values) in all {
        let is_given = given.iter().any(|given| name.starts_with(given));
        // A struct has fields, and no value of its own.
        let is_struct =
            values.iter().all(|value| value.iter().all(|kind| kind.ends_with('{') && kind != "Some{"));
        assert!(is_given || is_struct || set.contains(&name), "no pair of values sets `{name}`: {values:?}");
    }
}

#[test]
fn a_zero_is_a_zero() {
    for (path, other, zero, field, told_as) in ZEROS {
        let field_of = |text: &str| {
            let fields = fields::flatten(&format!("{:#?}", configured(path, text).router));
            fields.get(*field).cloned().unwrap_or_default()
        };

        assert!(field_of(zero).contains(&(*told_as).to_owned()), "{path}: {zero}: {:?}", field_of(zero));
        assert_ne!(field_of(other), field_of(zero), "{path}");
    }
}

#[test]
fn a_default_does_what_the_setting_itself_would() {
    for Case { path, a, b } in CASES {
        let Some(key) = path.strip_prefix("routes.chat.").filter(|key| !key.starts_with("chain")) else {
            continue;
        };
        for text in [a, b] {
            let default = configured(&format!("defaults.{key}"), text);
            assert_eq!(told(&default), told(&configured(path, text)), "{key}: {text}");
        }
    }
}

#[test]
fn what_a_route_says_stands_over_the_default() {
    for Case { path, a, b } in CASES {
        let Some(key) = path.strip_prefix("routes.chat.").filter(|key| !key.contains(['.'])) else {
            continue;
        };
        // A map is laid over a default map key by key; here both say the same keys.
        if key == "chain" || yaml(a).is_object() || yaml(b).is_object() {
            continue;
        }
        let mut both = with(path, b);
        put(&mut both["router"], &format!("defaults.{key}"), yaml(a));
        let both = read(&both).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(told(&both), told(&configured(path, b)), "{key}: {b} over {a}");
    }
}

#[test]
fn a_served_file_means_the_same() {
    for Case { path, b, .. } in CASES {
        let scenario = with(path, b);
        let mut served = json!({
            "listen": "127.0.0.1:0",
            "providers": { "openai": { "keys": ["sk-1", "sk-2"] }, "azure": { "base_url": "https://a.example/v1", "key": "sk-3" } },
        });
        served["router"] = scenario["router"].clone();
        let text = served.to_string();

        let (read_served, problems) = scenario::serve::parse(&text, Path::new("serve.yaml"), &|_| None);
        let served = read_served.unwrap_or_else(|| panic!("{path}: {b}\n{problems}")).router;
        let simulated = read(&scenario).unwrap_or_else(|problems| panic!("{problems}")).router;
        assert_eq!(served.models, simulated.models, "{path}");
        assert_eq!(served.routes, simulated.routes, "{path}");
        assert_eq!(served.tenants, simulated.tenants, "{path}");
        assert_eq!(served.callers, simulated.callers, "{path}");
        assert_eq!(served.intake, simulated.intake, "{path}");
        assert_eq!(served.cache, simulated.cache, "{path}");
        for (name, provider) in &simulated.providers {
            assert_eq!(served.providers[name].region, provider.region, "{path}");
            assert_eq!(served.providers[name].headers, provider.headers, "{path}");
            assert_eq!(served.providers[name].concurrency, provider.concurrency, "{path}");
            assert_eq!(served.providers[name].retry_budget, provider.retry_budget, "{path}");
        }
    }
}

#[test]
fn a_fault_on_a_model_knows_its_id_at_each_provider() {
    let mut scenario = with(
        "models.gpt",
        "{ deployments: [{ provider: openai, upstream: gpt-4o }, { provider: azure, upstream: gpt-4o-eu }] }",
    );
    scenario["faults"] = yaml("[{ on: [openai, azure], inject: hang, when: { model: gpt } }]");

    let providers = read(&scenario).unwrap_or_else(|problems| panic!("{problems}")).providers;

    let model = |name: &str| providers[name].faults[0].trigger.matches.model.clone();
    assert_eq!(model("openai").as_deref(), Some("gpt-4o"));
    assert_eq!(model("azure").as_deref(), Some("gpt-4o-eu"));
}
