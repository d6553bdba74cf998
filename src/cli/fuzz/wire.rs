//! `--depth wire`: bytes of replies instead of worlds, and their findings as files of bytes.

use std::io;
use std::path::{Path, PathBuf};

use super::args::Args;
use super::{exit, live};
use crate::cli::exit::Exit;
use crate::cli::screen;
use crate::fuzz::hunt::{Bytes, Campaign, Watch};
use crate::fuzz::save;
use crate::fuzz::wire::vector::Vector;
use crate::judge::{Verdict, plural};
use crate::report::paint::{Paint, glyph, tame, thousands};

/// Attacks bytes, and says what came of it.
pub(super) fn command(args: &Args, campaign: &Campaign, watch: &Watch) -> Exit {
    let bytes = live::watch(campaign, watch, args, || campaign.run_on_bytes(watch));
    let paint = Paint::new(screen::stdout_color());
    let (mut page, mut lost) = (String::new(), false);
    for (number, vector) in &bytes.found {
        let saved = args.save.as_deref().map(|folder| keep(folder, args.seed, *number, vector));
        lost |= matches!(saved, Some(Err(_)));
        page.push_str(&finding(*number, vector, saved.as_ref(), paint));
    }
    page.push_str(&last(&bytes, paint));
    screen::data(&page);
    if lost {
        return screen::usage("a finding could not be saved: it stands above alone");
    }
    exit(!bytes.found.is_empty(), bytes.stopped || bytes.cases == 0)
}

/// Reads the bytes of a finding once more.
pub(super) fn replay(file: &Path) -> Exit {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let vector = match text.and_then(|text| Vector::parse(&text)) {
        Ok(vector) => vector,
        Err(error) => return screen::usage(format_args!("cannot read `{}`: {error}", file.display())),
    };
    let paint = Paint::new(screen::stdout_color());
    match vector.fails() {
        None => {
            screen::data(&format!("{} wire: the promise was kept\n", paint.verdict(Verdict::Pass, "✓")));
            Exit::Pass
        }
        Some(what) => {
            let head = format!("✗ {}", save::promise(&vector.broken()));
            screen::data(&format!("{} (wire)\n  {}\n", paint.verdict(Verdict::Fail, &head), tame(&what)));
            Exit::Fail
        }
    }
}

/// Writes a finding down; what is there by that name is of the same case.
fn keep(folder: &Path, seed: u64, number: u64, vector: &Vector) -> io::Result<PathBuf> {
    let path = folder.join(format!("wire-{seed}-{number}-{}.txt", vector.promise.to_lowercase()));
    std::fs::write(&path, vector.to_string()).map(|()| path)
}

fn finding(number: u64, vector: &Vector, saved: Option<&io::Result<PathBuf>>, paint: Paint) -> String {
    let broken = vector.broken();
    let head = paint.verdict(Verdict::Fail, &format!("{} {}", glyph(Verdict::Fail), save::promise(&broken)));
    let mut text = format!("{head}\n  {}\n  found by case {}\n", tame(&broken.what), thousands(number));
    text.push_str(&match saved.map(|saved| saved.as_ref().map(|path| path.display())) {
        Some(Ok(file)) => format!("  saved as {file}\n  replay: brownout fuzz --replay {file}\n\n"),
        Some(Err(error)) => format!("  not saved: {error}\n\n"),
        None => "  `--save DIR` writes it down\n\n".to_owned(),
    });
    for line in vector.to_string().lines() {
        text.push_str(&format!("    {line}\n"));
    }
    text + "\n"
}

/// `✓ nothing found in 70,000 broken replies of 200 cases`.
fn last(bytes: &Bytes, paint: Paint) -> String {
    let (verdict, words) = match (bytes.found.len(), bytes.stopped || bytes.cases == 0) {
        (0, false) => (Verdict::Pass, "nothing found".to_owned()),
        (0, true) => (Verdict::Inconclusive, "nothing found so far".to_owned()),
        (found, _) => (Verdict::Fail, format!("{} broken", plural(found as u64, "promise"))),
    };
    let of = format!("{} broken replies of {} cases", thousands(bytes.read), thousands(bytes.cases));
    paint.verdict(verdict, &format!("{} {words} in {of}", glyph(verdict))) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::wire::vector::Expect;

    fn vector() -> Vector {
        Vector {
            promise: "I01".to_owned(),
            what: "a cut stream was a success".to_owned(),
            vendor: "openai".to_owned(),
            dialect: crate::dialect::Dialect::Openai,
            kind: "text/event-stream".to_owned(),
            leniency: Default::default(),
            expect: Expect::Failure,
            body: b"data: {}\n\n".to_vec(),
        }
    }

    #[test]
    fn a_finding_of_bytes_is_kept_as_bytes_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = keep(folder.path(), 7, 12, &vector()).expect("written");
        assert_eq!(path.file_name(), Some("wire-7-12-i01.txt".as_ref()));
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert_eq!(Vector::parse(&text), Ok(vector()));
        // A stream without an end is no success: the promise is kept.
        assert_eq!(replay(&path), Exit::Pass);
        let told = finding(12, &vector(), Some(&Ok(PathBuf::from("f.txt"))), Paint::new(false));
        assert!(
            told.starts_with("✗ I01 no-silent-truncation\n  openai (text/event-stream): a cut"),
            "{told}"
        );
        assert!(told.contains("replay: brownout fuzz --replay f.txt\n"), "{told}");
    }

    #[test]
    fn the_last_line_says_how_many_replies_were_read() {
        let bytes = |found, cases| Bytes { found, cases, read: cases * 300, stopped: false };
        let last = |bytes| last(&bytes, Paint::new(false));
        assert_eq!(last(bytes(Vec::new(), 20)), "✓ nothing found in 6,000 broken replies of 20 cases\n");
        assert_eq!(
            last(bytes(vec![(3, vector())], 4)),
            "✗ 1 promise broken in 1,200 broken replies of 4 cases\n"
        );
        assert_eq!(last(bytes(Vec::new(), 0)), "? nothing found so far in 0 broken replies of 0 cases\n");
    }
}
