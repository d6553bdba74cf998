//! Arguments, files, and what is printed.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::kit::{Config, Serve, brownout, mocks, refused};

/// Lines 1 to 8 of a file that is right up to there.
const GOOD: &str = "listen: 127.0.0.1:0\n\
                    providers:\n  openai: { key: k1 }\n\
                    router:\n  models: { gpt: { provider: openai } }\n  routes: { chat: { chain: [gpt] } }\n";

fn complaint(text: &str) -> String {
    refused(&Config::new(text).path())
}

#[test]
fn it_tells_where_it_listens_and_how_sdks_get_there() {
    let config = Config::over(&mocks(), "", "");
    let mut child = brownout(&["serve", config.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().take(4).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();

    let origin = lines[0].strip_prefix("# callers: ").unwrap();
    assert_eq!(lines[1], "# `model` is one of: chat");
    assert_eq!(lines[2], format!("export OPENAI_BASE_URL={origin}/v1"));
    assert_eq!(lines[3], format!("export ANTHROPIC_BASE_URL={origin}"));
}

#[test]
fn several_addresses_are_all_listened_on() {
    let config = Config::new(&GOOD.replace("127.0.0.1:0", "[ \"127.0.0.1:0\", \"localhost:0\" ]"));
    let serve = Serve::start(&config);

    for nth in 0..2 {
        let answer = crate::mocks::exchange(&serve.nth(nth), "GET /health", "", "");
        assert_eq!(answer.status, 200, "{nth}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();

    let said = complaint(&GOOD.replace("127.0.0.1:0", &address.to_string()));

    assert!(said.contains(&format!("cannot listen on `{address}`")), "{said}");
    assert!(said.contains("somebody listens there already"), "{said}");
}

#[test]
fn a_file_that_is_not_there_or_holds_nothing_is_no_configuration() {
    let said = refused("no/such.yaml".as_ref());
    assert!(said.contains("E0001") && said.contains("no/such.yaml"), "{said}");
    let said = complaint("# nothing\n");
    assert!(said.contains("E0006") && said.contains("at least `listen`, `providers` and `router`"), "{said}");
    let said = complaint("providers: 3\n");
    assert!(said.contains("a configuration needs `listen`"), "{said}");
    assert!(said.contains("a configuration needs `router`"), "{said}");
}

/// Each mistake with what is said about it; the text stands for the provider of [`GOOD`].
#[test]
fn mistakes_are_told_with_their_place_and_what_to_do() {
    for (provider, words) in [
        ("openai: { key: \"${NO_SUCH}\" }", &["E0801", "`NO_SUCH` is not set", "3:18"][..]),
        ("openai: { key: \"${EMPTY}\" }", &["E0801", "`EMPTY` is empty"]),
        ("openai: { key: \"${EMPTY:-}\" }", &["E0801", "`EMPTY` is empty"]),
        ("openai: { key: \"\" }", &["E0106"]),
        ("openai: { key: ${KEY} }", &["E0004", "quote"]),
        ("openai: { key: \"$KEY\" }", &["E0802", "did you mean `${KEY}`?"]),
        ("openai: { key: \"Bearer ${KEY}\" }", &["E0802", "a reference is the whole value"]),
        ("openai: { key: \"${1X}\" }", &["E0802", "${NAME:-default}"]),
        ("openai: { key: k, region: \"${KEY}\" }", &["E0802", "is not filled in here"]),
        ("openai: { key: k, keys: [a] }", &["E0104", "`keys` and `key` exclude each other"]),
        ("openai: { keys: [a, b, a] }", &["E0302", "the same key as `key-1`"]),
        ("openai: { key_file: no-such.key }", &["E0805", "no-such.key"]),
        ("openai: { key: \"a\\tb\" }", &["E0806", "printable"]),
        ("openai: { kye: k1 }", &["E0101", "did you mean `key`?"]),
        ("openai: { base_url: api.openai.com }", &["E0804", "`http://` or `https://`"]),
        ("openai: { base_url: \"https://\" }", &["E0804"]),
        ("openai: { base_url: \"https://x/#y\" }", &["E0804", "fragment"]),
        ("openai: { dialect: opanai }", &["E0105", "did you mean `openai`?"]),
        ("openai: { http: 3 }", &["E0105", "`auto`"]),
        ("openai: { ca: no-such.pem }", &["E0805", "no-such.pem"]),
        ("openai: { headers: { x-a: \"a\\tb\" } }", &["E0806", "printable"]),
        ("openai: { headers: { host: x } }", &["E0303", "written by the router itself"]),
        ("openai: { headers: { \"a b\": x } }", &["E0303", "`a b` cannot be a name"]),
        ("azure: { key: k }", &["E0102", "`azure` needs `base_url`", "openai.azure.com"]),
        ("mine: { key: k }", &["E0102", "a provider needs `dialect`"]),
        (
            "opanai: { dialect: openai }",
            &["E0301", "there is no provider `openai`", "did you mean `opanai`?"],
        ),
        ("openai: k1", &["E0103", "expected a map"]),
        ("openai: { key: k }\ncallers: { chain: all }", &["E0105", "`of_route`"]),
        ("openai: { key: k }\nintake: { max_in_flight: 0 }", &["E0203"]),
        ("openai: { key: k }\nintake: { queue_wait: 5 }", &["E0201", "did you mean `5ms` or `5s`?"]),
    ] {
        let text = GOOD.replace("openai: { key: k1 }", provider);
        let config = Config::new(&text);
        let mut serve = brownout(&["serve", config.path().to_str().unwrap()]);
        let output = serve.env("EMPTY", "").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{provider}: {said}");
        for word in words {
            assert!(said.contains(word), "{provider}: {word}\n{said}");
        }
        assert!(said.contains("brownout.yaml:"), "{provider}: {said}");
    }
}

#[test]
fn addresses_are_told_how_they_are_written() {
    for (address, words) in [
        ("8080", "E0803"),
        ("8080", "did you mean `127.0.0.1:8080`"),
        ("\":8080\"", "did you mean `127.0.0.1:8080`"),
        ("example.com:80", "write an IP address and a port"),
        ("127.0.0.1:99999", "write an IP address and a port"),
        ("[]", "`listen` is empty"),
        ("\"${NO_SUCH}\"", "`NO_SUCH` is not set"),
        ("[127.0.0.1:4444, \"127.0.0.1:4444\"]", "`127.0.0.1:4444` is listened on twice"),
    ] {
        let said = complaint(&GOOD.replace("127.0.0.1:0", address));
        assert!(said.contains(words) && said.contains("brownout.yaml:1:"), "{address}: {said}");
    }
}

#[test]
fn an_open_door_is_warned_of_and_served_all_the_same() {
    let open = GOOD.replace("127.0.0.1:0", "0.0.0.0:0");
    let config = Config::new(&open);
    let mut serve = Serve::start(&config);
    let said = serve.says("W0807");
    assert!(said.contains("whoever reaches `0.0.0.0:0` is answered at your expense"), "{said}");
    assert!(serve.told["listen"][0].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(serve.get("/health").status, 200);

    config.write(&format!("{open}  tenants: {{ team: {{ key: \"${{KEY}}\" }} }}\n"));
    let output = brownout(&["check", config.path().to_str().unwrap()]).output().unwrap();
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
}

#[test]
fn references_have_defaults_and_addresses_may_be_some() {
    let text = GOOD.replace("127.0.0.1:0", "\"${LISTEN:-127.0.0.1:0}\"").replace("k1", "\"${NO_SUCH:-k2}\"");
    let config = Config::new(&text);

    let serve = Serve::start(&config);

    assert_eq!(serve.get("/health").status, 200);
}

#[test]
fn check_knows_a_configuration_by_what_is_in_it() {
    let config = Config::new(GOOD);
    let good = brownout(&["check", config.path().to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(good.stdout).unwrap();
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(said.contains("brownout.yaml (serves chat)"), "{said}");

    config.write(&GOOD.replace("chain: [gpt]", "chain: [gtp]").replace("key: k1", "key: \"${NO_SUCH}\""));
    let bad = brownout(&["check", config.path().to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(bad.stderr).unwrap();
    assert_eq!(bad.status.code(), Some(2));
    // Every mistake at once.
    assert!(
        said.contains("E0301") && said.contains("did you mean `gpt`?") && said.contains("E0801"),
        "{said}"
    );
    assert!(said.contains("1 of 1 files cannot be run"), "{said}");
}

#[test]
fn the_example_is_a_configuration_and_fits_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/serve.yaml");
    let output = brownout(&["check", path])
        .env("OPENAI_API_KEY", "a")
        .env("ANTHROPIC_API_KEY", "b")
        .env("AZURE_OPENAI_API_KEY", "c")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*said), (Some(0), ""), "{said}");

    let schema = brownout(&["schema", "serve"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = |text: &str| {
        let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
        let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        problems
    };
    let example = std::fs::read_to_string(path).unwrap();
    assert_eq!(valid(&example), Vec::<String>::new());
    assert_eq!(valid(GOOD), Vec::<String>::new());
    for wrong in ["listen:", "providers:", "router:", "dialect: azure"] {
        let text = example.replacen(wrong, &format!("x-{wrong}"), 1);
        assert!(!valid(&text).is_empty(), "{wrong}");
    }
}
