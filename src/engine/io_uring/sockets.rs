//! What the io_uring engine knows of each connection: its socket, and what of
//! it is with the kernel.

use std::os::fd::RawFd;

/// The socket of one connection.
#[derive(Debug, Clone, Copy)]
pub struct RingSocket {
    /// Its descriptor; −1 once closed.
    pub fd: RawFd,
    /// Operations with the kernel that will still complete.
    pub operations: u32,
    /// A receive is among them.
    pub receiving: bool,
    receive_cancelled: bool,
    /// A send is among them.
    pub sending: bool,
    /// No new operation is started; when the last has ended it is released.
    pub closing: bool,
}

const CLOSED: RawFd = -1;

const VACANT: RingSocket = RingSocket {
    fd: CLOSED,
    operations: 0,
    receiving: false,
    receive_cancelled: false,
    sending: false,
    closing: false,
};

impl RingSocket {
    pub fn start_receive(&mut self) {
        self.operations += 1;
        self.receiving = true;
    }

    pub fn end_receive(&mut self) {
        self.receiving = false;
        self.receive_cancelled = false;
    }

    /// Whether a receive is to be cancelled that was not yet.
    pub fn cancel_receive(&mut self) -> bool {
        let cancel = self.receiving && !self.receive_cancelled;
        self.receive_cancelled |= cancel;
        cancel
    }

    pub fn note_closed(&mut self) {
        self.fd = CLOSED;
    }

    /// Vacates the entry. The descriptor, if it is still open.
    pub fn take(&mut self) -> Option<RawFd> {
        let fd = std::mem::replace(self, VACANT).fd;
        (fd != CLOSED).then_some(fd)
    }
}

/// The sockets of a shard, by the number of their connection.
#[derive(Default)]
pub struct Sockets {
    sockets: Vec<RingSocket>,
}

impl Sockets {
    pub fn insert(&mut self, id: u32, fd: RawFd) {
        let index = id as usize;
        if index >= self.sockets.len() {
            self.sockets.resize(index + 1, VACANT);
        }
        self.sockets[index] = RingSocket { fd, ..VACANT };
    }

    pub fn get_mut(&mut self, id: u32) -> &mut RingSocket {
        &mut self.sockets[id as usize]
    }
}
