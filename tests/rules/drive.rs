//! Requests from many addresses at once, and what comes back.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::common::PATIENCE;
use crate::model::Visitor;

/// Requests that are sent before a reply is read.
const PIPELINED_MAX: usize = 40;

/// A reply, as far as rules say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub location: Option<String>,
}

/// Kept connections, one from each address.
pub struct Clients<'s> {
    servers: &'s [SocketAddr],
    open: HashMap<IpAddr, Connection>,
}

struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl<'s> Clients<'s> {
    /// Clients of a server that listens here.
    pub fn new(servers: &'s [SocketAddr]) -> Self {
        Self { servers, open: HashMap::new() }
    }

    fn of(&mut self, address: IpAddr) -> &mut Connection {
        let servers = self.servers;
        self.open.entry(address).or_insert_with(|| Connection::open(servers, address))
    }

    /// One request, and its reply.
    pub fn ask(&mut self, visitor: &Visitor) -> Reply {
        let connection = self.of(visitor.address);
        connection.stream.write_all(request(visitor).as_bytes()).unwrap();
        connection.reply(visitor.method)
    }

    /// All of these requests, those of an address in their order and some at a time, and
    /// their replies.
    pub fn ask_all(&mut self, visitors: &[Visitor], random: &mut fastrand::Rng) -> Vec<Reply> {
        let mut waiting: HashMap<IpAddr, Vec<usize>> = HashMap::new();
        for (at, visitor) in visitors.iter().enumerate().rev() {
            waiting.entry(visitor.address).or_default().push(at);
        }
        let mut replies: Vec<Option<Reply>> = vec![None; visitors.len()];
        while !waiting.is_empty() {
            let mut sent = Vec::new();
            for (&address, left) in &mut waiting {
                let count = random.usize(1..=PIPELINED_MAX).min(left.len());
                let now: Vec<_> = left.drain(left.len() - count..).rev().collect();
                let text: String = now.iter().map(|&at| request(&visitors[at])).collect();
                self.of(address).stream.write_all(text.as_bytes()).unwrap();
                sent.extend(now);
            }
            for at in sent {
                let visitor = &visitors[at];
                replies[at] = Some(self.of(visitor.address).reply(visitor.method));
            }
            waiting.retain(|_, left| !left.is_empty());
        }
        replies.into_iter().map(Option::unwrap).collect()
    }
}

/// A request of this visitor.
fn request(visitor: &Visitor) -> String {
    let query = visitor.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let Visitor { method, path, host, .. } = visitor;
    let mut text = format!("{method} {path}{query} HTTP/1.1\r\nHost: {host}\r\n");
    let purpose = visitor.is_prefetch.then_some("prefetch");
    for (name, value) in [
        ("User-Agent", visitor.user_agent.as_deref()),
        ("Accept-Language", visitor.language.as_deref()),
        ("Sec-CH-UA-Platform", visitor.platform),
        ("Referer", visitor.referer),
        ("Sec-Purpose", purpose),
    ] {
        if let Some(value) = value {
            text += &format!("{name}: {value}\r\n");
        }
    }
    text + "\r\n"
}

impl Connection {
    fn open(servers: &[SocketAddr], from: IpAddr) -> Self {
        let server = servers.iter().find(|server| server.is_ipv4() == from.is_ipv4()).unwrap();
        let socket = Socket::new(Domain::for_address(*server), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&(*server).into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, unread: Vec::new() }
    }

    fn reply(&mut self, method: &str) -> Reply {
        loop {
            if let Some((reply, size)) = cut(&self.unread, method) {
                self.unread.drain(..size);
                return reply;
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes) {
                // The end of a ring of this thread (that of the probe) interrupts it.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                size => {
                    let size = size.expect("an answer");
                    assert!(size > 0, "it closed");
                    self.unread.extend_from_slice(&bytes[..size]);
                }
            }
        }
    }
}

/// Cuts a reply from the front of what came.
fn cut(bytes: &[u8], method: &str) -> Option<(Reply, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("replies are ASCII");
    let field =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let length = field("Content-Length").map_or(0, |length| length.parse().unwrap());
    let size = end + if method == "HEAD" { 0 } else { length };
    let location = field("Location").map(str::to_owned);
    let reply = Reply { status: head[9..12].parse().unwrap(), location };
    (bytes.len() >= size).then_some((reply, size))
}
