#![allow(unsafe_code)] // submission entries are promises about memory

//! A shard's own ring: what can be asked of the kernel, and what came of it.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{Fd, Timespec};
use io_uring::{IoUring, cqueue, opcode};
use rustix::net::RecvFlags;

use super::super::peer::peer_bytes;
use super::buffers::{GROUP, RingBuffers};
use crate::limits::{RING_COMPLETIONS, RING_ENTRIES};

/// What an operation is for; comes back with its completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// Accept on the listener of this index.
    Accept,
    /// Receive for the connection of this number.
    Receive,
    /// Send for the connection of this number.
    Send,
    /// Shut down the sending side of the connection of this number.
    Shutdown,
    /// Close the socket of the connection of this number.
    Close,
    /// The mailbox.
    Wake,
    /// A time that was waited for; see [`Ring::wake_after`].
    Timer,
    /// Cancels, and closes nobody waits for: their completions mean nothing.
    Forgotten,
}

const OPERATIONS: [Operation; 8] = [
    Operation::Accept,
    Operation::Receive,
    Operation::Send,
    Operation::Shutdown,
    Operation::Close,
    Operation::Wake,
    Operation::Timer,
    Operation::Forgotten,
];

impl Operation {
    fn token(self, index: u32) -> u64 {
        u64::from(self as u8) << 32 | u64::from(index)
    }
}

/// What came of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Completion {
    /// Which.
    pub operation: Operation,
    /// Of which listener or connection.
    pub index: u32,
    /// A count or descriptor, or a negative errno.
    pub result: i32,
    /// The operation goes on; more completions will come.
    pub more: bool,
    /// The receive buffer that holds the bytes.
    pub buffer: Option<u16>,
}

/// The ring and the receive buffers registered with it.
pub struct Ring {
    // Dropped in this order: the instance closes before its memory goes.
    ring: IoUring,
    buffers: RingBuffers,
    /// Where the kernel puts what it reads from the mailbox's eventfd.
    woken: Box<[u8; 8]>,
    /// Read by the kernel when a timer is submitted.
    timer: Box<Timespec>,
}

impl Ring {
    /// Sets up a ring for the calling thread, with its buffers.
    ///
    /// # Errors
    ///
    /// When the kernel refuses (io_uring_setup(2)): EPERM from seccomp or
    /// `kernel.io_uring_disabled`, ENOSYS or EINVAL from an old kernel, ENOMEM.
    pub fn new() -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_coop_taskrun()
            .setup_submit_all()
            .setup_cqsize(RING_COMPLETIONS)
            .build(RING_ENTRIES)?;
        let mut buffers = RingBuffers::new()?;
        buffers.register(&ring.submitter())?;
        Ok(Self { ring, buffers, woken: Box::default(), timer: Box::default() })
    }

    /// The receive buffers.
    pub fn buffers(&mut self) -> &mut RingBuffers {
        &mut self.buffers
    }

    /// Accepts on `listener`: one connection, or all until cancelled.
    pub fn accept(&mut self, listener: RawFd, index: u32, again: bool) {
        let (listener, flags, null) = (Fd(listener), libc::SOCK_CLOEXEC, std::ptr::null_mut());
        let entry = if again {
            opcode::AcceptMulti::new(listener).flags(flags).build()
        } else {
            opcode::Accept::new(listener, null, null.cast()).flags(flags).build()
        };
        self.push(entry, Operation::Accept, index);
    }

    /// Receives into a buffer of the kernel's choice: once, or until cancelled.
    pub fn receive(&mut self, socket: RawFd, index: u32, again: bool) {
        let entry = if again {
            opcode::RecvMulti::new(Fd(socket), GROUP).build()
        } else {
            let once = opcode::Recv::new(Fd(socket), std::ptr::null_mut(), 0).buf_group(GROUP);
            once.build().flags(Flags::BUFFER_SELECT)
        };
        self.push(entry, Operation::Receive, index);
    }

    /// Sends `bytes`. With `then_close` the socket is closed when all of them
    /// are sent, and the FIN rides on the last of them (MSG_MORE, tcp(7)); then the
    /// send completes only if it failed, and the close either way.
    ///
    /// # Safety
    ///
    /// `bytes` stay where they are, unchanged, until the send has completed.
    pub unsafe fn send(&mut self, socket: RawFd, index: u32, bytes: &[u8], then_close: bool) {
        let mut flags = libc::MSG_NOSIGNAL;
        if then_close {
            // A link holds only within one submission.
            self.make_room(2);
            flags |= libc::MSG_MORE | libc::MSG_WAITALL;
        }
        let send = opcode::Send::new(Fd(socket), bytes.as_ptr(), bytes.len() as u32).flags(flags);
        let send = send.build();
        let send = if then_close { send.flags(Flags::IO_LINK | Flags::SKIP_SUCCESS) } else { send };
        self.push(send, Operation::Send, index);
        if then_close {
            self.push(opcode::Close::new(Fd(socket)).build(), Operation::Close, index);
        }
    }

    /// Shuts the sending side.
    pub fn shutdown(&mut self, socket: RawFd, index: u32) {
        let entry = opcode::Shutdown::new(Fd(socket), libc::SHUT_WR);
        self.push(entry.build(), Operation::Shutdown, index);
    }

    /// Closes the socket of a connection that is already released.
    pub fn close_and_forget(&mut self, socket: RawFd) {
        let entry = opcode::Close::new(Fd(socket)).build();
        self.push(entry.flags(Flags::SKIP_SUCCESS), Operation::Forgotten, 0);
    }

    /// Cancels an operation. Closing a socket under a multishot receive does not
    /// release it: the receive must be cancelled.
    pub fn cancel(&mut self, operation: Operation, index: u32) {
        let entry = opcode::AsyncCancel::new(operation.token(index)).build();
        self.push(entry.flags(Flags::SKIP_SUCCESS), Operation::Forgotten, index);
    }

    /// Waits for the mailbox's eventfd.
    pub fn read_wake(&mut self, eventfd: RawFd) {
        let entry = opcode::Read::new(Fd(eventfd), self.woken.as_mut_ptr(), 8);
        self.push(entry.build(), Operation::Wake, 0);
    }

    /// Completes once after this time. To wait with a limit instead would set a
    /// timer of the kernel at each wait, and take it back: on a virtual machine
    /// that costs a microsecond or two.
    pub fn wake_after(&mut self, wait: Duration, index: u32) {
        *self.timer = Timespec::from(wait);
        let entry = opcode::Timeout::new(&raw const *self.timer).build();
        self.push(entry, Operation::Timer, index);
    }

    /// Submits, and waits until something completes.
    ///
    /// # Errors
    ///
    /// What io_uring_enter(2) says, except that it was interrupted or busy.
    pub fn submit_and_wait(&mut self) -> io::Result<()> {
        match self.ring.submit_and_wait(1) {
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::EINTR | libc::EBUSY | libc::EAGAIN) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Moves all completions there are into `into`.
    pub fn completions(&mut self, into: &mut Vec<Completion>) {
        into.extend(self.ring.completion().map(|entry| {
            let token = entry.user_data();
            Completion {
                operation: OPERATIONS[(token >> 32) as usize % OPERATIONS.len()],
                index: token as u32,
                result: entry.result(),
                more: cqueue::more(entry.flags()),
                buffer: cqueue::buffer_select(entry.flags()),
            }
        }));
    }

    fn push(&mut self, entry: Entry, operation: Operation, index: u32) {
        let entry = entry.user_data(operation.token(index));
        self.make_room(1);
        // SAFETY: what entries point to outlives them: receive buffers, the
        // eventfd's eight bytes and the timer are part of `self`; `send` has its
        // own promise.
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

/// Receives what is there already; `None` if nothing is.
pub fn receive_now(socket: RawFd, bytes: &mut [u8]) -> Option<usize> {
    // SAFETY: the descriptor was just accepted, and is ours and open.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let received = rustix::net::recv(socket, bytes, RecvFlags::DONTWAIT);
    received.ok().map(|(size, _)| size)
}

/// The address of the peer of an accepted socket, IPv4 as v4-mapped IPv6.
pub fn peer(socket: RawFd) -> [u8; 16] {
    // SAFETY: the descriptor was just accepted, and is ours and open.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let address = rustix::net::getpeername(socket).ok().flatten();
    let address = address.and_then(|address| std::net::SocketAddr::try_from(address).ok());
    address.map_or([0; 16], |address| peer_bytes(address.ip()))
}
