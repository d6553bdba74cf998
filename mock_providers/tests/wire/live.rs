//! Rules that come and go while a provider works, on open connections and on a real port too.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use mock_providers::clock::Clock;
use mock_providers::dialect::Dialect;
use mock_providers::dice::Dice;
use mock_providers::fault::{Fault, Rule, Sequence, Trigger};
use mock_providers::ledger::{Call, Ending};
use mock_providers::listen::Listener;
use mock_providers::provider::{ADDED_RULES_MAX, Admission, InvalidSpec, Provider};
use tokio::net::TcpStream;

use crate::bench::{Bench, End, ask, rule, spec};

fn hang() -> Rule {
    rule(Fault::Hang, Trigger::default())
}

fn named(name: &str, fault: Fault) -> Rule {
    Rule { name: name.to_owned(), ..rule(fault, Trigger::default()) }
}

fn names(bench: &Bench) -> Vec<(String, bool)> {
    let standing = bench.provider.standing(None);
    standing.into_iter().map(|standing| (standing.rule.name, standing.healed)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_added_fires_until_its_time_is_up() {
    let bench = Bench::new(spec(Dialect::Openai));
    let ask = ask(Dialect::Openai, false, 1);
    assert_eq!(bench.exchange(&ask).await.status(), 200);

    bench.provider.add_rule(None, hang(), Some(Duration::from_secs(3_600))).unwrap();
    assert_eq!(bench.exchange(&ask).await.end, End::Silence);
    assert_eq!(names(&bench), [("hang".to_owned(), false)]);

    bench.at_ms(4_000_000).await;
    assert_eq!(bench.exchange(&ask).await.status(), 200);
    assert_eq!(names(&bench), [("hang".to_owned(), true)]);
    assert_eq!(bench.provider.fired(), [("hang".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_removed_fires_no_more_and_a_reset_brings_back_those_of_the_specification() {
    let mut spec = spec(Dialect::Openai);
    spec.faults.push(named("planned", Fault::Reset));
    let bench = Bench::new(spec);
    let ask = ask(Dialect::Openai, false, 1);
    bench.provider.add_rule(None, hang(), None).unwrap();
    assert_eq!(bench.exchange(&ask).await.end, End::Reset);

    assert!(bench.provider.remove_rule(None, "planned"));
    assert!(!bench.provider.remove_rule(None, "planned"));
    assert_eq!(bench.exchange(&ask).await.end, End::Silence);

    bench.provider.reset(None);
    assert_eq!(names(&bench), [("planned".to_owned(), false)]);
    assert_eq!(bench.provider.fired(), [("planned".to_owned(), 0)]);
    assert_eq!(bench.exchange(&ask).await.end, End::Reset);
}

#[tokio::test(start_paused = true)]
async fn unsound_nameless_and_doubled_rules_are_refused_and_a_healed_name_is_free() {
    let bench = Bench::new(spec(Dialect::Openai));
    let add = |rule, lasts| bench.provider.add_rule(None, rule, lasts);
    assert_eq!(add(named("", Fault::Hang), None), Err(InvalidSpec::RuleName(String::new())));
    add(hang(), Some(Duration::from_secs(1))).unwrap();
    assert_eq!(add(hang(), None), Err(InvalidSpec::RuleName("hang".to_owned())));

    bench.at_ms(1_000).await;
    add(hang(), None).unwrap();

    assert_eq!(names(&bench), [("hang".to_owned(), false)]);
}

#[tokio::test(start_paused = true)]
async fn rules_that_are_added_are_bounded_and_healed_ones_make_room() {
    let bench = Bench::new(spec(Dialect::Openai));
    let add = |name: &str, lasts| bench.provider.add_rule(None, named(name, Fault::Hang), lasts);
    add("short", Some(Duration::from_secs(1))).unwrap();
    for n in 1..ADDED_RULES_MAX {
        add(&n.to_string(), None).unwrap();
    }
    assert_eq!(add("more", None), Err(InvalidSpec::TooManyRules(ADDED_RULES_MAX)));

    bench.at_ms(1_000).await;
    add("more", None).unwrap();

    assert_eq!(names(&bench).len(), ADDED_RULES_MAX);
    assert!(!names(&bench).contains(&("short".to_owned(), true)));
}

#[tokio::test(start_paused = true)]
async fn a_crash_that_is_added_resets_open_connections_and_refuses_new_ones() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, true, 100)).await;
    // First word after 100 ms, then one every 10 ms: at 205 ms the stream is under way.
    bench.at_ms(205).await;
    bench.provider.add_rule(None, rule(Fault::Crash, Trigger::default()), None).unwrap();

    let heard = caller.listen().await;

    assert_eq!((heard.end, heard.ended_ms), (End::Reset, 205));
    assert_eq!((bench.call().ending, bench.call().faults), (Ending::Broken, vec!["crash".to_owned()]));
    assert_eq!(bench.provider.admit_connection(), Admission::Refuse);
    bench.provider.remove_rule(None, "crash");
    assert!(matches!(bench.provider.admit_connection(), Admission::Accept(_)));
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_lets_go_of_open_connections_when_it_is_removed() {
    let bench = Bench::new(spec(Dialect::Openai));
    let mut caller = bench.connect();
    caller.send(&ask(Dialect::Openai, false, 1)).await;
    bench.at_ms(50).await;
    bench.provider.add_rule(None, rule(Fault::BlackHole, Trigger::default()), None).unwrap();
    bench.at_ms(5_000).await;
    bench.provider.remove_rule(None, "black_hole");

    let heard = caller.listen().await;

    // Due at 100 ms, withheld until 5 s.
    assert_eq!((heard.status(), heard.pieces[0].0), (200, 5_000));
}

#[tokio::test(start_paused = true)]
async fn what_struck_once_does_not_strike_again_when_other_rules_come() {
    let mut spec = spec(Dialect::Openai);
    spec.faults.push(rule(Fault::BlackHole, crate::bench::during(100, 9_000_000)));
    let bench = Bench::new(spec);
    let _caller = bench.connect();
    bench.at_ms(200).await;
    tokio::task::yield_now().await;
    assert_eq!(bench.provider.fired()[0].1, 1);

    bench.provider.add_rule(None, hang(), None).unwrap();
    bench.at_ms(300).await;

    assert_eq!(bench.provider.fired()[0].1, 1);
}

#[tokio::test]
async fn a_real_port_closes_when_a_refusal_is_added_and_opens_again_without_it() {
    let provider =
        Provider::new(spec(Dialect::Openai), Dice::new(7), Clock::start(0), Arc::new(|_: Call| {}));
    let listener = Listener::bind(provider.clone(), ([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr();
    let running = tokio::spawn(listener.run(std::future::pending()));
    drop(TcpStream::connect(address).await.unwrap());

    provider.add_rule(None, rule(Fault::RefuseConnections, Trigger::default()), None).unwrap();
    // The listener hears of it on its next turn: that is when the rule counts as fired.
    while provider.fired()[0].1 == 0 {
        tokio::task::yield_now().await;
    }
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    provider.remove_rule(None, "refuse_connections");
    while TcpStream::connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_sequence_that_is_added_counts_from_then_on() {
    let bench = Bench::new(spec(Dialect::Openai));
    let ask = ask(Dialect::Openai, false, 1);
    bench.exchange(&ask).await;
    let sequence = Some(Sequence { skip: 1, first: 1, per: Default::default() });
    let trigger = Trigger { sequence, ..Trigger::default() };
    bench.provider.add_rule(None, rule(Fault::Reset, trigger), None).unwrap();

    let ends =
        [bench.exchange(&ask).await.end, bench.exchange(&ask).await.end, bench.exchange(&ask).await.end];

    // The second call after the rule came, not the second of all.
    assert_eq!(ends, [End::Silence, End::Reset, End::Silence]);
}
