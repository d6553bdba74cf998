//! `brownout serve`: the router, for real traffic.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::exit::Exit;
use super::screen;
use crate::scenario::serve::Serve;
use crate::serve::{Server, Signal, Source};

/// Files and sockets that may be open at once, where the system lets us.
#[cfg(unix)]
const OPEN_FILES: u64 = 65_536;

/// Arguments of `brownout serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is served: `listen`, `providers`, `router` (docs/serve.md)
    #[arg(value_name = "CONFIG")]
    config: PathBuf,
    /// Print one JSON object instead of environment variables
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn command(args: &Args) -> Exit {
    let source = Source::new(&args.config, Arc::new(environment));
    let (plan, problems) = source.read();
    if !problems.is_empty() {
        screen::talk(&problems.render(screen::stderr_color()));
    }
    let Some(plan) = plan else { return screen::usage("nothing was started") };
    open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime.and_then(|runtime| {
        let ended = runtime.block_on(serve(plan, source, args));
        // What is still running was told to end, and did not.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => Exit::Pass,
        Err(error) => screen::usage(error),
    }
}

/// What the process was started with.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Makes room for connections. Without it there is less room, which is no reason not to serve.
fn open_files() {
    #[cfg(unix)]
    drop(rlimit::increase_nofile_limit(OPEN_FILES));
}

async fn serve(plan: Serve, source: Source, args: &Args) -> io::Result<()> {
    // Before anybody can be told that it runs: a signal that comes then must not kill it.
    let signals = signals()?;
    let server = Server::bind(plan, source).await?;
    screen::data(&if args.json { format!("{}\n", server.describe()) } else { in_shell(&server) });
    screen::talk("serving; Ctrl-C ends it when the running requests are over\n");
    let ended = server.run(signals).await;
    screen::talk(&match ended.cut_off {
        0 => "ended; no request was cut off\n".to_owned(),
        1 => "ended; 1 request was cut off\n".to_owned(),
        many => format!("ended; {many} requests were cut off\n"),
    });
    Ok(())
}

/// What the system tells the process.
fn signals() -> io::Result<mpsc::Receiver<Signal>> {
    let (tell, told) = mpsc::channel(4);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                let said = tokio::select! {
                    biased;
                    Some(()) = terminate.recv() => Signal::Stop,
                    Some(()) = interrupt.recv() => Signal::Stop,
                    Some(()) = hangup.recv() => Signal::Reload,
                    else => return,
                };
                if tell.send(said).await.is_err() {
                    return;
                }
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if tell.send(Signal::Stop).await.is_err() {
                return;
            }
        }
    });
    Ok(told)
}

/// Lines for a shell.
fn in_shell(server: &Server) -> String {
    let mut out = String::new();
    for origin in server.origins() {
        out += &format!("# callers: {origin}\n");
    }
    if let Some(admin) = server.admin() {
        out += &format!("# health and metrics: {admin}\n");
    }
    out += &format!("# `model` is one of: {}\n", server.routes().join(", "));
    if let Some(first) = server.origins().next() {
        out += &format!("export OPENAI_BASE_URL={first}/v1\nexport ANTHROPIC_BASE_URL={first}\n");
    }
    out
}
