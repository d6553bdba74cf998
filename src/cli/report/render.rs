//! `brownout report render`: further formats of runs that are over, from their histories alone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::folder::{self, Folder, HISTORY};
use crate::cli::{pool, screen};
use crate::report::suite::Binder;
use crate::report::{Account, Format, Suite, account, files, requests};

/// Arguments of `brownout report render`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Report folders (from `run --report`), or single histories (`*.history.jsonl.gz`)
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Formats of the report, separated by commas
    #[arg(long = "format", value_name = "LIST", value_delimiter = ',', default_value = "markdown",
        value_parser = Format::parse)]
    formats: Vec<Format>,
    /// Where the files go; without it, a single one goes to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command. It ends with 0 when everything could be rendered, however the runs went.
pub(super) fn command(args: &Args) -> Exit {
    match read(&args.runs).and_then(|found| tell(&found, args)) {
        Ok(()) => Exit::Pass,
        Err(message) => screen::usage(message),
    }
}

/// What was found on disk.
#[derive(Debug, Default)]
struct Found {
    suite: Suite,
    /// The histories it was read from, with their stems.
    histories: Vec<(String, PathBuf)>,
    /// Those of scenarios that were run under several seeds: each run has a JSON report of its own.
    several: Vec<(String, PathBuf)>,
}

/// Reads every run; what follows each other as single histories is one suite.
fn read(runs: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    let mut loose: Vec<&Path> = Vec::new();
    for run in runs {
        if !run.is_dir() {
            loose.push(run);
            continue;
        }
        found.add_histories(&std::mem::take(&mut loose))?;
        let folder = Folder::open(run).map_err(|error| error.to_string())?;
        let suite = folder.suite().map_err(|error| error.to_string())?;
        if folder.plan.has_seeds() {
            found.several.extend(folder.histories());
        }
        found.add(suite, folder.histories());
    }
    found.add_histories(&loose)?;
    found.distinct().map(|()| found)
}

impl Found {
    fn add(&mut self, suite: Suite, histories: Vec<(String, PathBuf)>) {
        self.suite.planned += suite.planned;
        self.suite.chapters.extend(suite.chapters);
        self.histories.extend(histories);
    }

    /// Binds single histories to chapters: those of one scenario to one, in which every seed has to pass.
    fn add_histories(&mut self, paths: &[&Path]) -> Result<(), String> {
        let mut accounts: Vec<Account> = Vec::new();
        let mut failed = None;
        pool::in_order(
            paths,
            pool::cores(),
            |path| history(path),
            |result| match result {
                Ok(account) => accounts.push(account),
                Err(error) => failed = failed.take().or(Some(error)),
            },
        );
        if let Some(error) = failed {
            return Err(error);
        }
        let names: Vec<String> = accounts.iter().map(name).collect();
        let again = names.windows(2).any(|pair| pair[0] == pair[1]);
        let scenarios = names.len() - names.windows(2).filter(|pair| pair[0] == pair[1]).count();
        let mut binder = Binder::new(again.then_some(1.0));
        accounts.into_iter().for_each(|account| binder.add(account));
        let stems = paths.iter().map(|path| (stem(path), path.to_path_buf()));
        self.add(binder.finish(scenarios), stems.collect());
        Ok(())
    }

    /// Two chapters of one name would be written to the same files.
    fn distinct(&self) -> Result<(), String> {
        let mut seen = BTreeMap::new();
        for chapter in &self.suite.chapters {
            if seen.insert(chapter.name(), ()).is_some() {
                let name = chapter.name();
                return Err(format!(
                    "`{name}` is there more than once; render one report at a time, or put the parts of one suite together with `brownout report merge`"
                ));
            }
        }
        Ok(())
    }
}

fn name(account: &Account) -> String {
    account.judgement.header.scenario.clone()
}

fn history(path: &Path) -> Result<Account, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("`{}` cannot be read: {error}", path.display());
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    account::read(BufReader::new(file)).map_err(|error| unreadable(&error))
}

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(HISTORY).unwrap_or(&name).to_owned()
}

fn tell(found: &Found, args: &Args) -> Result<(), String> {
    match &args.out {
        Some(out) => to_folder(found, &args.formats, out)
            .map_err(|error| format!("`{}` cannot be written to: {error}", out.display())),
        None => to_stdout(found, &args.formats),
    }
}

fn to_folder(found: &Found, formats: &[Format], out: &Path) -> io::Result<()> {
    fs::create_dir_all(out)?;
    if formats.contains(&Format::Json) {
        for (stem, path) in &found.several {
            let account = history(path).map_err(io::Error::other)?;
            folder::write_run(out, stem, account)?;
        }
    }
    folder::write(out, &found.suite, &found.histories, formats)
}

fn to_stdout(found: &Found, formats: &[Format]) -> Result<(), String> {
    let tables = if formats.contains(&Format::Requests) { found.histories.as_slice() } else { &[] };
    let mut files = files(&found.suite, formats);
    let (first, second) = (files.next(), files.next());
    match (first, tables) {
        (Some(file), []) if second.is_none() => {
            screen::data(&file.text);
            Ok(())
        }
        (None, [(_, history)]) => table(history),
        (first, _) => {
            let count = usize::from(first.is_some()) + usize::from(second.is_some()) + files.count();
            Err(format!(
                "{} files would result, and stdout takes one: name a folder with `--out DIR`",
                count + tables.len()
            ))
        }
    }
}

/// A table of requests, as long as its history. A reader that has left (`| head`) is no error.
fn table(history: &Path) -> Result<(), String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("`{}`: {error}", history.display());
    let file = File::open(history).map_err(|error| unreadable(&error))?;
    match requests(BufReader::new(file), BufWriter::new(io::stdout().lock())) {
        Err(crate::report::RequestsError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        result => result.map_err(|error| unreadable(&error)),
    }
}
