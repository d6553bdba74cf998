//! A scenario's page: the verdict and why, then the run from the timeline down to single requests.

use super::markup::{Markup, el};
use super::parts::badge;
use super::scene::Scene;

/// The page. `home` is the one that is shown when no other is asked for.
pub(super) fn page(scene: &Scene<'_>, home: bool) -> Markup {
    let class = if home { "page scenario home" } else { "page scenario" };
    let heading = scene.anchor("h");
    el("section")
        .class(class)
        .id(&scene.id)
        .attr("aria-labelledby", &heading)
        .with(el("h1").id(&heading).with(scene.chapter.name()).with(" ").with(badge(scene.chapter.verdict())))
        .into()
}
