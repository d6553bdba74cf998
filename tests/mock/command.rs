//! Arguments, files and what is printed.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::kit::{Mock, command, exchange};

fn refused(args: &[&str]) -> String {
    let output = command(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_arguments_there_is_a_provider_of_every_dialect() {
    let mock = Mock::start(&[]);

    let providers = mock.told["providers"].as_object().unwrap();
    let dialects: Vec<&str> = providers.values().map(|one| one["dialect"].as_str().unwrap()).collect();
    let mut known: Vec<&str> =
        mock_providers::dialect::Dialect::ALL.map(mock_providers::dialect::Dialect::name).to_vec();
    known.sort_unstable();
    assert_eq!(dialects, known);
    for (name, one) in providers {
        assert_eq!(name, one["dialect"].as_str().unwrap());
        let urls = one["env"].as_object().unwrap().values();
        assert!(urls.filter(|value| **value == one["base_url"]).count() == 1, "{one}");
    }
}

#[test]
fn providers_may_be_named_and_are_numbered_otherwise() {
    let mock = Mock::start(&["--provider", "openai", "--provider", "openai", "--provider", "gemini=g"]);

    let names: Vec<&String> = mock.told["providers"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["g", "openai", "openai-2"]);
    assert_eq!(mock.told["providers"]["g"]["dialect"], "gemini");
    assert!(mock.told["ca"].is_null());
}

#[test]
fn a_whole_scenario_gives_its_providers_with_their_keys_and_faults() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/rate_limits/429-twice-then-fallback.yaml");
    let plan = brownout::scenario::load(file.as_ref()).unwrap();
    let mock = Mock::start(&[file]);

    let mut names: Vec<&String> = mock.told["providers"].as_object().unwrap().keys().collect();
    let mut planned: Vec<&String> = plan.providers.keys().collect();
    names.sort();
    planned.sort();
    assert_eq!(names, planned);
    let faults: Vec<_> =
        mock.faults("").iter().map(|fault| (fault["provider"].clone(), fault["name"].clone())).collect();
    let expected: Vec<_> = plan
        .providers
        .values()
        .flat_map(|spec| spec.faults.iter().map(|rule| (spec.name.clone().into(), rule.name.clone().into())))
        .collect();
    assert_eq!(faults, expected);
}

#[test]
fn a_file_needs_no_more_than_providers_and_conditions_may_name_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad-day.yaml");
    let text = "providers: { openai: { dialect: openai, keys: [k1] } }\n\
                faults:\n  - { on: openai, inject: overloaded, when: { model: any, tenant: acme } }\n";
    std::fs::write(&file, text).unwrap();
    let mock = Mock::start(&[file.to_str().unwrap()]);
    assert_eq!(mock.told["providers"]["openai"]["env"]["OPENAI_API_KEY"], "k1");

    let status = |headers: &str, model: &str| {
        mock.complete("", &format!("authorization: Bearer {headers}\r\n"), model).status
    };

    assert_eq!(status("k2", "any"), 401);
    assert_eq!(status("k1", "any"), 200);
    assert_eq!(status("k1\r\nx-tenant: acme", "any"), 503);
    assert_eq!(status("k1\r\nx-tenant: acme", "other"), 200);
}

#[test]
fn faults_come_from_the_command_line_short_or_whole() {
    let mock = Mock::start(&[
        "--provider",
        "openai",
        "--provider",
        "openai=b",
        "--inject",
        "{ on: openai, first: 1, inject: { status: 418 } }",
        "--inject",
        "cut: { after: 1 }",
    ]);

    assert_eq!(mock.complete("", "", "m").status, 418);
    let faults = mock.faults("");
    let seen: Vec<_> =
        faults.iter().map(|fault| format!("{} {}", fault["provider"], fault["name"])).collect();
    assert_eq!(seen, ["\"openai\" \"status\"", "\"openai\" \"cut\"", "\"b\" \"cut\""]);
}

#[test]
fn mistakes_are_told_before_anything_starts() {
    assert!(refused(&["--provider", "antropic"]).contains("did you mean `anthropic`?"));
    assert!(refused(&["--inject", "cutt: { after: 3 }"]).contains("did you mean `cut`?"));
    assert!(refused(&["--provider", "openai", "--inject", "{ inject: hang, on: opena }"]).contains("opena"));
    assert!(refused(&["no-such-file.yaml"]).contains("no-such-file.yaml"));
    assert!(refused(&["--port", "65535", "--provider", "openai", "--provider", "gemini"]).contains("65535"));
    assert!(
        refused(&["--provider", "openai", "--tls", "--ca-out", "/nowhere/ca.pem"])
            .contains("/nowhere/ca.pem")
    );
    assert!(refused(&["--ca-out", "ca.pem"]).contains("--tls"));
    assert!(refused(&["file.yaml", "--provider", "openai"]).contains("cannot be used with"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let holder = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = holder.local_addr().unwrap().port().to_string();

    assert!(refused(&["--provider", "openai", "--port", &port]).contains(&format!("127.0.0.1:{port}")));
    assert!(refused(&["--provider", "openai", "--control-port", &port]).contains("control API"));
}

#[test]
fn lines_for_a_shell_set_every_variable_once() {
    let args = ["--fast", "--provider", "openai", "--provider", "vllm", "--provider", "azure"];
    let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines: Vec<String> = lines.take(11).map(Result::unwrap).collect();
    let control = lines.remove(0);
    let control = control.strip_prefix("# control API: http://").unwrap();
    assert_eq!(exchange(control, "GET /health", "", "").status, 200);
    child.kill().unwrap();
    child.wait().unwrap();
    let set = |line: &&String| line.starts_with("export ");
    let names: Vec<&str> =
        lines.iter().filter(set).map(|line| line[7..].split('=').next().unwrap()).collect();
    let azure = ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION"];
    assert_eq!(names, [&["OPENAI_BASE_URL", "OPENAI_API_KEY"], &azure[..]].concat());
    assert_eq!(lines.iter().filter(|line| line.starts_with("# export OPENAI_")).count(), 2);
}
