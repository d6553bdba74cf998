//! Recorded traffic: the file is found, read through once and counted, and never kept in memory.

use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;

use super::super::Arrivals;
use super::super::code::Code;
use super::super::cx::{Cx, Fields};
use super::super::diagnostic::Diagnostic;
use super::super::units::LONGEST;
use super::super::yaml::Node;
use super::load;

/// Columns of a trace.
pub(in crate::scenario) const COLUMNS: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

/// Tokens beyond which a row is a mistake.
const MOST_TOKENS: u64 = 10_000_000;

/// A trace with its `speed`, `slice` and `from`.
pub(super) fn read(cx: &Cx, fields: &Fields<'_>, node: &Node, file: &Path) -> Option<Arrivals> {
    for key in ["for", "to"] {
        if let Some(span) = fields.key(key) {
            let problem =
                Diagnostic::new(Code::CONFLICTING_KEYS, format!("`{key}` and `trace` exclude each other"))
                    .at(span);
            cx.report(problem.help("a part of a trace is played with `slice: 10m..20m`"));
        }
    }
    let start = fields.get("from").map_or(Some(Duration::ZERO), |node| cx.duration(node));
    let speed = fields.get("speed").map_or(Some(1.0), |node| cx.factor(node, 1e-3));
    let slice = fields.get("slice").map_or(Some((Duration::ZERO, LONGEST)), |node| load::slice(cx, node));
    let path = find(cx, node, file)?;
    let (start, speed, slice) = (start?, speed?, slice?);
    match count(&path, slice) {
        Ok(Counted { rows, lasts }) => Some(Arrivals::Trace {
            path,
            speed,
            slice,
            start: load::moment(start),
            rows,
            lasts: lasts.div_f64(speed),
        }),
        Err(why) => {
            let message = format!("`{}` is not a usable trace", path.display());
            cx.report(Diagnostic::new(Code::BAD_TRACE, message).at(&node.span).note(why));
            None
        }
    }
}

/// The file: beside the scenario, or in a folder above it, up to the one named `scenarios`.
pub(super) fn find(cx: &Cx, node: &Node, file: &Path) -> Option<PathBuf> {
    let name = cx.text(node)?;
    let folders = folders(file);
    let relative = Path::new(&name);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || name.is_empty() {
        let problem =
            Diagnostic::new(Code::TRACE_OUTSIDE, format!("`{name}` lies outside the scenario's folder"));
        cx.report(problem.at(&node.span).help(
            "write a path below the scenario's folder, or below the folder `scenarios` that holds it, without `..`",
        ));
        return None;
    }
    let found = folders.iter().map(|folder| folder.join(relative)).find(|path| path.is_file());
    if found.is_none() {
        let mut problem =
            Diagnostic::new(Code::MISSING_TRACE, format!("there is no trace `{name}`")).at(&node.span);
        for folder in &folders {
            problem = problem.note(format!("not found: {}", folder.join(relative).display()));
        }
        cx.report(problem);
    }
    found
}

fn folders(file: &Path) -> Vec<PathBuf> {
    let own = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut folders: Vec<PathBuf> = vec![own.clone()];
    let named = |folder: &Path| folder.file_name().is_some_and(|name| name == "scenarios");
    let above: Vec<PathBuf> = own.ancestors().skip(1).map(Path::to_path_buf).collect();
    if let Some(top) = above.iter().position(|folder| named(folder))
        && !named(&own)
    {
        folders.extend(above.into_iter().take(top + 1));
    }
    folders
}

struct Counted {
    rows: u64,
    lasts: Duration,
}

/// Reads the whole file, so that no row can surprise a run.
fn count(path: &Path, slice: (Duration, Duration)) -> Result<Counted, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(BufReader::new(file));
    let columns = columns(reader.byte_headers().map_err(|error| error.to_string())?)?;
    let mut record = csv::ByteRecord::new();
    let (mut first, mut last) = (None, Duration::ZERO);
    let (mut rows, mut played) = (0, None);
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let line = record.position().map_or(0, csv::Position::line);
        let time = row(&record, columns).map_err(|why| format!("line {line}: {why}"))?;
        let since = Duration::try_from(time.duration_since(*first.get_or_insert(time))).ok();
        let since = since.filter(|since| *since >= last).ok_or_else(|| {
            format!(
                "line {line}: the time is earlier than that of the row before; sort the file by `TIMESTAMP`"
            )
        })?;
        last = since;
        if slice.0 <= since && since < slice.1 {
            rows += 1;
            played = Some((played.map_or(since, |(from, _)| from), since));
        }
    }
    match played {
        Some((from, to)) => Ok(Counted { rows, lasts: to.saturating_sub(from) }),
        None if first.is_none() => Err("it has no rows".into()),
        None => Err(format!("no row lies in the slice; the recording lasts {last:.0?}")),
    }
}

fn columns(header: &csv::ByteRecord) -> Result<[usize; 3], String> {
    let mut found = [0; 3];
    for (place, name) in found.iter_mut().zip(COLUMNS) {
        let column = header
            .iter()
            .position(|column| column.strip_prefix(b"\xef\xbb\xbf").unwrap_or(column) == name.as_bytes());
        *place = column
            .ok_or_else(|| format!("line 1: no column `{name}`; a trace has {}", COLUMNS.join(", ")))?;
    }
    Ok(found)
}

fn row(record: &csv::ByteRecord, [time, context, generated]: [usize; 3]) -> Result<DateTime, String> {
    let text = |column: usize| {
        record.get(column).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default().trim()
    };
    for (name, column) in [(COLUMNS[1], context), (COLUMNS[2], generated)] {
        let tokens = text(column).parse::<u64>().ok().filter(|tokens| *tokens <= MOST_TOKENS);
        tokens.ok_or_else(|| format!("`{name}` is `{}`; expected a whole number of tokens", text(column)))?;
    }
    text(time).parse().map_err(|_| {
        format!("`TIMESTAMP` is `{}`; expected a time like `2023-11-16 18:15:46.6805900`", text(time))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_sought_up_to_the_scenarios_folder() {
        let found = folders(Path::new("x/scenarios/outage/eu/a.yaml"));

        assert_eq!(found, ["x/scenarios/outage/eu", "x/scenarios/outage", "x/scenarios"].map(PathBuf::from));
        assert_eq!(folders(Path::new("x/scenarios/a.yaml")), [PathBuf::from("x/scenarios")]);
        assert_eq!(folders(Path::new("a.yaml")), [PathBuf::new()]);
    }
}
