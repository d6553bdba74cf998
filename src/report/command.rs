//! The commands a report hands its reader: to run it again, to look closer.

use crate::history::{CallerEnding, Header, Mode, Record};
use crate::judge::{Judgement, Verdict};

/// The command that runs it again.
pub(crate) fn again(header: &Header) -> String {
    let real = if header.mode == Mode::RealTime { " --real-time" } else { "" };
    format!("brownout run {} --seed {}{real}", word(&header.path), header.seed)
}

/// The command that tells the life of the request that is to blame. Without one, or after a run in real time,
/// which never happens twice the same way, the command that runs it all again.
pub(crate) fn closer(judgement: &Judgement) -> String {
    let header = &judgement.header;
    match blamed(judgement) {
        Some(record) if header.mode == Mode::Simulated => {
            let id = &record.caller.request_id;
            format!("brownout explain {} {id} --seed {}", word(&header.path), header.seed)
        }
        _ => again(header),
    }
}

/// The request to look at first: a witness of a broken promise, a failed scripted one, one that was not answered.
fn blamed(judgement: &Judgement) -> Option<&Record> {
    let witnesses = judgement.promises.iter().flat_map(|promise| &promise.witnesses);
    let scripted = judgement.scripted.iter().filter(|result| result.verdict == Verdict::Fail);
    let unanswered = judgement.worst.iter().filter(|record| record.caller.ending != CallerEnding::Complete);
    witnesses
        .filter_map(|witness| witness.number)
        .chain(scripted.map(|result| result.expectation.number))
        .chain(unanswered.map(|record| record.caller.number))
        .find_map(|number| judgement.record(number))
}

/// A word of a command line, quoted where a shell would split it or read more into it.
pub(crate) fn word(text: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || "/._-+:@%=,".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        assert_eq!(word("scenarios/outage/hang.yaml"), "scenarios/outage/hang.yaml");
        assert_eq!(word("my scenarios/it's.yaml"), r"'my scenarios/it'\''s.yaml'");
    }
}
