//! A shard played without sockets: what tests and fuzzers drive in the place of
//! an engine.

pub mod tape;

use std::sync::Arc;
use std::time::Duration;

use crate::clicks::Privacy;
use crate::connection::{Step, Timeouts};
use crate::limits::{
    HEADER_TIMEOUT_DEFAULT, IDLE_TIMEOUT_DEFAULT, SEGMENT_BYTES_MIN, SEND_TIMEOUT_DEFAULT,
};
use crate::links::{CheckedTarget, Fallback, Format, Links, OnBadLine, Source, load};
use crate::mailbox::Published;
use crate::rules::SplitKey;
use crate::shard::{Arrival, Builtins, Now, Received, Settings, Shard, WhenFull};
use tape::{OwnedClick, Tape};

/// What became of a connection after its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It waits for more.
    Open,
    /// Our side is shut; the peer's input is thrown away.
    Lingering,
    /// It is closed.
    Closed,
}

/// What one connection got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// All bytes of its replies.
    pub replies: Vec<u8>,
    /// What became of it.
    pub ending: Ending,
    /// Its clicks.
    pub clicks: Vec<OwnedClick>,
}

/// A shard with a click log in memory, and a clock that a test moves.
pub struct Rehearsal {
    shard: Shard,
    tape: Tape,
    now: Now,
    clicks_seen: usize,
}

/// The wall clock of a rehearsal: RFC 9110's example of a date.
const UNIX_US: u64 = 784_111_777_000_000;

/// The peer of every connection of a rehearsal.
pub const PEER: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];

/// The timeouts of a rehearsal: those that `carom serve` has by default.
pub const TIMEOUTS: Timeouts = Timeouts {
    head_ms: HEADER_TIMEOUT_DEFAULT.as_millis() as u32,
    idle_ms: IDLE_TIMEOUT_DEFAULT.as_millis() as u32,
    send_ms: SEND_TIMEOUT_DEFAULT.as_millis() as u32,
};

struct One<'a>(&'a [u8]);

impl Received for One<'_> {
    fn bytes(&self, _: &Arrival) -> &[u8] {
        self.0
    }
}

impl Rehearsal {
    /// A shard that serves `links`, in the native format.
    ///
    /// # Panics
    ///
    /// When a line of the links, or the fallback, is bad.
    pub fn new(links: &str, fallback: Option<&str>) -> Self {
        Self::with(links, fallback, WhenFull::Drop)
    }

    /// The same, refusing requests while there is no room for their clicks.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn refusing(links: &str) -> Self {
        Self::with(links, None, WhenFull::Refuse)
    }

    fn with(links: &str, fallback: Option<&str>, when_full: WhenFull) -> Self {
        let source = Source::new("links", links.as_bytes(), Format::Native);
        let loaded = load(&[source], OnBadLine::Refuse);
        let table = loaded.table.unwrap_or_else(|| panic!("{}", loaded.report));
        let links = Links::replicate(&Arc::new(table.with_generation(1)));
        let (tape, writer) = Tape::new(SEGMENT_BYTES_MIN as usize);
        let settings = Settings {
            timeouts: TIMEOUTS,
            connections_max: 1024,
            builtins: Builtins {
                fallback: fallback.map(|target| {
                    let checked =
                        CheckedTarget::parse(target.as_bytes()).expect("a fallback is a target");
                    Fallback::new(checked).expect("a fallback has no :splat")
                }),
                ..Builtins::default()
            },
            wait_for_log: Duration::ZERO,
            when_full,
            privacy: Privacy::Full,
            split_key: SplitKey([0; 16]),
        };
        let now = Now { unix_us: UNIX_US, ms: 0 };
        let shard = Shard::new(links, writer, settings, Arc::new(Published::default()), now);
        Self { shard, tape, now, clicks_seen: 0 }
    }

    /// The shard, to look at or to ask more of.
    pub fn shard(&mut self) -> &mut Shard {
        &mut self.shard
    }

    /// Its click log.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Moves the clock on, and looks at the deadlines.
    pub fn pass(&mut self, ms: u32) {
        self.now.ms = self.now.ms.wrapping_add(ms);
        self.now.unix_us += u64::from(ms) * 1000;
        self.shard.tick(self.now);
    }

    /// Opens a connection.
    pub fn open(&mut self) -> u32 {
        self.shard.open(PEER)
    }

    /// One engine turn in which `bytes` come in, and with `end` nothing more.
    pub fn receive(&mut self, id: u32, bytes: &[u8], end: bool) {
        self.shard.tick(self.now);
        let size = bytes.len() as u32;
        let mut arrivals = vec![Arrival { connection: id, buffer: 0, size, end: false }];
        if end {
            self.shard.answer(&arrivals, &One(bytes));
            arrivals = vec![Arrival { connection: id, buffer: 0, size: 0, end: true }];
            self.shard.answer(&arrivals, &One(b""));
        } else {
            self.shard.answer(&arrivals, &One(bytes));
        }
    }

    /// Does all that the shard asks of an engine, sending at most `most` bytes
    /// at a time; returns what was sent on any connection, in order. `ending`
    /// follows connection `id`.
    pub fn send(&mut self, id: u32, most: usize, ending: &mut Ending) -> Vec<u8> {
        let mut replies = Vec::new();
        loop {
            while let Some((at, step)) = self.shard.next_step() {
                match step {
                    Step::Send { .. } => self.send_all(at, most, &mut replies),
                    Step::Shutdown if at == id => *ending = Ending::Lingering,
                    Step::Shutdown | Step::Wait => {}
                    Step::Close => {
                        if at == id {
                            *ending = Ending::Closed;
                        }
                        self.shard.release(at);
                    }
                }
            }
            self.shard.answer(&[], &One(b""));
            if !self.shard.has_steps() {
                return replies;
            }
        }
    }

    fn send_all(&mut self, id: u32, most: usize, replies: &mut Vec<u8>) {
        loop {
            let outgoing = self.shard.connection(id).outgoing();
            let part = &outgoing[..outgoing.len().min(most)];
            if part.is_empty() {
                return;
            }
            replies.extend_from_slice(part);
            let size = part.len();
            self.shard.sent(id, size);
        }
    }

    /// Plays one connection: each piece comes in a turn of its own, and with
    /// `end` the peer then shuts its side.
    pub fn play(&mut self, pieces: &[&[u8]], end: bool) -> Played {
        let id = self.open();
        let mut ending = Ending::Open;
        let mut replies = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            if ending == Ending::Closed {
                break;
            }
            self.receive(id, piece, end && at + 1 == pieces.len());
            replies.extend(self.send(id, usize::MAX, &mut ending));
        }
        if ending != Ending::Closed {
            self.shard.failed(id);
            self.send(id, usize::MAX, &mut Ending::Open);
        }
        Played { replies, ending, clicks: self.new_clicks() }
    }

    /// The clicks since the last time.
    pub fn new_clicks(&mut self) -> Vec<OwnedClick> {
        if self.tape.written() == self.clicks_seen as u64 {
            return Vec::new(); // reading all back takes much longer than a request
        }
        self.tape.seal();
        self.tape.make_ready();
        let mut clicks = self.tape.contents().clicks;
        let new = clicks.split_off(self.clicks_seen);
        self.clicks_seen += new.len();
        new
    }
}
