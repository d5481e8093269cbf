//! Random requests, right and wrong, split at random: the outcome never depends
//! on where. `fuzz/` drives the same check with coverage as its guide.

use std::time::{SystemTime, UNIX_EPOCH};

use carom::rehearsal::{Ending, Rehearsal};

use crate::cases::{self, LINKS};

/// What random input is made of: parts of requests, and what breaks them.
const PARTS: &[&str] = &[
    "GET ",
    "HEAD ",
    "POST ",
    "/a",
    "/b",
    "/p/x",
    "/q?id=7",
    "/none",
    "*",
    "http://own.example/a",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    " HTTP/2.0\r\n",
    "Host: x\r\n",
    "Host: own.example\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "User-Agent: u\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    ":",
    "\0",
    "%2f",
    "abc",
    "\u{e9}",
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
];

fn input(random: &mut fastrand::Rng) -> Vec<u8> {
    let cases = cases::all();
    let mut input = Vec::new();
    for _ in 0..random.usize(1..6) {
        if random.bool() {
            let case = &cases[random.usize(..cases.len())].input;
            input.extend_from_slice(&case[..case.len().min(2048)]);
        } else {
            for _ in 0..random.usize(1..8) {
                input.extend_from_slice(PARTS[random.usize(..PARTS.len())].as_bytes());
            }
        }
        if random.u8(..8) == 0 {
            let at = random.usize(..input.len());
            input[at] = random.u8(..);
        }
    }
    input
}

fn split<'a>(random: &mut fastrand::Rng, mut input: &'a [u8]) -> Vec<&'a [u8]> {
    let longest = [1, 3, 20, 500][random.usize(..4)];
    let mut pieces = Vec::new();
    while !input.is_empty() {
        let (piece, rest) = input.split_at(random.usize(1..=longest.min(input.len())));
        pieces.push(piece);
        input = rest;
    }
    pieces
}

#[test]
fn whole_and_split_are_answered_alike() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
    });
    println!("SEED={seed}"); // shown when the test fails
    let mut random = fastrand::Rng::with_seed(seed);
    let mut rehearsal = Rehearsal::new(LINKS, Some("https://fallback.example/"));
    for round in 0..2_000 {
        if round % 50 == 0 {
            rehearsal = Rehearsal::new(LINKS, Some("https://fallback.example/"));
        }
        let input = input(&mut random);
        let end = random.bool();
        let whole = rehearsal.play(&[&input], end);
        let pieces = split(&mut random, &input);
        let parts = rehearsal.play(&pieces, end);
        let shown = String::from_utf8_lossy(&input);
        let replies = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(replies(&whole.replies), replies(&parts.replies), "{shown:?}");
        let closed = |ending| ending != Ending::Open;
        assert_eq!(closed(whole.ending), closed(parts.ending), "{shown:?}");
        let numberless = |clicks: Vec<_>| -> Vec<_> {
            let plain = |mut click: carom::rehearsal::tape::OwnedClick| {
                click.sequence = 0;
                click
            };
            clicks.into_iter().map(plain).collect()
        };
        assert_eq!(numberless(whole.clicks), numberless(parts.clicks), "{shown:?}");
    }
}
