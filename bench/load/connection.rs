//! One connection of the generator: what is being sent, and what of the answer
//! is still to come.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use super::outcome::Failure;
use crate::reply::{Cut, Reply, cut};
use crate::requests::Requests;

/// A connection, with the batch of requests that is under way on it.
#[derive(Default)]
pub struct Connection {
    pub stream: Option<TcpStream>,
    /// Bytes have gone over it.
    established: bool,
    /// The batch: its first request, how many, and how many bytes were sent.
    first: usize,
    count: usize,
    sent: usize,
    answered: usize,
    /// When the batch was due, and when it was begun.
    pub due_ns: u64,
    pub begun_ns: u64,
    /// A batch is under way.
    pub busy: bool,
    /// A reply that is not whole yet.
    inbox: Vec<u8>,
}

/// How it stands with a connection after something happened to it.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for the kernel.
    Waiting,
    /// All replies of the batch are here; with `ended`, so is the end.
    Done { ended: bool },
    /// The batch failed.
    Failed(Failure),
}

/// The end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// A batch is done only when the server has closed.
    pub awaited: bool,
    /// The kernel says that it is there, perhaps behind some bytes.
    pub seen: bool,
}

impl Connection {
    /// Starts connecting; the kernel says the rest.
    pub fn connect(&mut self, target: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect(target)?;
        stream.set_nodelay(true)?;
        self.stream = Some(stream);
        self.established = false;
        Ok(())
    }

    /// Takes up a batch; `send` sends it.
    pub fn begin(&mut self, first: usize, count: usize, due_ns: u64, now_ns: u64) {
        assert!(!self.busy && count > 0);
        (self.first, self.count, self.sent, self.answered) = (first, count, 0, 0);
        (self.due_ns, self.begun_ns, self.busy) = (due_ns, now_ns, true);
        self.inbox.clear();
    }

    /// Requests of the batch that have no reply yet.
    pub fn unanswered(&self) -> usize {
        if self.busy { self.count - self.answered } else { 0 }
    }

    /// Forgets the batch and the socket.
    pub fn drop_stream(&mut self) {
        self.stream = None;
        self.busy = false;
    }

    /// Sends what the kernel takes.
    pub fn send(&mut self, requests: &Requests) -> State {
        let Some(stream) = &mut self.stream else { return State::Failed(Failure::Connect) };
        let (bytes, _) = requests.batch(self.first, self.count);
        while self.busy && self.sent < bytes.len() {
            match stream.write(&bytes[self.sent..]) {
                Ok(size) => {
                    self.sent += size;
                    self.established = true;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => break,
                    io::ErrorKind::Interrupted => {}
                    _ => return State::Failed(self.failure()),
                },
            }
        }
        State::Waiting
    }

    /// Reads what there is and calls `each` with every reply and its place in the
    /// batch.
    pub fn receive(
        &mut self,
        requests: &Requests,
        buffer: &mut [u8],
        ends: Ends,
        mut each: impl FnMut(usize, &Reply<'_>),
    ) -> State {
        loop {
            let Some(stream) = &mut self.stream else { return State::Waiting };
            let size = match stream.read(buffer) {
                Ok(size) => size,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => {
                        return State::Waiting;
                    }
                    io::ErrorKind::Interrupted => continue,
                    _ => return State::Failed(self.failure()),
                },
            };
            if size == 0 {
                return self.ended(requests, each);
            }
            match self.take(requests, &buffer[..size], &mut each) {
                Ok(closes) if self.unanswered() == 0 && !ends.awaited => {
                    return State::Done { ended: closes || ends.seen };
                }
                Ok(true) if self.unanswered() > 0 => return State::Failed(Failure::EarlyEnd),
                Ok(_) => {}
                Err(failure) => return State::Failed(failure),
            }
            // Less than asked for: the kernel has no more for now, and tells when
            // it has (epoll(7)). But it has told of an end that it saw.
            if size < buffer.len() && !ends.awaited && !ends.seen {
                return State::Waiting;
            }
        }
    }

    /// Cuts replies out of `bytes`. Whether the last said that it closes.
    fn take(
        &mut self,
        requests: &Requests,
        bytes: &[u8],
        each: &mut impl FnMut(usize, &Reply<'_>),
    ) -> Result<bool, Failure> {
        let joined = !self.inbox.is_empty();
        if joined {
            self.inbox.extend_from_slice(bytes);
        }
        let inbox = std::mem::take(&mut self.inbox);
        let bytes = if joined { &inbox } else { bytes };
        let (mut at, mut closes) = (0, false);
        while at < bytes.len() {
            if self.unanswered() == 0 {
                return Err(Failure::BadReply); // more than was asked for
            }
            match cut(&bytes[at..], requests.is_head(self.first + self.answered)) {
                Cut::Whole(reply) => {
                    at += reply.size;
                    closes = reply.closes;
                    each(self.answered, &reply);
                    self.answered += 1;
                }
                Cut::Partial | Cut::UntilEnd(_) => {
                    self.inbox.extend_from_slice(&bytes[at..]);
                    break;
                }
                Cut::Bad(_) => return Err(Failure::BadReply),
            }
        }
        Ok(closes)
    }

    /// The server has closed its side.
    fn ended(&mut self, requests: &Requests, mut each: impl FnMut(usize, &Reply<'_>)) -> State {
        if self.unanswered() == 1 {
            let is_head = requests.is_head(self.first + self.answered);
            if let Cut::UntilEnd(reply) = cut(&self.inbox, is_head) {
                each(self.answered, &reply);
                self.answered += 1;
            }
        }
        match self.unanswered() {
            0 => State::Done { ended: true },
            _ => State::Failed(Failure::EarlyEnd),
        }
    }

    fn failure(&self) -> Failure {
        if self.established { Failure::Reset } else { Failure::Connect }
    }
}
