//! Splits: visitors are shared as the weights say, and nobody is moved.
//!
//! `CAROM_VISITORS=100000 cargo test --release --test rules splits` asks with so many visitors, and
//! shares ten times as many.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rustix::process::Signal;

use crate::agree::put_split_key;
use crate::common::scale::from_env;
use crate::common::{Engine, Server, Setup};
use crate::drive::Clients;
use crate::hash::siphash_1_3;
use crate::model::{Key, Line, Sticky, Used, Visitor, World, hashed};
use crate::places::Places;

/// The weights of each split, and its lines.
const SPLITS: [(&str, &[u64]); 4] = [
    ("half", &[50, 50]),
    ("more", &[70, 30]),
    ("few", &[1, 99]),
    ("eight", &[5, 10, 15, 20, 1, 9, 25, 15]),
];
/// Upper critical values of χ² at p = 0.001 for 1 and 7 degrees of freedom: NIST/SEMATECH
/// e-Handbook of Statistical Methods, §1.3.6.7.4.
const CRITICAL: [(usize, f64); 2] = [(1, 10.828), (7, 24.322)];
/// Any key: the shares are those of every key, but a test is to say the same each time.
const KEY: [u8; 16] = *b"sixteen bytes...";

fn visitors() -> usize {
    from_env("CAROM_VISITORS", 5_000)
}

/// Somebody with an address and a user agent of his own.
fn visitor(number: usize, split: &str) -> Visitor {
    Visitor {
        address: IpAddr::V4(Ipv4Addr::new(127, 1, 0, 1 + (number % 16) as u8)),
        method: "GET",
        is_prefetch: false,
        host: "go.example",
        path: format!("/{split}"),
        query: None,
        user_agent: Some(format!("Mozilla/5.0 (visitor {number}) Gecko")),
        language: None,
        platform: None,
        referer: None,
    }
}

fn target(split: &str, line: usize) -> String {
    format!("https://t.example/{split}/{line}")
}

fn key(split: &str, weights: &[u64]) -> Key {
    let line = |(at, &weight): (usize, &u64)| Line {
        target: Some(target(split, at + 1)),
        weight: Some(weight),
        ..Line::default()
    };
    let lines = weights.iter().enumerate().map(line).collect();
    Key { path: format!("/{split}"), lines, ..Key::default() }
}

/// What a split of these weights answers to each visitor, as the model has it.
fn shares(split: &str, weights: &[u64], visitors: usize) -> Vec<usize> {
    let (id, sum) = (key(split, weights).id(), weights.iter().sum::<u64>());
    let pick = |number| {
        let hash = siphash_1_3(&KEY, &hashed(Sticky::Visitor, &visitor(number, split), id));
        let point = ((u128::from(hash) * u128::from(sum)) >> 64) as u64;
        let mut end = 0;
        weights.iter().position(|weight| {
            end += weight;
            point < end
        })
    };
    (0..visitors).map(|number| pick(number).unwrap()).collect()
}

/// Fails where so many picks are not shared as the weights say.
fn check_shares(split: &str, weights: &[u64], picks: &[usize]) {
    let (sum, all) = (weights.iter().sum::<u64>() as f64, picks.len() as f64);
    let mut chi_squared = 0.0;
    for (at, &weight) in weights.iter().enumerate() {
        let expected = all * weight as f64 / sum;
        let count = picks.iter().filter(|&&pick| pick == at).count() as f64;
        chi_squared += (count - expected).powi(2) / expected;
    }
    let critical = CRITICAL.iter().find(|(degrees, _)| *degrees == weights.len() - 1).unwrap().1;
    eprintln!("{split}: χ² {chi_squared:.2} of {} visitors, at most {critical}", picks.len());
    assert!(chi_squared < critical, "{split}");
}

#[test]
fn visitors_are_shared_as_the_weights_say() {
    for (split, weights) in SPLITS {
        check_shares(split, weights, &shares(split, weights, 10 * visitors()));
    }
}

/// A link file of all splits, with other links around them.
fn links(few: &[u64], more: usize) -> String {
    let other = |at| format!("/other{at} https://t.example/other\n");
    let mut text: String = (0..more).map(other).collect();
    for (split, weights) in SPLITS {
        let weights = if split == "few" { few } else { weights };
        for (at, weight) in weights.iter().enumerate() {
            text += &format!("/{split} {} weight={weight}\n", target(split, at + 1));
        }
    }
    text
}

fn start(engine: Engine, cores: &str) -> Server {
    let setup = Setup::new(engine, &links(SPLITS[2].1, 0)).flag("--cores", cores);
    put_split_key(&setup.clicks_folder(), &KEY);
    setup.start()
}

/// Which line each visitor gets from each split.
fn picks(server: &Server) -> Vec<Vec<usize>> {
    let mut random = fastrand::Rng::with_seed(1);
    let addresses: [SocketAddr; 1] = [server.address];
    let mut clients = Clients::new(&addresses);
    let mut of_split = |(split, weights): (&str, &[u64])| {
        let asked: Vec<_> = (0..visitors()).map(|number| visitor(number, split)).collect();
        let replies = clients.ask_all(&asked, &mut random);
        let line = |location: Option<String>| {
            let mut lines = 0..weights.len();
            lines.find(|&at| location.as_deref() == Some(&*target(split, at + 1))).unwrap()
        };
        replies.into_iter().map(|reply| line(reply.location)).collect()
    };
    SPLITS.into_iter().map(&mut of_split).collect()
}

#[test]
fn nobody_is_moved() {
    let engines = match carom::engine::probe_io_uring() {
        Ok(_) => [Engine::IoUring, Engine::Epoll],
        Err(why) => {
            eprintln!("{why}: epoll alone");
            [Engine::Epoll, Engine::Epoll]
        }
    };
    let mut server = start(engines[0], "1");
    let first = picks(&server);
    for ((split, weights), own) in SPLITS.into_iter().zip(&first) {
        assert!(*own == shares(split, weights, own.len()), "{split}, as documented");
        check_shares(split, weights, own);
    }
    let check = |after: &str, server: &Server| {
        let moved: usize = first
            .iter()
            .zip(picks(server))
            .map(|(before, now)| before.iter().zip(now).filter(|(a, b)| **a != *b).count())
            .sum();
        assert_eq!(moved, 0, "moved by {after}");
    };
    fs::write(&server.setup.links[0], links(SPLITS[2].1, 100)).unwrap();
    server.signal(Signal::HUP);
    server.wait_until_said("reloaded", 1);
    check("a reload", &server);
    server.restart();
    check("a restart", &server);
    check("another engine, and another server with the same key", &start(engines[1], "1"));
    check("another number of cores", &start(engines[0], "2"));
    // Whoever saw the new site at 1 of 100 sees it at 2 of 100.
    fs::write(&server.setup.links[0], links(&[2, 98], 100)).unwrap();
    server.signal(Signal::HUP);
    server.wait_until_said("reloaded", 1);
    let (before, now) = (&first[2], &picks(&server)[2]);
    assert!(before.iter().zip(now).all(|(before, now)| now <= before), "moved back");
    assert!(*now == shares("few", &[2, 98], now.len()), "as documented");
}

/// The shares that are looked at above are those of the model that [`crate::agree`] compares.
#[test]
fn shares_are_those_of_the_model() {
    let mut random = fastrand::Rng::with_seed(1);
    for (split, weights) in SPLITS {
        let world = World {
            keys: vec![key(split, weights)],
            places: Places::random(&mut random),
            split_key: KEY,
            fallback: None,
            now: jiff::Timestamp::now(),
        };
        for (number, line) in shares(split, weights, 200).into_iter().enumerate() {
            let answers = world.answers(&[0], &visitor(number, split), &Used::new());
            let location = answers[0].answer.location.as_deref();
            assert_eq!(location, Some(&*target(split, line + 1)), "{split} {number}");
        }
    }
}
