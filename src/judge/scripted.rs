//! Requests that were scripted one by one, against what happened to them.

use super::case::Case;
use super::expectations::show_seconds;
use super::judgement::{Mismatch, ScriptedResult, Verdict};
use crate::chat::Finish;
use crate::history::{Attempt, AttemptResult, Call, CallerEnding, RouterOutcome, ScriptedExpectation};

/// Compares one scripted request with its record.
pub(crate) fn judge(expectation: &ScriptedExpectation, case: &Case<'_>) -> ScriptedResult {
    let checks = [
        attempts(expectation, case),
        served_by(expectation, case),
        status(expectation, case),
        outcome(expectation, case),
        error(expectation, case),
        within(expectation, case),
        not_before(expectation, case),
        finish(expectation, case),
        retry_after(expectation, case),
    ];
    let mismatches: Vec<Mismatch> = checks.into_iter().flatten().collect();
    let verdict = if mismatches.is_empty() { Verdict::Pass } else { Verdict::Fail };
    ScriptedResult { expectation: expectation.clone(), verdict, mismatches }
}

/// A scripted request that never came to an end; in a run that was stopped early that says nothing.
pub(crate) fn missing(expectation: &ScriptedExpectation, aborted: bool) -> ScriptedResult {
    let (verdict, actual) = if aborted {
        (Verdict::Inconclusive, "the run was stopped before")
    } else {
        (Verdict::Fail, "the run has no record of it")
    };
    let mismatches = vec![mismatch("request", "an end", actual)];
    ScriptedResult { expectation: expectation.clone(), verdict, mismatches }
}

fn attempts(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let expected = expectation.attempts.as_ref()?;
    let actual: Vec<_> = case.pairs().collect();
    let same = expected.len() == actual.len()
        && expected
            .iter()
            .zip(&actual)
            .all(|((model, wanted), (attempt, call))| *model == attempt.model && is(wanted, attempt, *call));
    if same {
        return None;
    }
    let wanted: Vec<_> = expected.iter().map(|(model, result)| format!("{model} {result}")).collect();
    let got: Vec<_> = actual.iter().map(|(attempt, call)| describe(attempt, *call)).collect();
    Some(mismatch("attempts", &format!("[{}]", wanted.join(", ")), &format!("[{}]", got.join(", "))))
}

/// Whether an attempt ended as a pattern says: a status, a failure class, `ok`, `cancelled` or `lost`. A class may be
/// named by its family: `timeout` is any of the four.
fn is(wanted: &str, attempt: &Attempt, call: Option<&Call>) -> bool {
    if let Ok(status) = wanted.parse::<u16>() {
        return status_of(attempt, call) == Some(status);
    }
    match &attempt.result {
        AttemptResult::Served => wanted == "ok",
        AttemptResult::Cancelled => wanted == "cancelled",
        AttemptResult::Lost => wanted == "lost",
        AttemptResult::Failed(failure) => {
            let name = failure.class.name();
            name == wanted || (wanted == "timeout" && name.starts_with("timeout_"))
        }
    }
}

/// The status on the wire: as the provider sent it, else as the router says.
fn status_of(attempt: &Attempt, call: Option<&Call>) -> Option<u16> {
    match (&attempt.result, call.and_then(|call| call.status)) {
        (_, Some(status)) => Some(status),
        (AttemptResult::Served, None) => Some(200),
        (AttemptResult::Failed(failure), None) => failure.status,
        (AttemptResult::Cancelled | AttemptResult::Lost, None) => None,
    }
}

fn describe(attempt: &Attempt, call: Option<&Call>) -> String {
    let status = status_of(attempt, call).filter(|status| *status >= 400).map(|status| format!(" {status}"));
    let status = status.unwrap_or_default();
    match &attempt.result {
        AttemptResult::Served => format!("{} ok", attempt.model),
        AttemptResult::Cancelled => format!("{} cancelled", attempt.model),
        AttemptResult::Lost => format!("{} lost", attempt.model),
        AttemptResult::Failed(failure) => format!("{}{status} {}", attempt.model, failure.class),
    }
}

fn served_by(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let expected = expectation.served_by.as_deref()?;
    let actual = if case.outcome.answered() { case.serving_model().unwrap_or("nobody") } else { "nobody" };
    (expected != actual).then(|| mismatch("served_by", expected, actual))
}

fn status(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let expected = expectation.status?;
    let actual = case.record.caller.status;
    let shown = actual.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    (actual != Some(expected)).then(|| mismatch("status", &expected.to_string(), &shown))
}

fn outcome(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let expected = expectation.outcome.as_deref()?;
    let actual = case.outcome.name();
    (expected != actual).then(|| mismatch("outcome", expected, actual))
}

/// The code may be the caller's error code or the class of the failure the router reported.
fn error(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let expected = expectation.error.as_deref()?;
    let code = match &case.record.caller.ending {
        CallerEnding::Error { code, .. } | CallerEnding::InBandError { code, .. } => code.as_deref(),
        _ => None,
    };
    let class = match case.record.trail.as_ref().map(|trail| &trail.outcome) {
        Some(RouterOutcome::Failed { failure, .. } | RouterOutcome::Interrupted { failure, .. }) => {
            Some(failure.class.name())
        }
        _ => None,
    };
    if code == Some(expected) || class == Some(expected) {
        return None;
    }
    Some(mismatch("error", expected, code.or(class).unwrap_or("no error")))
}

fn within(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let limit = expectation.within?;
    let took = case.total();
    (took > limit).then(|| mismatch("within", &show(limit), &show(took)))
}

fn not_before(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let least = expectation.not_before?;
    let took = case.total();
    (took < least).then(|| mismatch("not_before", &show(least), &show(took)))
}

fn finish(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let expected = expectation.finish?;
    let actual = case.record.caller.finish;
    let shown = actual.map_or("none", Finish::name);
    (actual != Some(expected)).then(|| mismatch("finish", expected.name(), shown))
}

/// Whole seconds, as in the header.
fn retry_after(expectation: &ScriptedExpectation, case: &Case<'_>) -> Option<Mismatch> {
    let (least, most) = expectation.retry_after?;
    let actual = match &case.record.caller.ending {
        CallerEnding::Error { retry_after, .. } => *retry_after,
        _ => None,
    };
    let kept = actual.is_some_and(|actual| least <= actual && actual <= most);
    let wanted = if least == most { show(least) } else { format!("{}..{}", show(least), show(most)) };
    (!kept).then(|| mismatch("retry_after", &wanted, &actual.map_or_else(|| "none".to_owned(), show)))
}

fn show(span: std::time::Duration) -> String {
    show_seconds(span.as_secs_f64())
}

fn mismatch(what: &str, expected: &str, actual: &str) -> Mismatch {
    Mismatch { what: what.to_owned(), expected: expected.to_owned(), actual: actual.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Failure, FailureClass, Limit};
    use crate::history::Record;
    use crate::judge::facts::Facts;
    use crate::judge::testkit::{failed_over, failing, header, served};

    fn judged(record: &Record, script: &ScriptedExpectation) -> ScriptedResult {
        let facts = Facts::new(header());
        judge(script, &Case::new(record, &facts))
    }

    #[test]
    fn an_attempt_fits_the_words_for_its_end_and_no_others() {
        let failed = |class| AttemptResult::Failed(Failure::new(class, "no"));
        let words = ["ok", "cancelled", "lost", "server_error", "timeout", "timeout_idle", "timeout_total"];
        for (result, fits) in [
            (AttemptResult::Served, &["ok"][..]),
            (AttemptResult::Cancelled, &["cancelled"]),
            (AttemptResult::Lost, &["lost"]),
            (failed(FailureClass::ServerError), &["server_error"]),
            // The family of a class, and itself.
            (failed(FailureClass::Timeout(Limit::Idle)), &["timeout", "timeout_idle"]),
            (failed(FailureClass::Timeout(Limit::Total)), &["timeout", "timeout_total"]),
        ] {
            let mut record = served(0, "claude");
            record.trail.as_mut().expect("a trail").attempts[0].result = result.clone();
            for word in words {
                let attempts = Some(vec![("claude".to_owned(), word.to_owned())]);
                let found =
                    judged(&record, &ScriptedExpectation { attempts, ..ScriptedExpectation::default() });
                assert_eq!(found.verdict == Verdict::Pass, fits.contains(&word), "{result:?} {word}");
            }
        }
    }

    #[test]
    fn a_status_is_the_one_on_the_wire_or_else_the_routers_word() {
        let fits = |record: &Record, status: &str| {
            let attempts = Some(vec![("claude".to_owned(), status.to_owned())]);
            judged(record, &ScriptedExpectation { attempts, ..ScriptedExpectation::default() }).verdict
                == Verdict::Pass
        };
        let mut record = failing(0, &["claude"]);
        record.calls[0].status = Some(503);
        assert!(fits(&record, "503") && !fits(&record, "500"));
        record.calls.clear();
        assert!(fits(&record, "500") && !fits(&record, "503"));
        let mut answered = served(0, "claude");
        answered.calls.clear();
        assert!(fits(&answered, "200") && !fits(&answered, "500"));
    }

    #[test]
    fn attempts_fit_only_in_their_order_and_all_of_them() {
        let fits = |models: &[(&str, &str)]| {
            let attempts =
                models.iter().map(|(model, end)| ((*model).to_owned(), (*end).to_owned())).collect();
            let script = ScriptedExpectation { attempts: Some(attempts), ..ScriptedExpectation::default() };
            judged(&failed_over(0), &script).verdict == Verdict::Pass
        };
        assert!(fits(&[("claude", "500"), ("flash", "ok")]));
        assert!(!fits(&[("claude", "500")]) && !fits(&[("flash", "ok"), ("claude", "500")]));
        assert!(!fits(&[("flash", "500"), ("flash", "ok")]));
        assert!(!fits(&[("claude", "500"), ("flash", "ok"), ("flash", "ok")]));
    }

    #[test]
    fn who_served_is_the_model_that_answered_or_nobody() {
        let served_by = |record: &Record, name: &str| {
            let script =
                ScriptedExpectation { served_by: Some(name.to_owned()), ..ScriptedExpectation::default() };
            judged(record, &script).mismatches.into_iter().map(|mismatch| mismatch.actual).next()
        };
        assert_eq!(served_by(&failed_over(0), "flash"), None);
        assert_eq!(served_by(&failed_over(0), "claude"), Some("flash".to_owned()));
        assert_eq!(served_by(&failing(0, &["claude", "flash"]), "nobody"), None);
        assert_eq!(served_by(&failing(0, &["claude", "flash"]), "flash"), Some("nobody".to_owned()));
    }

    #[test]
    fn an_error_is_the_callers_code_or_the_class_of_the_last_failure() {
        let error = |record: &Record, name: &str| {
            let script =
                ScriptedExpectation { error: Some(name.to_owned()), ..ScriptedExpectation::default() };
            judged(record, &script).mismatches.into_iter().map(|mismatch| mismatch.actual).next()
        };
        let code = || Some("model_overloaded".to_owned());
        let mut plain = failing(0, &["claude"]);
        plain.caller.ending =
            CallerEnding::Error { code: code(), message: "no".to_owned(), retry_after: None };
        let mut streamed = served(0, "claude");
        streamed.caller.ending = CallerEnding::InBandError { code: code(), message: "no".to_owned() };
        for record in [&plain, &streamed] {
            assert_eq!(error(record, "model_overloaded"), None);
            assert_eq!(error(record, "timeout"), Some("model_overloaded".to_owned()));
        }
        assert_eq!(error(&plain, "server_error"), None);
        assert_eq!(error(&failing(0, &["claude"]), "timeout"), Some("server_error".to_owned()));
        assert_eq!(error(&served(0, "claude"), "timeout"), Some("no error".to_owned()));
    }

    #[test]
    fn a_wait_is_told_as_a_number_or_as_a_span() {
        let wanted = |least: u64, most: u64| {
            let seconds = std::time::Duration::from_secs;
            let retry_after = Some((seconds(least), seconds(most)));
            let script = ScriptedExpectation { retry_after, ..ScriptedExpectation::default() };
            judged(&failing(0, &["claude"]), &script).mismatches.remove(0)
        };
        assert_eq!((wanted(5, 5).expected.as_str(), wanted(5, 5).actual.as_str()), ("5s", "none"));
        assert_eq!(wanted(4, 6).expected, "4s..6s");
    }
}
