//! What a rule learns of who asks: device, language, and what clocks show.

use std::hint::black_box;

use carom::http::asked_fields;
use carom::rules::Zones;
use carom::visitor::{device, preferred_language};
use divan::Bencher;

use crate::parse::Heads;
use crate::visitors::{self, BROWSERS};

/// User agents of 64 browsers, taken in turn.
fn of_user_agents(bencher: Bencher<'_, '_>, platform: &[u8]) {
    let agents: Vec<_> = (0..BROWSERS).map(visitors::user_agent).collect();
    let mut agents = agents.iter().cycle();
    bencher.bench_local(|| {
        let agent = agents.next().expect("agents go round").as_bytes();
        device(black_box(agent), black_box(platform))
    });
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn of_user_agent(bencher: Bencher<'_, '_>) {
    of_user_agents(bencher, b"");
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn of_hint(bencher: Bencher<'_, '_>) {
    of_user_agents(bencher, b"\"Windows\"");
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn asked_fields_634_bytes(bencher: Bencher<'_, '_>) {
    let mut heads = Heads::chrome();
    bencher.bench_local(|| {
        let fields = asked_fields(black_box(heads.next()));
        black_box((fields.accept_language.len(), fields.platform.len()))
    });
}

#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn language(bencher: Bencher<'_, '_>) {
    let sent = b"de;q=0.5,en-US;q=0.9,fr;q=0.8";
    bencher.bench_local(|| preferred_language(black_box(sent)).map(<[u8]>::len));
}

/// A minute and a day, asked for again and again.
#[divan::bench(sample_count = 500, sample_size = 2_000)]
fn civil_time(bencher: Bencher<'_, '_>) {
    let mut zones = Zones::default();
    let mut unix_us = 1_795_875_000_000_000;
    bencher.bench_local(|| {
        unix_us += 1_000;
        zones.civil(black_box(b"Europe/Berlin"), unix_us).minute_of_day
    });
}
