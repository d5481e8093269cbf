//! One peer's connection without its socket: bytes in, bytes out, what it waits
//! for. Engines move the bytes; [`crate::shard`] answers what is in them.

use crate::limits::{
    INBOX_BYTES_MAX, LINGER_BYTES_MAX, LINGER_MS, OUTBOX_BYTES_PAUSE, REQUESTS_PER_ROUND_MAX,
};

/// How long a connection may take, milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a whole request head, from its first byte or the connection's start.
    pub head_ms: u32,
    /// Between requests.
    pub idle_ms: u32,
    /// For the peer to take any of its replies.
    pub send_ms: u32,
}

/// How far along a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No connection: the slot waits for the next one.
    Vacant,
    /// Requests are read and answered.
    Open,
    /// The last reply is on its way. With `linger`, input may still be unread,
    /// and closing over it would make the kernel send a reset that can destroy
    /// the reply before the peer reads it (RFC 9112 §9.6).
    Finishing { linger: bool },
    /// Our side is shut; input is read and thrown away until the peer's end.
    Lingering,
    /// To be closed at once.
    Over,
}

/// What the deadline of a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// The first bytes of a new connection.
    Start,
    /// The rest of a request head.
    Head,
    /// The next request of a kept connection.
    Idle,
    /// The peer to take its replies.
    Send,
    /// The peer's end.
    Linger,
}

/// What an engine has to do next for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send [`Connection::outgoing`]. When it is the `last` and nothing is left
    /// to read, a close follows at once: the FIN can ride on the data.
    Send {
        /// Nothing but the close follows.
        last: bool,
    },
    /// Shut the sending side; go on reading.
    Shutdown,
    /// Close the socket and release the connection.
    Close,
    /// Nothing; see [`Connection::wants_input`].
    Wait,
}

/// One peer's connection. Idle, it holds no buffers.
pub struct Connection {
    /// Its address, as far as clicks keep it.
    pub(crate) peer: [u8; 16],
    /// Input that is not answered yet: the beginning of a head, or requests
    /// held back while replies wait.
    pub(crate) inbox: Vec<u8>,
    /// Bytes of `inbox` already parsed; the batch still refers to them.
    pub(crate) inbox_parsed: usize,
    /// Replies that are not handed to the engine yet.
    pub(crate) outbox: Vec<u8>,
    /// Replies the engine is sending; not touched until it says how many went.
    pub(crate) sending: Vec<u8>,
    pub(crate) sent: usize,
    /// Bytes held, as last counted by the shard.
    pub(crate) held: usize,
    pub(crate) phase: Phase,
    waits: Waits,
    deadline_ms: u32,
    linger_bytes: usize,
    /// Requests taken in this round.
    pub(crate) round: usize,
    /// The peer has sent its last byte.
    pub(crate) input_ended: bool,
    /// The shard has this connection on its list for the engine.
    pub(crate) touched: bool,
    /// The shard settles this connection when its batch is finished.
    pub(crate) in_batch: bool,
    /// Replies were sent since the deadline was set.
    progressed: bool,
}

// Idle, this and the engine's entry are all that a connection costs.
const _: () = assert!(size_of::<Connection>() <= 192);

impl Connection {
    pub(crate) const VACANT: Self = Self {
        peer: [0; 16],
        inbox: Vec::new(),
        inbox_parsed: 0,
        outbox: Vec::new(),
        sending: Vec::new(),
        sent: 0,
        held: 0,
        phase: Phase::Vacant,
        waits: Waits::Start,
        deadline_ms: 0,
        linger_bytes: 0,
        round: 0,
        input_ended: false,
        touched: false,
        in_batch: false,
        progressed: false,
    };

    pub(crate) fn open(peer: [u8; 16], now_ms: u32, timeouts: &Timeouts) -> Self {
        let deadline_ms = now_ms.wrapping_add(timeouts.head_ms);
        Self { peer, phase: Phase::Open, deadline_ms, ..Self::VACANT }
    }

    /// Whether input is wanted now: an engine reads, or has a receive armed,
    /// exactly while this holds.
    pub fn wants_input(&self) -> bool {
        !self.input_ended
            && match self.phase {
                Phase::Open => self.has_room(),
                Phase::Finishing { linger } => linger,
                Phase::Lingering => true,
                Phase::Vacant | Phase::Over => false,
            }
    }

    /// The bytes to send now. They stay where they are until the shard is told
    /// that some were sent, or the connection is released.
    pub fn outgoing(&self) -> &[u8] {
        &self.sending[self.sent..]
    }

    /// What to do next. `Send` and `Shutdown` are said once.
    pub fn step(&mut self) -> Step {
        if self.phase == Phase::Over {
            return Step::Close;
        }
        if !self.sending.is_empty() {
            return Step::Wait;
        }
        if !self.outbox.is_empty() {
            std::mem::swap(&mut self.outbox, &mut self.sending);
            return Step::Send { last: self.phase == Phase::Finishing { linger: false } };
        }
        match self.phase {
            Phase::Finishing { linger: true } if !self.input_ended => {
                self.phase = Phase::Lingering;
                Step::Shutdown
            }
            Phase::Finishing { .. } => {
                self.phase = Phase::Over;
                Step::Close
            }
            _ => Step::Wait,
        }
    }

    /// Whether another request may be answered before replies are taken.
    pub(crate) fn has_room(&self) -> bool {
        self.outbox.len() + self.sending.len() < OUTBOX_BYTES_PAUSE
    }

    pub(crate) fn may_parse(&self) -> bool {
        self.phase == Phase::Open && self.round < REQUESTS_PER_ROUND_MAX && self.has_room()
    }

    /// Input past the last request: read only so that the close is clean.
    pub(crate) fn discard(&mut self, size: usize) {
        if let Phase::Finishing { linger } = &mut self.phase {
            *linger |= size > 0;
        }
        self.linger_bytes += size;
        let ended = self.phase == Phase::Lingering && self.input_ended;
        if self.linger_bytes > LINGER_BYTES_MAX || ended {
            self.phase = Phase::Over;
        }
    }

    /// Keeps input for later. A connection that would hold too much is cut.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        if self.inbox.len() - self.inbox_parsed + bytes.len() > INBOX_BYTES_MAX {
            self.phase = Phase::Over;
        } else {
            self.inbox.extend_from_slice(bytes);
        }
    }

    /// Notes that the engine sent something; the send timeout starts anew.
    pub(crate) fn note_progress(&mut self) {
        self.progressed = true;
    }

    /// Bytes in all buffers.
    pub(crate) fn held_bytes(&self) -> usize {
        self.inbox.len() + self.outbox.len() + self.sending.len()
    }

    /// Whether nothing is under way in either direction.
    pub(crate) fn is_idle(&self) -> bool {
        self.phase == Phase::Open && self.held_bytes() == 0
    }

    /// Milliseconds until the deadline; negative when it has passed.
    pub(crate) fn remaining_ms(&self, now_ms: u32) -> i32 {
        self.deadline_ms.wrapping_sub(now_ms).cast_signed()
    }

    /// What the deadline is about.
    pub(crate) fn waits(&self) -> Waits {
        self.waits
    }

    /// Sets the deadline for what the connection waits for after a batch.
    /// `answered` says that a whole request came in it.
    pub(crate) fn settle(&mut self, now_ms: u32, timeouts: &Timeouts, answered: bool) {
        let waits = if !self.sending.is_empty() || !self.outbox.is_empty() {
            Waits::Send
        } else if self.phase == Phase::Lingering {
            Waits::Linger
        } else if !self.inbox.is_empty() {
            Waits::Head
        } else if self.waits == Waits::Start && !answered {
            Waits::Start
        } else {
            Waits::Idle
        };
        if waits == self.waits && !answered && !self.progressed {
            return; // the same wait goes on: a dribbled byte buys no time
        }
        self.waits = waits;
        self.progressed = false;
        let timeout_ms = match waits {
            Waits::Start | Waits::Head => timeouts.head_ms,
            Waits::Idle => timeouts.idle_ms,
            Waits::Send => timeouts.send_ms,
            Waits::Linger => LINGER_MS,
        };
        self.deadline_ms = now_ms.wrapping_add(timeout_ms);
    }
}
