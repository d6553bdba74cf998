//! A hunt's work, apart: making a world, playing it on a simulated network, playing it on the core alone, making a finding small.
//!
//! Each is measured on one thread, over the same hundred worlds one after the other. What is made small is a case in which a
//! stream broke after its caller had seen some of it, for as long as that still happens: a finding needs a defect, and the
//! router has none to spare.

use std::hint::black_box;
use std::time::Duration;

use brownout::fuzz::coverage::Path;
use brownout::fuzz::generate::{Given, world};
use brownout::fuzz::play::{engine, simulated};
use brownout::fuzz::shrink::{Budget, shrink};
use brownout::fuzz::{Case, Coverage};
use criterion::{Criterion, Throughput};

/// Worlds played in turn.
const WORLDS: u64 = 100;

/// The seed of all of them.
const SEED: u64 = 0;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().measurement_time(Duration::from_secs(8));
    cases(&mut criterion);
    small(&mut criterion);
    criterion.final_summary();
}

fn cases(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fuzz");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    let given = Given::default();
    let mut number = 0;
    let mut next = || {
        number = (number + 1) % WORLDS;
        world(&given, SEED, number)
    };
    group.bench_function("make a world", |bencher| bencher.iter(|| black_box(next())));
    let mut coverage = Coverage::default();
    group.bench_function("make and simulate a world", |bencher| {
        bencher.iter(|| simulated::play(&next(), &mut coverage).expect("it plays"));
    });
    group.bench_function("make and play a case on the core", |bencher| {
        bencher.iter(|| engine::play(&next(), &mut coverage).expect("it plays"));
    });
    group.finish();
}

fn small(criterion: &mut Criterion) {
    let breaks = |case: &Case| {
        let mut coverage = Coverage::default();
        simulated::play(case, &mut coverage).expect("it plays");
        coverage.pairs().any(|(_, state, _)| state.path == Path::Committed)
    };
    let found: Vec<Case> =
        (0..WORLDS).map(|number| world(&Given::default(), SEED, number)).filter(breaks).take(5).collect();
    let mut group = criterion.benchmark_group("fuzz");
    group.sample_size(10);
    let mut turn = found.iter().cycle();
    group.bench_function("make a finding small", |bencher| {
        bencher.iter(|| {
            let case = turn.next().expect("some stream breaks in a hundred worlds").clone();
            black_box(shrink(case, Budget::default(), &mut |case| breaks(case)))
        });
    });
    group.finish();
}
