//! From the bytes of a head to what a click keeps of it, and the normal form of
//! a path.

use std::hint::black_box;

use carom::http::{self, Parsed};
use carom::links;
use divan::Bencher;
use divan::counter::BytesCount;

use crate::table::drawn;
use crate::visitors::{self, BROWSERS};

/// Heads of one size, taken in turn.
pub struct Heads {
    heads: Vec<Vec<u8>>,
    at: usize,
}

impl Heads {
    /// The least that HTTP/1.1 allows.
    pub fn minimal() -> Self {
        let keys = drawn(1_000_000, BROWSERS);
        Self { heads: keys.iter().map(visitors::minimal).collect(), at: 0 }
    }

    /// A browser's.
    pub fn chrome() -> Self {
        let keys = drawn(1_000_000, BROWSERS);
        let heads = keys.iter().enumerate();
        Self { heads: heads.map(|(browser, key)| visitors::chrome(browser, key)).collect(), at: 0 }
    }

    /// Size of each, bytes.
    pub fn bytes(&self) -> usize {
        self.heads[0].len()
    }

    /// The next one.
    pub fn next(&mut self) -> &[u8] {
        self.at = (self.at + 1) % BROWSERS;
        &self.heads[self.at]
    }

    /// Parses the next one, and takes from it what a click keeps.
    pub fn parse(&mut self) {
        let head = black_box(self.next());
        let Parsed::Whole(request) = http::parse(head) else {
            panic!("the head is whole");
        };
        for span in [request.host, request.path_and_query(), request.referer, request.user_agent] {
            black_box(span.of(head));
        }
    }
}

fn parse(bencher: Bencher<'_, '_>, mut heads: Heads) {
    let bytes = BytesCount::new(heads.bytes());
    bencher.counter(bytes).bench_local(|| heads.parse());
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn head_51_bytes(bencher: Bencher<'_, '_>) {
    parse(bencher, Heads::minimal());
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn head_634_bytes(bencher: Bencher<'_, '_>) {
    parse(bencher, Heads::chrome());
}

fn normalise(bencher: Bencher<'_, '_>, paths: &[Vec<u8>]) {
    let mut scratch = Vec::new();
    let mut paths = paths.iter().cycle();
    bencher.bench_local(|| {
        let path = black_box(paths.next().expect("paths go round"));
        black_box(links::normalise(path, &mut scratch).len())
    });
}

/// As nearly all are: a look at each byte, and nothing more.
#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn normalise_plain(bencher: Bencher<'_, '_>) {
    let keys = drawn(1_000_000, BROWSERS);
    normalise(bencher, &keys.iter().map(|key| key.to_vec()).collect::<Vec<_>>());
}

/// The same paths, spelled so that there is something to do: an escape that
/// stays, one that does not, two slashes, and a step back.
#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn normalise_odd(bencher: Bencher<'_, '_>) {
    let keys = drawn(1_000_000, BROWSERS);
    let odd = keys.iter().map(|key| [b"/caf%c3%a9/..//%67o", &key[3..]].concat());
    normalise(bencher, &odd.collect::<Vec<_>>());
}
