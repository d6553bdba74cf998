use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Moment;
use crate::dice::Dice;

const DICE: Dice = Dice::new(7);

fn facts(request_id: Option<&'static str>, nth: u32) -> Facts<'static> {
    Facts {
        provider: "p",
        model: "gpt-4o",
        tenant: Some("acme"),
        prompt: "hello world",
        stream: false,
        form: Form::default(),
        request_id,
        nth,
        number: 0,
        now: Moment::from_us(5),
        way: Way::default(),
    }
}

fn rule(fault: Fault, trigger: Trigger) -> Rule {
    Rule { name: fault.name().to_owned(), trigger, fault }
}

fn one(trigger: Trigger) -> (Vec<Rule>, Vec<Tally>) {
    (vec![rule(Fault::Hang, trigger)], vec![Tally::default()])
}

fn at(us: u64) -> Facts<'static> {
    Facts { now: Moment::from_us(us), ..facts(Some("a"), 0) }
}

fn window(from: u64, to: u64) -> Window {
    Window { from: Moment::from_us(from), to: Moment::from_us(to) }
}

#[test]
fn a_rule_fires_inside_its_windows_only() {
    let (rules, mut tallies) =
        one(Trigger { during: vec![window(10, 20), window(30, 31)], ..Trigger::default() });
    let fired: Vec<u64> =
        (0..40).filter(|us| decide(&rules, &mut tallies, &at(*us), &DICE).ending.is_some()).collect();
    let expected: Vec<u64> = (10..20).chain([30]).collect();
    assert_eq!(fired, expected);
    assert_eq!((tallies[0].fired(), tallies[0].first_fired()), (11, Some(Moment::from_us(10))));
    assert_eq!(tallies[0].last_fired(), Some(Moment::from_us(30)));
}

#[test]
fn a_match_asks_for_model_tenant_prompt_and_stream() {
    let holds = |matches: Match| matches.holds(&facts(None, 0));
    let some = |text: &str| Some(text.to_owned());
    assert!(holds(Match::default()));
    assert!(holds(Match {
        model: some("gpt-*"),
        tenant: some("acme"),
        prompt: some("lo wo"),
        stream: Some(false),
        ..Match::default()
    }));
    assert!(!holds(Match { model: some("gpt"), ..Match::default() }));
    assert!(!holds(Match { tenant: some("other"), ..Match::default() }));
    assert!(!holds(Match { prompt: some("bye"), ..Match::default() }));
    assert!(!holds(Match { stream: Some(true), ..Match::default() }));
}

#[test]
fn a_sequence_counts_only_calls_that_pass_window_and_match() {
    let sequence = Some(Sequence { skip: 1, first: 2, per: Per::Provider });
    let (rules, mut tallies) = one(Trigger { during: vec![window(10, 99)], sequence, ..Trigger::default() });
    // Calls at 0..10 do not count; of those from 10 on, the second and third fire.
    let fired: Vec<u64> =
        (0..20).filter(|us| decide(&rules, &mut tallies, &at(*us), &DICE).ending.is_some()).collect();
    assert_eq!(fired, [11, 12]);
}

#[test]
fn a_sequence_per_request_starts_anew_for_every_id() {
    let sequence = Some(Sequence { skip: 0, first: 1, per: Per::Request });
    let (rules, mut tallies) = one(Trigger { sequence, ..Trigger::default() });
    let mut fires = |id, nth| decide(&rules, &mut tallies, &facts(id, nth), &DICE).ending.is_some();
    assert!(fires(Some("a"), 0) && !fires(Some("a"), 1) && fires(Some("b"), 0) && !fires(Some("b"), 1));
    assert!(fires(None, 0) && fires(None, 0));
}

#[test]
fn a_sequence_per_request_counts_from_the_opening_of_the_window() {
    let sequence = Some(Sequence { skip: 0, first: 1, per: Per::Request });
    let (rules, mut tallies) = one(Trigger { sequence, during: vec![window(10, 20)], ..Trigger::default() });
    assert!(decide(&rules, &mut tallies, &at(5), &DICE).ending.is_none());
    assert!(decide(&rules, &mut tallies, &Facts { nth: 1, ..at(15) }, &DICE).ending.is_some());
}

#[test]
fn delays_add_up_and_the_first_ending_decides() {
    let spike = |factor, ms| Fault::LatencySpike {
        factor: Dist::Constant(factor),
        add: Dist::Constant(f64::from(ms) * 1e3),
    };
    let rules = [
        rule(spike(2.0, 5), Trigger::default()),
        rule(Fault::Hang, Trigger::default()),
        rule(Fault::Reset, Trigger::default()),
        rule(spike(3.0, 7), Trigger::default()),
        rule(spike(f64::NAN, 0), Trigger::default()),
        rule(Fault::SlowTokens { factor: Dist::Constant(4.0), per_token: None }, Trigger::default()),
    ];
    let mut tallies = vec![Tally::default(); rules.len()];
    let decision = decide(&rules, &mut tallies, &facts(None, 0), &DICE);
    // 2 * 3 (NaN changes nothing), 5 + 7 ms; Hang comes before Reset, which does not fire.
    assert_eq!(decision.fired, [0, 1, 3, 4, 5]);
    assert_eq!(decision.ending, Some(1));
    let delay = decision.delay;
    assert_eq!((delay.factor, delay.add, delay.gap_factor), (6.0, Duration::from_millis(12), 4.0));
}

#[test]
fn connects_are_counted_and_drawn_by_number() {
    let sequence = Some(Sequence { skip: 1, first: 1, per: Per::Provider });
    let rules = [rule(Fault::RefuseConnections, Trigger { sequence, ..Trigger::default() })];
    let mut tallies = vec![Tally::default()];
    let refused: Vec<bool> =
        (0..3).map(|n| connect(&rules, &mut tallies, ("p", &DICE), n, Moment::ZERO).is_some()).collect();
    assert_eq!(refused, [false, true, false]);
    assert!(timeline(&rules, ("p", &DICE), 0, Moment::ZERO).is_empty());
}

#[test]
fn a_black_hole_lasts_to_the_end_of_its_window_and_strikes_open_connections() {
    let during = vec![window(10, 20), window(40, 50)];
    let rules = [rule(Fault::BlackHole, Trigger { during, ..Trigger::default() })];
    let mut tallies = vec![Tally::default()];
    let incident = connect(&rules, &mut tallies, ("p", &DICE), 0, Moment::from_us(12));
    assert_eq!(incident, Some(Incident::BlackHole(Moment::from_us(20))));
    let strikes = timeline(&rules, ("p", &DICE), 1, Moment::from_us(30));
    assert_eq!(strikes, [Strike { window: window(40, 50), blow: Blow::Withhold, rule: 0 }]);
}

proptest! {
    // F1: whether a call fails is a matter of its id and attempt, never of the order of arrival.
    #[test]
    fn draws_do_not_depend_on_the_order_of_arrival(order in Just((0..30_usize).collect::<Vec<_>>()).prop_shuffle()) {
        const IDS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let trigger = Trigger { probability_ppm: Some(400_000), ..Trigger::default() };
        let fires = |order: &[usize]| {
            let (rules, mut tallies) = one(trigger.clone());
            let mut fired: Vec<usize> = order
                .iter()
                .copied()
                .filter(|n| {
                    let call = facts(Some(IDS[n % 10]), (n / 10) as u32);
                    decide(&rules, &mut tallies, &call, &DICE).ending.is_some()
                })
                .collect();
            fired.sort_unstable();
            fired
        };
        let straight: Vec<usize> = (0..30).collect();
        prop_assert_eq!(fires(&order), fires(&straight));
    }
}
