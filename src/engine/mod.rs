//! What moves bytes between sockets and a [`Shard`](crate::shard::Shard): `io_uring` or `epoll`.
//! Both share everything but their loop.

mod clock;
mod course;
mod epoll;
mod faults;
mod io_uring;
pub mod listener;
mod peer;
mod seat;

use anyhow::Context;

pub use clock::Clock;
pub use seat::Seat;

/// The machinery a shard runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A private ring in a glommio executor.
    IoUring,
    /// Readiness through mio.
    Epoll,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::IoUring => "io_uring",
            Self::Epoll => "epoll",
        })
    }
}

/// Whether the io_uring engine can run here. Asked before glommio starts, which
/// panics where io_uring is refused.
///
/// # Errors
///
/// A sentence that says why not, and what would help.
pub fn probe_io_uring() -> Result<(), String> {
    io_uring::probe()
}

/// The running thread of a shard.
pub enum Running {
    /// In a glommio executor.
    Glommio(glommio::ExecutorJoinHandle<()>),
    /// A plain thread.
    Thread(std::thread::JoinHandle<()>),
}

impl Running {
    /// Waits until the shard has ended.
    ///
    /// # Errors
    ///
    /// When its thread panicked or its executor could not run.
    pub fn join(self) -> anyhow::Result<()> {
        match self {
            Self::Glommio(handle) => handle.join().map_err(|error| anyhow::anyhow!("{error}")),
            Self::Thread(handle) => {
                handle.join().map_err(|_| anyhow::anyhow!("a shard's thread panicked"))
            }
        }
    }
}

/// Starts a shard on its own pinned thread.
///
/// # Errors
///
/// When the thread cannot be started.
pub fn start(engine: Engine, seat: Seat) -> anyhow::Result<Running> {
    let cpu = seat.cpu;
    let running = match engine {
        Engine::IoUring => io_uring::start(seat).map(Running::Glommio),
        Engine::Epoll => epoll::start(seat).map(Running::Thread),
    };
    running.with_context(|| format!("cannot start the shard on CPU {cpu} with {engine}"))
}
