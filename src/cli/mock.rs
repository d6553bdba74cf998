//! `brownout mock`: providers on real ports, for anybody's code.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::exit::Exit;
use super::screen;
use crate::mock::{CaFile, Options, Server};
use crate::scenario::Problems;
use crate::scenario::mock::{self, Mock};

/// Files and sockets that may be open at once, where the system lets us.
#[cfg(unix)]
const OPEN_FILES: u64 = 65_536;

/// Arguments of `brownout mock`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Providers and their faults: a scenario, or a file with `providers` and `faults` alone
    #[arg(value_name = "FILE", conflicts_with = "provider")]
    file: Option<PathBuf>,
    /// A healthy provider, without a file (repeatable) [default: one of each dialect]
    #[arg(long, value_name = "DIALECT[=NAME]")]
    provider: Vec<String>,
    /// A fault on every provider: what may stand after `inject:`, or a whole entry of `faults` (repeatable)
    #[arg(long, value_name = "YAML")]
    inject: Vec<String>,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Port of the first provider; the others follow [default: free ports]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Port of the control API [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    control_port: u16,
    /// Speak TLS, with certificates of a throw-away authority
    #[arg(long)]
    tls: bool,
    /// Write that authority's certificate here, for clients to trust [default: a file that goes with the process]
    #[arg(long, value_name = "PEM", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Let a request ask for a fault itself: header `x-brownout-inject`, or model `NAME+brownout:FAULT`
    #[arg(long)]
    allow_request_faults: bool,
    /// Seed of all chance, instead of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Answer at once, whatever latency the providers have
    #[arg(long)]
    fast: bool,
    /// Print one JSON object instead of environment variables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    let plan = match plan(args) {
        Ok(plan) => plan,
        Err(problems) => {
            screen::talk(&problems.render(screen::stderr_color()));
            return screen::usage("nothing was started");
        }
    };
    open_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve(&plan, args))) {
        Ok(()) => Exit::Pass,
        Err(error) => screen::usage(error),
    }
}

/// Makes room for connections. Without it there is less room, which is no reason not to serve.
fn open_files() {
    #[cfg(unix)]
    drop(rlimit::increase_nofile_limit(OPEN_FILES));
}

/// What shall be served.
fn plan(args: &Args) -> Result<Mock, Problems> {
    let mut plan = match &args.file {
        Some(file) => mock::load(file)?,
        None => healthy(&args.provider)?,
    };
    for fault in &args.inject {
        mock::inject(fault, &mut plan)?;
    }
    plan.seed = args.seed.unwrap_or(plan.seed);
    Ok(plan)
}

fn healthy(providers: &[String]) -> Result<Mock, Problems> {
    let mut plan = Mock::default();
    let all: Vec<String> = mock::dialects().into_iter().map(str::to_owned).collect();
    for text in if providers.is_empty() { &all } else { providers } {
        let spec = mock::provider(text, |name| plan.providers.contains_key(name))?;
        plan.providers.insert(spec.name.clone(), spec);
    }
    Ok(plan)
}

async fn serve(plan: &Mock, args: &Args) -> io::Result<()> {
    let options = Options {
        host: args.host,
        port: args.port,
        control_port: args.control_port,
        fast: args.fast,
        request_faults: args.allow_request_faults,
        tls: args.tls.then(|| args.ca_out.clone().map_or(CaFile::Passing, CaFile::Kept)),
    };
    let stop = stop()?;
    let server = Server::bind(plan, &options).await?;
    screen::data(&if args.json { format!("{}\n", server.describe()) } else { in_shell(&server) });
    screen::talk("serving; Ctrl-C ends it\n");
    server.run(stop).await
}

/// Completes at Ctrl-C, or when the process is asked to terminate.
fn stop() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        let asked = async {
            #[cfg(unix)]
            terminate.recv().await;
            #[cfg(not(unix))]
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = asked => {}
        }
    })
}

/// Lines for a shell. A variable that was set for an earlier provider already is left in a comment.
fn in_shell(server: &Server) -> String {
    let mut set = std::collections::BTreeSet::new();
    let mut out = format!("# control API: {}\n", server.control());
    for (provider, access) in server.providers() {
        out += &format!("# {}: {}\n", provider.spec().name, access.base_url);
        for (name, value) in access.env {
            let comment = if set.insert(name) { "" } else { "# " };
            out += &format!("{comment}export {name}={}\n", quoted(&value));
        }
    }
    out
}

/// A value as a shell takes it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}
