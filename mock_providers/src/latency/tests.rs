use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::Distribution;

use super::*;

const DRAWS: usize = 100_000;

fn sorted(dist: Dist) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut drawn: Vec<f64> = (0..DRAWS).map(|_| dist.sample(&mut rng)).collect();
    drawn.sort_by(f64::total_cmp);
    drawn
}

fn mean(drawn: &[f64]) -> f64 {
    drawn.iter().sum::<f64>() / drawn.len() as f64
}

#[track_caller]
fn close(got: f64, want: f64, tolerance: f64) {
    assert!((got / want - 1.0).abs() < tolerance, "{got} is not within {tolerance} of {want}");
}

#[test]
fn log_normal_goes_through_its_two_quantiles() {
    // The standard error of a quantile is sqrt(q(1-q)/n)/f(x). At p50 of sigma = ln 4 / 2.326 = 0.596:
    // 0.5/316 / (0.3989/0.596) = 0.24 %; at p99 (density 0.0267/0.596): 0.0995/316/0.0447 = 0.7 %. Five of them.
    let drawn = sorted(Dist::log_normal(400.0, 1_600.0).unwrap());
    close(drawn[DRAWS / 2], 400.0, 0.012);
    close(drawn[DRAWS * 99 / 100], 1_600.0, 0.035);
}

#[test]
fn sigma_is_the_log_ratio_over_the_normal_quantile() {
    // ln(4) / 2.3263478740408408 = 0.595910... and ln(3) / 1.6448536269514722 = 0.667908...
    let Dist::LogNormal { mu, sigma } = Dist::log_normal(400.0, 1_600.0).unwrap() else { panic!() };
    assert!((sigma - libm::log(4.0) / 2.326_347_874_040_840_8).abs() < 1e-12);
    assert!((mu - libm::log(400.0)).abs() < 1e-12);
    let Dist::LogNormal { sigma, .. } = Dist::through(0.5, 100.0, 0.95, 300.0).unwrap() else { panic!() };
    assert!((sigma - libm::log(3.0) / 1.644_853_626_951_472_2).abs() < 1e-12);
}

#[test]
fn samplers_agree_with_rand_distr() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let theirs: Vec<f64> =
        rand_distr::LogNormal::new(5.0, 0.6).unwrap().sample_iter(&mut rng).take(DRAWS).collect();
    // Mean exp(5.18) = 177.7, deviation 177.7 * sqrt(exp(0.36) - 1) = 117; standard error 0.21 % each. Five of
    // the difference's: 1.5 %.
    close(mean(&sorted(Dist::LogNormal { mu: 5.0, sigma: 0.6 })), mean(&theirs), 0.015);

    let theirs: Vec<f64> = rand_distr::Exp::new(0.01).unwrap().sample_iter(&mut rng).take(DRAWS).collect();
    // The deviation equals the mean: standard error 1/316 = 0.32 % each, five of the difference's: 2.3 %.
    close(mean(&sorted(Dist::Exponential { mean: 100.0 })), mean(&theirs), 0.023);

    let drawn = sorted(Dist::Uniform { from: 3.0, to: 6.0 });
    // Deviation 3/sqrt(12) = 0.87; standard error 0.0027, five: 0.3 % of 4.5.
    close(mean(&drawn), 4.5, 0.003);
    assert!(drawn[0] >= 3.0 && drawn[DRAWS - 1] <= 6.0);
}

#[test]
fn impossible_distributions_are_refused() {
    for (p50, p99) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (2.0, 1.0)] {
        assert!(Dist::log_normal(p50, p99).is_err(), "{p50} {p99}");
    }
    assert!(Dist::through(0.9, 1.0, 0.5, 2.0).is_err());
    assert!(Dist::median(100.0, -0.1).is_err());
    assert!(Dist::Uniform { from: 2.0, to: 1.0 }.checked().is_err());
    assert!(Dist::Constant(f64::NAN).checked().is_err());
    assert_eq!(Dist::log_normal(100.0, 100.0).unwrap().sample_us(&mut ChaCha8Rng::seed_from_u64(1)), 100);
}

#[test]
fn hostile_literals_draw_whole_numbers_all_the_same() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert_eq!(Dist::Constant(f64::NAN).sample_us(&mut rng), 0);
    assert_eq!(Dist::Constant(-5.0).sample_us(&mut rng), 0);
    assert_eq!(Dist::Constant(f64::INFINITY).sample_us(&mut rng), u64::MAX);
}

#[test]
fn classes_start_and_flow_as_documented() {
    // 75 tokens a second: the median gap is 13,333 us.
    let Dist::LogNormal { mu, .. } = Latency::default().per_token else { panic!() };
    close(libm::exp(mu), 13_333.3, 1e-4);
    let Dist::LogNormal { mu, .. } = Latency::reasoning().first_token else { panic!() };
    close(libm::exp(mu), 6_000_000.0, 1e-9);
}

proptest! {
    #[test]
    fn one_sample_takes_one_draw(seed in any::<u64>(), mu in 0.0..15.0_f64, sigma in 0.0..2.0_f64) {
        let dist = Dist::LogNormal { mu, sigma };
        let (mut sampled, mut drawn) = (ChaCha8Rng::seed_from_u64(seed), ChaCha8Rng::seed_from_u64(seed));
        dist.sample(&mut sampled);
        drawn.next_u64();
        prop_assert_eq!(sampled.next_u64(), drawn.next_u64());
    }
}

#[test]
fn choices_come_as_often_as_they_weigh() {
    // Weights 3 and 1 of 100,000 draws: 75,000 and 25,000; sqrt(n p q) is 137, five of them 685.
    let dist = Dist::OneOf(Choices::new(&[(10.0, 3.0), (50.0, 1.0)]).unwrap());
    let drawn = sorted(dist);
    let low = drawn.iter().filter(|value| **value == 10.0).count();
    assert!(low.abs_diff(75_000) < 685, "{low}");
    assert!(drawn[low..].iter().all(|value| *value == 50.0));
    assert!(Choices::new(&[]).is_err() && Choices::new(&[(1.0, 0.0)]).is_err());
    assert!(Choices::new(&[(1.0, 1.0); CHOICES_MAX + 1]).is_err());
}

#[test]
fn a_tail_multiplies_its_share_of_the_draws() {
    // The body never exceeds 400 (sigma 0), so what lies above is the tail: 2 % of 100,000, five sigmas are 221.
    let dist = Dist::Tailed { mu: libm::log(400.0), sigma: 0.0, share: 0.02, factor: 5.0 };
    let drawn = sorted(dist);
    let slow = drawn.iter().filter(|value| **value > 1_999.0 && **value < 2_001.0).count();
    assert!(slow.abs_diff(2_000) < 221, "{slow}");
    close(drawn[0], 400.0, 1e-9);
}
