//! Whom a request may reach, and with what.

use brownout::router::seam::Defect;

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(Defect::LeaksAKey, &["I16"], &["B111", "B112"]),
    row(Defect::AsksForTheFirstModel, &["I16", "I19"], &["B108"]),
    row(Defect::FallsBackUnasked, &["I23"], &["B005"]),
    row(Defect::ChecksAccessOnTheFirstHop, &["I23"], &["B167"]),
    row(Defect::ChecksTheRegionOnTheFirstHop, &["I23"], &["B167"]),
    row(Defect::ForgetsTheBudgetOnTheSecondHop, &["I23"], &["B166"]),
    row(Defect::LastResortKnowsNoRules, &["I23"], &["B107", "B166"]),
    row(Defect::SharesTheCache, &["I25"], &["B045"]),
    row(Defect::CachesHalfAnAnswer, &["I25"], &["B045", "B094"]),
    row(Defect::ServesStaleAnswers, &["I25"], &["B045"]),
];
