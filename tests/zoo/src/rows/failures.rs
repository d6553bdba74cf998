//! What a failure means, and what it leads to.

use brownout::router::seam::Defect;

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(Defect::TakesAQuotaForARate, &["I08", "I02", "I09"], &["B076", "B077"]),
    row(Defect::KnowsNo529, &["I08", "I09"], &["B036"]),
    row(Defect::ReadsPastErrors, &["I04", "I01"], &["B003", "B015", "B062"]),
    row(Defect::EveryErrorInsideIsA500, &["I04"], &["B034", "B081"]),
    row(Defect::TakesAnErrorForAFinish, &["I04", "I01"], &["B046"]),
    row(Defect::TakesNothingForAnAnswer, &["I05"], &["B021", "B093", "B095"]),
    row(Defect::PassesARefusalOn, &["I23"], &["B087", "B088"]),
    row(Defect::ConnectionsDoNotFallBack, &["I02", "I09"], &["B074", "B114"]),
    row(Defect::StreamsDoNotFallBack, &["I24", "I02", "I09"], &["B007", "B016", "B056"]),
    row(Defect::IgnoresListedStatuses, &["I09", "I02"], &["B069"]),
    row(Defect::AsksTheSameAgain, &["I08"], &["B068"]),
    row(Defect::BelievesTheFallbacksComplaint, &["I17", "I02"], &["B009", "B082"]),
    row(Defect::ChecksAbilityOnTheFirstHop, &["I17"], &["B082", "B099"]),
    row(Defect::BlamesTheLast, &["I17", "I18"], &["B184", "B106"]),
    row(Defect::AlwaysSays500, &["I18"], &["B056", "B072"]),
    row(Defect::KeepsTheWaitToItself, &["I18"], &["B143"]),
];
