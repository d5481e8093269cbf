//! Signals, as events for the control thread.

use std::sync::mpsc::Sender;

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Something the control thread acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalled {
    /// SIGHUP: read the link files again.
    Reload,
    /// SIGTERM or SIGINT: stop; the second time, at once.
    Stop,
}

/// Tells of every signal from now on, from a thread of its own.
///
/// # Errors
///
/// When the handlers cannot be installed or the thread not be started.
pub fn watch(events: Sender<Signalled>) -> anyhow::Result<()> {
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot install signal handlers")?;
    std::thread::Builder::new()
        .name("carom-signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let event = if signal == SIGHUP { Signalled::Reload } else { Signalled::Stop };
                if events.send(event).is_err() {
                    return;
                }
            }
        })
        .context("cannot start a thread")?;
    Ok(())
}
