//! The check that every scenario has: whether its run proved anything.

use super::{Check, CheckKind, kept};
use crate::judge::{Judgement, Reason, Verdict, plural};
use crate::report::Chapter;

/// Whether the run proved anything. Whatever reason no other check stands for is told here, so that none is lost.
pub(super) fn of(chapter: &Chapter, others: &[Check]) -> Check {
    let judgement = &chapter.account.judgement;
    let name = "the run is valid".to_owned();
    let reasons: Vec<&Reason> =
        judgement.reasons.iter().filter(|reason| !stands_elsewhere(judgement, reason)).collect();
    if let Some(first) = reasons.first() {
        let detail = reasons.iter().map(|reason| format!("{}\n  {}\n", reason.what, reason.help));
        let check = kept(CheckKind::Run, name, first.what.clone());
        return Check { verdict: first.verdict, detail: detail.collect(), ..check };
    }
    let verdict = chapter.verdict();
    if verdict != Verdict::Pass && others.iter().all(|check| check.verdict != verdict) {
        return Check { verdict, ..kept(CheckKind::Run, name, verdict.name().to_owned()) };
    }
    kept(CheckKind::Run, name, format!("{} judged", plural(judgement.whole.requests, "request")))
}

/// Whether a promise, an expectation or a scripted request gives this reason.
fn stands_elsewhere(judgement: &Judgement, reason: &Reason) -> bool {
    let begins = |with: &str| reason.what.starts_with(with);
    judgement.promises.iter().any(|promise| begins(&format!("{} {} ", promise.id, promise.name)))
        || judgement.expectations.iter().any(|result| {
            let text = &result.expectation.text;
            begins(&format!("expected {text}")) || begins(&format!("`{text}`"))
        })
        || judgement
            .scripted
            .iter()
            .any(|result| begins(&format!("scripted request {} ", result.expectation.number)))
}
