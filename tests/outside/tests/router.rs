//! A user's test: a router of its own type, `brownout` a path dependency without features, and nothing else of it needed.

use std::time::Duration;

use brownout::testing::{self, Error, Reply, Request, Target, Upstreams};

/// Asks the models in order, each for so long.
struct Mine {
    upstreams: Upstreams,
    patience: Duration,
}

impl Target for Mine {
    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        for model in self.upstreams.models() {
            let asked = tokio::time::timeout(self.patience, self.upstreams.ask(model, &request)).await;
            if let Ok(Ok(response)) = asked
                && response.status().is_success()
            {
                return Ok(response.into());
            }
        }
        Ok(Reply::error(503, "nobody answered"))
    }
}

fn mine(upstreams: Upstreams) -> Mine {
    Mine { upstreams, patience: Duration::from_secs(5) }
}

#[test]
fn it_asks_everybody_once_and_mixes_nothing_up() {
    let report = testing::check(mine).promises(["I02", "I03", "I07", "I16", "I21"]).repeats(0).cases(100).run();
    assert_eq!(report.cases, 100);
}

#[test]
fn it_does_not_watch_the_clock_once_somebody_has_begun() {
    let found = testing::check(mine).promises(["I12"]).cases(500).hunt().expect("a world that shows it");
    assert!(found.size().requests <= 2 && found.size().faults <= 2, "{found}");
}
