//! `brownout explain`: why one request went the way it did, and which requests are worth asking about.

mod near;
mod source;

use std::ops::ControlFlow;
use std::path::PathBuf;

use self::near::Near;
use self::source::{Choice, Found, Seen, Source};
use super::exit::Exit;
use super::screen;
use crate::history::{Header, Record};
use crate::report::instructive::Search;
use crate::report::{command, terminal};

/// Arguments of `brownout explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A history (`*.history.jsonl.gz`, from `run --report`), the report folder it is in, the JSON report beside it, or a
    /// scenario file, which is simulated again
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The request: its id (`s0-17`, `r3`) or its number [default: a list of those worth a look]
    #[arg(value_name = "REQUEST")]
    request: Option<String>,
    /// Which run of a report folder: the scenario's name, with `@SEED` where there were several seeds
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Seed, when a scenario is simulated again
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Tells the life of the request, or lists the instructive ones.
pub(super) fn command(args: &Args) -> Exit {
    let told = source::find(&args.run, args.scenario.as_deref(), args.seed).and_then(|found| {
        match (found, &args.request) {
            (Found::One(source), Some(request)) => one(&source, request),
            (Found::One(source), None) => list(&source, args),
            (Found::Several(choice), None) => Ok(runs(&choice)),
            (Found::Several(choice), Some(_)) => Err(ambiguous(&choice)),
        }
    });
    match told {
        Ok(text) => {
            screen::data(&text);
            Exit::Pass
        }
        Err(exit) => exit,
    }
}

/// The life of one request.
fn one(source: &Source, request: &str) -> Result<String, Exit> {
    let header = source.header()?;
    let mut found = None;
    let mut near = Near::new(request);
    source.each(&mut |seen| match seen {
        Seen::Request(record) if is_wanted(record, request) => {
            found = Some(record.clone());
            ControlFlow::Break(())
        }
        Seen::Request(record) => {
            near.consider(&record.caller.request_id, record.caller.number);
            ControlFlow::Continue(())
        }
        Seen::Health(_) => ControlFlow::Continue(()),
    })?;
    match found {
        Some(record) => Ok(terminal::explain(&record, &header, screen::width(), screen::stdout_color())),
        None => Err(unknown(request, &header, &near)),
    }
}

fn is_wanted(record: &Record, request: &str) -> bool {
    record.caller.request_id == request || request.parse() == Ok(record.caller.number)
}

fn unknown(request: &str, header: &Header, near: &Near) -> Exit {
    screen::usage(format_args!(
        "no request `{request}` in `{}`; ids look like `s0-17` (load) or `r3` (listed), numbers start at 0{}",
        header.scenario,
        near.told()
    ))
}

/// The requests worth a look.
fn list(source: &Source, args: &Args) -> Result<String, Exit> {
    let mut search = Search::new(source.header()?);
    let footer = source.each(&mut |seen| {
        match seen {
            Seen::Request(record) => search.record(record),
            Seen::Health(change) => search.health(change),
        }
        ControlFlow::Continue(())
    })?;
    let found = search.finish(footer.unwrap_or_default());
    let look = |request: &str| look(args, request);
    Ok(terminal::instructive(&found, &look, screen::width(), screen::stdout_color()))
}

/// The command that shows a request of the same run.
fn look(args: &Args, request: &str) -> String {
    let run = command::word(&args.run.display().to_string());
    let scenario = args.scenario.as_ref().map(|name| format!(" --scenario {}", command::word(name)));
    let seed = args.seed.map(|seed| format!(" --seed {seed}"));
    format!("brownout explain {run} {request}{}{}", scenario.unwrap_or_default(), seed.unwrap_or_default())
}

/// The runs of a folder, with the command for each.
fn runs(choice: &Choice) -> String {
    let folder = command::word(&choice.folder.display().to_string());
    let line = |name: &String| format!("brownout explain {folder} --scenario {}\n", command::word(name));
    choice.names.iter().map(line).collect()
}

fn ambiguous(choice: &Choice) -> Exit {
    /// Names that fit into an error; the list shows all.
    const NAMED: usize = 5;
    let named = choice.names.iter().take(NAMED).map(|name| format!("`{name}`"));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if choice.names.len() > NAMED { ", …" } else { "" };
    screen::usage(format_args!(
        "`{}` holds {} runs ({named}{more}); choose one with `--scenario NAME`",
        choice.folder.display(),
        choice.names.len()
    ))
}
