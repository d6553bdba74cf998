use std::time::Duration;

use super::*;
use crate::router::config::{Eager, RateTrip, SlowTrip};

const fn at(seconds: u64) -> Moment {
    Moment::from_us(seconds * 1_000_000)
}

const fn ms(ms: u64) -> Moment {
    Moment::from_us(ms * 1_000)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Two failures in a row, 5 s, doubling, at most 15 s, without chance or shortcuts.
fn policy() -> BreakerPolicy {
    BreakerPolicy {
        failures: 2,
        open: s(5),
        factor: 2.0,
        open_max: s(15),
        jitter: 0.0,
        eager: None,
        ..BreakerPolicy::default()
    }
}

/// A breaker, driven by hand.
struct Hand(Breaker);

impl Hand {
    fn new(policy: BreakerPolicy) -> Self {
        Hand(Breaker::new(policy))
    }

    fn begin(&mut self, now: Moment) -> Ticket {
        self.0.admit(now, 0.0).expect("it is closed or half open")
    }

    fn fail(&mut self, ticket: Ticket, began: Moment, now: Moment) {
        self.0.failed(ticket, false, Event { began, now, chance: 0.0 });
    }

    fn serve(&mut self, mut ticket: Ticket, began: Moment, now: Moment) {
        let event = Event { began, now, chance: 0.0 };
        self.0.output(&mut ticket, now - began, event);
        self.0.served(event);
    }

    /// Whole calls that take no time.
    fn fails(&mut self, now: Moment) {
        let ticket = self.begin(now);
        self.fail(ticket, now, now);
    }

    fn serves(&mut self, now: Moment) {
        let ticket = self.begin(now);
        self.serve(ticket, now, now);
    }

    fn refusal(&self, now: Moment) -> Option<SkipReason> {
        self.0.refusal(now)
    }
}

fn benched(until: u64) -> Option<SkipReason> {
    Some(SkipReason::Benched { until: at(until) })
}

#[test]
fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
    let mut hand = Hand::new(policy());
    hand.fails(at(0));
    hand.serves(at(0));
    hand.fails(at(1));
    assert_eq!(hand.refusal(at(1)), None);
    hand.fails(at(1));
    assert_eq!(hand.refusal(at(1)), benched(6));
}

#[test]
fn the_bench_grows_with_every_failed_probe_up_to_its_cap() {
    let mut hand = Hand::new(policy());
    hand.fails(at(0));
    hand.fails(at(0));
    // 5 s, then 10 s, then 20 s cut to 15 s.
    for (probe_at, until) in [(5, 15), (15, 30), (30, 45)] {
        let probe = hand.begin(at(probe_at));
        assert!(probe.probe);
        hand.fail(probe, at(probe_at), at(probe_at));
        assert_eq!(hand.refusal(at(probe_at)), benched(until));
    }
}

#[test]
fn a_whole_answer_of_a_probe_makes_the_next_bench_short_again() {
    let mut hand = Hand::new(policy());
    for now in [0, 0, 5] {
        hand.fails(at(now));
    }
    assert_eq!(hand.refusal(at(5)), benched(15));
    hand.serves(at(15));
    hand.fails(at(16));
    hand.fails(at(16));
    assert_eq!(hand.refusal(at(16)), benched(21));
}

#[test]
fn an_answer_from_before_the_bench_does_not_end_probation() {
    let mut hand = Hand::new(policy());
    let old = hand.begin(at(0));
    hand.fails(at(1));
    hand.fails(at(1));
    let mut probe = hand.begin(at(6));
    hand.0.output(&mut probe, s(0), Event { began: at(6), now: at(6), chance: 0.0 });
    hand.serve(old, at(0), at(7));
    // Still on probation: one failure is enough, and the bench goes on growing, from 5 s to 10 s.
    hand.fails(at(8));
    assert_eq!(hand.refusal(at(8)), benched(18));
}

#[test]
fn only_one_probe_at_a_time_and_its_slot_comes_back() {
    let mut hand = Hand::new(policy());
    hand.fails(at(0));
    hand.fails(at(0));
    let probe = hand.begin(at(5));
    assert_eq!(hand.refusal(at(5)), Some(SkipReason::Probing));
    hand.0.released(probe);
    let probe = hand.begin(at(6));
    assert!(probe.probe);
    hand.serve(probe, at(6), at(7));
    assert!(!hand.begin(at(7)).probe);
}

#[test]
fn an_old_call_neither_shortens_nor_lengthens_a_bench() {
    let mut hand = Hand::new(policy());
    let old = [hand.begin(at(0)), hand.begin(at(0))];
    hand.fails(at(0));
    hand.fails(at(0));
    hand.serve(old[0], at(0), at(2));
    hand.fail(old[1], at(0), at(3));
    assert_eq!(hand.refusal(at(4)), benched(5));
}

#[test]
fn after_a_probe_brought_output_one_failure_benches_again_for_longer() {
    let mut hand = Hand::new(policy());
    hand.fails(at(0));
    hand.fails(at(0));
    let mut probe = hand.begin(at(5));
    hand.0.output(&mut probe, s(0), Event { began: at(5), now: at(5), chance: 0.0 });
    assert!(!hand.begin(at(5)).probe);
    hand.fail(probe, at(5), at(6));
    assert_eq!(hand.refusal(at(6)), benched(16));
}

/// B135: an answer that was on its way before the outage does not cancel what the outage has shown.
#[test]
fn an_answer_to_an_older_call_does_not_break_a_row_of_failures() {
    let mut hand = Hand::new(BreakerPolicy { failures: 3, ..policy() });
    let old = hand.begin(at(0));
    hand.fails(at(1));
    hand.fails(at(2));
    hand.serve(old, at(0), at(3));
    hand.fails(at(4));
    assert_eq!(hand.refusal(at(4)), benched(9));
}

/// B135, the other way round: failures of calls from before the recovery do not undo it.
#[test]
fn old_timeouts_that_arrive_after_recovery_do_not_bench_again() {
    let mut hand = Hand::new(policy());
    let old: Vec<_> = (0..5).map(|_| hand.begin(at(0))).collect();
    hand.fails(at(0));
    hand.fails(at(0));
    let mut probe = hand.begin(at(5));
    hand.0.output(&mut probe, s(0), Event { began: at(5), now: at(5), chance: 0.0 });
    for ticket in old {
        hand.fail(ticket, at(0), at(6));
    }
    assert_eq!(hand.refusal(at(6)), None);
}

/// B116: fast failures between slow answers are no row, however many calls are under way at once.
#[test]
fn one_failure_in_twenty_under_load_is_no_row() {
    let mut hand = Hand::new(BreakerPolicy { failures: 3, ..policy() });
    // A hundred calls a second; every twentieth fails after 60 ms, the others answer after a second.
    let mut out: Vec<(u64, Ticket, bool)> = Vec::new();
    for tick in 0..3_000_u64 {
        let now = tick * 10;
        let (ended, rest): (Vec<_>, Vec<_>) =
            out.into_iter().partition(|(began, _, fails)| now - began >= if *fails { 60 } else { 1_000 });
        out = rest;
        for (began, ticket, fails) in ended {
            if fails { hand.fail(ticket, ms(began), ms(now)) } else { hand.serve(ticket, ms(began), ms(now)) }
        }
        assert_eq!(hand.refusal(ms(now)), None, "benched after {now} ms");
        out.push((now, hand.begin(ms(now)), tick % 20 == 7));
    }
}

/// Calls that hang between calls that fail do not hide the row: nothing was answered.
#[test]
fn a_third_of_calls_that_hang_does_not_keep_it_closed() {
    let mut hand = Hand::new(BreakerPolicy { failures: 3, ..policy() });
    for call in 0.. {
        assert!(call < 6, "six calls, four failures, no answer, and still closed");
        if hand.refusal(at(0)).is_some() {
            break;
        }
        let ticket = hand.begin(at(0));
        if call % 3 != 2 {
            hand.fail(ticket, at(0), at(0));
        }
    }
}

/// B115, B116: a share benches only when enough calls were seen.
#[test]
fn a_failure_rate_needs_its_minimum_of_calls() {
    let rate = RateTrip { share: 0.5, window: s(10), min_calls: 10 };
    let mut hand = Hand::new(BreakerPolicy { failures: 0, rate: Some(rate), ..policy() });
    hand.fails(ms(0));
    for n in 1..5 {
        hand.fails(ms(n));
        hand.serves(ms(n));
    }
    // Five of nine, but nine are too few. The tenth is the sixth failure: 6 of 10.
    assert_eq!(hand.refusal(ms(5)), None);
    hand.fails(ms(5));
    assert!(hand.refusal(ms(5)).is_some());
}

#[test]
fn a_failure_rate_forgets_what_is_older_than_its_window() {
    let rate = RateTrip { share: 0.5, window: s(10), min_calls: 4 };
    let mut hand = Hand::new(BreakerPolicy { failures: 0, rate: Some(rate), ..policy() });
    for n in 0..100 {
        // A failure every six seconds: never more than two within ten.
        hand.fails(at(n * 6));
        assert_eq!(hand.refusal(at(n * 6)), None, "{n}");
    }
}

#[test]
fn slow_calls_bench_by_their_share_and_a_slow_probe_keeps_it_open() {
    let slow = SlowTrip { over: s(2), share: 0.5, window: s(60), min_calls: 4 };
    let mut hand = Hand::new(BreakerPolicy { failures: 0, slow: Some(slow), ..policy() });
    for (began, took) in [(0, 3), (1, 1), (2, 2)] {
        let ticket = hand.begin(at(began));
        hand.serve(ticket, at(began), at(began + took));
    }
    // One of three was slow; exactly 2 s is not. The fourth makes it two of four.
    assert_eq!(hand.refusal(at(4)), None);
    let mut ticket = hand.begin(at(5));
    hand.0.output(&mut ticket, s(3), Event { began: at(5), now: at(8), chance: 0.0 });
    assert_eq!(hand.refusal(at(8)), benched(13));
    let probe = hand.begin(at(13));
    hand.serve(probe, at(13), at(16));
    assert_eq!(hand.refusal(at(16)), Some(SkipReason::Benched { until: at(26) }));
    let probe = hand.begin(at(26));
    hand.serve(probe, at(26), at(27));
    assert_eq!(hand.refusal(at(27)), None);
}

#[test]
fn a_call_that_was_given_up_without_output_is_slow_when_it_took_long_enough() {
    let slow = SlowTrip { over: s(2), share: 1.0, window: s(60), min_calls: 2 };
    let mut hand = Hand::new(BreakerPolicy { failures: 0, slow: Some(slow), ..policy() });
    for now in [1, 3, 6] {
        let ticket = hand.begin(at(0));
        hand.0.silent(s(now), Event { began: at(0), now: at(now), chance: 0.0 });
        hand.0.released(ticket);
    }
    // The first was out for one second only, and says nothing; the other two are two of two.
    assert!(hand.refusal(at(6)).is_some());
}

#[test]
fn chance_lengthens_a_bench_but_never_beyond_its_cap() {
    let policy = BreakerPolicy { failures: 1, jitter: 0.2, ..policy() };
    for (chance, until) in [(0.0, 5_000), (0.5, 5_500), (0.999, 5_999)] {
        let mut hand = Hand::new(policy);
        let ticket = hand.begin(at(0));
        hand.0.failed(ticket, false, Event { began: at(0), now: at(0), chance });
        assert_eq!(hand.0.end().map(|end| end.as_us() / 1_000), Some(until));
    }
    let mut hand = Hand::new(BreakerPolicy { open: s(15), ..policy });
    let ticket = hand.begin(at(0));
    hand.0.failed(ticket, false, Event { began: at(0), now: at(0), chance: 0.9 });
    assert_eq!(hand.0.end(), Some(at(15)));
}

#[test]
fn what_does_not_heal_by_itself_benches_at_once_and_for_longer() {
    let mut hand = Hand::new(BreakerPolicy { failures: 5, open_max: s(300), ..policy() });
    for (now, until) in [(0, 60), (60, 180), (180, 420), (480, 780)] {
        // 60 s, 120 s, 240 s, then 480 s cut to 300 s.
        let ticket = hand.begin(at(now));
        hand.0.failed(ticket, true, Event { began: at(now), now: at(now), chance: 0.0 });
        assert_eq!(hand.refusal(at(now)), benched(until));
    }
}

fn eager(turned_away: u32, at_least: u64) -> BreakerPolicy {
    let eager = Eager { turned_away, at_least: Duration::from_millis(at_least) };
    BreakerPolicy { failures: 1, eager: Some(eager), ..policy() }
}

#[test]
fn many_who_are_turned_away_may_probe_early_but_not_at_once() {
    let mut hand = Hand::new(eager(3, 1_000));
    hand.fails(at(0));
    for _ in 0..9 {
        assert_eq!(hand.0.admit(ms(999), 0.0).err(), benched(5));
    }
    assert!(hand.begin(ms(1_000)).probe);
    assert_eq!(hand.0.admit(ms(1_000), 0.0).err(), benched(5), "there is one slot");
}

#[test]
fn each_early_probe_costs_its_number_of_turned_away_calls() {
    let mut hand = Hand::new(eager(3, 0));
    hand.fails(at(0));
    let mut asked = Vec::new();
    for call in 1..=12_u64 {
        if let Ok(probe) = hand.0.admit(ms(call), 0.0) {
            hand.fail(probe, ms(call), ms(call));
            asked.push(call);
        }
    }
    assert_eq!(asked, [4, 8, 12]);
}

/// A probe that hung long enough for others to be turned away is followed by the next one at once.
#[test]
fn who_was_turned_away_while_a_probe_hung_counts_for_the_next_one() {
    let mut hand = Hand::new(eager(3, 1_000));
    hand.fails(at(0));
    for _ in 0..3 {
        assert!(hand.0.admit(ms(500), 0.0).is_err());
    }
    let probe = hand.begin(at(1));
    for tick in 0..3 {
        assert!(hand.0.admit(ms(1_100 + tick), 0.0).is_err());
    }
    hand.fail(probe, at(1), at(3));
    let probe = hand.begin(at(3));
    // Given back without a word, it may be taken again at once.
    hand.0.released(probe);
    let probe = hand.begin(at(3));
    hand.fail(probe, at(3), at(3));
    assert!(hand.refusal(at(4)).is_some(), "nobody was turned away since the last probe began");
}

#[test]
fn nobody_probes_early_what_does_not_heal_by_itself() {
    let mut hand = Hand::new(BreakerPolicy { open_max: s(60), ..eager(1, 0) });
    let ticket = hand.begin(at(0));
    hand.0.failed(ticket, true, Event { began: at(0), now: at(0), chance: 0.0 });
    for now in 1..60 {
        assert_eq!(hand.0.admit(at(now), 0.0).err(), benched(60));
    }
    assert!(hand.begin(at(60)).probe);
}

#[test]
fn a_router_that_probes_by_itself_lets_no_caller_probe() {
    let policy = BreakerPolicy { failures: 1, probe: Probe::Synthetic { every: s(1) }, ..eager(1, 0) };
    let mut hand = Hand::new(policy);
    hand.fails(at(0));
    assert_eq!((hand.0.probe_due(), hand.refusal(at(0))), (Some(at(1)), benched(1)));
    // Due, and not begun: callers wait for it, at its bench's end and long after it.
    assert_eq!(hand.refusal(at(99)), Some(SkipReason::Probing));
    assert!(!hand.0.force().probe);
    let probe = hand.0.probe(at(1));
    assert!(probe.probe && hand.0.probe_due().is_none());
    hand.fail(probe, at(1), at(3));
    assert_eq!(hand.0.probe_due(), Some(at(4)), "a second after the last one failed");
    let probe = hand.0.probe(at(4));
    hand.0.released(probe);
    assert_eq!(hand.0.probe_due(), Some(at(5)), "a second after the last one began");
    let probe = hand.0.probe(at(5));
    hand.serve(probe, at(5), at(6));
    assert_eq!((hand.0.probe_due(), hand.refusal(at(6))), (None, None));
}

#[test]
fn traffic_comes_back_as_its_ramp_says_and_growth_is_kept_until_all_is_back() {
    let mut hand = Hand::new(BreakerPolicy { failures: 1, ramp: Some(s(10)), ..policy() });
    hand.fails(at(0));
    hand.serves(at(5));
    assert_eq!(hand.0.stand(at(5)), TargetState::Ramping);
    // 10 % at once, 55 % half way, all after 10 s.
    for (now, least, most) in [(5, 0.099, 0.1), (10, 0.549, 0.551), (15, 0.999, 1.0)] {
        assert!(hand.0.clone().admit(at(now), least).is_ok(), "{now}");
        let refused = hand.0.clone().admit(at(now), most).err();
        assert_eq!(refused, (most < 1.0).then_some(SkipReason::Ramping), "{now}");
    }
    // It falls over again at half its traffic: 10 s, not 5.
    hand.fails(at(10));
    assert_eq!(hand.refusal(at(10)), benched(20));
    hand.serves(at(20));
    hand.serves(at(30));
    hand.fails(at(31));
    assert_eq!(hand.refusal(at(31)), benched(36));
}

/// Calls under way stay with the old breaker, so what came between them is not known to the new one: a row in the order of their
/// beginnings, which an old answer did not break, is broken by a reload.
#[test]
fn a_row_in_the_order_of_the_beginnings_ends_with_a_reload() {
    for (reloads, opens) in [(false, true), (true, false)] {
        let mut hand = Hand::new(policy());
        let old = hand.begin(at(0));
        hand.fails(at(1));
        hand.serve(old, at(0), at(2));
        if reloads {
            hand.0 = Breaker::new(policy()).adopted(&hand.0);
        }
        hand.fails(at(3));
        assert_eq!(hand.refusal(at(3)).is_some(), opens, "reloads: {reloads}");
    }
}

#[test]
fn zero_failures_never_open_it() {
    let mut hand = Hand::new(BreakerPolicy { failures: 0, ..policy() });
    for _ in 0..100 {
        hand.fails(at(0));
    }
    let ticket = hand.begin(at(0));
    hand.0.failed(ticket, true, Event { began: at(0), now: at(0), chance: 0.0 });
    assert_eq!(hand.refusal(at(0)), None);
}

/// B118: a bench of no length is none: one call after the other, each a probe.
#[test]
fn a_bench_of_zero_turns_nobody_away_but_those_beside_a_probe() {
    let mut hand = Hand::new(BreakerPolicy { failures: 1, open: s(0), ..policy() });
    for _ in 0..5 {
        hand.fails(at(0));
    }
    let probe = hand.begin(at(0));
    assert_eq!(hand.refusal(at(0)), Some(SkipReason::Probing));
    hand.0.released(probe);
}

#[test]
fn a_reload_keeps_the_bench_and_frees_the_slot() {
    let mut hand = Hand::new(policy());
    hand.fails(at(0));
    hand.fails(at(0));
    let _probe = hand.begin(at(5));
    let mut moved = Hand(Breaker::new(BreakerPolicy { failures: 9, ..policy() }).adopted(&hand.0));
    assert_eq!(moved.0.end(), Some(at(5)));
    assert!(moved.begin(at(5)).probe);
    let off = Breaker::new(BreakerPolicy { failures: 0, ..policy() }).adopted(&hand.0);
    assert_eq!(off.end(), None, "a breaker that is off benches nobody");
}

#[test]
fn exactly_as_long_as_declared_is_not_slow() {
    let slow = SlowTrip { over: s(1), share: 1.0, window: s(60), min_calls: 1 };
    for (us, opens) in [(1_000_000, false), (1_000_001, true)] {
        let (began, time) = (at(1), Duration::from_micros(us));
        let event = Event { began, now: began + time, chance: 0.0 };
        let mut spoke = Hand::new(BreakerPolicy { slow: Some(slow), ..policy() });
        let mut ticket = spoke.begin(began);
        spoke.0.output(&mut ticket, time, event);
        let mut silent = Hand::new(BreakerPolicy { slow: Some(slow), ..policy() });
        silent.begin(began);
        silent.0.silent(time, event);
        assert_eq!([spoke, silent].map(|hand| hand.refusal(event.now).is_some()), [opens; 2], "{us} us");
    }
}
