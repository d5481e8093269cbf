//! Looking up keys in tables that fit into a cache, and in those that do not.

use std::array;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use carom::links::{Format, Links, LookupScratch, OnBadLine, Source, load};
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

/// Keys with placeholders that all begin alike, and paths of which each has one.
pub struct Patterns {
    links: Links,
    paths: Vec<String>,
    at: usize,
    scratch: LookupScratch,
}

impl Patterns {
    /// `count` keys of one shape, beside five of others.
    pub fn new(count: usize) -> Self {
        let others = [":a/:b/:c", ":a/x-:b(int)", ":a/page-:b(int)/z", ":a/:b.html", ":a/:b/*"];
        let keys = others.into_iter().map(str::to_owned);
        let keys = keys.chain((0..count).map(|number| format!(":lang/page-{number}")));
        let text: String = keys.map(|key| format!("/{key} https://target.example/\n")).collect();
        let source = Source::new("bench", text.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.expect("good keys");
        let paths = (0..count).map(|number| format!("/de/page-{number}")).collect();
        let links = Links::replicate(&Arc::new(table));
        Self { links, paths, at: 0, scratch: LookupScratch::default() }
    }

    /// Looks up one path.
    pub fn one(&mut self) {
        let path = self.paths[self.at].as_bytes();
        let ask = self.links.ask(HOST.as_bytes(), path);
        let hit = self.links.find(&ask, path, None, &mut self.scratch);
        black_box(hit.expect("a link").id);
        self.at = (self.at + 1) % self.paths.len();
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

#[divan::bench(args = [32, 10_000], sample_count = 512, sample_size = 2048)]
fn among_placeholders(bencher: Bencher<'_, '_>, keys: usize) {
    let mut patterns = Patterns::new(keys);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| patterns.one());
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
