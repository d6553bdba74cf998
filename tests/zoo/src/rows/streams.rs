//! What a caller of a stream is given.

use brownout::router::seam::Defect;

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(Defect::InventsATerminator, &["I01"], &["B002", "B045"]),
    row(Defect::SplicesTwoAttempts, &["I03", "I01"], &["B005", "B038"]),
    row(Defect::SkipsWithoutReading, &["I03", "I01"], &["B010"]),
    row(Defect::HidesASeam, &["I03", "I19"], &["B109"]),
    row(Defect::CommitsOnARole, &["I02"], &["B015", "B022"]),
    row(Defect::AcceptsHalfACall, &["I28"], &["B049", "B050"]),
    row(Defect::GoesOnAfterACall, &["I28", "I03"], &["B097"]),
    row(Defect::KnowsOnlyLineFeeds, &["I26"], &["B055"]),
    row(Defect::StumblesOverABom, &["I26"], &["B055"]),
];
