//! The floor on epoll.

use std::io::{self, Read, Write};
use std::net::TcpListener;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::net::{SendFlags, send};

use super::{CONNECTIONS_MAX, REPLY, Replies};

const LISTENER: Token = Token(usize::MAX);
const BUFFER_BYTES: usize = 64 * 1024;

struct Connection {
    stream: TcpStream,
    /// Bytes of a request that is not whole yet.
    partial: usize,
    /// Bytes of replies the kernel did not take.
    unsent: usize,
}

/// Serves until something breaks.
pub fn serve(
    listener: TcpListener,
    replies: &Replies,
    request_bytes: usize,
    close: bool,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = mio::net::TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            if event.token() != LISTENER {
                let index = event.token().0;
                let Some(one) = &mut connections[index] else { continue };
                if !one.ready(replies, request_bytes, &mut buffer, event.is_read_closed()) {
                    connections[index] = None;
                    free.push(index);
                }
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                // The request is there already (TCP_DEFER_ACCEPT).
                if close && answer_and_close(&mut stream, replies, &mut buffer) {
                    continue;
                }
                let index = free.pop().unwrap_or(connections.len());
                if index >= CONNECTIONS_MAX {
                    continue;
                }
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, Token(index), both)?;
                if index == connections.len() {
                    connections.push(None);
                }
                connections[index] = Some(Connection { stream, partial: 0, unsent: 0 });
            }
        }
    }
}

/// Whether it was answered, or is broken.
fn answer_and_close(stream: &mut TcpStream, replies: &Replies, buffer: &mut [u8]) -> bool {
    match stream.read(buffer) {
        Ok(0) => true,
        // With MSG_MORE the kernel waits for more, and sends FIN along with this.
        Ok(_) => send(&stream, replies.take(1), SendFlags::MORE | SendFlags::NOSIGNAL).is_ok(),
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

impl Connection {
    /// Answers what came. Whether the connection goes on.
    fn ready(
        &mut self,
        replies: &Replies,
        request_bytes: usize,
        buffer: &mut [u8],
        ends: bool,
    ) -> bool {
        loop {
            let size = match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(size) => size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(_) => return false,
            };
            let bytes = self.partial + size;
            self.partial = bytes % request_bytes;
            self.unsent += bytes / request_bytes * REPLY.len();
            if self.unsent > 0 && !self.send(replies) {
                return false;
            }
            // Less than asked for: there is no more for now (epoll(7)).
            if size == 0 || (size < buffer.len() && !ends) {
                return true;
            }
        }
    }

    fn send(&mut self, replies: &Replies) -> bool {
        while self.unsent > 0 {
            // The first may be cut: then its rest goes first.
            let cut = self.unsent % REPLY.len();
            let bytes = match cut {
                0 => replies.take(self.unsent / REPLY.len()),
                cut => &REPLY.as_bytes()[REPLY.len() - cut..],
            };
            match self.stream.write(bytes) {
                Ok(size) => self.unsent -= size,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }
}
