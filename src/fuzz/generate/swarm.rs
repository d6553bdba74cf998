//! What a world is about.
//!
//! A world in which everything is a little wrong shows little: each draws a few kinds of faults and a few settings and does
//! without the rest, so that rare combinations get room (swarm testing). A theme puts together what hurts only together.

use super::draw::Draw;
use super::themes::{THEMES, Theme};

/// What a world is about, and how much of everything else is in it.
#[derive(Debug)]
pub(super) struct Swarm {
    pub(super) theme: &'static Theme,
    /// Percent of the settings that are written.
    density: u64,
    /// Faults scripted, at most.
    pub(super) faults: usize,
    /// Different words among them.
    pub(super) words: usize,
}

impl Swarm {
    pub(super) fn drawn(draw: &mut Draw) -> Swarm {
        let themes: Vec<(u64, &'static Theme)> = THEMES.iter().map(|theme| (theme.weight, theme)).collect();
        Swarm {
            theme: draw.weighted(&themes),
            density: draw.weighted(&[(3, 3), (4, 8), (4, 18), (2, 40), (1, 70)]),
            faults: draw.weighted(&[(1, 0), (6, 1), (6, 2), (5, 3), (3, 4), (2, 6), (1, 9)]),
            words: draw.weighted(&[(4, 1), (4, 2), (3, 3), (2, 5)]),
        }
    }

    /// Whether a setting is written.
    pub(super) fn has(&self, draw: &mut Draw, setting: &str) -> bool {
        let written = draw.chance(self.density);
        self.forces(setting) || written && !self.theme.off.contains(&setting)
    }

    /// The same of a setting that is written less often.
    pub(super) fn seldom(&self, draw: &mut Draw, setting: &str) -> bool {
        let often = draw.chance(35);
        self.forces(setting) || self.has(draw, setting) && often
    }

    /// Whether the theme is about it.
    pub(super) fn forces(&self, setting: &str) -> bool {
        self.theme.on.contains(&setting)
    }
}
