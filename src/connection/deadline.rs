//! How long a connection may take, and for what.

use crate::limits::LINGER_MS;

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

/// When a connection has taken too long for what it waits for.
pub(super) struct Deadline {
    waits: Waits,
    due_ms: u32,
    /// Replies were sent since it was set.
    progressed: bool,
}

impl Deadline {
    /// That of no connection.
    pub(super) const NONE: Self = Self { waits: Waits::Start, due_ms: 0, progressed: false };

    /// That of a connection which begins now.
    pub(super) fn of_start(now_ms: u32, timeouts: &Timeouts) -> Self {
        Self { due_ms: now_ms.wrapping_add(timeouts.head_ms), ..Self::NONE }
    }

    /// What it is about.
    pub(super) fn waits(&self) -> Waits {
        self.waits
    }

    /// Milliseconds until it; negative when it has passed.
    pub(super) fn remaining_ms(&self, now_ms: u32) -> i32 {
        self.due_ms.wrapping_sub(now_ms).cast_signed()
    }

    /// Something was sent: the next time it is set, it is set anew.
    pub(super) fn note_progress(&mut self) {
        self.progressed = true;
    }

    /// Sets it for what the connection waits for now. `answered` says that a whole
    /// request came.
    pub(super) fn set(&mut self, waits: Waits, answered: bool, now_ms: u32, timeouts: &Timeouts) {
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
        self.due_ms = now_ms.wrapping_add(timeout_ms);
    }
}
