//! What a route declares of streams, byte by byte and in virtual time: holding back, keeping warm, going on where a
//! stream broke, hedging, the slowest it may be, and whose answer counts.
//!
//! Providers are scripts of pieces and pauses, a new one for every connection; the caller reads raw bytes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use brownout::dialect::Dialect;
use brownout::router::config::Config;
use brownout::router::config::{
    AfterCommit, Ambiguous, Budget, Hedge, HedgeAfter, Hold, HoldWhole, Limits, MinRate, Model, Provider,
    RefusalPolicy, Route, WrongModel,
};
use brownout::router::trail::{AttemptResult, Cause, Outcome, Trail};
use brownout::router::{Router, http};
use brownout::world::sim::{Answer, Pipe, SimNet};
use brownout::world::{Clock, Dice, Network};
use indexmap::IndexMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// A step of a scripted provider.
#[derive(Clone, Debug)]
enum Do {
    /// Bytes as they are.
    Raw(String),
    /// A chunk with this event in it.
    Event(String),
    /// Nothing for so long.
    Pause(u64),
    /// The end of a chunked body; the connection stays.
    EndBody,
    /// The end of the connection.
    Close,
    /// The next request on the same connection is read.
    ReadAgain,
}

fn head() -> Do {
    Do::Raw(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_owned(),
    )
}

fn says(text: &str) -> Do {
    Do::Event(format!(r#"{{"id":"x","model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#))
}

fn calls(arguments: &str) -> Do {
    let arguments = arguments.replace('"', "\\\"");
    Do::Event(format!(
        r#"{{"id":"x","model":"m","choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"id":"c1","type":"function","function":{{"name":"f","arguments":"{arguments}"}}}}]}}}}]}}"#
    ))
}

fn ends() -> Vec<Do> {
    let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    vec![Do::Event(finish.to_owned()), Do::Event("[DONE]".to_owned()), Do::EndBody]
}

/// A whole stream that says `pieces`, so many milliseconds apart.
fn stream(pieces: &[&str], apart: u64) -> Vec<Do> {
    let mut script = vec![head()];
    for piece in pieces {
        script.push(Do::Pause(apart));
        script.push(says(piece));
    }
    script.extend(ends());
    script
}

/// A stream that breaks after `pieces`.
fn broken(pieces: &[&str], apart: u64) -> Vec<Do> {
    let mut script = vec![head()];
    for piece in pieces {
        script.push(Do::Pause(apart));
        script.push(says(piece));
    }
    script.push(Do::Pause(apart.max(1)));
    script.push(Do::Close);
    script
}

fn plain(text: &str, model: &str) -> Vec<Do> {
    let body = format!(
        r#"{{"id":"x","object":"chat.completion","created":1,"model":"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":3,"completion_tokens":4}}}}"#
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    vec![Do::Raw(head + &body)]
}

const SILENT: &[Do] = &[Do::Pause(600_000)];

/// What a provider was sent, request by request.
type Heard = Arc<Mutex<Vec<String>>>;

struct House {
    router: Arc<Router>,
    clock: Clock,
    trails: Arc<Mutex<Vec<Trail>>>,
    heard: [Heard; 2],
}

/// A router with models `a` and `b`, whose providers follow these scripts, and a route of both.
fn house(a: Vec<Do>, b: Vec<Do>, route: impl FnOnce(Route) -> Route) -> House {
    house_of(a, b, route, |model| model)
}

fn house_of(
    a: Vec<Do>,
    b: Vec<Do>,
    route: impl FnOnce(Route) -> Route,
    model: impl Fn(Model) -> Model,
) -> House {
    let clock = Clock::start(0);
    let net = SimNet::new(clock, Duration::ZERO);
    let heard = [("pa", a), ("pb", b)].map(|(name, script)| provide(&net, name, script));
    let limits = Limits { first_token: Some(Duration::from_secs(5)), ..Limits::default() };
    let usual = Route { deadline: Duration::from_secs(20), limits, ..Route::new("chat", vec![0, 1]) };
    let named = |name: &str| (name.to_owned(), Provider::new(Dialect::Openai, format!("http://{name}/v1")));
    let config = Config::new(
        IndexMap::from([named("pa"), named("pb")]),
        IndexMap::from([
            ("a".to_owned(), model(Model::new("a", 0, "m"))),
            ("b".to_owned(), model(Model::new("b", 1, "m"))),
        ]),
        IndexMap::from([("chat".to_owned(), route(usual))]),
    );
    let trails = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&trails);
    let sink = Arc::new(move |trail| sink.lock().expect("nobody panics").push(trail));
    House { router: Router::new(config, Network::Sim(net), clock, Dice::new(1), sink), clock, trails, heard }
}

fn provide(net: &Arc<SimNet>, name: &str, script: Vec<Do>) -> Heard {
    let mut accepted = net.listen(name, Arc::new(|| Answer::Accept(0)));
    let heard = Heard::default();
    let listener = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Some((pipe, _)) = accepted.recv().await {
            tokio::spawn(play(pipe, script.clone(), Arc::clone(&listener)));
        }
    });
    heard
}

async fn hear(pipe: &mut Pipe, heard: &Heard) -> bool {
    let mut read = vec![0; 65536];
    match pipe.read(&mut read).await {
        Ok(count @ 1..) => {
            let said = String::from_utf8_lossy(&read[..count]).into_owned();
            heard.lock().expect("nobody panics").push(said);
            true
        }
        _ => false,
    }
}

async fn play(mut pipe: Pipe, script: Vec<Do>, heard: Heard) {
    if !hear(&mut pipe, &heard).await {
        return;
    }
    for step in script {
        let done = match step {
            Do::Raw(bytes) => pipe.write_all(bytes.as_bytes()).await.is_ok(),
            Do::Event(data) => {
                let event = format!("data: {data}\n\n");
                pipe.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await.is_ok()
            }
            Do::Pause(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                true
            }
            Do::EndBody => pipe.write_all(b"0\r\n\r\n").await.is_ok(),
            Do::Close => return,
            Do::ReadAgain => hear(&mut pipe, &heard).await,
        };
        if !done {
            return;
        }
    }
    let mut rest = vec![0; 1024];
    while matches!(pipe.read(&mut rest).await, Ok(1..)) {}
}

/// A piece of the answer, and when it came, in milliseconds.
type Piece = (u64, String);

impl House {
    async fn ask(&self, stream: bool) -> Vec<Piece> {
        self.send(&format!(
            r#"{{"model":"chat","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#
        ))
        .await
    }

    /// Sends a body, and reads the answer piece by piece.
    async fn send(&self, body: &str) -> Vec<Piece> {
        let (mut near, far): (DuplexStream, DuplexStream) = tokio::io::duplex(256 * 1024);
        tokio::spawn(http::serve_connection(Arc::clone(&self.router), far));
        let began = self.clock.now();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: r\r\nconnection: close\r\ncontent-type: application/json";
        let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        near.write_all(request.as_bytes()).await.expect("the router reads");
        let mut pieces = Vec::new();
        let mut read = vec![0; 65536];
        while let Ok(count @ 1..) = near.read(&mut read).await {
            let after = (self.clock.now() - began).as_millis() as u64;
            pieces.push((after, String::from_utf8_lossy(&read[..count]).into_owned()));
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(self.router.gauges(), (0, 0, 0), "I22: everything is given back");
        pieces
    }

    fn trail(&self) -> Trail {
        self.trails.lock().expect("nobody panics").last().expect("a trail").clone()
    }

    /// Each attempt in short.
    fn attempts(&self) -> Vec<String> {
        let short = |attempt: &brownout::router::trail::Attempt| match &attempt.result {
            AttemptResult::Failed(failure) => format!("{} {}", attempt.model, failure.class),
            AttemptResult::Served => format!("{} ok", attempt.model),
            AttemptResult::Cancelled => format!("{} cancelled", attempt.model),
            AttemptResult::Lost => format!("{} lost", attempt.model),
        };
        self.trail().attempts.iter().map(short).collect()
    }
}

/// The text of an answer, streamed or whole.
fn text(pieces: &[Piece]) -> String {
    let all: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
    let contents = all.split(r#""content":""#).skip(1);
    contents.filter_map(|rest| rest.split('"').next()).collect()
}

fn all(pieces: &[Piece]) -> String {
    pieces.iter().map(|(_, piece)| piece.as_str()).collect()
}

/// When the first piece with `what` in it came.
fn when(pieces: &[Piece], what: &str) -> Option<u64> {
    pieces.iter().find(|(_, piece)| piece.contains(what)).map(|(at, _)| *at)
}

fn is_whole(pieces: &[Piece]) -> bool {
    let all = all(pieces);
    all.contains("data: [DONE]") && !all.contains(r#""error""#)
}

fn hedge(after: HedgeAfter) -> Option<Hedge> {
    Some(Hedge { after, budget: Budget { share: 1.0, per_second: 10.0 }, most: 1 })
}

#[tokio::test(start_paused = true)]
async fn a_silent_model_is_hedged_and_its_connection_closed_when_the_other_speaks() {
    for streams in [true, false] {
        let answer = if streams { stream(&["well"], 100) } else { plain("well", "m") };
        let after = HedgeAfter::Fixed(Duration::from_millis(300));
        let house = house(SILENT.to_vec(), answer, |route| Route { hedge: hedge(after), ..route });
        let pieces = house.ask(streams).await;
        assert_eq!(text(&pieces), "well");
        // 300 ms until the hedge, and 100 ms until its first word.
        assert_eq!(when(&pieces, "well"), Some(if streams { 400 } else { 300 }));
        assert_eq!(house.attempts(), ["a lost", "b ok"]);
        assert_eq!(house.trail().attempts[1].cause, Cause::Hedge);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_useful_output_wins_not_the_first_byte() {
    // The first model's head and an empty delta come at once, its first word after 900 ms; the second's after 500.
    let mut slow = vec![head(), says("")];
    slow.extend([Do::Pause(900), says("late")]);
    slow.extend(ends());
    let after = HedgeAfter::Fixed(Duration::from_millis(100));
    let house = house(slow, stream(&["early"], 400), |route| Route { hedge: hedge(after), ..route });
    let pieces = house.ask(true).await;
    assert_eq!(text(&pieces), "early");
    assert_eq!(house.attempts(), ["a lost", "b ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_that_fails_does_not_end_the_race() {
    let busy = vec![Do::Raw("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".to_owned())];
    let after = HedgeAfter::Fixed(Duration::from_millis(100));
    let house = house(stream(&["slow"], 700), busy, |route| Route { hedge: hedge(after), ..route });
    let pieces = house.ask(true).await;
    assert_eq!(text(&pieces), "slow");
    assert!(is_whole(&pieces));
    assert_eq!(house.attempts(), ["a ok", "b overloaded"]);
}

#[tokio::test(start_paused = true)]
async fn a_hedge_without_budget_is_not_made() {
    let nothing = Budget { share: 0.0, per_second: 0.0 };
    let policy = Hedge { after: HedgeAfter::Fixed(Duration::from_millis(100)), budget: nothing, most: 1 };
    let house =
        house(stream(&["slow"], 700), stream(&["fast"], 1), |route| Route { hedge: Some(policy), ..route });
    house.ask(true).await;
    assert_eq!(house.attempts(), ["a ok"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_is_repaired_unseen() {
    // Ten words of eight letters are twenty tokens; forty are held back, so nothing was seen of the first stream.
    let hold = Hold { tokens: 40, ..Hold::default() };
    let words = ["eightltr"; 10];
    let house = house(broken(&words, 10), stream(&["well"], 10), |mut route| {
        route.stream.hold = hold;
        route
    });
    let pieces = house.ask(true).await;
    assert_eq!(text(&pieces), "well");
    assert!(is_whole(&pieces));
    assert_eq!(house.attempts(), ["a truncated", "b ok"]);
}

#[tokio::test(start_paused = true)]
async fn held_words_go_out_when_enough_have_come_or_enough_time_has_passed() {
    let words = ["eightltr"; 10];
    for (hold, at) in [
        // Eight bytes are two tokens: the fifth word makes ten. Words come every 100 ms.
        (Hold { tokens: 10, ..Hold::default() }, 500),
        // 250 ms after the first word.
        (Hold { time: Some(Duration::from_millis(250)), ..Hold::default() }, 350),
        // Whichever comes first.
        (Hold { tokens: 10, time: Some(Duration::from_millis(250)), ..Hold::default() }, 350),
        (Hold { tokens: 4, time: Some(Duration::from_secs(5)), ..Hold::default() }, 200),
        (Hold { whole: HoldWhole::Always, ..Hold::default() }, 1000),
        (Hold::default(), 100),
    ] {
        let house = house(stream(&words, 100), SILENT.to_vec(), |mut route| {
            route.stream.hold = hold;
            route
        });
        let pieces = house.ask(true).await;
        assert_eq!(when(&pieces, "eightltr"), Some(at), "{hold:?}");
        assert_eq!(text(&pieces), "eightltr".repeat(10), "{hold:?}");
        assert!(is_whole(&pieces), "{hold:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_call_that_is_held_whole_is_never_handed_over_half() {
    let cut = vec![head(), calls(r#"{"city":"Par"#), Do::Pause(50), Do::Close];
    let mut whole = vec![head(), calls(r#"{"city":"#), Do::Pause(50)];
    whole.push(Do::Event(
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Rome\"}"}}]}}]}"#.to_owned(),
    ));
    whole.extend(ends());
    let hold = Hold { whole: HoldWhole::Tools, ..Hold::default() };
    let house = house(cut, whole, |mut route| {
        route.stream.hold = hold;
        route
    });
    let pieces = house.ask(true).await;
    assert!(!all(&pieces).contains("Par"), "{}", all(&pieces));
    assert!(all(&pieces).contains("Rome") && is_whole(&pieces));
    assert_eq!(house.attempts(), ["a truncated", "b ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_after_text_is_held_although_the_text_is_out() {
    let cut =
        vec![head(), says("let me see"), Do::Pause(50), calls(r#"{"city":"Par"#), Do::Pause(50), Do::Close];
    let hold = Hold { whole: HoldWhole::Tools, ..Hold::default() };
    let house = house(cut, SILENT.to_vec(), |mut route| {
        route.stream.hold = hold;
        route
    });
    let pieces = house.ask(true).await;
    assert!(all(&pieces).contains("let me see"));
    assert!(!all(&pieces).contains("Par") && all(&pieces).contains(r#""error""#), "{}", all(&pieces));
}

#[tokio::test(start_paused = true)]
async fn json_that_is_held_whole_is_looked_at() {
    let ask = |stream: bool| {
        format!(
            r#"{{"model":"chat","stream":{stream},"response_format":{{"type":"json_object"}},"messages":[{{"role":"user","content":"hi"}}]}}"#
        )
    };
    for streams in [true, false] {
        let [bad, good] = match streams {
            true => [stream(&["{oops"], 10), stream(&["[1,2]"], 10)],
            false => [plain("{oops", "m"), plain("[1,2]", "m")],
        };
        let house = house(bad, good, |mut route| {
            route.stream.hold = Hold { whole: HoldWhole::Json, ..Hold::default() };
            route
        });
        let pieces = house.send(&ask(streams)).await;
        assert_eq!(text(&pieces), "[1,2]");
        assert_eq!(house.attempts(), ["a invalid_output", "b ok"]);
    }
}

fn continuing(mut route: Route) -> Route {
    route.stream.after_commit = AfterCommit::Continue;
    route
}

fn accepts(mut model: Model) -> Model {
    model.can.prefill = Some(true);
    model
}

#[tokio::test(start_paused = true)]
async fn a_model_that_accepts_it_goes_on_where_the_stream_broke() {
    let house =
        house_of(broken(&["Once upon", " a time"], 10), stream(&[" there was"], 10), continuing, accepts);
    let pieces = house.ask(true).await;
    assert_eq!(text(&pieces), "Once upon a time there was");
    assert!(is_whole(&pieces));
    assert_eq!(house.attempts(), ["a truncated", "b ok"]);
    let trail = house.trail();
    assert_eq!(trail.attempts[1].cause, Cause::Continue);
    // "Once upon a time" has 16 characters.
    assert_eq!(
        trail.seams.iter().map(|seam| (seam.after_chars, seam.from, seam.to)).collect::<Vec<_>>(),
        [(16, 0, 1)]
    );
    // One preamble: the role is said once.
    assert_eq!(all(&pieces).matches(r#""role":"assistant""#).count(), 1);
    let asked = house.heard[1].lock().expect("nobody panics").concat();
    assert!(asked.contains("Once upon a time") && asked.contains("assistant"), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn blanks_at_a_seam_are_not_given_twice() {
    // A model that was given "Once upon" without its blank (Anthropic refuses one at the end) says it again.
    for (said, more) in [("Once upon ", " a time"), ("Once upon ", "a time"), ("Once upon", " a time")] {
        let house = house_of(broken(&[said], 10), stream(&[more], 10), continuing, accepts);
        let pieces = house.ask(true).await;
        assert_eq!(text(&pieces), "Once upon a time", "{said:?} {more:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_model_that_accepts_it_the_stream_ends_with_the_error_that_broke_it() {
    let house = house(broken(&["Once upon"], 10), stream(&[" there was"], 10), continuing);
    let pieces = house.ask(true).await;
    assert_eq!(text(&pieces), "Once upon");
    assert!(all(&pieces).contains("truncated") && !all(&pieces).contains("[DONE]"));
    assert_eq!(house.attempts(), ["a truncated"]);
    assert!(matches!(house.trail().outcome, Outcome::Interrupted { .. }));
}

#[tokio::test(start_paused = true)]
async fn when_going_on_fails_too_the_first_failure_is_the_answer() {
    let refuses = vec![Do::Raw(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 51\r\n\r\n{\"error\":{\"message\":\"prefill is not supported\"}}   ".to_owned(),
    )];
    let house = house_of(broken(&["Once upon"], 10), refuses, continuing, accepts);
    let pieces = house.ask(true).await;
    assert!(all(&pieces).contains(r#""code":"truncated""#), "{}", all(&pieces));
    assert!(house.attempts().starts_with(&["a truncated".to_owned(), "b invalid_request".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_gone_on_with_after_a_tool_call() {
    let cut =
        vec![head(), says("let me see"), Do::Pause(10), calls(r#"{"city":"Par"#), Do::Pause(50), Do::Close];
    let house = house_of(cut, stream(&["other"], 10), continuing, accepts);
    let pieces = house.ask(true).await;
    assert!(all(&pieces).contains(r#""error""#) && !all(&pieces).contains("other"));
    assert_eq!(house.attempts(), ["a truncated"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_said_again_goes_on_where_it_agrees_and_ends_where_it_differs() {
    let regenerating = |mut route: Route| {
        route.stream.after_commit = AfterCommit::Regenerate;
        route
    };
    let first = || broken(&["Once upon", " a time"], 10);
    let agrees = house(first(), stream(&["Once", " upon a", " time there", " was"], 10), regenerating);
    let pieces = agrees.ask(true).await;
    assert_eq!(text(&pieces), "Once upon a time there was");
    assert!(is_whole(&pieces));
    assert_eq!(agrees.trail().attempts[1].cause, Cause::Regenerate);

    let differs = house(first(), stream(&["Once", " in a", " while"], 10), regenerating);
    let pieces = differs.ask(true).await;
    assert_eq!(text(&pieces), "Once upon a time");
    assert!(all(&pieces).contains(r#""code":"truncated""#) && !all(&pieces).contains("[DONE]"));
    // What differs is the fault of nobody: the second model is not benched for it.
    assert_eq!(differs.attempts()[..2], ["a truncated", "b invalid_output"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_waits_is_kept_warm_and_hears_of_a_late_failure_inside_the_stream() {
    let warm = |mut route: Route| {
        route.stream.keep_warm = Some(Duration::from_secs(1));
        route
    };
    let house = house(SILENT.to_vec(), stream(&["well"], 100), warm);
    let pieces = house.ask(true).await;
    // The first model's limit is 5 s: signs at 1, 2, 3, 4 and 5 s, then the second one's word.
    let signs: Vec<u64> = pieces
        .iter()
        .filter(|(_, piece)| piece.contains("\n: ") || piece.contains(": keep"))
        .map(|(at, _)| *at)
        .collect();
    assert!(signs.len() >= 4 && signs[0] == 1000, "{pieces:?}");
    assert_eq!(when(&pieces, "well"), Some(5100));
    assert!(is_whole(&pieces));

    let dead = self::house(SILENT.to_vec(), SILENT.to_vec(), warm);
    let pieces = dead.ask(true).await;
    assert!(all(&pieces).starts_with("HTTP/1.1 200"));
    assert!(all(&pieces).contains("timeout_first_token") && !all(&pieces).contains("[DONE]"));
    // A plain answer has no place for signs of life, and keeps its status.
    let pieces = dead.ask(false).await;
    assert!(!all(&pieces).starts_with("HTTP/1.1 200"), "{}", all(&pieces));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_too_slow_before_it_commits_has_failed() {
    // A word of two tokens a second is slower than five tokens a second; it is judged two seconds after the first.
    let slow = stream(&["eightltr"; 20], 1000);
    let house = house(slow, stream(&["well"], 10), |mut route| {
        route.limits.min_rate = Some(MinRate { tokens_per_s: 5.0, after: Duration::from_secs(2) });
        route.stream.hold = Hold { tokens: 1000, ..Hold::default() };
        route
    });
    let pieces = house.ask(true).await;
    assert_eq!(text(&pieces), "well");
    assert_eq!(house.attempts(), ["a timeout_idle", "b ok"]);
    // One second to the first word, two until it is judged.
    assert!((3000..3100).contains(&when(&pieces, "well").expect("it came")), "{pieces:?}");
}

#[tokio::test(start_paused = true)]
async fn headers_have_a_limit_of_their_own() {
    let house = house(SILENT.to_vec(), stream(&["well"], 10), |mut route| {
        route.limits.headers = Some(Duration::from_millis(700));
        route
    });
    let pieces = house.ask(true).await;
    assert_eq!(when(&pieces, "well"), Some(710));
    assert_eq!(house.attempts(), ["a timeout_first_token", "b ok"]);
}

#[tokio::test(start_paused = true)]
async fn another_model_than_the_one_asked_is_a_failure_where_the_route_says_so() {
    for (policy, expected) in [(WrongModel::Pass, "cheap"), (WrongModel::Fail, "well")] {
        for streams in [false, true] {
            let [a, b] = match streams {
                false => [plain("cheap", "another-model"), plain("well", "m")],
                true => {
                    let strange = |text: &str| {
                        format!(
                            r#"{{"id":"x","model":"another-model","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#
                        )
                    };
                    let mut a = vec![head(), Do::Event(strange("cheap"))];
                    a.extend(ends());
                    [a, stream(&["well"], 1)]
                }
            };
            let house = house(a, b, |route| Route { wrong_model: policy, ..route });
            assert_eq!(text(&house.ask(streams).await), expected, "{policy:?} stream {streams}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_prose_counts_where_the_route_says_so() {
    let refusal = "I'm sorry, but I can't help with that request.";
    for (soft, expected) in [(false, refusal), (true, "well")] {
        for streams in [false, true] {
            let [a, b] = match streams {
                false => [plain(refusal, "m"), plain("well", "m")],
                true => [
                    stream(&["I'm sorry, but I", " can't help with", " that request."], 10),
                    stream(&["well"], 10),
                ],
            };
            let house =
                house(a, b, |route| Route { soft_refusal: soft, refusal: RefusalPolicy::Next, ..route });
            assert_eq!(text(&house.ask(streams).await), expected, "soft {soft} stream {streams}");
        }
    }
}

/// A connection that was in use a moment ago and dies is a failure like any other.
#[tokio::test(start_paused = true)]
async fn a_busy_connection_that_dies_is_a_failure_of_its_provider() {
    let mut script = plain("well", "m");
    script.extend([Do::ReadAgain, Do::Close]);
    let house = house(script, plain("other", "m"), |route| route);
    assert_eq!(text(&house.ask(false).await), "well");
    assert_eq!(text(&house.ask(false).await), "other");
    assert_eq!(house.attempts(), ["a unreachable", "b ok"]);
}

/// B176: an idle connection that the provider closed is nobody's outage.
#[tokio::test(start_paused = true)]
async fn a_dead_idle_connection_costs_one_attempt_on_a_new_one() {
    let once = |text: &str| {
        let mut script = plain(text, "m");
        // The second request on this connection is read, and the connection dies.
        script.extend([Do::ReadAgain, Do::Close]);
        script
    };
    for (ambiguous, expected) in
        [(Ambiguous::Replay, &["a unreachable", "a ok"][..]), (Ambiguous::Surface, &["a unreachable"])]
    {
        let house = house(once("well"), once("other"), |route| Route { ambiguous, ..route });
        assert_eq!(text(&house.ask(false).await), "well");
        // Long enough that nobody can know whether the connection still lives.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let pieces = house.ask(false).await;
        assert_eq!(house.attempts(), expected);
        assert_eq!(text(&pieces) == "well", ambiguous == Ambiguous::Replay);
    }
}
