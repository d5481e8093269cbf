//! What an address tells: its country and its lists, among a million ranges. Each look-up
//! is of another address, drawn at random, and begins when the one before has ended.

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr};

use carom::visitor::{Places, PlacesBuilder};
use divan::Bencher;
use divan::counter::ItemsCount;
use fastrand::Rng;

/// Ranges of each family.
pub const RANGES: usize = 1_000_000;
/// Addresses that are asked for in turn.
const ADDRESSES: usize = 1 << 20;
const SEED: u64 = 7;
const COUNTRIES: [&str; 8] = ["DE", "US", "FR", "JP", "BR", "IN", "GB", "ZA"];
/// First 16 bits of what registries give out of IPv6, about.
const BLOCKS: [(u16, u16); 6] =
    [(0x2001, 1), (0x2400, 16), (0x2600, 16), (0x2800, 8), (0x2a00, 24), (0x2c0f, 1)];

fn v4(random: &mut Rng) -> [u8; 16] {
    Ipv4Addr::from(random.u32(..)).to_ipv6_mapped().octets()
}

/// Within a block that is given out: a network of 32 or of 48 bits.
fn v6(random: &mut Rng) -> [u8; 16] {
    let (block, count) = BLOCKS[random.usize(..BLOCKS.len())];
    let top = u32::from(block + random.u16(..count)) << 16 | u32::from(random.u16(..));
    let rest = if random.bool() { u128::from(random.u16(..)) << 80 } else { 0 };
    (u128::from(top) << 96 | rest).to_be_bytes()
}

/// Ranges that lie one behind the other, as in a database of countries, each of some country.
pub fn places(is_v4: bool) -> Places {
    let mut random = Rng::with_seed(SEED);
    let draw = if is_v4 { v4 } else { v6 };
    let mut starts: Vec<_> = (0..RANGES + RANGES / 8).map(|_| draw(&mut random)).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.truncate(RANGES + 1);
    let mut text = String::new();
    for pair in starts.windows(2) {
        let [first, last] = [pair[0], pair[1]].map(u128::from_be_bytes);
        let [first, last] = [first, last - 1].map(Ipv6Addr::from);
        let country = COUNTRIES[random.usize(..COUNTRIES.len())];
        writeln!(text, "{first},{last},{country}").expect("a string takes all");
    }
    let mut builder = PlacesBuilder::new([]).expect("no list");
    builder.countries("bench", text.as_bytes()).expect("good lines");
    builder.build().expect("few countries")
}

#[divan::bench(args = ["v4", "v6"])]
fn one(bencher: Bencher<'_, '_>, family: &str) {
    let is_v4 = family == "v4";
    let places = places(is_v4);
    let mut random = Rng::with_seed(SEED + 1);
    let draw = if is_v4 { v4 } else { v6 };
    let addresses: Vec<_> = (0..ADDRESSES).map(|_| draw(&mut random)).collect();
    let mut at = 0;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let place = places.of(&addresses[at]);
        // Nothing is added, but the processor cannot know that.
        at = (at + 1 + (black_box(0) & place.lists as usize)) % ADDRESSES;
    });
}
