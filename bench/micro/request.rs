//! Whole requests of browsers through a shard: all that is done for one outside
//! of the kernel, but for the engine's own bookkeeping.

use std::sync::Arc;

use carom::clicks::Privacy;
use carom::connection::Step;
use carom::links::Links;
use carom::mailbox::Published;
use carom::rehearsal::{PEER, TIMEOUTS};
use carom::rules::SplitKey;
use carom::shard::{Arrival, Builtins, Now, Received, Settings, Shard, WhenFull};
use divan::Bencher;
use divan::counter::ItemsCount;

use crate::clicks::Segments;
use crate::table::{KEY_BYTES, drawn, links, links_with_rules};
use crate::visitors::{self, BROWSERS, KEY_AT};

/// Keys drawn; see [`crate::lookup`].
const KEYS: usize = 1 << 20;

/// One receive buffer for each connection.
struct Buffers(Vec<Vec<u8>>);

impl Received for Buffers {
    fn bytes(&self, arrival: &Arrival) -> &[u8] {
        &self.0[arrival.buffer as usize]
    }
}

/// A shard with a connection for each browser, and the keys that they ask for in
/// turn.
pub struct Turns {
    shard: Shard,
    segments: Segments,
    buffers: Buffers,
    arrivals: Vec<Arrival>,
    keys: Vec<[u8; KEY_BYTES]>,
    at: usize,
    now: Now,
}

impl Turns {
    /// Over a table of `count` links.
    pub fn new(count: usize) -> Self {
        Self::over(Links::clone(&links(count)), count)
    }

    /// Over these links, of which there are so many.
    fn over(links: Links, count: usize) -> Self {
        let (segments, writer) = Segments::new();
        let settings = Settings {
            timeouts: TIMEOUTS,
            connections_max: BROWSERS,
            builtins: Builtins::default(),
            wait_for_log: std::time::Duration::ZERO,
            when_full: WhenFull::Drop,
            privacy: Privacy::Truncate,
            split_key: SplitKey([7; 16]),
        };
        let now = Now { unix_us: 1_795_353_562_000_000, ms: 0 };
        let mut shard = Shard::new(links, writer, settings, Arc::new(Published::default()), now);
        let keys = drawn(count, KEYS);
        let heads = keys.iter().take(BROWSERS).enumerate();
        let buffers = Buffers(heads.map(|(at, key)| visitors::chrome(at, key)).collect());
        let arrivals = (0..BROWSERS as u32)
            .map(|buffer| {
                let size = visitors::CHROME_BYTES as u32;
                Arrival { connection: shard.open(PEER), buffer, size, end: false }
            })
            .collect();
        Self { shard, segments, buffers, arrivals, keys, at: 0, now }
    }

    /// The same with all memory of the click log present.
    pub fn warm(count: usize) -> Self {
        Self::new(count).warmed()
    }

    /// The same over keys with four rules each.
    fn warm_with_rules(count: usize) -> Self {
        Self::over(Links::clone(&links_with_rules(count)), count).warmed()
    }

    fn warmed(self) -> Self {
        let mut turns = self;
        while !turns.segments.are_warm() {
            turns.turn::<BROWSERS>();
        }
        turns
    }

    /// One turn of an engine in which `N` connections have a request each, and
    /// their replies go out at once.
    pub fn turn<const N: usize>(&mut self) {
        let arrivals = &self.arrivals[self.at % BROWSERS..][..N];
        for (arrival, key) in arrivals.iter().zip(&self.keys[self.at..]) {
            let buffer = &mut self.buffers.0[arrival.buffer as usize];
            buffer[KEY_AT..KEY_AT + KEY_BYTES].copy_from_slice(key);
        }
        self.at = (self.at + N) % KEYS;
        self.now.unix_us += 20;
        self.shard.tick(self.now);
        self.shard.answer(arrivals, &self.buffers);
        while let Some((id, step)) = self.shard.next_step() {
            match step {
                Step::Send { .. } => {
                    let size = self.shard.connection(id).outgoing().len();
                    self.shard.sent(id, size);
                }
                Step::Wait => {}
                Step::Shutdown | Step::Close => panic!("connections are kept"),
            }
        }
        self.shard.publish();
        self.segments.turn();
    }
}

fn turns<const N: usize>(bencher: Bencher<'_, '_>, links: usize) {
    let mut turns = Turns::warm(links);
    bencher.counter(ItemsCount::new(N)).bench_local(|| turns.turn::<N>());
}

#[divan::bench(args = [1_000, 1_000_000], sample_count = 512, sample_size = 128)]
fn batch_of_16(bencher: Bencher<'_, '_>, links: usize) {
    turns::<16>(bencher, links);
}

#[divan::bench(args = [1_000, 1_000_000], sample_count = 512, sample_size = 32)]
fn batch_of_64(bencher: Bencher<'_, '_>, links: usize) {
    turns::<64>(bencher, links);
}

/// Keys with four rules: by device, by device and language, a split.
#[divan::bench(args = [1_000, 1_000_000], sample_count = 512, sample_size = 128)]
fn batch_of_16_with_rules(bencher: Bencher<'_, '_>, links: usize) {
    let mut turns = Turns::warm_with_rules(links);
    bencher.counter(ItemsCount::new(16_usize)).bench_local(|| turns.turn::<16>());
}
