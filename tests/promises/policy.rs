//! Isolation and policy: I16, I23, I24, I29.

use std::collections::BTreeSet;

use brownout::history::{Mode, Record, SkipReason};

use super::kit::{
    DIALECTS, Way, World, attempts, calls_at, error, everywhere, is_whole, ms, simulated, took,
};

fn skips(record: &Record) -> Vec<SkipReason> {
    record.trail.as_ref().expect("a trail").skips.iter().map(|skip| skip.reason).collect()
}

/// I16: every call has the credential of its provider and the id of its model, repeats carry the same body, and what was
/// said to one model is not said to the next. Broken by: `call` (relay/open.rs) taking the first provider's key.
#[test]
fn i16_nothing_leaks_from_one_attempt_into_the_next() {
    everywhere(|way| {
        let world = World::new(way).route("retry: { server_error: { times: 2, backoff: 1ms } }");
        let run = world.ask("Hello [words=4]").fault("pa", "server_error", "").run();
        let record = run.only();
        let of = |provider| calls_at(record, provider).collect::<Vec<_>>();
        let prints =
            |provider| of(provider).iter().map(|call| call.credential.clone()).collect::<BTreeSet<_>>();
        let (a, b) = (prints("pa"), prints("pb"));
        assert_eq!((of("pa").len(), of("pb").len()), (3, 1), "{}", run.place());
        assert!(a.len() == 1 && b.len() == 1 && a.is_disjoint(&b), "{}: {a:?} {b:?}", run.place());
        assert!(a.iter().all(Option::is_some), "{}", run.place());
        assert!(of("pa").iter().all(|call| call.model == "up-a"), "{}", run.place());
        assert!(of("pb").iter().all(|call| call.model == "up-b"), "{}", run.place());
        let bodies: BTreeSet<_> = of("pa").iter().map(|call| &call.body).collect();
        assert_eq!(bodies.len(), 1, "{}", run.place());
    });
}

/// I23: access holds on every hop, the last resort's included, and the trail says why a model was not asked. Broken by:
/// `why_not` (router/plan.rs) not looking at the tenant's models; `last_resort` (engine/turn.rs) not asking it.
#[test]
fn i23_a_tenant_reaches_only_its_models() {
    everywhere(|way| {
        let tenant = "  tenants:\n    acme: { models: [b] }\n";
        let mut chain = World::new(way);
        chain.router = tenant.to_owned();
        let run = chain.ask_with("Hello [words=4]", "tenant: acme").run();
        assert_eq!(attempts(run.only()), ["b ok"], "{}", run.place());
        assert_eq!(skips(run.only()), [SkipReason::NotAllowed], "{}", run.place());
        let mut resort = World::new(way).route("rescue: [{ model: a }, { fixed: sorry }]");
        resort.route = resort.route.replace("[a, b]", "[b]");
        resort.router = tenant.to_owned();
        let run = resort.ask_with("Hello [words=4]", "tenant: acme").fault("pb", "server_error", "").run();
        assert_eq!(attempts(run.only()), ["b server_error"], "{}", run.place());
        assert_eq!(run.only().caller.served_by.as_deref(), Some("fixed"), "{}", run.place());
        assert_eq!(run.calls("pa").len(), 0, "{}", run.place());
    });
}

/// I23: residency likewise, by the route or by the tenant; where nothing is in the region, nobody is asked. Broken by:
/// `why_not_there` (router/plan.rs) asking only one list.
#[test]
fn i23_requests_stay_in_their_region() {
    everywhere(|way| {
        let providers = "  providers:\n    pa: { region: us }\n    pb: { region: eu }\n";
        let mut by_route = World::new(way).route("regions: [eu]");
        by_route.router = providers.to_owned();
        let mut by_tenant = World::new(way);
        by_tenant.router = format!("{providers}  tenants:\n    acme: {{ regions: [eu] }}\n");
        let mut resort = World::new(way).route("regions: [eu], rescue: [{ model: a }]");
        resort.route = resort.route.replace("[a, b]", "[b]");
        resort.router = providers.to_owned();
        for world in [by_route.ask("Hello [words=4]"), by_tenant.ask_with("Hello [words=4]", "tenant: acme")]
        {
            let run = world.run();
            assert_eq!(attempts(run.only()), ["b ok"], "{}", run.place());
            assert_eq!(skips(run.only()), [SkipReason::Region], "{}", run.place());
            assert_eq!(run.calls("pa").len(), 0, "{}", run.place());
        }
        let run = resort.ask("Hello [words=4]").fault("pb", "server_error", "").run();
        assert_eq!(error(run.only()).0, 500, "{}", run.place());
        assert_eq!(run.calls("pa").len(), 0, "{}: a last resort abroad", run.place());
    });
}

/// I23: a model that seems too small and is abroad besides is named with the reason that bars it. Broken by: `plan`
/// (router/plan.rs) forgetting what `targets` excludes of those that are too small.
#[test]
fn i23_whoever_is_barred_is_named() {
    for way in simulated() {
        let mut world = World::new(way).route("regions: [eu]");
        world.route = world.route.replace("[a, b]", "[a]");
        world.a.push_str(", context: 1");
        world.router = "  providers:\n    pa: { region: us }\n    pb: { region: eu }\n".to_owned();
        let run = world.ask("A prompt of more than one token [words=4]").run();
        assert_eq!(error(run.only()).0, 403, "{}", run.place());
        assert_eq!(skips(run.only()), [SkipReason::Region], "{}", run.place());
    }
}

/// I24: the same failure leads to the same attempts, plain and streamed and whatever the provider speaks. Broken by:
/// `then` (engine/decide.rs) surfacing overload for streams.
#[test]
fn i24_decisions_do_not_depend_on_the_path() {
    for fault in [
        "overloaded",
        "server_error",
        "rate_limit",
        "quota_exhausted",
        "unauthorized",
        "not_found",
        "context_exceeded",
        "invalid_request",
        "refuse_connections",
        "reset",
        "{ empty: empty_text }",
    ] {
        let told = |dialect, stream, mode| {
            let way = Way { dialect, stream, mode };
            let world = World::new(way).route("retry: { transient: { times: 1, backoff: 1ms } }");
            let run = world.ask("Hello [words=4]").fault("pa", fault, "").run();
            attempts(run.only())
        };
        let usual = told("openai", false, Mode::Simulated);
        for (dialect, stream) in DIALECTS.into_iter().flat_map(|dialect| [(dialect, false), (dialect, true)])
        {
            assert_eq!(told(dialect, stream, Mode::Simulated), usual, "{dialect} stream {stream} {fault}");
        }
        assert_eq!(told("anthropic", true, Mode::RealTime), usual, "over sockets: {fault}");
    }
}

/// I29: settings take effect: two values, two logs. (`tests/settings` holds every key of the language to it.) Broken by:
/// any of them being ignored, as `hedge_at` (engine/hedge.rs) always saying none.
#[test]
fn i29_two_values_lead_to_two_logs() {
    everywhere(|way| {
        let cases = [
            ("max_attempts: 1", "overloaded", vec!["a overloaded"]),
            ("max_attempts: 2", "overloaded", vec!["a overloaded", "b ok"]),
            ("retry: { overloaded: 0 }", "overloaded", vec!["a overloaded", "b ok"]),
            (
                "retry: { overloaded: { times: 1, backoff: 1ms } }",
                "overloaded",
                vec!["a overloaded", "a overloaded", "b ok"],
            ),
            ("retry: { overloaded: { times: 0, then: surface } }", "overloaded", vec!["a overloaded"]),
            ("advance_on: [503]", "{ status: { code: 500 } }", vec!["a server_error"]),
            ("advance_on: [500]", "{ status: { code: 500 } }", vec!["a server_error", "b ok"]),
            ("hedge: 100ms", "{ latency_spike: { add: 2s } }", vec!["a lost", "b ok"]),
            ("hedge: off", "{ latency_spike: { add: 600ms } }", vec!["a ok"]),
        ];
        for (setting, fault, expected) in cases {
            let run = World::new(way).route(setting).ask("Hello [words=4]").fault("pa", fault, "").run();
            assert_eq!(attempts(run.only()), expected, "{} {setting}", run.place());
        }
    });
}

/// A hedge answers when it is due, and its loser's call is closed at once. Broken by: `Flight` (relay/race.rs) kept alive
/// after the race.
#[test]
fn i12_a_hedge_bounds_the_wait() {
    for way in simulated() {
        let run = World::new(way)
            .route("hedge: 100ms")
            .ask("Hello [words=4]")
            .fault("pa", "{ latency_spike: { add: 3s } }", "")
            .run();
        let record = run.only();
        assert!(is_whole(record), "{}", run.place());
        // 100 ms, then b: 20 ms and four tokens.
        assert!(took(record) <= ms(100 + 20 + 10) + way.slack(), "{}: {:?}", run.place(), took(record));
        let loser = calls_at(record, "pa").next().expect("a call");
        assert!(
            loser.ended <= record.caller.ended + way.slack(),
            "{}: closed at {:?}",
            run.place(),
            loser.ended
        );
    }
}
