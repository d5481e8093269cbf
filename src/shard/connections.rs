//! The connections of a shard by number: their deadlines, what they hold together,
//! which of them an engine has to look at, and buffers for them to reuse.

use super::excess::Excess;
use super::undelivered::clicks_in;
use crate::connection::{Connection, Peer, Sides, Step, Timeouts, Waits};
use crate::limits::{SHARED_BYTES_PER_SHARD_MAX, SPARE_BUFFER_BYTES_MAX, SPARE_BUFFERS_MAX};
use crate::mailbox::ShardCounts;

/// A first buffer holds a few replies; larger ones come from growing it.
const FIRST_BUFFER_BYTES: usize = 1024;

pub(super) struct Connections {
    slots: Vec<Connection>,
    vacant: Vec<u32>,
    spares: Vec<Vec<u8>>,
    /// What they hold beyond their allowances.
    excess: Excess,
    /// Those that the engine has to look at.
    touched: Vec<u32>,
    /// Clicks whose reply was dropped, of connections that are not yet released.
    undelivered: u64,
    timeouts: Timeouts,
    now_ms: u32,
}

impl Connections {
    pub(super) fn new(timeouts: Timeouts, now_ms: u32) -> Self {
        Self {
            slots: Vec::new(),
            vacant: Vec::new(),
            spares: Vec::new(),
            excess: Excess::new(),
            touched: Vec::new(),
            undelivered: 0,
            timeouts,
            now_ms,
        }
    }

    /// It is later now.
    pub(super) fn tick(&mut self, now_ms: u32) {
        self.now_ms = now_ms;
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Bytes that they hold beyond their allowances.
    pub(super) fn held(&self) -> usize {
        self.excess.total()
    }

    /// Opens one.
    pub(super) fn open(&mut self, peer: Peer) -> u32 {
        let connection = Connection::open(peer, self.now_ms, &self.timeouts);
        if let Some(id) = self.vacant.pop() {
            self.slots[id as usize] = connection;
            return id;
        }
        self.slots.push(connection);
        (self.slots.len() - 1) as u32
    }

    /// The engine is done with one. Returns how many clicks those that ended lately told
    /// of in replies that never left.
    pub(super) fn release(&mut self, id: u32) -> u64 {
        let connection = std::mem::replace(&mut self.slots[id as usize], Connection::VACANT);
        self.undelivered += connection.unsent().map(clicks_in).iter().sum::<u64>();
        debug_assert!(!connection.is_vacant());
        if connection.counted_excess() > 0 {
            self.excess.set(id, 0);
        }
        for buffer in connection.into_buffers() {
            self.spare(buffer);
        }
        self.vacant.push(id);
        std::mem::take(&mut self.undelivered)
    }

    pub(super) fn get(&self, id: u32) -> &Connection {
        &self.slots[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: u32) -> &mut Connection {
        &mut self.slots[id as usize]
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &Connection)> {
        let open = |(_, connection): &(usize, &Connection)| !connection.is_vacant();
        self.slots.iter().enumerate().filter(open).map(|(id, c)| (id as u32, c))
    }

    /// Numbers of those that are open, as of now.
    fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        let open: Vec<u32> = self.iter().map(|(id, _)| id).collect();
        open.into_iter()
    }

    // ---- What the engine has to look at ----

    /// Has the engine look at one.
    pub(super) fn touch(&mut self, id: u32) {
        if self.slots[id as usize].touch() {
            self.touched.push(id);
        }
    }

    /// The next one that the engine has to look at, with what it has to do.
    pub(super) fn next_step(&mut self) -> Option<(u32, Step)> {
        let id = self.touched.pop()?;
        let connection = &mut self.slots[id as usize];
        let step = connection.step();
        if matches!(step, Step::Shutdown) {
            connection.settle(self.now_ms, &self.timeouts, false);
        }
        Some((id, step))
    }

    /// Whether there is one to look at.
    pub(super) fn has_steps(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The engine has sent `size` more bytes of one. Says whether it may go on with
    /// input that it held back.
    pub(super) fn sent(&mut self, id: u32, size: usize, counts: &mut ShardCounts) -> bool {
        let connection = &mut self.slots[id as usize];
        let all = connection.sent(size);
        let may_go_on = all.is_some() && connection.has_kept();
        if let Some(buffer) = all {
            self.spare(buffer);
        }
        self.settle(id, false, counts);
        if self.slots[id as usize].counted_excess() > 0 {
            self.excess.note_progress(id);
        }
        may_go_on
    }

    // ---- Batches ----

    /// Keeps input of one for later.
    pub(super) fn keep(&mut self, id: u32, bytes: &[u8]) {
        let Self { slots, spares, .. } = self;
        slots[id as usize].keep(bytes, || buffer(spares));
    }

    /// What the answer to a request needs of its connection.
    #[inline]
    pub(super) fn sides(&mut self, id: u32) -> Sides<'_> {
        let Self { slots, spares, .. } = self;
        slots[id as usize].sides(|| buffer(spares))
    }

    /// The batch that one was in is answered.
    pub(super) fn leave_batch(&mut self, id: u32, counts: &mut ShardCounts) {
        let (answered, buffer) = self.slots[id as usize].leave_batch();
        self.spare(buffer);
        self.settle(id, answered, counts);
    }

    /// Sets the deadline of one, counts what it holds beyond its allowance, and has the
    /// engine look at it.
    fn settle(&mut self, id: u32, answered: bool, counts: &mut ShardCounts) {
        let connection = &mut self.slots[id as usize];
        connection.settle(self.now_ms, &self.timeouts, answered);
        let before = connection.counted_excess();
        // Neither, for who asks for one thing at a time.
        if connection.count_excess() | before > 0 {
            self.weigh(id, counts);
        }
        self.touch(id);
    }

    /// One holds more beyond its allowance, or less. Too much together is not the fault
    /// of who came last: those that hold most are cut until it is not. Each is cut
    /// once, so that is no more work than opening them was.
    #[inline(never)]
    fn weigh(&mut self, id: u32, counts: &mut ShardCounts) {
        self.excess.set(id, self.slots[id as usize].counted_excess());
        while self.excess.total() > SHARED_BYTES_PER_SHARD_MAX {
            let Some(heaviest) = self.excess.heaviest() else { return };
            counts.overloaded += 1;
            let connection = &mut self.slots[heaviest as usize];
            let [_, waiting] = connection.unsent();
            self.undelivered += clicks_in(waiting);
            connection.cut();
            self.excess.set(heaviest, connection.count_excess());
            self.touch(heaviest);
        }
    }

    /// Takes a buffer for reuse, unless there are enough or it is too large.
    fn spare(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity > 0
            && capacity <= SPARE_BUFFER_BYTES_MAX
            && self.spares.len() < SPARE_BUFFERS_MAX
        {
            buffer.clear();
            self.spares.push(buffer);
        }
    }

    // ---- How they end ----

    /// One breaks off: nothing more is sent or received.
    pub(super) fn fail(&mut self, id: u32) {
        let connection = &mut self.slots[id as usize];
        connection.fail();
        if connection.counted_excess() > 0 {
            self.excess.set(id, connection.count_excess());
        }
        self.touch(id);
    }

    /// All break off.
    pub(super) fn fail_all(&mut self) {
        for id in self.ids() {
            self.fail(id);
        }
    }

    /// Closes up to `count` of those that have been idle the longest. Returns how many
    /// those are.
    pub(super) fn evict_idle(&mut self, count: usize) -> usize {
        let mut idle: Vec<(i32, u32)> = self
            .iter()
            .filter(|(_, c)| c.is_idle() && c.waits() == Waits::Idle)
            .map(|(id, c)| (c.remaining_ms(self.now_ms), id))
            .collect();
        let count = count.min(idle.len());
        if count > 0 {
            idle.select_nth_unstable(count - 1);
        }
        for &(_, id) in &idle[..count] {
            self.slots[id as usize].finish(false);
            self.touch(id);
        }
        count
    }

    /// Ends those that have taken too long, and with `idle_over` those that are idle.
    /// Where the rest of a head did not come, `late` appends the last reply.
    pub(super) fn expire(
        &mut self,
        idle_over: bool,
        counts: &mut ShardCounts,
        late: impl Fn(&mut Vec<u8>),
    ) {
        for id in self.ids() {
            let connection = &mut self.slots[id as usize];
            if idle_over && connection.is_idle() {
                connection.finish(true);
            } else if connection.remaining_ms(self.now_ms) > 0 || connection.is_over() {
                continue;
            } else if connection.waits() == Waits::Head && connection.is_open() {
                counts.refused += 1;
                late(connection.finish_late());
                connection.settle(self.now_ms, &self.timeouts, false);
            } else {
                counts.timed_out += u64::from(connection.waits() == Waits::Send);
                self.fail(id);
            }
            self.touch(id);
        }
    }
}

/// An empty buffer, from the spares if there is one.
fn buffer(spares: &mut Vec<Vec<u8>>) -> Vec<u8> {
    spares.pop().unwrap_or_else(|| Vec::with_capacity(FIRST_BUFFER_BYTES))
}

#[cfg(test)]
mod tests;
