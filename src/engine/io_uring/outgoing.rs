#![allow(unsafe_code)] // the kernel reads a connection's bytes while we go on

//! The one place where the kernel is given bytes of a connection to send.

use std::os::fd::RawFd;

use super::ring::Ring;
use crate::shard::Shard;

/// Sends what connection `id` has outgoing; see [`Ring::send`].
pub fn send(ring: &mut Ring, shard: &Shard, socket: RawFd, id: u32, then_close: bool) {
    let bytes = shard.connection(id).outgoing();
    // SAFETY: a connection's outgoing bytes are on the heap and stay as they are
    // until `Shard::sent` or `Shard::release` is called for it. The engine calls
    // the first when this send has completed, and the second when the connection
    // has no operation left with the kernel (`IoUring::release_if_done`); at its
    // end it waits for both (`Course::is_over`).
    unsafe { ring.send(socket, id, bytes, then_close) }
}
