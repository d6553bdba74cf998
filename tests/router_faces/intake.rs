//! Load shedding: quickly, politely, and without a trace.

use std::time::Duration;

use brownout::router::http::Intake;
use mock_providers::dialect::Dialect as Vendor;
use mock_providers::fault::{Fault, Rule};
use serde_json::json;

use crate::Face;
use crate::house::{House, house_with};

/// A house with room for one request and `queue` that wait, whose model takes 2 s to fail.
fn small(queue: usize) -> House {
    house_with(vec![(Vendor::Openai, vec![Rule::from(Fault::Hang)])], |config| {
        config.intake =
            Intake { max_in_flight: 1, queue, queue_wait: Duration::from_millis(100), ..Intake::default() };
    })
}

#[tokio::test(start_paused = true)]
async fn one_more_than_fits_gets_503_and_when_to_come_back_at_once() {
    for face in Face::ALL {
        let house = small(0);
        let (inside, ()) = tokio::join!(biased; house.post(face.path(), face.ask(true, 9)), async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(house.router.intake_gauges(), (1, 0));
            let before = house.clock.now();
            let shed = house.post(face.path(), face.ask(false, 9)).await;
            assert!(house.clock.now().since(before) < Duration::from_millis(2), "at once");
            assert_eq!((shed.status, shed.header("retry-after")), (503, Some("1")), "{}", shed.text);
            assert_eq!(shed.json()["error"]["type"], "overloaded_error");
            assert_eq!(shed.json().get("type").is_some(), face == Face::Messages);
            let (health, models) = (house.get("/health", &[]).await, house.get("/v1/models", &[]).await);
            assert_eq!((health.status, models.status), (200, 200), "never shed");
        });
        assert_eq!(inside.status, 504, "{}", inside.text);
        assert_eq!(house.trails.lock().expect("nobody panics").len(), 1, "nobody was asked for the other");
        house.is_quiet().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_turned_away_in_time() {
    let house = small(1);
    let face = Face::Chat;
    let (_, ()) = tokio::join!(biased; house.post(face.path(), face.ask(false, 9)), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let before = house.clock.now();
        let shed = house.post(face.path(), face.ask(false, 9)).await;
        let waited = house.clock.now().since(before);
        assert_eq!(shed.status, 503);
        assert!((100..=105).contains(&waited.as_millis()), "{waited:?}");
    });
    house.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn the_size_of_bodies_is_the_operators() {
    let house = house_with(vec![(Vendor::Openai, Vec::new())], |config| config.intake.max_body = 500);
    for face in Face::ALL {
        let mut body = face.ask(false, 9);
        assert_eq!(house.post(face.path(), body.clone()).await.status, 200);
        body["padding"] = json!("x".repeat(500));
        let answer = house.post(face.path(), body).await;
        assert_eq!(answer.status, 413, "{}", answer.text);
        let kind = if face == Face::Messages { "request_too_large" } else { "invalid_request_error" };
        assert_eq!(answer.json()["error"]["type"], kind);
    }
    house.is_quiet().await;
}
