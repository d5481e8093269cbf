//! Signals, as events for the control thread.

use std::sync::mpsc::{SyncSender, TrySendError};

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
pub fn watch(events: SyncSender<Signalled>) -> anyhow::Result<()> {
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot install signal handlers")?;
    std::thread::Builder::new()
        .name("carom-signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let is_heard = match signal {
                    // Where there is no room, others wait, and one reload is enough.
                    SIGHUP => !matches!(
                        events.try_send(Signalled::Reload),
                        Err(TrySendError::Disconnected(_))
                    ),
                    _ => events.send(Signalled::Stop).is_ok(),
                };
                if !is_heard {
                    return;
                }
            }
        })
        .context("cannot start a thread")?;
    Ok(())
}
