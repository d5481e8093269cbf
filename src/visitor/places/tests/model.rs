//! Random ranges against a search through all of them.

use fastrand::Rng;

use super::super::address::{Range, mapped};
use super::super::ranges::{Address, Claims};
use crate::visitor::country::Country;

const COUNTRIES: [&str; 5] = ["DE", "FR", "US", "JP", "BR"];

/// A range as a file has it, and what it says.
struct Said {
    range: Range,
    /// The file and the line.
    file: usize,
    country: Option<Country>,
    list: usize,
}

fn width(range: Range) -> u128 {
    match range {
        Range::V4(first, last) => u128::from(last - first),
        Range::V6(first, last) => last - first,
    }
}

fn holds(range: Range, address: u128) -> bool {
    match (range, mapped(address)) {
        (Range::V4(first, last), Some(v4)) => (first..=last).contains(&v4),
        (Range::V6(first, last), None) => (first..=last).contains(&address),
        _ => false,
    }
}

/// A range: a wide one, a narrow one, or one within few bits, so that many overlap.
fn range(random: &mut Rng) -> Range {
    let within = random.u32(1..=32);
    if random.bool() {
        let first = random.u32(..) >> random.u32(0..24) << random.u32(0..9);
        let last = first.saturating_add(random.u32(..) >> (within - 1));
        return Range::V4(first, last);
    }
    let block = u128::from(random.u16(0x2a00..0x2a04)) << 112;
    let first = block | u128::from(random.u64(..) >> random.u32(0..56)) << random.u32(0..48);
    Range::v6(
        first,
        first.saturating_add(u128::from(random.u64(..)) << random.u32(0..48) >> within),
    )
}

/// An address at the edge of a range, or anywhere.
fn address(random: &mut Rng, all: &[Said]) -> u128 {
    let v4 = |address: u32| 0xffff_u128 << 32 | u128::from(address);
    let near = random.u32(0..3);
    match all[random.usize(..all.len())].range {
        _ if random.u8(..) < 16 => v4(random.u32(..)),
        _ if random.u8(..) < 16 => random.u128(..),
        Range::V4(first, last) if random.bool() => v4(first.max(last.wrapping_add(near))),
        Range::V4(first, _) => v4(first.wrapping_sub(near)),
        Range::V6(first, last) if random.bool() => first.max(last.wrapping_add(near.into())),
        Range::V6(first, _) => first.wrapping_sub(near.into()),
    }
}

fn text(said: &Said) -> String {
    let ends = match said.range {
        Range::V4(first, last) => {
            format!("{},{}", std::net::Ipv4Addr::from(first), std::net::Ipv4Addr::from(last))
        }
        Range::V6(first, last) => {
            format!("{},{}", std::net::Ipv6Addr::from(first), std::net::Ipv6Addr::from(last))
        }
    };
    let code = said.country.map(|it| String::from_utf8(it.0.to_vec()).unwrap());
    format!("{ends},{}\n", code.unwrap_or_default())
}

#[test]
fn look_ups_are_as_a_search_through_all_ranges() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    for _ in 0..60 {
        let lists = random.usize(0..=4);
        let count = random.usize(1..400);
        let mut all: Vec<Said> = (0..count)
            .map(|_| {
                let file = random.usize(0..2 + lists);
                let code = *random.choice(&COUNTRIES).unwrap();
                let country = (file < 2).then(|| Country(code.as_bytes().try_into().unwrap()));
                Said { range: range(&mut random), file, country, list: file.wrapping_sub(2) }
            })
            .collect();
        all.sort_by_key(|said| said.file);
        let file = |at| all.iter().filter(|it| it.file == at).map(text).collect::<String>();
        let files: Vec<String> = (0..2 + lists).map(file).collect();
        let countries: Vec<&[u8]> =
            files[..2].iter().map(String::as_bytes).filter(|it| !it.is_empty()).collect();
        let names: Vec<String> = (0..lists).map(|at| at.to_string()).collect();
        let lists: Vec<(&str, &[u8])> =
            names.iter().zip(&files[2..]).map(|(name, file)| (&**name, file.as_bytes())).collect();
        if lists.iter().any(|(_, file)| file.is_empty()) {
            continue;
        }
        let places = super::places(&countries, &lists).unwrap();
        for _ in 0..2_000 {
            let address = address(&mut random, &all);
            let here = || all.iter().filter(|it| holds(it.range, address));
            let country = here()
                .enumerate()
                .filter_map(|(at, it)| {
                    Some((it.file, std::cmp::Reverse(width(it.range)), at, it.country?))
                })
                .max_by_key(|&(file, width, at, _)| (file, width, at))
                .map_or(Country::UNKNOWN, |(.., country)| country);
            let lists =
                here().filter(|it| it.country.is_none()).fold(0, |bits, it| bits | 1 << it.list);
            let got = places.of(&address.to_be_bytes());
            assert_eq!((got.country, got.lists), (country, lists), "{address:032x}, seed {seed}");
        }
    }
}

#[test]
fn ranges_that_continue_each_other_become_one() {
    let mut claims = Claims::default();
    for at in 0..4_u32 {
        claims.push_next(Range::V4(at * 256, at * 256 + 255), Country(*b"DE"), 0);
    }
    claims.push_next(Range::V4(1024, 1279), Country(*b"FR"), 0);
    assert_eq!(
        claims.v4.iter().map(|it| (it.first, it.last)).collect::<Vec<_>>(),
        [(0, 1023), (1024, 1279)]
    );
    assert_eq!(u32::MAX.next(), None);
}
