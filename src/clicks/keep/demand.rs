//! How many segments are kept ready: the reserve, or so many that they cover a
//! second of the present rate of clicks. Time is an argument.

use std::time::{Duration, Instant};

use super::open_segment::Room;

/// How long a rate is measured.
const WINDOW: Duration = Duration::from_millis(250);
/// What ready segments cover: a second, and what is written until the rate is known.
const COVERED: Duration = Duration::from_millis(1250);

/// The demand of one shard.
#[derive(Debug)]
pub struct Demand {
    room: Room,
    segment_bytes: u64,
    /// When the present window began, and what was written by then.
    begun: Instant,
    written: u64,
    /// Bytes a second, of the busiest of the last windows.
    rate: u64,
}

impl Demand {
    /// Of a shard that has written nothing.
    pub fn new(room: Room, segment_bytes: u64, now: Instant) -> Self {
        Self { room, segment_bytes, begun: now, written: 0, rate: 0 }
    }

    /// Learns that `written` bytes were written so far. `is_dry`: nothing was ready.
    pub fn learn(&mut self, now: Instant, written: u64, is_dry: bool) {
        if is_dry {
            // What the shard would write if it could is not known: look higher.
            self.rate = self.rate.max(self.covering(2 * self.wanted()));
        }
        let elapsed = now.duration_since(self.begun);
        if elapsed < WINDOW {
            return;
        }
        let bytes = u128::from(written.saturating_sub(self.written));
        let rate = (bytes * 1_000_000 / elapsed.as_micros()) as u64;
        // Half of it after three seconds: a burst that comes again finds its segments.
        self.rate = rate.max(self.rate - self.rate / 16);
        (self.begun, self.written) = (now, written);
    }

    /// How many segments are to be ready.
    pub fn wanted(&self) -> usize {
        let bytes = u128::from(self.rate) * COVERED.as_millis() / 1000;
        let segments = bytes.div_ceil(u128::from(self.segment_bytes));
        (segments as usize).clamp(self.room.reserve, self.room.ready)
    }

    /// The rate that so many segments cover.
    fn covering(&self, segments: usize) -> u64 {
        let segments = segments.min(self.room.ready) as u128;
        (segments * u128::from(self.segment_bytes) * 1000 / COVERED.as_millis()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn demand(segment_bytes: u64) -> (Demand, Instant) {
        let now = Instant::now();
        (Demand::new(Room::new(segment_bytes, 2), segment_bytes, now), now)
    }

    /// What is wanted after a second in each of which so many bytes are written.
    fn after_a_second_of(segment_bytes: u64, rate: u64) -> usize {
        let (mut demand, begun) = demand(segment_bytes);
        for window in 1..=4 {
            demand.learn(begun + window * WINDOW, rate * u64::from(window) / 4, false);
        }
        demand.wanted()
    }

    #[test]
    fn what_is_ready_covers_a_second() {
        assert_eq!(after_a_second_of(MIB, 0), 2);
        assert_eq!(after_a_second_of(MIB, MIB), 2);
        assert_eq!(after_a_second_of(MIB, 20 * MIB), 25);
        assert_eq!(after_a_second_of(MIB, 500 * MIB), 64);
        assert_eq!(after_a_second_of(16 * MIB, 500 * MIB), 4);
        assert_eq!(after_a_second_of(128 * MIB, 5000 * MIB), 2, "no more space than was wished");
    }

    #[test]
    fn a_shard_that_runs_dry_gets_more_at_once() {
        let (mut demand, now) = demand(MIB);
        let mut wanted = Vec::new();
        for _ in 0..6 {
            demand.learn(now, 0, true);
            wanted.push(demand.wanted());
        }
        assert_eq!(wanted, [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn a_burst_is_remembered_for_a_while() {
        let (mut demand, begun) = demand(MIB);
        demand.learn(begun + WINDOW, 10 * MIB, false);
        let burst = demand.wanted();
        let mut after = |windows: u32| {
            (2..=windows).for_each(|it| demand.learn(begun + it * WINDOW, 10 * MIB, false));
            demand.wanted()
        };
        assert!(after(8) > burst / 2);
        assert_eq!(after(200), 2);
    }
}
