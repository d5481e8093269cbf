//! What moves bytes between sockets and a [`Shard`]: `io_uring` or `epoll`.
//! Both share everything but their loop.

mod clock;
mod epoll;
mod io_uring;
pub mod listener;

use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use anyhow::Context;
pub use clock::Clock;

use crate::limits::{ACCEPT_PAUSE_MS, IDLE_WAIT_MS};
use crate::mailbox::{HandedBack, Mailbox, Message};
use crate::shard::{Now, Shard};

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

/// All that one shard needs to start, on its own thread.
pub struct Seat {
    /// The CPU its thread is pinned to.
    pub cpu: usize,
    /// Its listening sockets.
    pub listeners: Vec<TcpListener>,
    /// Where the control thread reaches it.
    pub mailbox: Arc<Mailbox>,
    /// Told when it serves; dropped untold when it cannot.
    pub ready: Sender<()>,
    /// Builds the shard on the pinned thread, so that its memory is near.
    pub build: Box<dyn FnOnce(Now) -> Shard + Send>,
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

/// An address as clicks keep it: IPv4 as v4-mapped IPv6 (RFC 4291 §2.5.5.2).
pub(crate) fn peer_bytes(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// What both loops decide alike: when to accept, when to stop, how long to wait.
struct Course {
    mailbox: Arc<Mailbox>,
    stopping: bool,
    accept_pause: Option<Pause>,
    evicted_at_ms: Option<u32>,
}

/// A pause of accepting, out of descriptors: over when the time is, or when a
/// connection has given its descriptor back.
#[derive(Clone, Copy)]
struct Pause {
    until_ms: u32,
    connections: usize,
}

/// What the mailbox asked for, as far as a loop has to act on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    /// Take what the kernel has already accepted, then close the listeners.
    StopAccepting,
}

impl Course {
    fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, stopping: false, accept_pause: None, evicted_at_ms: None }
    }

    /// Does what the control thread asks, between two batches.
    fn read_mail(&mut self, shard: &mut Shard) -> Asked {
        let mut asked = Asked::Nothing;
        while let Some(message) = self.mailbox.take() {
            match message {
                Message::Swap(mut links) => {
                    *links = shard.swap(*links);
                    self.mailbox.retire(HandedBack::Links(links));
                }
                Message::Patch(patch) => {
                    shard.patch(&patch);
                    self.mailbox.retire(HandedBack::Patch(patch));
                }
                Message::Privacy(privacy) => shard.set_privacy(privacy),
                Message::Drain => {
                    shard.drain();
                    asked = Asked::StopAccepting;
                    self.stopping = true;
                }
                Message::Abandon => {
                    asked = Asked::StopAccepting;
                    self.stopping = true;
                    shard.abandon();
                }
            }
        }
        asked
    }

    /// Out of descriptors: no accept for a while, instead of a busy loop.
    fn pause_accepting(&mut self, shard: &mut Shard, now: Now) {
        shard.note_accept_refused();
        self.accept_pause = Some(Pause {
            until_ms: now.ms.wrapping_add(ACCEPT_PAUSE_MS),
            connections: shard.connection_count(),
        });
        self.make_room(shard, now);
    }

    /// Whether to accept now. A full shard lets go of idle connections first.
    fn may_accept(&mut self, shard: &mut Shard, now: Now) -> bool {
        if self.stopping {
            return false;
        }
        if let Some(pause) = self.accept_pause {
            let is_time = pause.until_ms.wrapping_sub(now.ms).cast_signed() <= 0;
            if !is_time && self.is_paused(shard) {
                return false;
            }
            self.accept_pause = None;
        }
        if !shard.has_room() {
            self.make_room(shard, now);
            return false;
        }
        true
    }

    /// Whether accepting has to wait for time to pass.
    fn is_paused(&self, shard: &Shard) -> bool {
        self.accept_pause.is_some_and(|pause| shard.connection_count() >= pause.connections)
    }

    fn make_room(&mut self, shard: &mut Shard, now: Now) {
        let recently =
            self.evicted_at_ms.is_some_and(|at| now.ms.wrapping_sub(at) < ACCEPT_PAUSE_MS / 4);
        if !recently {
            self.evicted_at_ms = Some(now.ms);
            shard.evict_idle(shard.connection_count() / 8 + 1);
        }
    }

    /// Milliseconds an engine may sleep when nothing happens.
    fn wait_ms(&self, shard: &Shard) -> u64 {
        if self.accept_pause.is_some() || (!self.stopping && !shard.has_room()) {
            u64::from(ACCEPT_PAUSE_MS / 4)
        } else if shard.connection_count() > 0 {
            u64::from(shard.expire_every_ms())
        } else {
            IDLE_WAIT_MS
        }
    }

    fn is_over(&self, shard: &Shard) -> bool {
        self.stopping && shard.connection_count() == 0
    }
}
