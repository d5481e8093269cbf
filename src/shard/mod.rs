//! What one core owns: its links, its connections, its clicks. It shares
//! nothing with its neighbours, and never waits, locks, logs or opens a file.

mod batch;
mod connections;
mod filled;
#[cfg(test)]
mod options_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::clicks::{Privacy, Writer};
use crate::connection::{Connection, Step, Timeouts, Waits};
use crate::http::{Fixed, Keep, Refusal, Replies};
use crate::limits::{DRAIN_IDLE_MS, HELD_BYTES_PER_SHARD_MAX};
use crate::links::{Fallback, Links, Patch, Scratch, Table};
use crate::mailbox::{Published, ShardCounts};
use batch::Batch;
pub use batch::{Arrival, Received};
use connections::Connections;

/// The time of one engine turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Now {
    /// Microseconds since the Unix epoch: the time of clicks and dates.
    pub unix_us: u64,
    /// Milliseconds of a clock that never steps, wrapping: for deadlines.
    pub ms: u32,
}

/// What becomes of a request when there is no room for its click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It is answered; its click is counted as lost.
    Drop,
    /// It is refused with 503, which is no click.
    Refuse,
}

/// What an operator decides about every shard.
#[derive(Debug, Clone)]
pub struct Settings {
    /// See [`Timeouts`].
    pub timeouts: Timeouts,
    /// Most open connections.
    pub connections_max: usize,
    /// Where an unknown key is sent (302); without it the answer is 404.
    pub fallback: Option<Fallback>,
    /// See [`WhenFull`].
    pub when_full: WhenFull,
    /// What clicks keep of an address.
    pub privacy: Privacy,
}

/// What one core owns.
pub struct Shard {
    links: Links,
    clicks: Writer,
    settings: Settings,
    connections: Connections,
    batch: Batch,
    scratch: Scratch,
    replies: Replies,
    now: Now,
    counts: ShardCounts,
    published: Arc<Published>,
    /// Bytes held by all connections.
    held: usize,
    /// Connections the engine has to look at.
    touched: Vec<u32>,
    draining: Option<Now>,
    abandoned: bool,
    expired_at_ms: u32,
}

impl Shard {
    /// A shard with no connections, at time `now`.
    pub fn new(
        links: Links,
        clicks: Writer,
        settings: Settings,
        published: Arc<Published>,
        now: Now,
    ) -> Self {
        Self {
            links,
            clicks,
            settings,
            connections: Connections::default(),
            batch: Batch::default(),
            scratch: Scratch::default(),
            replies: Replies::new(unix_seconds(now)),
            now,
            counts: ShardCounts::default(),
            published,
            held: 0,
            touched: Vec::new(),
            draining: None,
            abandoned: false,
            expired_at_ms: now.ms,
        }
    }

    /// Starts an engine turn at time `now`.
    pub fn tick(&mut self, now: Now) {
        self.now = now;
        self.replies.stamp(unix_seconds(now));
        self.clicks.tick();
        self.expire();
    }

    /// Ends an engine turn: what was counted can be seen from outside.
    pub fn publish(&mut self) {
        self.counts.connections = self.connections.len() as u64;
        self.published.store(&self.counts);
        self.published.store_generation(self.links.generation());
    }

    /// Takes a new table; the next batch is answered from it. Gives back the
    /// old one, to be dropped where time does not matter.
    pub fn swap(&mut self, links: Links) -> Links {
        std::mem::replace(&mut self.links, links)
    }

    /// Changes single links; the next batch is answered with the change.
    pub fn patch(&mut self, patch: &Patch) {
        self.links.apply(patch);
    }

    /// The table in use.
    pub fn table(&self) -> &Arc<Table> {
        self.links.table()
    }

    /// Whether another connection may be accepted.
    pub fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// How many more connections may be accepted.
    pub fn room(&self) -> usize {
        self.settings.connections_max.saturating_sub(self.connections.len())
    }

    /// Takes another rule for the addresses of connections that come from now on.
    /// Those that are there keep what was kept of theirs.
    pub fn set_privacy(&mut self, privacy: Privacy) {
        self.settings.privacy = privacy;
    }

    /// Takes a new connection from `peer` (IPv4 as v4-mapped IPv6). Of the address
    /// only what clicks are to keep is held, even in memory.
    pub fn open(&mut self, peer: [u8; 16]) -> u32 {
        self.counts.accepted += 1;
        let peer = self.settings.privacy.apply(peer);
        let connection = Connection::open(peer, self.now.ms, &self.settings.timeouts);
        let id = self.connections.insert(connection);
        if self.abandoned {
            self.failed(id);
        }
        id
    }

    /// Counts an accept that was put off for want of descriptors.
    pub fn note_accept_refused(&mut self) {
        self.counts.accepts_refused += 1;
    }

    /// A connection by its number. A number that is vacant gives a connection
    /// that wants nothing.
    pub fn connection(&self, id: u32) -> &Connection {
        self.connections.get(id)
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// The next connection the engine has to look at, with what it has to do.
    pub fn next_step(&mut self) -> Option<(u32, Step)> {
        let id = self.touched.pop()?;
        let connection = self.connections.get_mut(id);
        let step = connection.step();
        if matches!(step, Step::Shutdown) {
            connection.settle(self.now.ms, &self.settings.timeouts, false);
        }
        Some((id, step))
    }

    /// Whether there is a connection to look at.
    pub fn has_steps(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The engine has sent `size` more of the outgoing bytes.
    pub fn sent(&mut self, id: u32, size: usize) {
        let connection = self.connections.get_mut(id);
        if let Some(buffer) = connection.sent(size) {
            if connection.has_kept() {
                self.batch.resume(id);
            }
            self.connections.spare(buffer);
        }
        self.settle(id, false);
    }

    /// The socket failed: nothing more can be sent or received.
    pub fn failed(&mut self, id: u32) {
        self.connections.get_mut(id).fail();
        self.touch(id);
    }

    /// The engine has closed the socket and uses none of its bytes any more.
    pub fn release(&mut self, id: u32) {
        self.held -= self.connections.get(id).counted_bytes();
        self.connections.remove(id);
    }

    /// Stops the shard: every further reply says `Connection: close`, and idle
    /// connections end after a moment for requests that are under way.
    pub fn drain(&mut self) {
        self.draining.get_or_insert(self.now);
        self.expired_at_ms = self.now.ms.wrapping_sub(1_000);
    }

    /// Ends every connection now, and at once those that are still to come: a
    /// listener may take a moment to close.
    pub fn abandon(&mut self) {
        self.abandoned = true;
        for id in self.connections.ids() {
            self.failed(id);
        }
    }

    /// Retires the segment being written, on the way out.
    pub fn close_clicks(self) {
        self.clicks.close();
    }

    /// Closes up to `count` connections that have been idle the longest, to
    /// make room for new ones. Returns whether there were any.
    pub fn evict_idle(&mut self, count: usize) -> bool {
        let now_ms = self.now.ms;
        let mut idle: Vec<(i32, u32)> = self
            .connections
            .iter()
            .filter(|(_, c)| c.is_idle() && c.waits() == Waits::Idle)
            .map(|(id, c)| (c.remaining_ms(now_ms), id))
            .collect();
        let count = count.min(idle.len());
        if count == 0 {
            return false;
        }
        idle.select_nth_unstable(count - 1);
        for &(_, id) in &idle[..count] {
            self.counts.evicted += 1;
            self.connections.get_mut(id).finish(false);
            self.touch(id);
        }
        true
    }

    /// Milliseconds between looks at the deadlines: fine enough for the
    /// shortest timeout, and at most a second.
    pub fn expire_every_ms(&self) -> u32 {
        let Timeouts { head_ms, idle_ms, send_ms } = self.settings.timeouts;
        let shortest = head_ms.min(idle_ms).min(send_ms);
        let every = (shortest / 4).clamp(10, 1_000);
        if self.draining.is_some() { every.min(50) } else { every }
    }

    /// Looks at every deadline, when it is time to.
    fn expire(&mut self) {
        let now_ms = self.now.ms;
        if now_ms.wrapping_sub(self.expired_at_ms) < self.expire_every_ms() {
            return;
        }
        self.expired_at_ms = now_ms;
        let idle_over =
            self.draining.is_some_and(|since| now_ms.wrapping_sub(since.ms) >= DRAIN_IDLE_MS);
        for id in self.connections.ids() {
            let connection = self.connections.get_mut(id);
            if idle_over && connection.is_idle() {
                connection.finish(true);
            } else if connection.remaining_ms(now_ms) > 0 || connection.is_over() {
                continue;
            } else if connection.waits() == Waits::Head && connection.is_open() {
                self.counts.refused += 1;
                let timeout = Fixed::Refused(Refusal::Timeout);
                self.replies.fixed(timeout, Keep::Close, connection.finish_late());
                connection.settle(now_ms, &self.settings.timeouts, false);
            } else {
                self.counts.timed_out += u64::from(connection.waits() == Waits::Send);
                connection.fail();
            }
            self.touch(id);
        }
    }

    fn touch(&mut self, id: u32) {
        if self.connections.get_mut(id).touch() {
            self.touched.push(id);
        }
    }

    /// Counts what a connection holds, sets its deadline, and has the engine
    /// look at it.
    fn settle(&mut self, id: u32, answered: bool) {
        let connection = self.connections.get_mut(id);
        connection.settle(self.now.ms, &self.settings.timeouts, answered);
        let (before, held) = (connection.counted_bytes(), connection.count_bytes());
        self.held = self.held - before + held;
        if held > before && self.held > HELD_BYTES_PER_SHARD_MAX {
            self.counts.overloaded += 1;
            connection.fail();
        }
        self.touch(id);
    }
}

fn unix_seconds(now: Now) -> i64 {
    (now.unix_us / 1_000_000) as i64
}
