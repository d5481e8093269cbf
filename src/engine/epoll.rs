//! The epoll engine: readiness through mio, for machines where io_uring is
//! refused. Each shard is a plain pinned thread.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::clock::Clock;
use super::course::{Asked, Course};
use super::faults::{Fault, Later};
use super::peer::peer_bytes;
use super::seat::Seat;
use crate::connection::Step;
use crate::limits::{EPOLL_EVENTS, RECEIVE_BUFFER_BYTES, RECEIVE_BUFFERS};
use crate::machine::cpus::pin;
use crate::machine::slice::ask_for_short_slices;
use crate::shard::{Arrival, Now, Received, Shard};

/// Most connections accepted in one turn, so that those there are get theirs.
const ACCEPTS_PER_TURN: usize = 64;

const WAKE: Token = Token(usize::MAX);
/// Tokens of listeners count down from here; those of connections up from 0.
const LISTENER_LAST: usize = usize::MAX - 1;

/// See [`super::start`].
pub fn start(seat: Seat) -> anyhow::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(format!("carom-shard-{}", seat.cpu))
        .spawn(move || {
            pin(seat.cpu);
            ask_for_short_slices();
            run(seat);
        })
        .context("cannot start a thread")
}

fn run(seat: Seat) {
    let clock = Clock::start();
    let shard = (seat.build)(clock.now());
    // Fails only where the process has no descriptor left at its very start.
    let poll = Poll::new().unwrap_or_else(|error| panic!("epoll was refused: {error}"));
    let mut engine = Epoll {
        shard,
        poll,
        sockets: Vec::new(),
        listeners: Vec::new(),
        course: Course::new(seat.mailbox),
        buffers: PolledBuffers::default(),
        arrivals: Vec::new(),
        readable: VecDeque::new(),
        later: Later::default(),
        now_ms: 0,
    };
    engine.listen(seat.listeners);
    let _ = seat.ready.send(()); // nobody listens only where starting has failed
    let mut events = Events::with_capacity(EPOLL_EVENTS);
    while !engine.course.is_over(&engine.shard) {
        engine.turn(&mut events, clock);
    }
    engine.shard.close_clicks();
}

struct PolledListener {
    socket: TcpListener,
    /// There may be connections waiting that no event will tell of again.
    ready: bool,
}

#[derive(Default)]
struct PolledSocket {
    stream: Option<TcpStream>,
    /// Known to epoll.
    registered: bool,
    /// Events for writing are asked for, too.
    awaits_writing: bool,
    /// There may be input that no event will tell of again (edge-triggered).
    readable: bool,
    /// The peer's end was told of, and no event will tell of it again.
    ending: bool,
    /// Is on the list of those to read.
    queued: bool,
}

/// One receive buffer for each connection read in a turn.
struct PolledBuffers(Box<[u8]>);

impl Default for PolledBuffers {
    fn default() -> Self {
        Self(vec![0; RECEIVE_BUFFERS * RECEIVE_BUFFER_BYTES].into_boxed_slice())
    }
}

impl PolledBuffers {
    fn get_mut(&mut self, index: usize) -> &mut [u8] {
        &mut self.0[index * RECEIVE_BUFFER_BYTES..][..RECEIVE_BUFFER_BYTES]
    }
}

impl Received for PolledBuffers {
    fn bytes(&self, arrival: &Arrival) -> &[u8] {
        let start = arrival.buffer as usize * RECEIVE_BUFFER_BYTES;
        &self.0[start..start + arrival.size as usize]
    }
}

struct Epoll {
    shard: Shard,
    poll: Poll,
    sockets: Vec<PolledSocket>,
    listeners: Vec<PolledListener>,
    course: Course,
    buffers: PolledBuffers,
    arrivals: Vec<Arrival>,
    /// Connections to read in this turn.
    readable: VecDeque<u32>,
    /// Connections to send for in a moment.
    later: Later,
    /// When this turn began, milliseconds.
    now_ms: u32,
}

impl Epoll {
    fn listen(&mut self, listeners: Vec<std::net::TcpListener>) {
        let registry = self.poll.registry();
        let wake = self.course.mailbox.wake_fd();
        let mut result = registry.register(&mut SourceFd(&wake), WAKE, Interest::READABLE);
        for (index, socket) in listeners.into_iter().enumerate() {
            result = result.and_then(|()| socket.set_nonblocking(true));
            let mut socket = TcpListener::from_std(socket);
            let token = Token(LISTENER_LAST - index);
            result = result.and_then(|()| {
                self.poll.registry().register(&mut socket, token, Interest::READABLE)
            });
            self.listeners.push(PolledListener { socket, ready: true });
        }
        // Fails only for want of memory (epoll_ctl(2)).
        result.unwrap_or_else(|error| panic!("epoll was refused: {error}"));
    }

    /// One turn: wait, read what is there, and handle it as one batch.
    fn turn(&mut self, events: &mut Events, clock: Clock) {
        let wait_ms = if self.has_work() { 0 } else { self.course.wait_ms(&self.shard) };
        let wait_ms = self.later.wait_ms(wait_ms);
        match self.poll.poll(events, Some(Duration::from_millis(wait_ms))) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return,
            Err(error) => panic!("epoll_wait: {error}"), // only if its descriptor is gone
        }
        let now = clock.now();
        self.now_ms = now.ms;
        self.shard.tick(now);
        for id in self.later.take_due(now.ms) {
            self.write(id, false);
        }
        for event in events.iter() {
            match event.token() {
                WAKE => self.course.mailbox.quiet(),
                Token(token) if token > LISTENER_LAST - self.listeners.len() => {
                    self.listeners[LISTENER_LAST - token].ready = true;
                }
                Token(id) => {
                    if event.is_writable() {
                        self.write(id as u32, false);
                    }
                    // Errors and hang-ups show as the result of a read.
                    let ending = event.is_read_closed() || event.is_error();
                    if event.is_readable() || ending {
                        let socket = &mut self.sockets[id];
                        socket.readable = true;
                        socket.ending |= ending;
                        self.queue(id as u32);
                    }
                }
            }
        }
        self.accept(now);
        self.read();
        self.shard.answer(&self.arrivals, &self.buffers);
        self.arrivals.clear();
        if self.course.read_mail(&mut self.shard) == Asked::StopAccepting {
            self.stop_accepting();
        }
        while let Some((id, step)) = self.shard.next_step() {
            self.take_step(id, step);
        }
        self.shard.publish();
    }

    fn has_work(&self) -> bool {
        !self.readable.is_empty()
            || (self.shard.has_room()
                && !self.course.is_paused(&self.shard)
                && self.listeners.iter().any(|listener| listener.ready))
    }

    /// Has a connection that wants input read in the next turn, or waits for
    /// epoll to say that there is any.
    fn queue(&mut self, id: u32) {
        let socket = &mut self.sockets[id as usize];
        if !self.shard.connection(id).wants_input() {
            return;
        }
        if !socket.readable {
            if !socket.registered {
                self.register(id);
            }
        } else if !socket.queued {
            socket.queued = true;
            self.readable.push_back(id);
        }
    }

    fn accept(&mut self, now: Now) {
        for index in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_PER_TURN {
                let ready = self.listeners[index].ready;
                if !ready || !self.course.may_accept(&mut self.shard, now) {
                    break;
                }
                match self.listeners[index].socket.accept() {
                    Ok((stream, address)) => self.open(stream, peer_bytes(address.ip())),
                    Err(error) => match error.raw_os_error() {
                        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
                            self.course.pause_accepting(&mut self.shard, now);
                        }
                        Some(libc::EAGAIN) => self.listeners[index].ready = false,
                        _ => {} // about one connection that is gone again (accept(2))
                    },
                }
            }
        }
    }

    fn open(&mut self, stream: TcpStream, peer: [u8; 16]) {
        let id = self.shard.open(peer);
        if self.sockets.len() <= id as usize {
            self.sockets.resize_with(id as usize + 1, PolledSocket::default);
        }
        // With TCP_DEFER_ACCEPT the request is there. It is read before epoll is
        // asked, and if the connection ends with it epoll never hears of it.
        self.sockets[id as usize] =
            PolledSocket { stream: Some(stream), readable: true, ..PolledSocket::default() };
        self.queue(id);
    }

    /// Reads each readable connection once, as far as there are buffers.
    fn read(&mut self) {
        let count = self.readable.len().min(RECEIVE_BUFFERS);
        for buffer in 0..count {
            let Some(id) = self.readable.pop_front() else { return };
            self.sockets[id as usize].queued = false;
            self.read_one(id, buffer);
        }
    }

    fn read_one(&mut self, id: u32, buffer: usize) {
        let socket = &mut self.sockets[id as usize];
        let Some(stream) = &mut socket.stream else { return };
        let mut arrival = Arrival { connection: id, buffer: buffer as u32, size: 0, end: false };
        match stream.read(self.buffers.get_mut(buffer)) {
            Ok(0) => {
                socket.readable = false;
                arrival.end = true;
                self.arrivals.push(arrival);
            }
            Ok(size) => {
                // A buffer not filled has emptied the socket (epoll(7)). Else more
                // is read in the next turn, after the others had theirs.
                socket.readable = size == RECEIVE_BUFFER_BYTES || socket.ending;
                arrival.size = size as u32;
                self.arrivals.push(arrival);
            }
            Err(error) => match Fault::of_receive(errno_of(&error)) {
                // No event will tell of what is there once more.
                Fault::Again | Fault::Later => self.queue(id),
                Fault::WhenReady => {
                    socket.readable = false;
                    self.queue(id);
                }
                Fault::Over => self.shard.failed(id),
            },
        }
    }

    fn register(&mut self, id: u32) {
        let socket = &mut self.sockets[id as usize];
        let Some(stream) = &mut socket.stream else { return };
        let (registry, token) = (self.poll.registry(), Token(id as usize));
        let interest = if socket.awaits_writing {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        let result = if std::mem::replace(&mut socket.registered, true) {
            registry.reregister(stream, token, interest)
        } else {
            registry.register(stream, token, interest)
        };
        if result.is_err() {
            self.shard.failed(id); // for want of memory, or of watches (epoll_ctl(2))
        }
    }

    fn take_step(&mut self, id: u32, step: Step) {
        match step {
            Step::Send { last } => self.write(id, last),
            Step::Shutdown => {
                if let Some(stream) = &self.sockets[id as usize].stream
                    && stream.shutdown(std::net::Shutdown::Write).is_err()
                {
                    self.shard.failed(id);
                }
            }
            Step::Close => return self.close(id),
            Step::Wait => {}
        }
        self.queue(id);
    }

    /// Sends what is outgoing, as far as the socket takes it. With `last` the FIN
    /// of the close that follows rides on it.
    fn write(&mut self, id: u32, last: bool) {
        let socket = &mut self.sockets[id as usize];
        let Some(stream) = &mut socket.stream else { return };
        let mut flags = SendFlags::NOSIGNAL;
        flags.set(SendFlags::MORE, last);
        loop {
            let bytes = self.shard.connection(id).outgoing();
            if bytes.is_empty() {
                return;
            }
            match send(&*stream, bytes, flags).map_err(Fault::of_send) {
                Ok(size) => self.shard.sent(id, size),
                Err(Fault::Again) => {}
                Err(Fault::WhenReady) => {
                    if !socket.awaits_writing {
                        socket.awaits_writing = true;
                        self.register(id);
                    }
                    return;
                }
                Err(Fault::Later) => return self.later.add(id, self.now_ms),
                Err(Fault::Over) => return self.shard.failed(id),
            }
        }
    }

    fn close(&mut self, id: u32) {
        // Closing takes it out of epoll. What is on the list of those to read is
        // skipped there: the stream is gone, or a new one that is readable.
        let socket = &mut self.sockets[id as usize];
        let queued = socket.queued;
        if socket.stream.take().is_some() {
            *socket = PolledSocket { queued, ..PolledSocket::default() };
            self.shard.release(id);
        }
    }

    /// Takes the connections that the kernel has accepted for us already: whoever
    /// is connected is answered.
    fn stop_accepting(&mut self) {
        for listener in std::mem::take(&mut self.listeners) {
            while let Ok((stream, address)) = listener.socket.accept() {
                self.open(stream, peer_bytes(address.ip()));
            }
        }
    }
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
