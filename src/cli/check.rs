//! `brownout check`: are these files scenarios, or configurations of `brownout serve`?

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::screen;
use crate::scenario;

/// Arguments of `brownout check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenario files and configurations, or folders of them
    #[arg(default_value = "scenarios", value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Print each scenario with its presets and replays written out as plain faults
    #[arg(long)]
    expand: bool,
}

/// Checks all files and reports every problem of each.
pub(super) fn command(args: &Args) -> Exit {
    let files = match scenario::discover(&args.paths) {
        Ok(files) => files,
        Err(problems) => {
            screen::talk(&problems.render(screen::stderr_color()));
            return Exit::Usage;
        }
    };
    let mut broken: usize = 0;
    for file in &files {
        if scenario::serve::is_serve(file) {
            broken += usize::from(!is_servable(file));
            continue;
        }
        let (checked, problems) = scenario::check(file);
        if !problems.is_empty() {
            screen::talk(&problems.render(screen::stderr_color()));
        }
        match checked {
            Some(_) if args.expand => match scenario::expand(file) {
                Ok(text) if files.len() == 1 => screen::data(&text),
                Ok(text) => screen::data(&format!("--- # {}\n{text}", file.display())),
                Err(_) => broken += 1,
            },
            Some(scenario) => screen::data(&format!("ok {} ({})\n", file.display(), scenario.name)),
            None => broken += 1,
        }
    }
    if broken == 0 {
        return Exit::Pass;
    }
    screen::usage(format_args!("{broken} of {} files cannot be run", files.len()))
}

/// Checks a configuration, with the environment as it is here.
fn is_servable(file: &Path) -> bool {
    let (plan, problems) = scenario::serve::check(file, &super::serve::environment);
    if !problems.is_empty() {
        screen::talk(&problems.render(screen::stderr_color()));
    }
    if let Some(plan) = &plan {
        let routes: Vec<&str> = plan.router.routes.keys().map(String::as_str).collect();
        screen::data(&format!("ok {} (serves {})\n", file.display(), routes.join(", ")));
    }
    plan.is_some()
}
