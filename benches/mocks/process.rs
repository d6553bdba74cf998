//! Processes: started on a core, measured from outside, ended with their owner.

use std::fmt;
use std::process::{Child, Command, ExitCode, Stdio};

/// Marks the process that was pinned already.
const MARK: &str = "BENCH_PINNED";
/// Whom the servers and the callers get.
const SERVERS: &str = "0";
const CALLERS: &str = "1";

/// Where callers and servers run.
pub(crate) enum Pinned {
    /// Callers on one core, servers on another.
    Apart,
    /// The system decides, for this reason.
    Nowhere(&'static str),
    /// Another process, pinned, did the work.
    Elsewhere(ExitCode),
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pinned::Nowhere(why) => write!(f, "not pinned to cores: {why}"),
            _ => write!(f, "servers on core {SERVERS}, callers on core {CALLERS}"),
        }
    }
}

/// Starts this program again on the callers' core, where that can be done.
pub(crate) fn pin_callers(args: &[String]) -> Pinned {
    if std::env::var_os(MARK).is_some() {
        return Pinned::Apart;
    }
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Pinned::Nowhere("there is only one");
    }
    let program = std::env::current_exe().expect("the path of this program");
    let child = Command::new("taskset").args(["-c", CALLERS]).arg(program).args(args).env(MARK, "1").status();
    match child {
        Ok(status) => Pinned::Elsewhere(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Err(_) => Pinned::Nowhere("`taskset` is not installed"),
    }
}

/// A command for a server: on its core where callers are pinned too.
pub(crate) fn on_core(pinned: &Pinned, program: &std::ffi::OsStr) -> Command {
    let mut command = match pinned {
        Pinned::Apart => {
            let mut command = Command::new("taskset");
            command.args(["-c", SERVERS]).arg(program);
            command
        }
        _ => Command::new(program),
    };
    command.env_remove(MARK).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A process that ends with its owner.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// Processor time it took so far, in seconds, all threads; zero where the system does not say.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(&self.0.id().to_string())
    }

    /// A line of its status in kilobytes (`VmRSS`, `VmHWM`); zero where the system does not say.
    pub(crate) fn kilobytes(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _nobody_asks = self.0.wait();
    }
}

/// Processor time of a process (`self` is this one), in seconds.
pub(crate) fn cpu(process: &str) -> f64 {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return 0.0 };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 / 1e9
}
