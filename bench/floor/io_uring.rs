#![allow(unsafe_code)] // submission entries and a ring of buffers shared with the kernel

//! The floor on io_uring: multishot accept and receive into buffers that the
//! kernel picks, sends submitted with the wait (DESIGN §4).

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;
use io_uring::squeue::{Entry, Flags};
use io_uring::types::{BufRingEntry, Fd};
use io_uring::{IoUring, cqueue, opcode};
use memmap2::MmapMut;

use super::{CONNECTIONS_MAX, REPLIES_MAX, REPLY, Replies};

const ENTRIES: u32 = 4096;
const COMPLETIONS: u32 = 16 * 1024;
const BUFFERS: u16 = 2048;
const BUFFER_BYTES: usize = 16 * 1024;
const GROUP: u16 = 0;

const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;
const CLOSE: u64 = 3;

#[derive(Clone, Copy, Default)]
struct Connection {
    /// Bytes of a request that is not whole yet.
    partial: usize,
    /// Replies that wait for the send under way.
    due: usize,
    sending: bool,
    receiving: bool,
    ended: bool,
}

/// Serves until something breaks. Connections are known by their descriptor.
pub fn serve(
    listener: &TcpListener,
    replies: &Replies,
    request_bytes: usize,
    close: bool,
) -> anyhow::Result<()> {
    let ring = IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_coop_taskrun()
        .setup_submit_all()
        .setup_cqsize(COMPLETIONS)
        .build(ENTRIES)
        .context("io_uring is refused or lacks what is needed here; use --engine epoll")?;
    let mut floor = Floor {
        ring,
        buffers: Buffers::new()?,
        connections: vec![Connection::default(); CONNECTIONS_MAX],
        replies,
        request_bytes,
        close,
    };
    floor.buffers.register(&floor.ring)?;
    let accept = |floor: &mut Floor<'_>| {
        let entry = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).flags(libc::SOCK_CLOEXEC);
        floor.push(entry.build(), ACCEPT, 0);
    };
    accept(&mut floor);
    let mut completions = Vec::new();
    loop {
        match floor.ring.submit_and_wait(1) {
            Err(error) if !matches!(error.raw_os_error(), Some(libc::EINTR | libc::EBUSY)) => {
                return Err(error).context("io_uring_enter");
            }
            _ => {}
        }
        completions.extend(
            floor.ring.completion().map(|entry| (entry.user_data(), entry.result(), entry.flags())),
        );
        for (token, result, flags) in completions.drain(..) {
            let fd = (token >> 8) as RawFd;
            let more = cqueue::more(flags);
            match token & 0xff {
                ACCEPT => {
                    if result >= 0 {
                        floor.accepted(result);
                    }
                    if !more {
                        accept(&mut floor);
                    }
                }
                RECEIVE => floor.received(fd, result, cqueue::buffer_select(flags), more),
                SEND => floor.sent(fd, result),
                _ => {}
            }
        }
        floor.buffers.commit();
    }
}

struct Floor<'a> {
    // Dropped in this order: the instance closes before its memory goes.
    ring: IoUring,
    buffers: Buffers,
    connections: Vec<Connection>,
    replies: &'a Replies,
    request_bytes: usize,
    close: bool,
}

impl Floor<'_> {
    fn accepted(&mut self, fd: RawFd) {
        let Some(one) = self.connections.get_mut(fd as usize) else { return self.close(fd) };
        *one = Connection::default();
        self.receive(fd);
    }

    fn receive(&mut self, fd: RawFd) {
        self.connections[fd as usize].receiving = true;
        let entry = if self.close {
            let once = opcode::Recv::new(Fd(fd), std::ptr::null_mut(), 0).buf_group(GROUP);
            once.build().flags(Flags::BUFFER_SELECT)
        } else {
            opcode::RecvMulti::new(Fd(fd), GROUP).build()
        };
        self.push(entry, RECEIVE, fd);
    }

    fn received(&mut self, fd: RawFd, result: i32, buffer: Option<u16>, more: bool) {
        if let Some(buffer) = buffer {
            self.buffers.give(buffer);
        }
        if self.close {
            return if result > 0 { self.reply_and_close(fd) } else { self.close(fd) };
        }
        let one = &mut self.connections[fd as usize];
        let bytes = one.partial + result.max(0) as usize;
        one.partial = bytes % self.request_bytes;
        one.due += bytes / self.request_bytes;
        one.ended |= result == 0 || (result < 0 && result != -libc::ENOBUFS);
        one.receiving = more;
        let one = *one;
        if one.due > 0 && !one.sending {
            self.send(fd);
        }
        if !more && !one.ended {
            self.receive(fd);
        }
        self.close_if_done(fd);
    }

    fn send(&mut self, fd: RawFd) {
        let one = &mut self.connections[fd as usize];
        let count = one.due.min(REPLIES_MAX);
        one.due -= count;
        one.sending = true;
        let bytes = self.replies.take(count);
        // With MSG_WAITALL a send is whole, or has failed.
        let entry = opcode::Send::new(Fd(fd), bytes.as_ptr(), bytes.len() as u32)
            .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL);
        self.push(entry.build(), SEND, fd);
    }

    fn sent(&mut self, fd: RawFd, result: i32) {
        if self.close {
            return;
        }
        let one = &mut self.connections[fd as usize];
        one.sending = false;
        // A failed one ends its receive too.
        if result > 0 && one.due > 0 {
            self.send(fd);
        }
        self.close_if_done(fd);
    }

    fn close_if_done(&mut self, fd: RawFd) {
        let one = &mut self.connections[fd as usize];
        if one.ended && !one.sending && !one.receiving {
            one.ended = false;
            self.close(fd);
        }
    }

    /// With MSG_MORE the kernel waits for more, and sends FIN along with this.
    fn reply_and_close(&mut self, fd: RawFd) {
        let flags = libc::MSG_NOSIGNAL | libc::MSG_WAITALL | libc::MSG_MORE;
        let send = opcode::Send::new(Fd(fd), self.replies.0.as_ptr(), REPLY.len() as u32);
        let flag = Flags::IO_HARDLINK | Flags::SKIP_SUCCESS;
        // A link holds only within one submission.
        self.make_room(2);
        self.push(send.flags(flags).build().flags(flag), SEND, fd);
        self.close(fd);
    }

    fn close(&mut self, fd: RawFd) {
        self.push(opcode::Close::new(Fd(fd)).build().flags(Flags::SKIP_SUCCESS), CLOSE, fd);
    }

    fn push(&mut self, entry: Entry, operation: u64, fd: RawFd) {
        let entry = entry.user_data(operation | (fd as u64) << 8);
        self.make_room(1);
        // SAFETY: entries point to nothing but the replies, which are never
        // changed and outlive `self`, and to buffers, which are part of it.
        if unsafe { self.ring.submission().push(&entry) }.is_err() {
            unreachable!("room was made");
        }
    }

    fn make_room(&mut self, count: usize) {
        loop {
            let queue = self.ring.submission();
            if queue.capacity() - queue.len() >= count {
                return;
            }
            drop(queue);
            // Fails only for the moment (EAGAIN, EBUSY): then it is tried again.
            let _ = self.ring.submit();
        }
    }
}

/// Buffers that the kernel picks from (io_uring_register_buf_ring(3)). Nobody
/// looks into them here.
struct Buffers {
    ring: MmapMut,
    memory: MmapMut,
    tail: u16,
}

impl Buffers {
    fn new() -> io::Result<Self> {
        Ok(Self {
            ring: MmapMut::map_anon(usize::from(BUFFERS) * size_of::<BufRingEntry>())?,
            memory: MmapMut::map_anon(usize::from(BUFFERS) * BUFFER_BYTES)?,
            tail: 0,
        })
    }

    fn register(&mut self, ring: &IoUring) -> io::Result<()> {
        let address = self.ring.as_ptr().addr() as u64;
        // SAFETY: the map is page-aligned, of the size named, and is unmapped
        // only after the io_uring instance is closed (see `Floor`).
        unsafe { ring.submitter().register_buf_ring_with_flags(address, BUFFERS, GROUP, 0)? };
        (0..BUFFERS).for_each(|id| self.give(id));
        self.commit();
        Ok(())
    }

    fn give(&mut self, id: u16) {
        assert!(id < BUFFERS);
        let address = self.memory.as_mut_ptr().addr() + usize::from(id) * BUFFER_BYTES;
        let slot = usize::from(self.tail & (BUFFERS - 1));
        // SAFETY: `slot` is below BUFFERS, so it is inside the map.
        let entry = unsafe { self.ring.as_mut_ptr().cast::<BufRingEntry>().add(slot) };
        // SAFETY: the map is aligned for entries and zeroed, which is a valid one;
        // the kernel reads it only below the tail that `commit` stores.
        let entry = unsafe { &mut *entry };
        entry.set_addr(address as u64);
        entry.set_len(BUFFER_BYTES as u32);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    fn commit(&mut self) {
        // SAFETY: this is the start of the registered ring, zeroed by mmap.
        let tail = unsafe { BufRingEntry::tail(self.ring.as_ptr().cast()) };
        // SAFETY: the tail is 2-aligned, inside the map, and the kernel only
        // reads it; both sides access it atomically.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}
