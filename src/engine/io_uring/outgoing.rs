#![allow(unsafe_code)] // the kernel reads a connection's bytes while we go on

//! The one place where the kernel is given bytes of a connection to send.

use std::os::fd::RawFd;

use super::ring::Ring;
use crate::shard::Shard;

/// Sends what connection `id` has outgoing; see [`Ring::send`].
pub fn send(ring: &mut Ring, shard: &Shard, socket: RawFd, id: u32, then_close: bool) {
    let bytes = shard.connection(id).outgoing();
    // SAFETY: a connection's outgoing bytes are those in flight in its `Outgoing`, on the
    // heap. Nothing but `connection/buffers.rs` can reach that memory, and there it is
    // neither changed, moved nor freed before `Outgoing::sent` has told of the last byte
    // or `Outgoing::into_buffers` ends the connection; if both stay away, as in a panic, it
    // is never freed. They are called through `Shard::sent` when this send has
    // completed, and through `Shard::release` when the kernel has no operation left for
    // the connection (`IoUring::release_if_done`).
    unsafe { ring.send(socket, id, bytes, then_close) }
}
