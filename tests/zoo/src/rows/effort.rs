//! How often is asked, how soon, and for how long.

use brownout::router::seam::Defect;

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(Defect::RepeatsOnceTooOften, &["I07", "I06"], &["B098"]),
    row(Defect::RetriesInTwoLayers, &["I07", "I06"], &["B058", "B154", "B155"]),
    row(Defect::CountsFromZero, &["I06"], &["B078", "B100"]),
    row(Defect::SkipsEverySecond, &["I02", "I27"], &["B059", "B104"]),
    row(Defect::RepeatsWhatMayBeDone, &["I09"], &["B160"]),
    row(Defect::IgnoresAModelsRepeats, &["I07", "I29"], &["B153"]),
    row(Defect::IgnoresRetryAfter, &["I10"], &["B144", "B145"]),
    row(Defect::ReadsNoDates, &["I10"], &["B146"]),
    row(Defect::ForgetsWaits, &["I10"], &["B101"]),
    row(Defect::MovesAWaitBack, &["I10"], &["B119"]),
    row(Defect::HammersAtOnce, &["I11"], &["B099"]),
    row(Defect::NeverBacksOff, &["I11"], &["B013"]),
    row(Defect::RepeatsInStep, &["I11"], &["B149", "B152"]),
    row(Defect::OverdrawsTheRetryBudget, &["I11"], &["B182"]),
    row(Defect::HedgesAgainAndAgain, &["I29"], &["B168"]),
    row(Defect::HedgesTooSoon, &["I29"], &["B168"]),
    row(Defect::OverdrawsTheHedgeBudget, &["I11"], &["B168"]),
    row(Defect::ForgetsTheDeadline, &["I12", "I06"], &["B027", "B157"]),
    row(Defect::ConnectsForEver, &["I12"], &["B018"]),
    row(Defect::StopsTheClockAtHeaders, &["I12", "I06"], &["B025", "B026"]),
    row(Defect::PingsAreProgress, &["I12"], &["B022"]),
    row(Defect::TimesTheFirstTokenOnly, &["I12"], &["B020"]),
    row(Defect::IgnoresAModelsLimits, &["I12", "I29"], &["B159"]),
];
