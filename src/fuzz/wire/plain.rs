//! Answers that are not streamed, cut and damaged.

use serde_json::Value;

use super::Attack;
use super::damage::damage;
use super::valid::{Valid, parts};
use super::vector::Expect;
use crate::chat::{ChatReply, Failure};
use crate::dialect::{Leniency, decode_reply};

fn decode(attack: &mut Attack, body: &[u8]) -> Result<ChatReply, Failure> {
    attack.read += 1;
    let Valid { dialect, .. } = attack.valid;
    decode_reply(dialect, &parts(&attack.valid), body, 0)
}

/// Cut at every byte it is a failure; a damaged byte spoils one text and no other, or all of it.
pub(super) fn check(attack: &mut Attack) {
    let body = attack.valid.body.clone();
    let Ok(whole) = decode(attack, &body) else { return };
    let length = body.trim_ascii_end().len();
    for end in attack.positions(length) {
        if decode(attack, &body[..end]).is_ok() {
            let what = format!("a success, though only {end} of {length} bytes came");
            attack.find("I01", what, body[..end].to_vec(), Leniency::default(), Expect::Failure);
            break;
        }
    }
    let kinds = damage();
    for at in attack.positions(length) {
        let kind = attack.draw(&kinds);
        let damaged = kind.done(&body, at);
        let Ok(reply) = decode(attack, &damaged) else { continue };
        if let Some(what) = wrong(&reply, &whole, &damaged) {
            let what = format!("{kind:?} at byte {at}: {what}");
            attack.find("I26", what, damaged, Leniency::default(), Expect::Failure);
            break;
        }
    }
}

fn wrong(reply: &ChatReply, whole: &ChatReply, damaged: &[u8]) -> Option<String> {
    if reply == whole {
        return None;
    }
    if serde_json::from_slice::<Value>(damaged.trim_ascii()).is_err() {
        return Some(format!("what is no JSON was read as {reply:?}"));
    }
    let (got, all) = (reply.text.as_deref().unwrap_or_default(), whole.text.as_deref().unwrap_or_default());
    // A character of four bytes that became three others is the most that one byte can change; a field that has another name
    // now may turn thoughts into text, or leave nothing.
    let kept = got.is_empty() || got.ends_with(all) || got.len().abs_diff(all.len()) <= 8;
    (!kept).then(|| format!("half of a text is left: {got:?} of {all:?}"))
}
