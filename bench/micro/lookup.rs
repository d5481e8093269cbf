//! Looking up keys in tables that fit into a cache, and in those that do not.

use std::array;
use std::hint::black_box;
use std::rc::Rc;

use carom::links::{Links, LookupScratch};
use divan::Bencher;
use divan::counter::ItemsCount;

use crate::table::{KEY_BYTES, drawn, links};
use crate::visitors::HOST;

/// Keys drawn: at a million links their slots and entries are several times the
/// largest cache.
const KEYS: usize = 1 << 20;

/// A table, and the keys that are asked for in turn.
pub struct Lookups {
    links: Rc<Links>,
    keys: Vec<[u8; KEY_BYTES]>,
    at: usize,
    scratch: LookupScratch,
}

impl Lookups {
    /// Over a table of `count` links.
    pub fn new(count: usize) -> Self {
        let (links, keys) = (links(count), drawn(count, KEYS));
        Self { links, keys, at: 0, scratch: LookupScratch::default() }
    }

    /// Looks up one key, and the next one only when this one has been found.
    pub fn one(&mut self) {
        let key = &self.keys[self.at];
        let ask = self.links.ask(HOST.as_bytes(), key);
        let hit = self.links.find(&ask, key, None, &mut self.scratch).expect("a link");
        // Nothing is added, but the processor cannot know that: else it would
        // begin the next lookup during this one, as in a batch.
        self.at = (self.at + 1 + (black_box(0) & hit.id as usize)) % KEYS;
    }

    /// Looks up `N` keys in the phases of a shard's batch.
    pub fn batch<const N: usize>(&mut self) {
        let keys: &[_; N] = self.keys[self.at..].first_chunk().expect("a batch divides the keys");
        let asks: [_; N] = array::from_fn(|at| {
            let ask = self.links.ask(HOST.as_bytes(), &keys[at]);
            self.links.prefetch_slot(&ask);
            ask
        });
        for ask in &asks {
            self.links.prefetch_entry(ask);
        }
        for (ask, key) in asks.iter().zip(keys) {
            let hit = self.links.find(ask, key, None, &mut self.scratch);
            black_box(hit.expect("a link").id);
        }
        self.at = (self.at + N) % KEYS;
    }
}

fn one(bencher: Bencher<'_, '_>, links: usize) {
    let mut lookups = Lookups::new(links);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| lookups.one());
}

fn batch<const N: usize>(bencher: Bencher<'_, '_>, links: usize) {
    let mut lookups = Lookups::new(links);
    bencher.counter(ItemsCount::new(N)).bench_local(|| lookups.batch::<N>());
}

// Samples ask for 2,048 keys each, and all of them for every key once.

#[divan::bench(args = [1_000, 1_000_000], sample_count = 512, sample_size = 2048)]
fn one_at_a_time(bencher: Bencher<'_, '_>, links: usize) {
    one(bencher, links);
}

#[divan::bench(args = [1_000, 1_000_000], sample_count = 512, sample_size = 128)]
fn batch_of_16(bencher: Bencher<'_, '_>, links: usize) {
    batch::<16>(bencher, links);
}

#[divan::bench(args = [1_000, 1_000_000], sample_count = 512, sample_size = 32)]
fn batch_of_64(bencher: Bencher<'_, '_>, links: usize) {
    batch::<64>(bencher, links);
}

/// Takes 1 GB and several seconds, so only when asked for:
/// `cargo bench -- --ignored`.
mod ten_million {
    use super::{Bencher, batch, one};

    const LINKS: usize = 10_000_000;

    #[divan::bench(ignore, sample_count = 512, sample_size = 2048)]
    fn one_at_a_time(bencher: Bencher<'_, '_>) {
        one(bencher, LINKS);
    }

    #[divan::bench(ignore, sample_count = 512, sample_size = 128)]
    fn batch_of_16(bencher: Bencher<'_, '_>) {
        batch::<16>(bencher, LINKS);
    }

    #[divan::bench(ignore, sample_count = 512, sample_size = 32)]
    fn batch_of_64(bencher: Bencher<'_, '_>) {
        batch::<64>(bencher, LINKS);
    }
}
