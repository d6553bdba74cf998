//! Who is benched, who is asked, and who is let back in.

use brownout::router::seam::Defect;

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(Defect::BlamesForBadRequests, &["I13"], &["B086", "B123"]),
    row(Defect::BlamesWhoWasLeft, &["I13"], &["B130"]),
    row(Defect::BlamesShortDeadlines, &["I13"], &["B120"]),
    row(Defect::MovesABenchBack, &["I13"], &["B119"]),
    row(Defect::NeverBenches, &["I15"], &["B117", "B125"]),
    row(Defect::NeverLetsBack, &["I14"], &["B139"]),
    row(Defect::EverybodyProbes, &["I15"], &["B135"]),
    row(Defect::LosesAProbeSlot, &["I22", "I14"], &["B172"]),
    row(Defect::LosesPlaces, &["I22"], &["B172", "B103"]),
    row(Defect::IgnoresTheOrder, &["I27"], &["B102"]),
    row(Defect::IgnoresWeights, &["I27"], &["B102"]),
    row(Defect::FailingFastAttracts, &["I27"], &["B103"]),
    row(Defect::SilenceAttracts, &["I27"], &[]),
];
