//! The course of the run: small charts one under the other, on one axis of time.
//!
//! Each is as simple as it can be, because the story is in their standing above each other: what arrived, what became
//! of it, who was asked, what failed, what the router thought. One moment pointed at is shown in all of them.

mod bins;
mod breakers;
mod events;
mod rows;
mod values;

use self::bins::Bins;
use super::markup::{Markup, el};
use super::moments::Series;
use super::parts::{empty, lead, section};
use super::scene::Scene;

/// One of the charts, and the values it shows when a moment is pointed at.
#[derive(Clone, Debug)]
struct Row {
    figure: Markup,
    series: Vec<Series>,
}

/// The section.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let bins = Bins::of(scene);
    if bins.offered() == 0 {
        return section(
            scene,
            "timeline",
            "Timeline",
            empty("No request arrived, so nothing happened over time."),
        );
    }
    let rows: Markup = all(scene, &bins).into_iter().map(|row| row.figure).collect();
    let body = Markup::from(lead(told(scene)))
        .and(events::strip(scene))
        .and(rows)
        .and(el("div").class("clock").with(scene.clock()))
        .and(values::table(scene, &bins));
    section(scene, "timeline", "Timeline", body)
}

/// What the script shows of a moment.
pub(super) fn series(scene: &Scene<'_>) -> Vec<Series> {
    let bins = Bins::of(scene);
    if bins.offered() == 0 {
        Vec::new()
    } else {
        all(scene, &bins).into_iter().flat_map(|row| row.series).collect()
    }
}

fn all(scene: &Scene<'_>, bins: &Bins) -> Vec<Row> {
    vec![
        rows::offered(scene, bins),
        rows::outcomes(scene, bins),
        rows::attainment(scene, bins),
        rows::traffic(scene, bins),
        rows::failures(scene, bins),
        breakers::row(scene, bins),
        rows::extra(scene, bins),
    ]
}

fn told(scene: &Scene<'_>) -> &'static str {
    if scene.shades().is_empty() {
        "Time runs from left to right, the same in every chart. No fault has a window in this scenario."
    } else {
        "Time runs from left to right, the same in every chart. Shaded: a fault is armed. Dotted: a phase begins."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Chapter;
    use crate::report::html::moments::Value;
    use crate::report::testkit::good;

    #[test]
    fn what_is_shown_of_a_moment_is_what_happened_then() {
        // From 10 s to 20 s claude fails and flash serves: second 12 is in step 18 (11.52 s to 12.16 s).
        let chapter = Chapter::once(good());
        let scene = Scene::new(&chapter, "s".to_owned());
        let all = series(&scene);
        let at = |key: &str, step: usize| {
            let series = all.iter().find(|series| series.key == key).expect("a series of this key");
            series.values[step].clone()
        };
        assert_eq!((at("t.primary", 0), at("t.fallback", 0)), (Value::Number(1.0), Value::Number(0.0)));
        assert_eq!((at("t.primary", 18), at("t.fallback", 18)), (Value::Number(0.0), Value::Number(1.0)));
        assert_eq!(
            (at("t.to.anthropic", 18), at("t.failed.anthropic", 18)),
            (Value::Number(0.5), Value::Number(1.0))
        );
        assert_eq!(at("t.offered", 2), Value::Number(0.0));
    }
}
