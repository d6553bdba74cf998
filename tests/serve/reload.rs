//! Configurations that change while requests are under way.

use std::io::Read;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::kit::{Config, Serve, body, mocks, slow_mocks, words};
use crate::mocks::{Mock, eventually, exchange, hear};

/// The same file with one more route.
fn with_route(config: &Config, name: &str) {
    config.write(&format!("{}    {name}: {{ chain: [claude] }}\n", config.read()));
}

fn calls_of(mock: &Mock, provider: &str) -> usize {
    mock.calls(&format!("?provider={provider}")).len()
}

#[test]
fn a_signal_takes_up_the_file_and_drops_no_stream() {
    let folder = Config::new("");
    let mock = slow_mocks(&folder);
    let config = Config::over(&mock, "", "");
    let mut serve = Serve::start(&config);
    let mut stream = serve.stream(60);
    let mut heard = hear(&mut stream, "\"content\":\"");
    assert_eq!(serve.complete("new").status, 404);

    // The route of the running stream is gone, and so is its model.
    let text = config.read().replace("chat: { chain: [gpt, claude],  }", "new: { chain: [claude] }");
    config.write(&text.lines().filter(|line| !line.contains("gpt:")).collect::<Vec<_>>().join("\n"));
    serve.signal("-HUP");
    serve.says("\"event\":\"reloaded\"");

    assert_eq!(serve.complete("new").status, 200);
    assert_eq!(serve.complete("chat").status, 404);
    stream.read_to_string(&mut heard).unwrap();
    assert_eq!(words(&heard), 60);
    assert!(heard.contains("data: [DONE]"), "{heard}");
}

#[test]
fn reloads_under_load_drop_no_request() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    let mut serve = Serve::start(&config);
    let address = serve.address();
    let over = AtomicBool::new(false);

    let answered = std::thread::scope(|scope| {
        let caller = || {
            let mut answered = 0;
            while !over.load(Ordering::Relaxed) {
                let answer =
                    exchange(&address, "POST /v1/chat/completions", "", &body("chat", answered % 2 == 0, 3));
                assert_eq!(answer.status, 200, "{answer:?}");
                answered += 1;
            }
            answered
        };
        let callers: Vec<_> = (0..4).map(|_| scope.spawn(caller)).collect();
        for n in 0..10 {
            with_route(&config, &format!("new-{n}"));
            serve.signal("-HUP");
            serve.says(&format!("\"new-{n}\"]"));
        }
        over.store(true, Ordering::Relaxed);
        callers.into_iter().map(|caller| caller.join().unwrap()).sum::<u32>()
    });

    assert!(answered > 20, "{answered}");
    let total = |stream: &str| {
        serve.metric(&format!(
            "brownout_requests_total{{route=\"chat\",outcome=\"answered\",stream=\"{stream}\"}}"
        ))
    };
    eventually("every one of them is counted", || {
        (total("true") + total("false") == f64::from(answered)).then_some(())
    });
}

#[test]
fn a_file_that_changes_is_taken_up_without_a_word() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    let mut serve = Serve::start(&config);

    with_route(&config, "new");

    serve.says("\"event\":\"reloaded\"");
    assert_eq!(serve.complete("new").status, 200);
    assert_eq!(serve.metric("brownout_config_reloads_total{result=\"accepted\"}"), 1.0);
}

#[test]
fn what_is_known_of_a_target_that_stays_is_kept() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    let breaker = "router:\n  breaker: { failures: 1, open: 60s }\n";
    config.write(&config.read().replace("router:\n", breaker));
    let mut serve = Serve::start(&config);
    mock.json("POST /faults", r#"{ "on": "openai", "inject": "server_error", "first": 1 }"#);
    assert_eq!(serve.complete("chat").status, 200);
    let asked = calls_of(&mock, "openai");
    assert_eq!(asked, 1);

    with_route(&config, "new");
    serve.signal("-HUP");
    serve.says("\"event\":\"reloaded\"");
    for _ in 0..5 {
        assert_eq!(serve.complete("chat").status, 200);
    }

    // Benched for a minute, whatever the provider has become since.
    assert_eq!(calls_of(&mock, "openai"), asked);
    assert_eq!(serve.metric("brownout_target_state{target=\"gpt\",provider=\"openai\",state=\"open\"}"), 1.0);
}

#[test]
fn a_bad_file_is_refused_with_its_mistakes_and_what_runs_goes_on() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    let mut serve = Serve::start(&config);
    let good = config.read();

    config.write(&good.replace("[gpt, claude]", "[gpt, claud]"));
    serve.signal("-HUP");

    let said = serve.says("was not taken up");
    assert!(said.contains("there is no model `claud`") && said.contains("did you mean `claude`?"), "{said}");
    assert!(said.contains("brownout.yaml:11:"), "{said}");
    assert_eq!(serve.complete("chat").status, 200);
    assert_eq!(serve.metric("brownout_config_reloads_total{result=\"refused\"}"), 1.0);
    // It is not complained about again and again, and the next good one is taken up.
    config.write(&good);
    with_route(&config, "new");
    let said = serve.says("\"event\":\"reloaded\"");
    assert_eq!(said.matches("was not taken up").count(), 1, "{said}");
}

#[test]
fn a_file_that_is_gone_for_a_while_changes_nothing() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    let mut serve = Serve::start(&config);
    let good = config.read();

    std::fs::remove_file(config.path()).unwrap();
    let said = serve.says("was not taken up");
    assert!(said.contains("E0001"), "{said}");
    assert_eq!(serve.complete("chat").status, 200);

    config.write(&good);
    serve.says("\"event\":\"reloaded\"");
    assert_eq!(serve.complete("chat").status, 200);
}

#[test]
fn ports_come_and_go_and_one_that_is_taken_refuses_everything_else() {
    let mock = mocks();
    let config = Config::over(&mock, "", "");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut serve = Serve::start(&config);
    let old = serve.address();
    let good = config.read();

    let listen = format!("listen: {}", taken.local_addr().unwrap());
    config.write(&good.replace("listen: 127.0.0.1:0", &listen));
    with_route(&config, "new");
    serve.signal("-HUP");
    let said = serve.says("was not taken up");
    assert!(said.contains("somebody listens there already"), "{said}");
    assert_eq!(serve.complete("new").status, 404);

    config.write(&good.replace("listen: 127.0.0.1:0", &format!("listen: {free}")));
    serve.signal("-HUP");
    serve.says("\"event\":\"reloaded\"");
    assert_eq!(exchange(&free.to_string(), "GET /health", "", "").status, 200);
    eventually("the old port is closed", || std::net::TcpStream::connect(&old).is_err().then_some(()));
}

#[test]
fn a_key_in_a_file_is_rotated_without_a_word() {
    let folder = Config::new("");
    let text = "providers: { openai: { dialect: openai, keys: [k-new] }, anthropic: { dialect: anthropic } }";
    let path = folder.beside("mocks.yaml", text);
    let mock = Mock::start(&[path.to_str().unwrap()]);
    let config = Config::over(&mock, "", "");
    let key = config.beside("openai.key", "k-old\n");
    config.write(&config.read().replacen("key: \"${KEY}\"", "key_file: openai.key", 1));
    let mut serve = Serve::start(&config);
    let served_by = |serve: &Serve, model: &str| {
        let answer = serve.complete("chat");
        assert_eq!(answer.status, 200);
        answer.head.contains(&format!("served-by: {model}"))
    };
    assert!(served_by(&serve, "claude"));

    std::fs::write(key, "k-new\n").unwrap();

    serve.says("\"event\":\"reloaded\"");
    // The bench of the old key says nothing about the new one.
    assert!(served_by(&serve, "gpt"));
}
