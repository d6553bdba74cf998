//! Faults of the times at which tokens come: first at 100 ms, then one every 10 ms, two a chunk.

use mock_providers::fault::{Fault, PacingFault};
use mock_providers::latency::Dist;

use crate::bench::{DIALECTS, Heard};
use crate::support::{Anthropic, Openai, call, count, fired, ms, unknown};

const fn fault(fault: PacingFault) -> Fault {
    Fault::Pacing(fault)
}

fn times(heard: &Heard) -> Vec<u64> {
    heard.pieces.iter().map(|(ms, _)| *ms).collect()
}

#[tokio::test(start_paused = true)]
async fn headers_come_in_time_and_the_first_token_late() {
    for dialect in DIALECTS {
        let slow = fault(PacingFault::SlowStart { by: ms(1_000), pings: None });
        let (bench, heard) = call(slow, dialect, true, "").await;
        fired(&bench, 1);
        // Headers at 50 ms as ever; the first chunk of two at 1,110 ms instead of 110.
        assert_eq!(times(&heard), [50, 1_110, 1_130, 1_150, 1_170, 1_190]);
        assert_eq!(bench.call().injected.as_millis(), 1_000);
    }
    unknown(fault(PacingFault::SlowStart { by: ms(1_000), pings: None }), Openai, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_can_be_filled_with_pings() {
    for (dialect, ping) in [(Openai, ": keep-alive\n\n"), (Anthropic, "event: ping\n")] {
        let slow = fault(PacingFault::SlowStart { by: ms(1_000), pings: Some(ms(400)) });
        let (_, heard) = call(slow, dialect, true, "").await;
        // 50 + 400 and 50 + 800 ms; the one at 1,250 would be behind the first words.
        assert_eq!(times(&heard), [50, 450, 850, 1_110, 1_130, 1_150, 1_170, 1_190]);
        assert!(heard.pieces[1].1.contains(ping) && heard.pieces[2].1.contains(ping));
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_come_in_bursts_with_gaps_between() {
    let jittery = fault(PacingFault::JitteryGaps { per_token: ms(70), burst: count(4) });
    let (bench, heard) = call(jittery, Openai, true, "").await;
    fired(&bench, 1);
    // Words 0..4 at 100 ms, 4..8 at 170, 8..10 at 240; chunks of two are due with their last word.
    assert_eq!(times(&heard), [50, 100, 170, 240]);
    // Gaps that are drawn are drawn the same every time.
    let drawn = || {
        fault(PacingFault::JitteryGaps { per_token: Dist::Uniform { from: 0.0, to: 1e6 }, burst: count(1) })
    };
    let (_, one) = call(drawn(), Openai, true, "").await;
    let (_, other) = call(drawn(), Openai, true, "").await;
    assert_eq!(times(&one), times(&other));
    assert!(one.ended_ms > 500, "{}", one.ended_ms);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_followed_by_silence_and_the_rest() {
    let burst = fault(PacingFault::BurstThenSilence { burst: count(4), lasts: ms(2_000) });
    let (bench, heard) = call(burst, Openai, true, "").await;
    fired(&bench, 1);
    // Four words at 100 ms; word 4 a gap and two seconds later, at 2,110; its chunk with word 5.
    assert_eq!(times(&heard), [50, 100, 2_120, 2_140, 2_160]);
}

#[tokio::test(start_paused = true)]
async fn in_the_middle_nothing_comes_for_a_while() {
    for dialect in DIALECTS {
        let frozen = |after| fault(PacingFault::Freeze { after: count(after), lasts: ms(3_000) });
        let (bench, heard) = call(frozen(4), dialect, true, "").await;
        fired(&bench, 1);
        assert_eq!(times(&heard), [50, 110, 130, 3_150, 3_170, 3_190]);
        // A reply that is shorter freezes before its last word.
        let (_, heard) = call(frozen(99), dialect, true, "").await;
        assert_eq!(times(&heard), [50, 110, 130, 150, 170, 3_190]);
    }
}
