//! `abort_on`: when a run is hopeless.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ExpectError, Expectation, Known, error, parse, reach};

/// Requests that must be over before a condition that says nothing of it is looked at: as many as a share needs to settle.
const USUAL: u64 = 50;

/// A condition under which a run is stopped: `availability < 50% during outage`, after 200 requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopWhen {
    /// The condition: the run is hopeless when it holds.
    pub when: Expectation,
    /// How much must be seen of its phases before it is looked at.
    pub after: After,
}

/// How much must be seen before a condition is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// So many requests (samples, of a distribution).
    Requests(u64),
    /// So much time of its phases.
    Time(Duration),
}

impl Default for After {
    fn default() -> Self {
        After::Requests(USUAL)
    }
}

impl StopWhen {
    /// Reads a condition: an expectation by its form.
    ///
    /// # Errors
    ///
    /// As [`Expectation::parse_known`], and when its figure says nothing of the service.
    pub fn condition(text: &str, known: Option<&Known>) -> Result<Expectation, ExpectError> {
        let (condition, figure) = parse::read(text, known)?;
        condition.measures().try_for_each(|measure| reach::check_stop(measure, &figure))?;
        Ok(condition)
    }
}

impl After {
    /// Reads `200 requests`; times are the reader's own.
    ///
    /// # Errors
    ///
    /// When it is not a whole number of requests, one at least.
    pub fn requests(text: &str) -> Result<After, ExpectError> {
        let number = text.trim_end_matches("requests").trim_end_matches("request").trim();
        match number.replace('_', "").parse() {
            Ok(count) if count > 0 => Ok(After::Requests(count)),
            _ => {
                let message = format!("`{text}` is neither a number of requests nor a time");
                Err(error(message, "write `200 requests` or `10s`", 0..text.len()))
            }
        }
    }
}
