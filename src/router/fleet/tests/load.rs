//! What a target is doing, and that neither failing nor silence attracts anybody (I27).

use super::*;

/// I27: a target that fails at once has the fewest calls in flight and the shortest calls, and gets no more for it.
#[test]
fn failing_fast_attracts_nobody() {
    let unbenched = BreakerPolicy { failures: 0, ..policy(Scope::Model) };
    let config = config(&[1, 1], &[("a", &[0, 1])], unbenched);
    for by_cost in [false, true] {
        let mut fleet = Fleet::new(&config);
        let mut out: Vec<(Moment, Pass)> = Vec::new();
        let mut asked = [0_u32; 2];
        for tick in 0..3_000_u64 {
            let now = Moment::from_us(tick * 20_000);
            let (ended, rest) = out.into_iter().partition(|(end, _)| *end <= now);
            out = rest;
            let ended: Vec<(Moment, Pass)> = ended;
            for (_, pass) in ended {
                fleet.served(pass, now);
            }
            let measure = |target| {
                let load = fleet.load(target, now);
                if by_cost { load.cost() } else { load.outstanding() }
            };
            let target = usize::from(measure(1) < measure(0));
            asked[target] += 1;
            let pass = pass(&mut fleet, target, now);
            if target == 0 {
                fleet.failed(pass, &failure(FailureClass::ServerError), Blame::Target, now, 0.0);
            } else {
                out.push((now + s(2), pass));
            }
        }
        assert!(asked[0] * 10 < asked[1], "{asked:?} by cost: {by_cost}");
    }
}

/// I27: what a failing target hands on makes its neighbour look busy, and still it gets no more than its share, from the first call on.
#[test]
fn a_failure_handed_on_attracts_nobody() {
    let unbenched = BreakerPolicy { failures: 0, ..policy(Scope::Model) };
    let config = config(&[1, 1], &[("a", &[0, 1])], unbenched);
    let mut fleet = Fleet::new(&config);
    let mut asked = [0_u32; 2];
    // Four seconds at ten a second: nothing that the slow one was asked has ended yet.
    for tick in 0..40_u64 {
        let now = Moment::from_us(tick * 100_000);
        let measure = |target| fleet.load(target, now).outstanding();
        let first = usize::from(measure(1) < measure(0));
        asked[first] += 1;
        if first == 0 {
            let failed = pass(&mut fleet, 0, now);
            fleet.failed(failed, &failure(FailureClass::ServerError), Blame::Target, now, 0.0);
        }
        pass(&mut fleet, 1, now);
    }
    // All forty are in flight at the slow one, and two for each failure must not be fewer: at most 20, and one for what fades.
    assert!(asked[0] <= 21, "{asked:?}");
}

/// I27: a target that has never said anything gets one call to say something, and no more until the other ones are worse.
#[test]
fn silence_attracts_nobody() {
    let config = config(&[1, 1], &[("a", &[0, 1])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    let mut asked = [0_u32; 2];
    // Target 0 hangs; target 1 answers within 100 ms, before the next call comes.
    for tick in 0..100_u64 {
        let now = Moment::from_us(tick * 200_000);
        let cost = |target| fleet.load(target, now).cost();
        let target = usize::from(cost(1) < cost(0));
        asked[target] += 1;
        let mut pass = pass(&mut fleet, target, now);
        if target == 1 {
            fleet.progressed(&mut pass, now + Duration::from_millis(100));
            fleet.served(pass, now + Duration::from_millis(100));
        }
    }
    assert_eq!(asked, [1, 99]);
}

#[test]
fn a_call_that_lost_is_as_slow_as_its_silence_and_no_slower_once_it_spoke() {
    let config = config(&[0], &[("a", &[0])], policy(Scope::Model));
    for (speaks, latency) in [(false, s(3)), (true, s(1))] {
        let mut fleet = Fleet::new(&config);
        let mut pass = pass(&mut fleet, 0, at(0));
        if speaks {
            fleet.progressed(&mut pass, at(1));
        }
        fleet.lost(pass, at(3));
        let known = fleet.load(0, at(3)).latency.expect("something is known");
        // What is known fades: after two seconds of ten, e^-0.2 of it is left.
        let faded = if speaks { latency.mul_f64(libm::exp(-0.2)) } else { latency };
        assert!(known.abs_diff(faded) < Duration::from_millis(1), "{speaks}: {known:?}, not {faded:?}");
    }
}

#[test]
fn calls_under_way_are_counted_over_all_targets() {
    let config = config(&[1, 1], &[("a", &[0, 1])], policy(Scope::Model));
    let mut fleet = Fleet::new(&config);
    let passes = [0, 1, 1].map(|target| pass(&mut fleet, target, at(0)));
    assert_eq!(fleet.in_flight(), 3);
    for pass in passes {
        fleet.served(pass, at(1));
    }
    assert_eq!(fleet.in_flight(), 0);
}
