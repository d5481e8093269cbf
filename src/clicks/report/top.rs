//! Counts by key in bounded memory, for those that come most often.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use foldhash::quality::RandomState;

/// How many clicks each key has.
///
/// Exact while there are no more than `keys_max` keys. When there are more, the
/// rarer half is let go, so a count may lack what its key had before it was let
/// go; it never says too much, and it says by how much it may be too low. That is
/// no more than 2 ÷ `keys_max` of all clicks, whatever visitors send: who is let
/// go is decided as by Misra and Gries with the median (Anderson et al., "A
/// High-Performance Algorithm for Identifying Frequent Items", 2017).
#[derive(Debug)]
pub struct Top<K> {
    counts: HashMap<K, Count, RandomState>,
    keys_max: usize,
    clicks: u64,
    /// No key has lost more clicks, however often it was let go.
    let_go: u64,
}

/// The clicks of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// At least so many.
    pub clicks: u64,
    /// And at most so many more.
    pub lacks_max: u64,
}

impl<K: Eq + Hash + Ord> Top<K> {
    /// No key yet, and never more than `keys_max`.
    #[must_use]
    pub fn new(keys_max: usize) -> Self {
        Self { counts: HashMap::default(), keys_max, clicks: 0, let_go: 0 }
    }

    /// Counts a click for `key`. Returns whether that was not counted before, or was let
    /// go.
    pub fn add<Q>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        self.clicks += 1;
        if let Some(count) = self.counts.get_mut(key) {
            count.clicks += 1;
            return false;
        }
        if self.counts.len() == self.keys_max {
            self.make_room();
        }
        self.counts.insert(key.to_owned(), Count { clicks: 1, lacks_max: self.let_go });
        true
    }

    /// The keys that are counted, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.counts.keys()
    }

    /// Lets the rarer half go. There must be a key.
    pub(super) fn make_room(&mut self) {
        // A key pays for each time that others were let go while it was counted.
        // Otherwise old keys would stay however many clicks the new ones have.
        let let_go = self.let_go;
        let worth = |count: &Count| count.clicks + count.lacks_max - let_go;
        let mut worths: Vec<u64> = self.counts.values().map(worth).collect();
        let middle = worths.len() / 2;
        let median = *worths.select_nth_unstable(middle).1;
        self.counts.retain(|_, count| worth(count) > median);
        self.let_go += median;
    }

    /// All clicks, with those of keys that were let go.
    #[must_use]
    pub fn clicks(&self) -> u64 {
        self.clicks
    }

    /// How many different keys there are; `None` if some were let go.
    #[must_use]
    pub fn distinct(&self) -> Option<usize> {
        (self.let_go == 0).then_some(self.counts.len())
    }

    /// The keys with most clicks, the most frequent first, at most `rows`. A key
    /// that is not among the counted ones has no more clicks than
    /// [`lacks_max`](Self::lacks_max).
    #[must_use]
    pub fn most(&self, rows: usize) -> Vec<(&K, Count)> {
        let mut most: Vec<_> = self.counts.iter().map(|(key, count)| (key, *count)).collect();
        let order = |a: &(&K, Count), b: &(&K, Count)| {
            b.1.clicks.cmp(&a.1.clicks).then_with(|| a.0.cmp(b.0))
        };
        if rows < most.len() {
            most.select_nth_unstable_by(rows, order);
            most.truncate(rows);
        }
        most.sort_unstable_by(order);
        most
    }

    /// How much a count may be too low at most; 0 while all are exact.
    #[must_use]
    pub fn lacks_max(&self) -> u64 {
        self.let_go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts `clicks` with room for `keys_max` keys.
    fn top(keys_max: usize, clicks: impl IntoIterator<Item = u64>) -> Top<u64> {
        let mut top = Top::new(keys_max);
        for key in clicks {
            top.add(&key);
        }
        top
    }

    fn check(clicks: &[u64], rows: usize, expected: &[(u64, u64)]) {
        let top = top(8, clicks.iter().copied());
        let most = top.most(rows);
        assert!(most.iter().all(|(_, count)| count.lacks_max == 0));
        assert_eq!(most.iter().map(|(key, it)| (**key, it.clicks)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn none() {
        check(&[], 3, &[]);
    }
    #[test]
    fn most_first() {
        check(&[1, 2, 2, 3, 3, 3], 2, &[(3, 3), (2, 2)]);
    }
    #[test]
    fn equal_ones_by_key() {
        check(&[7, 5, 6], 2, &[(5, 1), (6, 1)]);
    }
    #[test]
    fn fewer_than_rows() {
        check(&[9], 5, &[(9, 1)]);
    }
    #[test]
    fn as_many_as_there_is_room_for() {
        check(&[0, 1, 2, 3, 4, 5, 6, 7, 7], 1, &[(7, 2)]);
    }

    #[test]
    fn texts_are_copied_once() {
        let mut top = Top::<Vec<u8>>::new(2);
        for text in [&b"curl"[..], b"wget", b"curl"] {
            top.add(text);
        }
        assert_eq!(top.most(1), [(&b"curl".to_vec(), Count { clicks: 2, lacks_max: 0 })]);
    }

    /// Many keys, a few of them often, beside exact counts.
    #[test]
    fn never_too_much_and_too_little_only_as_told() {
        let seed = fastrand::u64(..);
        eprintln!("SEED={seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        for keys_max in [2, 3, 10, 100] {
            let mut exact = HashMap::<u64, u64>::new();
            let mut top = Top::new(keys_max);
            for _ in 0..20_000 {
                let key = if rng.bool() { rng.u64(..10) } else { rng.u64(..1_000) };
                top.add(&key);
                *exact.entry(key).or_default() += 1;
                assert!(top.counts.len() <= keys_max);
            }
            for (key, clicks) in exact {
                let count = top.counts.get(&key).copied();
                let count = count.unwrap_or(Count { clicks: 0, lacks_max: top.lacks_max() });
                assert!((count.clicks..=count.clicks + count.lacks_max).contains(&clicks));
                assert!(count.lacks_max <= top.lacks_max());
            }
            assert_eq!((top.clicks(), top.distinct()), (20_000, None));
            // Each time half of them go, each with that many clicks.
            assert!(top.lacks_max() <= 2 * 20_000 / keys_max as u64 + 1, "{}", top.lacks_max());
        }
    }
}
