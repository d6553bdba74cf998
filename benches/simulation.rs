//! What a simulated run costs: requests a second on one core, and peak memory by the number of requests.
//!
//! Every measurement is a process of its own (this program, started again), so that the peak memory is that
//! run's alone. The cases alternate round by round, so that a disturbance of the machine hits all of them.
//!
//! `cargo bench --bench simulation` runs three rounds, `-- --quick` one, `-- poisson` the cases so named.

use std::path::Path;
use std::process::{Command, ExitCode};

use brownout::history::Mode;
use brownout::run;
use brownout::scenario::{self, Arrivals, Scenario};

/// Marks the process that runs one case.
const ONE: &str = "--one-case";

/// A scenario and how much of it is run.
struct Case {
    name: &'static str,
    path: &'static str,
    size: Size,
}

/// How a scenario is made longer, at the same load at any moment.
#[derive(Clone, Copy)]
enum Size {
    /// As it is written.
    Whole,
    /// It goes on this many times as long: a Poisson source keeps its rate, a trace is played again.
    Longer(u32),
}

const POISSON: &str = "scenarios/scale/poisson-100k.yaml";
const OUTAGE: &str = "scenarios/outage/regional-outage.yaml";

const CASES: [Case; 4] = [
    Case { name: "poisson-1x", path: POISSON, size: Size::Whole },
    Case { name: "poisson-3x", path: POISSON, size: Size::Longer(3) },
    Case { name: "outage-1x", path: OUTAGE, size: Size::Whole },
    Case { name: "outage-3x", path: OUTAGE, size: Size::Longer(3) },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mark, name] = &args[..]
        && mark == ONE
    {
        let case = CASES.iter().find(|case| case.name == name).expect("a case of this program");
        return one(case);
    }
    // `cargo test --benches` only wants to know that it starts.
    if args.iter().any(|arg| arg == "--test") {
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |case: &&Case| filters.is_empty() || filters.iter().any(|f| case.name.contains(f.as_str()));
    let cases: Vec<&Case> = CASES.iter().filter(wanted).collect();
    let rounds = if args.iter().any(|arg| arg == "--quick") { 1 } else { 3 };
    let mut seen: Vec<Vec<Measured>> = cases.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (case, seen) in cases.iter().zip(&mut seen) {
            seen.push(measure(case));
        }
    }
    println!(
        "{:<14} {:>9} {:>9} {:>9} {:>11} {:>11}",
        "case", "requests", "wall", "cpu", "req/cpu s", "peak RSS"
    );
    for (case, seen) in cases.iter().zip(&mut seen) {
        // The median of an odd number of rounds, by processor time: others' builds disturb that least.
        seen.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
        let Measured { requests, wall, cpu, peak_kb } = seen[seen.len() / 2];
        println!(
            "{:<14} {requests:>9} {wall:>7.2} s {cpu:>7.2} s {:>11.0} {:>8.1} MB",
            case.name,
            requests as f64 / cpu,
            peak_kb as f64 / 1024.0
        );
    }
    ExitCode::SUCCESS
}

/// One run of one case.
#[derive(Clone, Copy)]
struct Measured {
    requests: u64,
    wall: f64,
    cpu: f64,
    peak_kb: u64,
}

fn measure(case: &Case) -> Measured {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new(own).args([ONE, case.name]).output().expect("this program can be started");
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [requests, wall, cpu, peak_kb] = fields[..] else {
        panic!("{}: {line}{}", case.name, String::from_utf8_lossy(&output.stderr));
    };
    let number = |field: &str| field.parse::<f64>().expect("a number");
    Measured {
        requests: number(requests) as u64,
        wall: number(wall),
        cpu: number(cpu),
        peak_kb: number(peak_kb) as u64,
    }
}

/// Runs and judges a case, and prints: requests, wall seconds, processor seconds, peak memory in kilobytes.
fn one(case: &Case) -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(case.path);
    let mut scenario = match scenario::load(&path) {
        Ok(scenario) => scenario,
        Err(problems) => {
            eprintln!("{problems:?}");
            return ExitCode::FAILURE;
        }
    };
    resize(&mut scenario, case.size);
    #[expect(clippy::disallowed_types, reason = "a benchmark measures the machine's time")]
    let begun = std::time::Instant::now();
    let judgement = run::judge(&scenario, Mode::Simulated).expect("the scenario runs");
    let wall = begun.elapsed().as_secs_f64();
    println!("{} {wall} {} {}", judgement.footer.intended, cpu_seconds(), peak_kb());
    ExitCode::SUCCESS
}

fn resize(scenario: &mut Scenario, size: Size) {
    let Size::Longer(times) = size else { return };
    for mut source in std::mem::take(&mut scenario.load) {
        match &mut source.arrivals {
            Arrivals::Poisson { span, .. } => span.1 = span.0 + (span.1 - span.0) * times,
            Arrivals::Trace { start, lasts, .. } => {
                let (first, lasts) = (*start, *lasts);
                for again in 1..times {
                    let mut source = source.clone();
                    if let Arrivals::Trace { start, .. } = &mut source.arrivals {
                        *start = first + lasts * again;
                    }
                    scenario.load.push(source);
                }
            }
            other => unreachable!("{other:?}"),
        }
        scenario.load.push(source);
    }
}

/// Processor time of this process so far, in seconds; 0 where `/proc` is not there.
fn cpu_seconds() -> f64 {
    /// Linux counts processor time in hundredths of a second, on every platform.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold spaces: state is field 3; user and system time are 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / TICKS
}

/// Peak resident memory of this process, in kilobytes; 0 where `/proc` is not there.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
