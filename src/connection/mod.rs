//! One peer's connection without its socket: bytes in, bytes out, what it waits
//! for. Engines move the bytes; [`crate::shard`] answers what is in them.
//!
//! A connection is open until its last reply is decided (`finish`), or until it
//! breaks off (`fail`). All of its state is its own: a method says what happened, and
//! what follows from that is decided here.

mod buffers;
mod deadline;

use crate::limits::{ALLOWANCE_BYTES, LINGER_BYTES_MAX, REQUESTS_PER_ROUND_MAX};
use crate::visitor::Place;
pub(crate) use buffers::KeptInput;
use buffers::Outgoing;
use deadline::Deadline;
pub use deadline::Timeouts;
pub(crate) use deadline::Waits;

/// How far along a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
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

/// What becomes of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Requests are read from it.
    Requests,
    /// It is thrown away, and counted: [`Connection::discard`].
    Discarded,
    /// Nobody looks at it.
    Ignored,
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

/// Who is at the other end.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    /// The address, as far as clicks keep it.
    pub(crate) kept: [u8; 16],
    /// The whole address, to decide by: in memory alone, and for as long as the connection.
    pub(crate) address: [u8; 16],
    /// What it told when the connection began.
    pub(crate) place: Place,
}

impl Peer {
    /// Of no connection.
    pub(crate) const NOBODY: Self = Self { kept: [0; 16], address: [0; 16], place: Place::UNKNOWN };
}

/// What the answer to a request needs of its connection.
pub(crate) struct Sides<'a> {
    pub(crate) peer: &'a Peer,
    /// Input that was kept.
    pub(crate) kept: &'a [u8],
    /// Where the reply is appended.
    pub(crate) replies: &'a mut Vec<u8>,
}

/// One peer's connection. Idle, it holds no buffers.
pub struct Connection {
    peer: Peer,
    kept: KeptInput,
    outgoing: Outgoing,
    /// Bytes held beyond the allowance, as last counted by the shard.
    excess: usize,
    phase: Phase,
    deadline: Deadline,
    linger_bytes: usize,
    /// Requests taken in this round.
    round: usize,
    /// The peer has sent its last byte.
    input_ended: bool,
    /// The shard has this connection on its list for the engine.
    is_touched: bool,
    /// The shard settles this connection when its batch is finished.
    in_batch: bool,
}

// Idle, this and the engine's entry are all that a connection costs.
const _: () = assert!(size_of::<Connection>() <= 192);

impl Connection {
    pub(crate) const VACANT: Self = Self {
        peer: Peer::NOBODY,
        kept: KeptInput::EMPTY,
        outgoing: Outgoing::EMPTY,
        excess: 0,
        phase: Phase::Vacant,
        deadline: Deadline::NONE,
        linger_bytes: 0,
        round: 0,
        input_ended: false,
        is_touched: false,
        in_batch: false,
    };

    /// A connection that begins now.
    pub(crate) fn open(peer: Peer, now_ms: u32, timeouts: &Timeouts) -> Self {
        let deadline = Deadline::of_start(now_ms, timeouts);
        Self { peer, phase: Phase::Open, deadline, ..Self::VACANT }
    }

    // ---- What engines see ----

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
    /// that all of them were sent, or the connection is released.
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.in_flight()
    }

    /// What an engine was not told to have sent: what is in flight, and what waits behind
    /// it, which begins with a reply.
    pub(crate) fn unsent(&self) -> [&[u8]; 2] {
        self.outgoing.unsent()
    }

    /// What to do next, for a connection that was [touched](Self::touch). `Send` and
    /// `Shutdown` are said once.
    pub(crate) fn step(&mut self) -> Step {
        self.is_touched = false;
        if self.phase == Phase::Over {
            return Step::Close;
        }
        if self.outgoing.is_in_flight() {
            return Step::Wait;
        }
        if self.outgoing.launch() {
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

    /// The engine has sent `size` more bytes of what is outgoing. When those were all,
    /// their memory is given back.
    #[must_use]
    pub(crate) fn sent(&mut self, size: usize) -> Option<Vec<u8>> {
        self.deadline.note_progress();
        self.outgoing.sent(size)
    }

    /// The engine is done with it. Gives back its memory.
    pub(crate) fn into_buffers(self) -> [Vec<u8>; 3] {
        let [waiting, in_flight] = self.outgoing.into_buffers();
        [self.kept.into_buffer(), waiting, in_flight]
    }

    // ---- How it goes on and ends ----

    pub(crate) fn is_vacant(&self) -> bool {
        self.phase == Phase::Vacant
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether nothing is under way in either direction.
    pub(crate) fn is_idle(&self) -> bool {
        self.phase == Phase::Open && self.held_bytes() == 0
    }

    /// No request is read any more; what waits to be sent is the last. With `linger`
    /// more input may be under way.
    pub(crate) fn finish(&mut self, linger: bool) {
        self.phase = Phase::Finishing { linger };
    }

    /// It breaks off: nothing more is sent or received.
    pub(crate) fn fail(&mut self) {
        self.phase = Phase::Over;
    }

    /// It breaks off, to make room. Only what an engine is sending stays until that is
    /// done with it. None of its requests waits for an answer.
    pub(crate) fn cut(&mut self) {
        self.fail();
        self.kept = KeptInput::EMPTY;
        self.outgoing.drop_waiting();
    }

    /// Adds it to the list of those that the engine looks at. `false` if it is on it.
    pub(crate) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.is_touched, true)
    }

    // ---- Input and requests ----

    /// Input comes in, or with `end` its end. Says what becomes of it.
    pub(crate) fn take_in(&mut self, end: bool) -> Input {
        self.input_ended |= end;
        match self.phase {
            Phase::Open => Input::Requests,
            Phase::Finishing { .. } | Phase::Lingering => Input::Discarded,
            Phase::Vacant | Phase::Over => Input::Ignored,
        }
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

    /// Keeps input for later; `buffer` gives memory for it. A connection that would
    /// hold too much breaks off.
    pub(crate) fn keep(&mut self, bytes: &[u8], buffer: impl FnOnce() -> Vec<u8>) {
        if self.kept.add(bytes, buffer).is_err() {
            self.fail();
        }
    }

    /// Whether input was kept that is not answered yet.
    pub(crate) fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Takes out the input that was kept, to be parsed.
    pub(crate) fn take_kept(&mut self) -> KeptInput {
        std::mem::take(&mut self.kept)
    }

    /// Puts it back, parsed as far as `parsed`.
    pub(crate) fn put_back(&mut self, kept: KeptInput, parsed: usize) {
        self.kept = kept;
        let rest = self.kept.set_parsed(parsed);
        if self.phase != Phase::Open {
            self.discard(rest);
        }
    }

    /// Whether another request may be answered before replies are taken.
    pub(crate) fn has_room(&self) -> bool {
        self.outgoing.has_room()
    }

    /// Whether another request may be parsed in this round.
    pub(crate) fn may_parse(&self) -> bool {
        self.phase == Phase::Open && self.round < REQUESTS_PER_ROUND_MAX && self.has_room()
    }

    /// A request was parsed.
    pub(crate) fn note_request(&mut self) {
        self.round += 1;
    }

    /// Input that has ended is finished when nothing whole is left in it. A request
    /// sent before the end is still answered (RFC 9112 §9.6).
    pub(crate) fn finish_at_end(&mut self) {
        // Unless it may not be parsed now: then what is left comes in a later round.
        if self.input_ended && self.may_parse() {
            self.finish(false);
        }
    }

    // ---- Batches and replies ----

    /// Adds it to those of the batch. `false` if it is one of them.
    pub(crate) fn join_batch(&mut self) -> bool {
        !std::mem::replace(&mut self.in_batch, true)
    }

    /// The batch is answered. Says whether a request of this connection was in it, and
    /// gives back memory that is used no more.
    pub(crate) fn leave_batch(&mut self) -> (bool, Vec<u8>) {
        self.in_batch = false;
        let answered = std::mem::take(&mut self.round) > 0;
        (answered, self.kept.drop_parsed(self.phase != Phase::Open))
    }

    /// What the answer to a request needs of it; `buffer` gives memory for replies.
    #[inline]
    pub(crate) fn sides(&mut self, buffer: impl FnOnce() -> Vec<u8>) -> Sides<'_> {
        Sides { peer: &self.peer, kept: self.kept.bytes(), replies: self.outgoing.waiting(buffer) }
    }

    /// The rest of a head came too late: what was kept of it is dropped. Where the
    /// last reply is appended.
    pub(crate) fn finish_late(&mut self) -> &mut Vec<u8> {
        self.kept = KeptInput::EMPTY;
        self.finish(true);
        self.outgoing.waiting(Vec::new)
    }

    // ---- What it holds and waits for ----

    /// Bytes in all buffers.
    pub(crate) fn held_bytes(&self) -> usize {
        self.kept.bytes().len() + self.outgoing.bytes()
    }

    /// Bytes beyond its allowance, as last counted.
    pub(crate) fn counted_excess(&self) -> usize {
        self.excess
    }

    /// Counts them. One that is over is no burden to others: it ends without them.
    pub(crate) fn count_excess(&mut self) -> usize {
        let held = if self.is_over() { 0 } else { self.held_bytes() };
        self.excess = held.saturating_sub(ALLOWANCE_BYTES);
        self.excess
    }

    /// Milliseconds until the deadline; negative when it has passed.
    pub(crate) fn remaining_ms(&self, now_ms: u32) -> i32 {
        self.deadline.remaining_ms(now_ms)
    }

    /// What the deadline is about.
    pub(crate) fn waits(&self) -> Waits {
        self.deadline.waits()
    }

    /// Sets the deadline for what the connection waits for after a batch.
    /// `answered` says that a whole request came in it.
    pub(crate) fn settle(&mut self, now_ms: u32, timeouts: &Timeouts, answered: bool) {
        let waits = if self.outgoing.bytes() > 0 {
            Waits::Send
        } else if self.phase == Phase::Lingering {
            Waits::Linger
        } else if self.has_kept() {
            Waits::Head
        } else if self.waits() == Waits::Start && !answered {
            Waits::Start
        } else {
            Waits::Idle
        };
        self.deadline.set(waits, answered, now_ms, timeouts);
    }
}
