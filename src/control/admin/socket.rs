//! The socket and the thread that serves it.

use std::cell::{Cell, RefCell};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use anyhow::Context;
use crossbeam_channel::Sender;
use tokio::sync::oneshot;

use super::{accept, routes};
use crate::control::live::Wish;
use crate::disk::hold::{Hold, HoldRefused};
use crate::limits::ADMIN_LARGE_BODIES_MAX;
use crate::say::say;
use crate::sources::Reading;

/// Its name in the state folder.
const NAME: &str = "admin.sock";

/// The state folder, taken by this process, with the admin socket in it. Nobody
/// answers there before [`AdminSocket::serve`].
pub struct AdminSocket {
    path: PathBuf,
    listener: UnixListener,
    hold: Hold,
}

/// A socket that is answered.
pub struct Serving {
    path: PathBuf,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    hold: RefCell<Hold>,
    is_gone: Cell<bool>,
}

/// Where the socket of a state folder is.
pub fn path(state: &Path) -> PathBuf {
    state.join(NAME)
}

impl AdminSocket {
    /// Takes the state folder and makes the socket in it, for its owner only (mode
    /// 0600). The socket of a server that is dead is replaced.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: another server uses the folder, or the socket
    /// cannot be made.
    pub fn open(state: &Path) -> anyhow::Result<Self> {
        let hold = take(state).map_err(|refused| {
            refused.or(|by| {
                format!(
                    "the state folder {} is used by another carom ({by}); stop that one, or give \
                     this one a folder of its own with --state",
                    state.display()
                )
            })
        })?;
        let path = path(state);
        // Under another name until its mode is right.
        let new = state.join(".sock");
        let _ = fs::remove_file(&new);
        let listener = UnixListener::bind(&new)
            .and_then(|listener| {
                fs::set_permissions(&new, Permissions::from_mode(0o600))?;
                fs::rename(&new, &path)?;
                listener.set_nonblocking(true)?;
                Ok(listener)
            })
            .with_context(|| {
                format!(
                    "cannot make the admin socket {}; where its path is longer than 100 bytes, give \
                     --state a shorter one",
                    path.display()
                )
            })?;
        Ok(Self { path, listener, hold })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers on the socket, from a thread of its own; `usual`: how the server reads its own
    /// files.
    ///
    /// # Errors
    ///
    /// When the thread or its runtime cannot be started.
    pub fn serve(self, desk: Sender<Wish>, usual: &Reading) -> anyhow::Result<Serving> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(ADMIN_LARGE_BODIES_MAX)
            .build()
            .context("cannot start the runtime of the admin socket")?;
        let (stop, stopped) = oneshot::channel::<()>();
        let Self { path, listener, hold } = self;
        let router = routes::router(desk, usual);
        let serve = move || {
            runtime.block_on(async move {
                let listener = tokio::net::UnixListener::from_std(listener)?;
                tokio::select! {
                    served = accept::serve(listener, router) => served,
                    _ = stopped => Ok(()),
                }
            })
        };
        let thread = std::thread::Builder::new()
            .name("carom-admin".to_owned())
            .spawn(move || {
                if let Err(error) = serve() {
                    say(format_args!(
                        "warning: the admin socket is not answered: {error}; `carom links …` cannot \
                         reach this server until it is started again"
                    ));
                }
            })
            .context("cannot start a thread")?;
        let (hold, is_gone) = (RefCell::new(hold), Cell::new(false));
        Ok(Serving { path, stop, thread, hold, is_gone })
    }
}

fn take(state: &Path) -> Result<Hold, HoldRefused> {
    Hold::take(state, 0o600, format!("pid {}\n", std::process::id()))
}

impl Serving {
    /// Looks whether the state folder is still held, with its lock file, and says where
    /// it is not. What was removed is made and held again.
    pub fn look(&self) {
        let mut hold = self.hold.borrow_mut();
        let state = hold.path().to_owned();
        if !hold.is_away() {
            if matches!(hold.renew(), Ok(true)) {
                say(format_args!(
                    "warning: the lock file in {} was removed or replaced, and was made again; leave \
                     it alone",
                    state.display()
                ));
            }
            return;
        }
        if !self.is_gone.replace(true) {
            say(format_args!(
                "warning: the state folder {} is not in its place (it {}). Links are served as before, but changes of \
                 them are forgotten with this server, and `carom links …` cannot reach it. Bring the \
                 folder back, and start the server again",
                state.display(),
                hold.whereabouts()
            ));
        }
        // Another server is not to have its path meanwhile.
        if let Ok(taken) = take(&state) {
            *hold = taken;
        }
    }

    /// Stops answering and removes the socket.
    pub fn stop(self) {
        // Its thread may have ended by itself.
        let _ = self.stop.send(());
        let _ = self.thread.join();
        let _ = fs::remove_file(&self.path);
    }
}
