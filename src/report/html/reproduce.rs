//! The exact commands: to run it again, to look closer.

use super::markup::{Markup, el};
use super::parts::{command, section};
use super::scene::Scene;
use crate::history::Mode;
use crate::report::command::{again, closer};

/// The section.
pub(super) fn section_of(scene: &Scene<'_>) -> Markup {
    let judgement = scene.judgement();
    let again = again(&judgement.header);
    let closer = closer(judgement);
    let same = match judgement.header.mode {
        Mode::Simulated => "The same seed gives the same run, to the byte.",
        Mode::RealTime => "In real time no run is like another, also with the same seed.",
    };
    let mut body = Markup::from(el("p").with(same)).and(command(&again));
    if closer != again {
        body.push(el("p").with("The life of the request to look at first:"));
        body.push(command(&closer));
    }
    section(scene, "reproduce", "Run it again", body)
}
