//! Hunts routers made of tower's layers through generated worlds: `cargo run --example tower_router`.
//!
//! The careful one keeps what it is asked for. Each of the others breaks a promise, and the smallest world that shows it is told.

mod router;

use brownout::testing::{self, Check};
use router::{HEAD, Habit, REPEATS, Router};

fn tested(habit: Habit) -> Check<Router> {
    testing::check(move |upstreams| Router::new(upstreams, habit)).repeats(REPEATS).max_attempts(6)
}

fn main() {
    println!("a careful router: {HEAD:?} to the head of an answer, {REPEATS} repeat, then the next model");
    let kept = ["I01", "I02", "I03", "I06", "I07", "I08", "I10", "I12", "I16", "I21"];
    let report = tested(Habit::Careful).promises(kept).cases(300).run();
    for (promise, times) in &report.judged {
        println!("  {promise} kept, {times} times in {} worlds", report.cases);
    }
    let naive =
        [(Habit::HeadOnly, "I12"), (Habit::Impatient, "I10"), (Habit::Tidy, "I01"), (Habit::Detached, "I21")];
    for (habit, promise) in naive {
        match tested(habit).promises([promise]).cases(2_000).hunt() {
            Some(found) => println!("\n{habit:?}: {found}"),
            None => println!("\n{habit:?} breaks nothing"),
        }
    }
}
