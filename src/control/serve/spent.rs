//! When memory that connections held is given back to the system.

use crate::limits::{ALLOWANCE_BYTES, GIVEN_BACK_BYTES_MIN};
use crate::mailbox::ShardCounts;

/// The most that connections may have held since memory was last given back, bytes.
#[derive(Debug, Default)]
pub struct Held {
    most: u64,
}

impl Held {
    /// Whether so much less is held by now that giving memory back is worth its while.
    pub fn is_spent(&mut self, now: &ShardCounts) -> bool {
        let now = now.held + now.connections * ALLOWANCE_BYTES as u64;
        let is_spent = self.most.saturating_sub(now) >= GIVEN_BACK_BYTES_MIN;
        self.most = if is_spent { now } else { self.most.max(now) };
        is_spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_for_each_time_that_much_of_it_is_spent() {
        let (much, most) = (GIVEN_BACK_BYTES_MIN, 10 * GIVEN_BACK_BYTES_MIN);
        let mut held = Held::default();
        let mut look =
            |held_now| held.is_spent(&ShardCounts { held: held_now, ..ShardCounts::default() });
        let looks = [0, most, most - much + 1, most - much, most - much, 1, 0, much, 0];
        let spent = looks.map(&mut look);
        assert_eq!(spent, [false, false, false, true, false, true, false, false, true]);
        let connections = much / ALLOWANCE_BYTES as u64 + 1;
        assert!(!held.is_spent(&ShardCounts { connections, ..ShardCounts::default() }));
        assert!(held.is_spent(&ShardCounts::default()));
    }
}
