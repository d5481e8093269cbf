//! How many bytes of segments are kept ready, and how large the next one is: both follow
//! the present rate of clicks. Time is an argument.

use std::time::{Duration, Instant};

use super::open_segment::{Held, Room};

/// How long a rate is measured.
const WINDOW: Duration = Duration::from_millis(250);
/// What ready segments cover: a second, and what is written until the rate is known.
const COVERED: Duration = Duration::from_millis(1250);
/// A segment lasts so long or longer, unless it is the largest: each costs a file, syncs
/// and lines in the list.
const LASTS: Duration = Duration::from_secs(8);
/// Ready segments that are so many times as large as they would be made now are given
/// back, after they have been that for [`CALM`].
const TOO_LARGE: u64 = 4;
/// A burst that comes again in this time finds the segments of the one before.
const CALM: Duration = Duration::from_secs(60);

/// The demand of one shard.
#[derive(Debug)]
pub struct Demand {
    room: Room,
    /// When the present window began, and what was written by then.
    begun: Instant,
    written: u64,
    /// Bytes a second, of the busiest of the last windows.
    rate: u64,
    /// How often the smallest size was doubled for the last one made.
    doubled: u32,
    /// Since when those that are ready are too large.
    too_large: Option<Instant>,
}

impl Demand {
    /// Of a shard that has written nothing.
    pub fn new(room: Room, now: Instant) -> Self {
        Self { room, begun: now, written: 0, rate: 0, doubled: 0, too_large: None }
    }

    /// Learns that `written` bytes were written so far. `is_dry`: nothing was ready.
    pub fn learn(&mut self, now: Instant, written: u64, is_dry: bool) {
        if is_dry {
            // What the shard would write if it could is not known: look higher.
            let twice = (2 * self.wanted()).min(self.room.ready_bytes);
            self.rate = self.rate.max(times(twice, Duration::from_secs(1), COVERED));
        }
        let elapsed = now.duration_since(self.begun);
        let bytes = written.saturating_sub(self.written);
        // A window that is not over will have that much at least.
        let rate = times(bytes, Duration::from_secs(1), elapsed.max(WINDOW));
        if elapsed < WINDOW {
            self.rate = self.rate.max(rate);
            return;
        }
        // Half of it after three seconds: a burst that comes again finds its segments.
        self.rate = rate.max(self.rate - self.rate / 16);
        (self.begun, self.written) = (now, written);
    }

    /// How many bytes of segments are to be ready.
    pub fn wanted(&self) -> u64 {
        let least = self.room.reserve as u64 * self.room.smallest;
        times(self.rate, COVERED, Duration::from_secs(1)).clamp(least, self.room.ready_bytes)
    }

    /// Whether the next one, of so many `bytes`, is to be made ready beside these.
    pub fn wants(&self, ready: Held, bytes: u64) -> bool {
        ready.count < self.room.reserve
            || ready.count < self.room.ready
                && ready.bytes < self.wanted()
                && ready.bytes + bytes <= self.room.ready_bytes
    }

    /// Whether what is ready does not last long.
    pub fn is_short(&self, ready: Held) -> bool {
        2 * ready.count < self.room.reserve || 2 * ready.bytes < self.wanted()
    }

    /// Size of the next one, bytes. `is_behind`: those that are full wait for the disk,
    /// which takes larger ones faster.
    pub fn next_bytes(&self, is_behind: bool) -> u64 {
        self.bytes(self.next_doubled(is_behind))
    }

    /// The next one was made, of so many bytes.
    pub fn note_made(&mut self, bytes: u64) {
        let mut sizes = 0..self.doubled_max();
        self.doubled = sizes.find(|it| self.bytes(*it) >= bytes).unwrap_or(self.doubled_max());
    }

    /// The oldest of those that are ready has so many bytes. Whether it is to be given back
    /// for a smaller one.
    pub fn gives_back(&mut self, now: Instant, oldest_bytes: u64) -> bool {
        if oldest_bytes < TOO_LARGE * self.bytes(self.aim()) {
            self.too_large = None;
            return false;
        }
        let since = *self.too_large.get_or_insert(now);
        let is_over = now.duration_since(since) >= CALM;
        if is_over {
            // No step at a time: those between would be too large as well.
            self.doubled = self.aim();
        }
        is_over
    }

    fn bytes(&self, doubled: u32) -> u64 {
        (self.room.smallest << doubled).min(self.room.largest)
    }

    /// How often the smallest can be doubled until it is the largest.
    fn doubled_max(&self) -> u32 {
        self.room.largest.div_ceil(self.room.smallest).next_power_of_two().ilog2()
    }

    /// How often it would be doubled at the present rate.
    fn aim(&self) -> u32 {
        let bytes = times(self.rate, LASTS, Duration::from_secs(1));
        let mut sizes = 0..self.doubled_max();
        sizes.find(|it| self.bytes(*it) >= bytes).unwrap_or(self.doubled_max())
    }

    /// At most twice the size of the one before, as a larger one might not be ready before
    /// those that are have been filled; at least half of it.
    fn next_doubled(&self, is_behind: bool) -> u32 {
        let most = (self.doubled + 1).min(self.doubled_max());
        let aim = if is_behind { most } else { self.aim() };
        aim.clamp(self.doubled.saturating_sub(1), most)
    }
}

/// `amount * time / of`, as far as there are numbers.
fn times(amount: u64, time: Duration, of: Duration) -> u64 {
    let product = u128::from(amount) * time.as_micros() / of.as_micros();
    u64::try_from(product).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn demand(largest: u64) -> (Demand, Instant) {
        let now = Instant::now();
        (Demand::new(Room::new(largest, 2), now), now)
    }

    /// Demand after a second in each of whose windows so many bytes a second are written.
    fn after_a_second_of(largest: u64, rate: u64) -> Demand {
        let (mut demand, begun) = demand(largest);
        for window in 1..=4 {
            demand.learn(begun + window * WINDOW, rate * u64::from(window) / 4, false);
        }
        demand
    }

    /// Sizes, in MiB, of those that are made ready until no more are wanted, beside those
    /// that are, oldest first.
    fn fill(demand: &mut Demand, ready: &mut Vec<u64>) -> Vec<u64> {
        let before = ready.len();
        loop {
            let held = Held { count: ready.len(), bytes: ready.iter().sum::<u64>() * MIB };
            let next = demand.next_bytes(false);
            if !demand.wants(held, next) {
                return ready[before..].to_vec();
            }
            demand.note_made(next);
            ready.push(next / MIB);
        }
    }

    #[track_caller]
    fn check_ready(largest_mib: u64, rate_mib: u64, expected: &[u64]) {
        let mut demand = after_a_second_of(largest_mib * MIB, rate_mib * MIB);
        assert_eq!(fill(&mut demand, &mut Vec::new()), expected);
    }

    #[test]
    fn what_is_ready_covers_a_second() {
        check_ready(1, 0, &[1; 2]);
        check_ready(1, 1, &[1; 2]);
        check_ready(1, 20, &[1; 25]);
        check_ready(1, 500, &[1; 64]);
        check_ready(4, 500, &[4; 16]);
        check_ready(128, 0, &[4; 2]);
        check_ready(128, 1, &[8; 2]);
        check_ready(128, 4, &[8, 16]);
        check_ready(16, 500, &[8, 16, 16, 16]);
        check_ready(100, 50, &[8, 16, 32, 64]);
        // No more space than was wished, twice 128 MiB.
        check_ready(128, 5000, &[8, 16, 32, 64, 128]);
    }

    #[track_caller]
    fn check_size(largest_mib: u64, rate_kib: u64, expected_mib: u64) {
        let mut demand = after_a_second_of(largest_mib * MIB, rate_kib * 1024);
        (0..9).for_each(|_| demand.note_made(demand.next_bytes(false)));
        assert_eq!(demand.next_bytes(false), expected_mib * MIB, "at {rate_kib} KiB a second");
    }

    #[test]
    fn a_segment_lasts_some_seconds() {
        check_size(128, 0, 4);
        check_size(128, 512, 4);
        check_size(128, 600, 8);
        check_size(128, 3500, 32);
        check_size(128, 16 * 1024, 128);
        check_size(128, 250 * 1024, 128);
        check_size(2048, 250 * 1024, 2000_u64.next_power_of_two());
        check_size(100, 9 * 1024, 100);
        check_size(1, 250 * 1024, 1);
        check_size(2, 0, 2);
    }

    /// From no click to 256 MiB a second: what there is lasts longer than making the next
    /// one takes, which is at most twice as large.
    #[test]
    fn a_jump_is_followed_at_once() {
        let (mut demand, begun) = demand(128 * MIB);
        let (mut ready, mut left) = (vec![4, 4], 4);
        let (mut made, mut lasts) = (Vec::new(), Vec::new());
        for ms in (0..4000).step_by(4) {
            let now = begun + WINDOW / 2 + Duration::from_millis(ms);
            demand.learn(now, ms * MIB / 4, ready.is_empty());
            if left == 0 {
                left = ready.remove(0);
            }
            left -= 1;
            let mut there = left + ready.iter().sum::<u64>();
            for next in fill(&mut demand, &mut ready) {
                assert!(next <= 2 * there, "{next} beside {there}");
                there += next;
                made.push(next);
            }
            lasts.push(4 * there);
        }
        assert_eq!(made[..6], [8, 16, 32, 64, 128, 128]);
        assert!(made[6..].iter().all(|it| *it == 128), "{made:?}");
        assert!(lasts.iter().all(|ms| *ms >= 40));
        let brief: Vec<_> = lasts[20..].iter().filter(|ms| **ms < 750).collect();
        assert!(brief.is_empty(), "once the rate is known: {brief:?}");
    }

    #[test]
    fn sizes_shrink_when_the_rate_falls() {
        let mut demand = after_a_second_of(128 * MIB, 250 * MIB);
        fill(&mut demand, &mut Vec::new());
        let mut sizes = Vec::new();
        for window in 5..120 {
            demand.learn(demand.begun + WINDOW, 250 * MIB, false);
            if window % 8 == 0 {
                sizes.push(demand.next_bytes(false) / MIB);
                demand.note_made(demand.next_bytes(false));
            }
        }
        assert_eq!(sizes, [128, 128, 128, 128, 128, 128, 128, 64, 32, 16, 16, 8, 4, 4]);
    }

    #[test]
    fn large_ones_are_given_back_after_a_calm_minute() {
        let (mut demand, begun) = demand(128 * MIB);
        let second = Duration::from_secs(1);
        demand.note_made(128 * MIB);
        for at in 0..60 {
            assert!(!demand.gives_back(begun + at * second, 128 * MIB));
        }
        // Another burst.
        demand.learn(begun + WINDOW, 8 * MIB, false);
        assert!(!demand.gives_back(begun + 60 * second, 128 * MIB));
        (0..400).for_each(|_| demand.learn(demand.begun + WINDOW, 8 * MIB, false));
        assert!(!demand.gives_back(begun + 119 * second, 128 * MIB));
        assert!(!demand.gives_back(begun + 178 * second, 128 * MIB));
        assert!(demand.gives_back(begun + 179 * second, 128 * MIB));
        assert_eq!(demand.next_bytes(false), 4 * MIB);
        assert!(demand.gives_back(begun + 180 * second, 16 * MIB), "the one after it, too");
        assert!(!demand.gives_back(begun + 180 * second, 8 * MIB));
        assert!(!demand.gives_back(begun + 250 * second, 16 * MIB), "it was forgotten");
    }

    #[test]
    fn a_disk_that_lags_behind_gets_larger_ones() {
        let (mut demand, _) = demand(128 * MIB);
        let mut sizes = Vec::new();
        for _ in 0..6 {
            sizes.push(demand.next_bytes(true) / MIB);
            demand.note_made(demand.next_bytes(true));
        }
        assert_eq!(sizes, [8, 16, 32, 64, 128, 128]);
    }

    #[test]
    fn a_shard_that_runs_dry_gets_more_at_once() {
        let (mut demand, now) = demand(MIB);
        let mut wanted = Vec::new();
        for _ in 0..6 {
            demand.learn(now, 0, true);
            wanted.push(demand.wanted().div_ceil(MIB));
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
        assert_eq!(after(200), 2 * MIB);
    }

    #[test]
    fn short_is_less_than_half_of_what_is_wanted() {
        let demand = after_a_second_of(128 * MIB, 16 * MIB);
        let is_short = |count, mib| demand.is_short(Held { count, bytes: mib * MIB });
        assert_eq!(
            [(0, 0), (1, 8), (2, 9), (1, 12)].map(|(count, mib)| is_short(count, mib)),
            [true, true, true, false]
        );
        assert!(!after_a_second_of(MIB, 0).is_short(Held { count: 1, bytes: MIB }));
    }
}
