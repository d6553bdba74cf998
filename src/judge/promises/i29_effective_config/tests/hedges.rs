//! Hedges, made, missed and not due.

use super::*;

fn hedging(after: u64, most: u32) -> Header {
    let mut header = header();
    let after = HedgeAfter::Fixed(Duration::from_millis(after));
    header.routes[0].hedge = Some(Hedge { after, budget: Budget { share: 1.0, per_second: 1.0 }, most });
    header
}

#[test]
fn hedges_are_as_many_and_as_late_as_declared() {
    // flash was asked beside claude after a second.
    broken(&hedged(0), header(), "not declared");
    assert_eq!(verify(&hedged(0), hedging(1_000, 1)), None);
    // Two timer slots of a millisecond apart.
    assert_eq!(verify(&hedged(0), hedging(1_002, 1)), None);
    broken(&hedged(0), hedging(1_003, 1), "was a hedge after 1s");
    broken(&hedged(0), hedging(1_000, 0), "0 are declared at most");
}

#[test]
fn a_hedge_that_is_always_missing_is_broken() {
    // First outputs come after 500 ms; with a floor a second six due hedges find their budget, five might not.
    let served = |requests: u64| (0..requests).map(|n| served(n, "claude")).collect::<Vec<_>>();
    assert_eq!(run("I29", hedging(400, 1), &served(5)).violations, 0);
    assert_eq!(run("I29", hedging(400, 1), &served(6)).violations, 1);
    assert_eq!(run("I29", hedging(600, 1), &served(6)).violations, 0, "none was due");
    let mut records = served(6);
    records.push(failing(6, &["claude", "flash"]));
    assert_eq!(run("I29", hedging(400, 1), &records).violations, 0, "flash may have been benched");
}

#[test]
fn a_share_of_a_hedge_is_filled_before_one_is_missed() {
    // A fifth for every request is a whole call after five; from the eleventh on one is surely missing.
    let mut filling = hedging(400, 1);
    let hedge = filling.routes[0].hedge.as_mut().expect("declared");
    hedge.budget = Budget { share: 0.2, per_second: 0.0 };
    let served = |requests: u64| (0..requests).map(|n| served(n, "claude")).collect::<Vec<_>>();
    assert_eq!(run("I29", filling.clone(), &served(10)).violations, 0);
    assert_eq!(run("I29", filling, &served(11)).violations, 1);
}

#[test]
fn a_hedge_that_was_not_due_is_not_missed() {
    type Excuse = (&'static str, fn(&mut Header), fn(&mut Record));
    let excuses: [Excuse; 6] = [
        ("one attempt is allowed", |header| header.routes[0].max_attempts = 1, |_| {}),
        ("nobody else is in the chain", |header| header.routes[0].chain.truncate(1), |_| {}),
        (
            "its caller named the models",
            |_| {},
            |record| {
                record.trail.as_mut().expect("a trail").chain = Some(vec!["claude".to_owned()]);
            },
        ),
        (
            "somebody was passed over",
            |_| {},
            |record| {
                let skip = Skip {
                    model: "flash".to_owned(),
                    at: record.caller.intended,
                    reason: SkipReason::RetryBudget,
                };
                record.trail.as_mut().expect("a trail").skips.push(skip);
            },
        ),
        (
            "its tenant may have no money",
            |_| {},
            |record| {
                record.trail.as_mut().expect("a trail").tenant = Some("acme".to_owned());
            },
        ),
        (
            "the deadline came first",
            |_| {},
            |record| {
                let trail = record.trail.as_mut().expect("a trail");
                trail.deadline = trail.received + Duration::from_millis(300);
            },
        ),
    ];
    for (why, declare, excuse) in excuses {
        let mut header = hedging(400, 1);
        declare(&mut header);
        let mut records: Vec<_> = (0..6).map(|number| served(number, "claude")).collect();
        records.iter_mut().for_each(excuse);
        assert_eq!(run("I29", header, &records).violations, 0, "{why}");
    }
}

#[test]
fn a_hedge_is_due_when_its_time_came_well_before_the_output_and_the_deadline() {
    // The first output comes after 500 ms. A timer may be 2 ms late, once to begin and once to ask: due is what is shorter than 496 ms.
    let missed = |after: u64, deadline: Duration| {
        let mut records: Vec<_> = (0..6).map(|number| served(number, "claude")).collect();
        for record in &mut records {
            let trail = record.trail.as_mut().expect("a trail");
            trail.deadline = trail.attempts[0].started + deadline;
        }
        run("I29", hedging(after, 1), &records).violations
    };
    let ms = Duration::from_millis;
    assert_eq!((missed(495, ms(1_000)), missed(496, ms(1_000))), (1, 0));
    // Nobody is asked beside another one when the time is up.
    assert_eq!((missed(400, ms(403)), missed(400, ms(402))), (1, 0));
    // Where none is allowed there is none to miss.
    let records: Vec<_> = (0..6).map(|number| served(number, "claude")).collect();
    assert_eq!(run("I29", hedging(400, 0), &records).violations, 0);
}

#[test]
fn one_hedge_in_a_run_shows_that_there_are_hedges() {
    let mut records: Vec<_> = (0..6).map(|number| served(number, "claude")).collect();
    assert_eq!(run("I29", hedging(400, 1), &records).violations, 1);
    records.push(hedged(6));
    assert_eq!(run("I29", hedging(400, 1), &records).violations, 0);
}

#[test]
fn who_served_without_trouble_could_have_been_a_hedge() {
    // Requests 3 to 8 were due; in the ninth flash was asked because claude failed, and served.
    let mut records: Vec<_> = (3..9).map(|number| served(number, "claude")).collect();
    records.push(failed_over(9));
    let result = run("I29", hedging(400, 1), &records);
    assert_eq!(result.violations, 1);
    assert_eq!(result.witnesses[0].others, [3], "the first that should have had one");
}
