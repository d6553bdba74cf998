//! The pure core, driven through generated and enumerated lives: engine and fleet, without sockets or clocks.
//!
//! A `World` plays several requests that share one fleet, event by event in the order of time, and checks the
//! promises after every single event.

#[path = "engine_properties/cases.rs"]
mod cases;
#[path = "engine_properties/drawn.rs"]
mod drawn;
#[path = "engine_properties/enumerated.rs"]
mod enumerated;
#[path = "engine_properties/promises.rs"]
mod promises;
#[path = "engine_properties/world.rs"]
mod world;

use std::sync::Arc;

use brownout::chat::FailureClass;
use brownout::router::engine::{Engine, Step};
use brownout::router::fleet::Fleet;
use brownout::router::plan::Facts;
use brownout::world::{Dice, Moment};
use proptest::prelude::*;

use drawn::{any_breaker, any_class, any_config, any_script, config, route};
use world::{World, failure, is_neutral};
proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// I02, I06, I07, I08, I10, I12, I13, I14, I15, I18 and the cause of I19, in the words beside each check:
    /// whatever the policies, however models fail and callers leave, for one request alone and for several that
    /// share what is known of their models.
    #[test]
    fn every_promise_holds_after_every_event(
        config in any_config(),
        scripts in prop::collection::vec(any_script(), 1..10),
    ) {
        World::new(config, &scripts).play()?;
    }

    /// I13 attribution: a failure that is the request's own, a limit cut by the caller's deadline, or a caller
    /// who left, leaves a closed breaker as it was, to the last count.
    #[test]
    fn what_is_not_the_models_fault_leaves_no_trace(
        breaker in any_breaker(),
        before in 0..3_u32,
        class in any_class(),
        left in any::<bool>(),
    ) {
        let config = Arc::new(config(&[breaker], &[None], route(1)));
        let mut fleet = Fleet::new(&config);
        for _ in 0..before {
            let mut engine = Engine::new(Arc::clone(&config), 0, Facts::default(), Dice::new(1).key("x"), Moment::ZERO);
            if let Step::Attempt(_) = engine.begin(Moment::ZERO, &mut fleet) {
                engine.failed(failure(FailureClass::ServerError, None), Moment::ZERO, &mut fleet);
            }
        }
        let untouched = format!("{fleet:?}");
        let mut engine = Engine::new(Arc::clone(&config), 0, Facts::default(), Dice::new(1).key("x"), Moment::ZERO);
        if let Step::Attempt(order) = engine.begin(Moment::ZERO, &mut fleet) {
            if left {
                engine.caller_left(Moment::ZERO, &mut fleet);
                prop_assert_eq!(format!("{:?}", fleet), untouched);
            } else if is_neutral(class) || !order.limits.blames(class, Moment::ZERO) {
                engine.failed(failure(class, None), Moment::ZERO, &mut fleet);
                prop_assert_eq!(format!("{:?}", fleet), untouched);
            }
        }
    }
}
