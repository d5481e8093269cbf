//! What both loops decide alike: when to accept, when to stop, how long to wait.

use std::sync::Arc;

use crate::limits::{ACCEPT_PAUSE_MS, IDLE_WAIT_MS};
use crate::mailbox::{HandedBack, Mailbox, Message};
use crate::shard::{Now, Shard};

/// Where a loop stands between its start and its end.
pub(super) struct Course {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) stopping: bool,
    accept_pause: Option<Pause>,
    evicted_at_ms: Option<u32>,
}

/// A pause of accepting, out of descriptors: over when the time is, or when a
/// connection has given its descriptor back.
#[derive(Clone, Copy)]
struct Pause {
    until_ms: u32,
    connections: usize,
}

/// What the mailbox asked for, as far as a loop has to act on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// Take what the kernel has already accepted, then close the listeners.
    StopAccepting,
}

impl Course {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, stopping: false, accept_pause: None, evicted_at_ms: None }
    }

    /// Does what the control thread asks, between two batches.
    pub(super) fn read_mail(&mut self, shard: &mut Shard) -> Asked {
        let mut asked = Asked::Nothing;
        while let Some(message) = self.mailbox.take() {
            match message {
                Message::Swap(mut links) => {
                    *links = shard.swap(*links);
                    self.mailbox.retire(HandedBack::Links(links));
                }
                Message::Patch(patch) => {
                    shard.patch(&patch);
                    self.mailbox.retire(HandedBack::Patch(patch));
                }
                Message::Places(places) => {
                    if let Some(before) = shard.set_places(places) {
                        self.mailbox.retire(HandedBack::Places(before));
                    }
                }
                Message::Privacy(privacy) => shard.set_privacy(privacy),
                Message::Drain => {
                    shard.drain();
                    asked = Asked::StopAccepting;
                    self.stopping = true;
                }
                Message::Abandon => {
                    asked = Asked::StopAccepting;
                    self.stopping = true;
                    shard.abandon();
                }
            }
        }
        asked
    }

    /// Out of descriptors: no accept for a while, instead of a busy loop.
    pub(super) fn pause_accepting(&mut self, shard: &mut Shard, now: Now) {
        shard.note_accept_refused();
        self.accept_pause = Some(Pause {
            until_ms: now.ms.wrapping_add(ACCEPT_PAUSE_MS),
            connections: shard.connection_count(),
        });
        self.make_room(shard, now);
    }

    /// Whether to accept now. A full shard lets go of idle connections first.
    pub(super) fn may_accept(&mut self, shard: &mut Shard, now: Now) -> bool {
        if self.stopping {
            return false;
        }
        if let Some(pause) = self.accept_pause {
            let is_time = pause.until_ms.wrapping_sub(now.ms).cast_signed() <= 0;
            if !is_time && self.is_paused(shard) {
                return false;
            }
            self.accept_pause = None;
        }
        if !shard.has_room() {
            self.make_room(shard, now);
            return false;
        }
        true
    }

    /// Whether accepting has to wait for time to pass.
    pub(super) fn is_paused(&self, shard: &Shard) -> bool {
        self.accept_pause.is_some_and(|pause| shard.connection_count() >= pause.connections)
    }

    fn make_room(&mut self, shard: &mut Shard, now: Now) {
        let recently =
            self.evicted_at_ms.is_some_and(|at| now.ms.wrapping_sub(at) < ACCEPT_PAUSE_MS / 4);
        if !recently {
            self.evicted_at_ms = Some(now.ms);
            shard.evict_idle(shard.connection_count() / 8 + 1);
        }
    }

    /// Milliseconds an engine may sleep when nothing happens.
    pub(super) fn wait_ms(&self, shard: &Shard) -> u64 {
        if self.accept_pause.is_some() || (!self.stopping && !shard.has_room()) {
            u64::from(ACCEPT_PAUSE_MS / 4)
        } else if shard.connection_count() > 0 {
            u64::from(shard.expire_every_ms())
        } else {
            IDLE_WAIT_MS
        }
    }

    pub(super) fn is_over(&self, shard: &Shard) -> bool {
        self.stopping && shard.connection_count() == 0
    }
}
