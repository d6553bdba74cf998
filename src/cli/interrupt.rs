//! Ctrl-C: the first ends what is under way, cleanly and with what there is to tell; the second ends the process.

use super::exit::Exit;
use super::screen;

/// Does `first` at the first Ctrl-C, on a thread of its own.
pub(super) fn at_first(first: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                first();
                screen::talk("stopping; press Ctrl-C again to leave at once\n");
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(Exit::Inconclusive.code()));
            }
        });
    });
}
