//! What is told, what is billed, and what is held.

use brownout::router::seam::Defect;

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(Defect::NamesTheFirstModel, &["I19"], &["B109"]),
    row(Defect::CountsOnlyWhatFailed, &["I19"], &["B181"]),
    row(Defect::ForgetsLosers, &["I19", "I07"], &["B155", "B168"]),
    row(Defect::BillsAtTheFirstPrice, &["I20"], &["B162"]),
    row(Defect::UnknownIsFree, &["I20"], &["B162", "B164"]),
    row(Defect::AddsUsageUp, &["I20"], &["B164"]),
    row(Defect::StartsForNobody, &["I21"], &["B023"]),
    row(Defect::WorksForNobody, &["I21"], &["B023"]),
    row(Defect::LetsLosersRun, &["I21"], &["B168"]),
    row(Defect::StartsAfterTheAnswer, &["I21", "I07"], &["B023"]),
    row(Defect::LeaksAGauge, &["I22"], &["B172"]),
];
