//! Shards that count together.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::rules::caps::{KeptCaps, Period};

const DAY_US: u64 = 86_400_000_000;
const NOON_US: u64 = 20_000 * DAY_US + DAY_US / 2;

fn cap(count: u64, period: Period) -> Cap {
    Cap { count, period }
}

fn heap(_: usize, bytes: u64) -> std::io::Result<Box<dyn Room>> {
    Ok(Box::new(Heap::new(bytes)))
}

/// Room for these caps, and a handle for each of so many shards.
fn shards(count: usize, keys: &[CapKey]) -> (CapRoom, Vec<ShardCaps>) {
    let mut room = CapRoom::new(count, 7, [0; 2]);
    room.admit(keys.iter().copied(), NOON_US, heap).unwrap();
    let shards = (0..count).map(|shard| ShardCaps::new(room.counts().clone(), shard)).collect();
    (room, shards)
}

fn daily(link: u64) -> CapKey {
    CapKey::new(link, 1, Period::Day)
}

#[test]
fn a_cap_lets_through_what_it_says() {
    let (_, mut shards) = shards(1, &[daily(5)]);
    let (caps, three) = (&mut shards[0], cap(3, Period::Day));
    let taken = (1..=5).filter(|&sequence| caps.take(5, 1, &three, b"", NOON_US, sequence));
    assert_eq!(taken.count(), 3);
    assert!(!caps.is_open(5, 1, &three, b"", NOON_US));
    let standing = caps.standing(5, 1, &three, b"", NOON_US);
    assert_eq!((standing.used, standing.left), (3, 0));
    // The next day begins anew; a clock that is set back finds the day that was.
    assert!(caps.take(5, 1, &three, b"", NOON_US + DAY_US, 6));
    assert!(!caps.take(5, 1, &three, b"", NOON_US, 7));
    assert_eq!(caps.standing(5, 1, &three, b"", NOON_US + DAY_US).used, 1);
    assert_eq!(caps.standing(5, 1, &three, b"", NOON_US).used, 3);
}

#[test]
fn one_that_was_changed_keeps_what_is_used() {
    let (_, mut shards) = shards(2, &[daily(5)]);
    for sequence in 1..=10 {
        assert!(shards[0].take(5, 1, &cap(1000, Period::Day), b"", NOON_US, sequence));
    }
    // Also where a shard still holds some of a larger one.
    assert!(!shards[0].take(5, 1, &cap(10, Period::Day), b"", NOON_US, 11));
    assert!(!shards[1].take(5, 1, &cap(9, Period::Day), b"", NOON_US, 1));
    assert!(shards[1].take(5, 1, &cap(11, Period::Day), b"", NOON_US, 1));
    assert!(!shards[0].take(5, 1, &cap(11, Period::Day), b"", NOON_US, 11));
    let standing = shards[0].standing(5, 1, &cap(5, Period::Day), b"", NOON_US);
    assert_eq!((standing.used, standing.left), (11, 0));
}

#[test]
fn what_is_not_used_goes_to_who_needs_it() {
    let (_, mut shards) = shards(2, &[daily(5)]);
    let hundred = cap(100, Period::Day);
    shards[0].tick(1_000_000);
    assert!(shards[0].take(5, 1, &hundred, b"", NOON_US, 1));
    let rest = |shard: &mut ShardCaps| {
        (1..).take_while(|_| shard.take(5, 1, &hundred, b"", NOON_US, 1)).count()
    };
    let held = 99 - rest(&mut shards[1]);
    assert!(held > 0, "the first holds some");
    // It has used it since the last time; then it has not.
    shards[0].tick(1_000_000 + CAP_LEASE_IDLE_MS);
    assert_eq!(rest(&mut shards[1]), 0);
    shards[0].tick(1_000_000 + 2 * CAP_LEASE_IDLE_MS - 1);
    assert_eq!(rest(&mut shards[1]), 0);
    shards[0].tick(1_000_000 + 2 * CAP_LEASE_IDLE_MS);
    assert_eq!(rest(&mut shards[1]), held);
    assert_eq!(shards[0].standing(5, 1, &hundred, b"", NOON_US).used, 100);
}

#[test]
fn what_is_given_back_is_not_used() {
    let (_, mut shards) = shards(1, &[daily(5)]);
    let (caps, two) = (&mut shards[0], cap(2, Period::Day));
    for _ in 0..5 {
        assert!(caps.take(5, 1, &two, b"", NOON_US, 1));
        caps.give_back(2);
        caps.give_back(1);
        caps.give_back(1);
    }
    assert!(caps.take(5, 1, &two, b"", NOON_US, 1));
    assert!(caps.take(5, 1, &two, b"", NOON_US, 2));
    // That is of a click that was.
    caps.give_back(3);
    assert!(!caps.take(5, 1, &two, b"", NOON_US, 3));
    assert_eq!(caps.standing(5, 1, &two, b"", NOON_US).used, 2);
}

#[test]
fn a_cap_without_a_place_lets_nothing_through_but_in_memory() {
    let (mut room, mut shards) = shards(1, &[]);
    let one = cap(1, Period::Total);
    assert!(!shards[0].is_open(5, 1, &one, b"", NOON_US));
    room.admit([CapKey::new(5, 1, Period::Total)].into_iter(), NOON_US, heap).unwrap();
    assert!(shards[0].take(5, 1, &one, b"", NOON_US, 1));
    let mut alone = ShardCaps::in_memory();
    assert!(alone.is_open(5, 1, &one, b"", NOON_US) && alone.take(5, 1, &one, b"", NOON_US, 1));
    assert!(!alone.is_open(5, 1, &one, b"", NOON_US));
}

/// Caps come one after the other, and in thousands, and each is found where it was.
#[test]
fn room_grows_and_nothing_in_it_moves() {
    let (mut room, mut shards) = shards(2, &[]);
    let caps = &mut shards[1];
    let one = cap(1, Period::Total);
    let mut last = 0;
    for link in [1, 2, 3, 500, 501, 6_000, 20_000] {
        let keys = (last..link).map(|link| CapKey::new(link, 1, Period::Total));
        room.admit(keys.chain([CapKey::new(0, 1, Period::Total)]), NOON_US, heap).unwrap();
        assert!((last..link).all(|link| caps.take(link, 1, &one, b"", NOON_US, 1)));
        assert!((0..link).all(|link| !caps.is_open(link, 1, &one, b"", NOON_US)));
        caps.tick(0);
        last = link;
    }
    assert_eq!(room.counts().extents().count(), 4);
}

/// All shards ask for all they can get of caps of many sizes, and days go by. Of each cap and
/// day just as many are let through as it says; the days that a shard is ahead or behind of
/// the others do not matter.
#[test]
fn a_cap_is_used_up_and_never_once_more() {
    let seed = seed();
    let sizes = [1, 2, 3, 10, 63, 64, 65, 1000, 9_999];
    let keys: Vec<_> = (0..sizes.len() as u64).map(daily).collect();
    for threads in [1, 2, 5] {
        let (room, shards) = shards(threads, &keys);
        let taken = Mutex::new(BTreeMap::<(u64, u64), u64>::new());
        std::thread::scope(|scope| {
            for (at, mut caps) in shards.into_iter().enumerate() {
                let (taken, keys) = (&taken, &keys);
                let mut random = fastrand::Rng::with_seed(seed ^ at as u64);
                scope.spawn(move || {
                    let mut own = BTreeMap::<(u64, u64), u64>::new();
                    let (mut ms, mut sequence) = (0, 1);
                    for day in 0..3 {
                        for _ in 0..20_000 {
                            let link = random.usize(..keys.len());
                            let size = cap(sizes[link], Period::Day);
                            let time = NOON_US + day * DAY_US;
                            if caps.take(link as u64, 1, &size, b"", time, sequence) {
                                if random.u8(..8) == 0 {
                                    caps.give_back(sequence);
                                } else {
                                    sequence += 1;
                                    *own.entry((link as u64, day)).or_default() += 1;
                                }
                            }
                            ms += u32::from(random.u8(..100) == 0) * random.u32(..1500);
                            caps.tick(ms);
                        }
                        // Nothing is held when the others ask for what is left.
                        caps.tick(ms + CAP_LEASE_IDLE_MS);
                        caps.tick(ms + 2 * CAP_LEASE_IDLE_MS);
                        ms += 2 * CAP_LEASE_IDLE_MS;
                    }
                    let mut taken = taken.lock().unwrap();
                    own.into_iter().for_each(|(of, count)| *taken.entry(of).or_default() += count);
                });
            }
        });
        let taken = taken.into_inner().unwrap();
        let mut last = ShardCaps::new(room.counts().clone(), 0);
        for (link, &size) in sizes.iter().enumerate() {
            for day in 0..3 {
                let count = taken.get(&(link as u64, day)).copied().unwrap_or(0);
                assert!(count <= size, "seed {seed}: {count} of {size}");
                let time = NOON_US + day * DAY_US;
                let size = cap(size, Period::Day);
                if day > 0 {
                    let standing = last.standing(link as u64, 1, &size, b"", time);
                    assert_eq!(standing.used, count, "seed {seed}");
                }
                if day == 2 {
                    let take = |_: &u64| last.take(link as u64, 1, &size, b"", time, 1);
                    assert_eq!((count..).take_while(take).count() as u64, size.count - count);
                }
            }
        }
    }
}

/// Shards are killed anywhere; at the next start, which may have other shards, what is used
/// is what has a click.
#[test]
fn after_a_kill_used_is_what_has_a_click() {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let keys: Vec<_> = (0..40).map(daily).collect();
    let mut clicks = vec![0; keys.len()];
    let mut kept: Option<KeptCaps> = None;
    for run in 1..=60 {
        let (room, mut shards) = shards(random.usize(1..=3), &keys);
        kept.iter().flat_map(KeptCaps::caps).for_each(|kept| room.restore(kept));
        let mut sequences = vec![1; shards.len()];
        for _ in 0..random.usize(..200) {
            let (shard, link) = (random.usize(..shards.len()), random.usize(..keys.len()));
            let size = cap(1 + link as u64 * 5, Period::Day);
            let is_taken =
                shards[shard].take(link as u64, 1, &size, b"", NOON_US, sequences[shard]);
            if is_taken && random.u8(..10) == 0 {
                shards[shard].give_back(sequences[shard]);
            } else if is_taken {
                sequences[shard] += 1;
                clicks[link] += 1;
                assert!(clicks[link] <= size.count, "seed {seed}, run {run}");
            }
        }
        // The kill comes before some shards write what they took.
        for (shard, caps) in shards.iter_mut().enumerate() {
            let (link, sequence) = (random.u64(..80), sequences[shard]);
            let _ = caps.take(link, 1, &cap(30, Period::Day), b"", NOON_US, sequence);
        }
        let files: Vec<_> = room.counts().extents().map(words).collect();
        let mut last = KeptCaps::read(&files).unwrap();
        for pending in last.pending.clone() {
            if pending.sequence >= sequences[pending.shard] {
                last.take_back(&pending);
            }
        }
        let day = NOON_US / DAY_US;
        for (link, &count) in clicks.iter().enumerate() {
            let used = last.caps().find(|kept| kept.key.link == link as u64).unwrap().used(day);
            assert_eq!(used, count, "seed {seed}, run {run}, link {link}");
        }
        kept = Some(last);
    }
}

/// What a shard stores to take one, it stores in the order in which it stands in memory.
/// Whatever of it a kill lets through, and whether the click is written, the count is right.
#[test]
fn a_kill_may_come_between_any_two_stores() {
    let (room, mut shards) = shards(2, &[daily(5)]);
    let hundred = cap(100, Period::Day);
    let extent = |room: &CapRoom| words(room.counts().extent(0).unwrap());
    let used = |file: Vec<u64>, last: u64| {
        let mut kept = KeptCaps::read(&[file]).unwrap();
        for pending in kept.pending.clone() {
            if pending.shard == 1 && pending.sequence > last {
                kept.take_back(&pending);
            }
        }
        kept.caps().next().unwrap().used(NOON_US / DAY_US)
    };
    assert!(shards[0].take(5, 1, &hundred, b"", NOON_US, 1));
    for sequence in 1..=10 {
        let before = extent(&room);
        assert!(shards[1].take(5, 1, &hundred, b"", NOON_US, sequence));
        let after = extent(&room);
        let changed: Vec<_> = (0..before.len()).filter(|&at| before[at] != after[at]).collect();
        assert!(changed.len() >= 4, "where, the number, the count, what is held");
        for stored in 0..=changed.len() {
            let mut file = before.clone();
            changed[..stored].iter().for_each(|&at| file[at] = after[at]);
            assert_eq!(used(file, sequence - 1), sequence, "{stored} of {sequence}");
        }
        assert_eq!(used(after, sequence), sequence + 1);
        // Taken, and given back: from the count on, as above.
        if sequence.is_multiple_of(3) {
            let before = extent(&room);
            shards[1].give_back(sequence);
            let mut file = before.clone();
            let after = extent(&room);
            assert_eq!(used(file.clone(), sequence - 1), sequence);
            let count = (0..before.len()).rev().filter(|&at| before[at] != after[at]).nth(1);
            file[count.unwrap()] = after[count.unwrap()];
            assert_eq!(used(file, sequence - 1), sequence);
            assert_eq!(used(after, sequence - 1), sequence);
            assert!(shards[1].take(5, 1, &hundred, b"", NOON_US, sequence));
        }
    }
}

fn words(extent: &Extent) -> Vec<u64> {
    let words = extent.room().words();
    words.iter().map(|word: &AtomicU64| word.load(Relaxed)).collect()
}

fn seed() -> u64 {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    seed
}
