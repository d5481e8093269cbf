//! What a shard and its thread need to start.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::mailbox::Mailbox;
use crate::shard::{Now, Shard};

/// All that one shard needs to start, on its own thread.
pub struct Seat {
    /// The CPU its thread is pinned to.
    pub cpu: usize,
    /// Its listening sockets.
    pub listeners: Vec<TcpListener>,
    /// Where the control thread reaches it.
    pub mailbox: Arc<Mailbox>,
    /// Told when it serves; dropped untold when it cannot.
    pub ready: SyncSender<()>,
    /// Builds the shard on the pinned thread, so that its memory is near.
    pub build: Box<dyn FnOnce(Now) -> Shard + Send>,
}
