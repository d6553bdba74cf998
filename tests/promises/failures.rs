//! Recognising failure: I04, I05, I08, I09, I17.

use brownout::history::{CallerEnding, SkipReason};

use super::kit::{
    DIALECTS, Way, World, attempts, calls_at, error, everywhere, is_whole, over_sockets, simulated, streamed,
};

/// I04: a failure inside a success is treated like its HTTP equivalent, class for class. Broken by: an error event
/// (dialect/stream.rs) always meaning `server_error`.
#[test]
fn i04_an_error_inside_a_success_is_the_same_error() {
    streamed(|way| {
        for (fault, kind) in [
            ("overloaded", "overloaded"),
            ("server_error", "server_error"),
            ("rate_limit", "rate_limited"),
            ("invalid_request", "invalid_request"),
            ("not_found", "not_found"),
        ] {
            let outside = World::new(way).ask("Hello [words=4]").fault("pa", fault, "").run();
            let inside = World::new(way)
                .ask("Hello [words=4]")
                .fault("pa", &format!("{{ stream_error: {{ after: 0, error: {kind} }} }}"), "")
                .run();
            assert_eq!(attempts(outside.only()), attempts(inside.only()), "{} {fault}", inside.place());
            assert_eq!(
                outside.only().caller.served_by,
                inside.only().caller.served_by,
                "{} {fault}",
                inside.place()
            );
        }
    });
}

/// I05: a success without content is what the route says: an answer, or a failure that the next model mends. Broken by:
/// `Measure::silence` (relay/verdict.rs) not asking the policy.
#[test]
fn i05_emptiness_is_what_the_route_says() {
    everywhere(|way| {
        for kind in ["any", "empty_text"] {
            for (policy, served) in [("answer", "a ok"), ("failure", "b ok")] {
                let run = World::new(way)
                    .route(&format!("empty: {policy}"))
                    .ask("Hello [words=4]")
                    .fault("pa", &format!("{{ empty: {kind} }}"), "")
                    .run();
                let record = run.only();
                assert_eq!(record.caller.ending, CallerEnding::Complete, "{} {kind} {policy}", run.place());
                assert_eq!(
                    attempts(record).last().map(String::as_str),
                    Some(served),
                    "{} {kind} {policy}",
                    run.place()
                );
                let silent = record.caller.text_bytes == 0;
                assert_eq!(silent, policy == "answer", "{} {kind} {policy}", run.place());
            }
        }
    });
}

/// I05: a route that is never empty is not, whoever is asked last. Broken by: the same.
#[test]
fn i05_never_empty_means_never() {
    for way in simulated() {
        let run = World::new(way)
            .route("never_empty: true")
            .ask("Hello [words=4]")
            .fault("[pa, pb]", "{ empty: empty_text }", "")
            .run();
        assert_eq!(error(run.only()).1, "empty", "{}", run.place());
    }
}

/// I08: a failure that would repeat itself is not repeated on the same model, whatever the file says. Broken by: `repeat_at`
/// (engine/decide.rs) not asking whether a class is deterministic.
#[test]
fn i08_what_would_fail_again_is_not_asked_again() {
    everywhere(|way| {
        for (fault, class) in [
            ("quota_exhausted", "quota_exhausted"),
            ("unauthorized", "unauthorized"),
            ("not_found", "not_found"),
            ("context_exceeded", "context_exceeded"),
            ("content_filter", "refused"),
        ] {
            let run = World::new(way)
                .route(&format!("refusal: next, retry: {{ {class}: 3 }}"))
                .ask("Hello [words=4]")
                .fault("pa", fault, "")
                .run();
            let record = run.only();
            assert_eq!(calls_at(record, "pa").count(), 1, "{} {fault}: {:?}", run.place(), attempts(record));
            assert!(is_whole(record), "{} {fault}", run.place());
        }
    });
}

/// The classes an error status without words may mean, and whether the next model is asked then.
fn meaning(status: u16) -> (&'static [&'static str], bool) {
    match status {
        401 | 403 => (&["unauthorized"], true),
        402 => (&["quota_exhausted"], true),
        404 | 410 => (&["not_found"], true),
        408 => (&["timeout_total", "timeout_first_token", "server_error", "overloaded"], true),
        429 => (&["rate_limited", "overloaded", "server_error"], true),
        503 | 529 => (&["overloaded", "server_error"], true),
        413 => (&["context_exceeded", "invalid_request"], true),
        500.. => {
            (&["server_error", "overloaded", "timeout_total", "timeout_first_token", "unreachable"], true)
        }
        _ => (&["invalid_request"], false),
    }
}

/// I09: every error status there is either leads on or is the answer, as its class says, and no class is an accident. Broken
/// by: `classify` (dialect/classify.rs) taking 5xx beyond 504 for a bad request.
#[test]
fn i09_every_status_leads_where_its_class_says() {
    let test = |way: Way, statuses: &[u16]| {
        let mut world = World::new(way);
        for status in statuses {
            let body = "body: empty";
            world = world.ask(&format!("case {status} [words=3]")).fault(
                "pa",
                &format!("{{ status: {{ code: {status}, {body} }} }}"),
                &format!("when: {{ prompt: 'case {status} ' }}"),
            );
        }
        let run = world.run();
        for (record, status) in run.records.iter().zip(statuses) {
            let told = attempts(record);
            let class = told[0].trim_start_matches("a ");
            let (classes, leads_on) = meaning(*status);
            assert!(classes.contains(&class), "{} {status}: {class}, not {classes:?}", run.place());
            let leads_on = leads_on && class != "invalid_request";
            assert_eq!(is_whole(record), leads_on, "{} {status} {class}", run.place());
            assert_eq!(
                calls_at(record, "pb").count(),
                usize::from(leads_on),
                "{} {status} {class}",
                run.place()
            );
        }
    };
    let all: Vec<u16> = (400..600).collect();
    for way in simulated() {
        test(way, &all);
    }
    over_sockets(|way| test(way, &[400, 401, 404, 418, 422, 429, 451, 500, 503, 520, 529, 599]));
}

/// I17: a model that cannot serve a request is not asked, and says so in the trail. Broken by: `lacking` (router/plan.rs)
/// finding nothing lacking.
#[test]
fn i17_a_model_that_cannot_is_not_asked() {
    everywhere(|way| {
        let mut tools = World::new(way);
        tools.a.push_str(", can: { tools: false }");
        let mut window = World::new(way);
        window.a.push_str(", context: 50");
        let long = "word ".repeat(400);
        for (what, world) in [
            ("tools", tools.ask_with("Note this [words=5]", "tool: note")),
            ("context", window.ask(&format!("{long} [words=5]"))),
        ] {
            let run = world.run();
            let record = run.only();
            assert_eq!(calls_at(record, "pa").count(), 0, "{} {what}", run.place());
            assert_eq!(attempts(record), ["b ok"], "{} {what}", run.place());
            let skips = &record.trail.as_ref().expect("a trail").skips;
            let told = skips.iter().any(|skip| {
                skip.model == "a"
                    && matches!(skip.reason, SkipReason::Incapable { .. } | SkipReason::ContextWindow)
            });
            assert!(told, "{} {what}: {skips:?}", run.place());
        }
    });
}

/// I17: the complaint of a model that was only asked because another one failed is never the final error. Broken by: `then`
/// (engine/decide.rs) surfacing it.
#[test]
fn i17_a_fallbacks_complaint_is_not_the_answer() {
    assert_eq!(DIALECTS.len(), 3);
    everywhere(|way| {
        let run = World::new(way)
            .ask("Hello [words=4]")
            .fault("pa", "server_error", "")
            .fault("pb", "invalid_request", "")
            .run();
        let (status, code, message, _) = error(run.only());
        assert_eq!((status, code.as_str()), (500, "server_error"), "{}: {message}", run.place());
        assert!(message.contains("`a`"), "{}: {message}", run.place());
    });
}
