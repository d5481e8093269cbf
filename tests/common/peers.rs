//! Clients that are more than one request: an active one, and one that never
//! reads.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{Client, PATIENCE, Server};

/// Every so many requests the active client comes with a new connection.
const REQUESTS_A_CONNECTION: u64 = 50;
/// What the kernel may keep in each direction for a client that never reads, so
/// that it is soon stuck.
const BUFFER_BYTES: usize = 16 * 1024;
/// Length of the target that it asks for, for the same reason.
const TARGET_BYTES: usize = 2_000;
/// When so long nothing was taken from any client, nothing will be.
const QUIET: Duration = Duration::from_millis(500);

/// What an ordinary client saw: one request at a time, all answered.
#[derive(Debug, Clone, Copy)]
pub struct Active {
    pub replies: u64,
    pub worst: Duration,
}

impl Active {
    /// Asks for `/a` until `is_over`, and at least once.
    pub fn run(server: &Server, is_over: &AtomicBool) -> Self {
        let mut active = Self { replies: 0, worst: Duration::ZERO };
        loop {
            let mut client = Client::new(server.connect());
            for _ in 0..REQUESTS_A_CONNECTION {
                let asked = Instant::now();
                let reply = client.get("t.example", "/a").expect("an answer");
                assert_eq!(reply.status, 302);
                active.replies += 1;
                active.worst = active.worst.max(asked.elapsed());
                if is_over.load(Ordering::Relaxed) {
                    return active;
                }
            }
        }
    }
}

impl fmt::Display for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of its requests answered, the slowest in {:?}", self.replies, self.worst)
    }
}

/// A client that sends requests and never reads.
pub struct Deaf {
    stream: TcpStream,
    requests: Arc<[u8]>,
    /// Where in `requests` the next byte is.
    at: usize,
    /// Bytes the kernel took from it.
    pub sent: u64,
    /// The server has closed the connection.
    pub is_cut: bool,
}

impl Deaf {
    /// The line of the link file that it needs.
    pub fn link() -> String {
        let url = "https://t.example/";
        format!("/long {url}{}\n", "x".repeat(TARGET_BYTES - url.len()))
    }

    pub fn new(server: &Server) -> Self {
        let requests = b"GET /long HTTP/1.1\r\nHost: t.example\r\n\r\n".repeat(1_000);
        Self::asking(server, requests.into(), BUFFER_BYTES)
    }

    /// One that sends these requests again and again; `unread` is what the kernel may
    /// keep for it of the replies.
    pub fn asking(server: &Server, requests: Arc<[u8]>, unread: usize) -> Self {
        let socket = Socket::new(Domain::for_address(server.address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(unread).unwrap();
        socket.set_send_buffer_size(BUFFER_BYTES).unwrap();
        socket.connect(&server.address.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { stream: socket.into(), requests, at: 0, sent: 0, is_cut: false }
    }

    /// All that is there to be read, once the server is done with it. It may end with a
    /// reset, behind what came before.
    pub fn hear(mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        self.stream.set_nonblocking(false).unwrap();
        let _ = self.stream.read_to_end(&mut heard);
        heard
    }

    /// Sends what is taken now. Returns whether that was anything.
    pub fn talk(&mut self) -> bool {
        match self.stream.write(&self.requests[self.at..]) {
            Ok(size) => {
                self.at = (self.at + size) % self.requests.len();
                self.sent += size as u64;
                true
            }
            Err(error) => {
                self.is_cut |= error.kind() != ErrorKind::WouldBlock;
                false
            }
        }
    }
}

/// Has all of them send until nothing more is taken from any.
pub fn talk(clients: &mut [Deaf]) {
    let until = Instant::now() + PATIENCE;
    let mut taken = Instant::now();
    while taken.elapsed() < QUIET {
        assert!(Instant::now() < until, "it takes requests without end");
        // Not `any`: every one of them is to send.
        if clients.iter_mut().filter_map(|client| client.talk().then_some(())).count() > 0 {
            taken = Instant::now();
        } else {
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}
