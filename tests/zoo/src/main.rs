//! Broken routers, and the proof that Brownout notices each of them.

use std::time::Instant;

use brownout::fuzz::generate::Given;
use brownout::fuzz::hunt::Hunt;
use brownout::fuzz::play::simulated;
use brownout::fuzz::{Case, Coverage};
use brownout::router::seam::{self, Defect};

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures real time, outside of any run"
)]
fn main() -> std::io::Result<()> {
    let hunt = Hunt { seed: 0, given: Given::default(), from: 0, cases: 2_000, budget: Default::default() };
    for defect in [None].into_iter().chain(Defect::ALL.iter().copied().map(Some)) {
        let began = Instant::now();
        let player =
            |case: &Case, coverage: &mut Coverage| seam::with(defect, || simulated::play(case, coverage));
        let found = hunt.run(&player, &mut Coverage::default())?;
        let found = found.map(|found| (found.number, found.broken));
        println!("{defect:?}: {found:?} after {:?}", began.elapsed());
    }
    Ok(())
}
