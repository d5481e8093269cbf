//! haproxy maps beside a real haproxy.

use carom::links::{Format, HaproxyMatch};
use fastrand::Rng;

use super::batches;
use super::compare::{Answer, Case, SITE, Tally, host_and_target};
use super::haproxy::{Haproxy, program};
use crate::common::scale::seed;

/// What is looked up in a map.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Path,
    Host,
    /// A host with a path.
    Base,
}

const KINDS: [(HaproxyMatch, Input); 9] = [
    (HaproxyMatch::Str, Input::Path),
    (HaproxyMatch::Str, Input::Host),
    (HaproxyMatch::Str, Input::Base),
    (HaproxyMatch::Beg, Input::Path),
    (HaproxyMatch::Beg, Input::Base),
    (HaproxyMatch::Dom, Input::Host),
    (HaproxyMatch::End, Input::Host),
    (HaproxyMatch::Reg, Input::Path),
    (HaproxyMatch::Reg, Input::Host),
];

const PATHS: [&str; 20] = [
    "/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/ab/", "/a/b/c", "/A", "/b", "/a.html", "/c/d",
    "/c", "/c/", "/a*", "/a/*", "/:x", "/a//b", "/a/./b", "/b/:x",
];
const HOSTS: [&str; 14] = [
    "example.com",
    ".example.com",
    "pay.example.com",
    ".pay.example.com",
    "x.pay.example.com",
    "ample.com",
    ".com",
    "com",
    "a.example",
    "Example.com",
    "example.com.",
    "pay.",
    "www",
    "*.example.com",
];
const EXPRESSIONS: [&str; 24] = [
    "^/a$",
    "^/a/",
    "^/a",
    "^/a/?$",
    "^/a(/.*)?$",
    "^/a/(.*)$",
    "^/a/(.+)$",
    "^/a(.*)$",
    "^/$",
    "^/",
    "/a$",
    "a",
    "^/(a|b)$",
    "^/a.html$",
    r"^/a\.html$",
    "^/a/([^/]+)$",
    "^/[ab]$",
    "^/A$",
    "^/a/b",
    "^/b$",
    "^/a/.*$",
    "^/c/d/?$",
    "^.*$",
    "^/a/?(.*)$",
];
const HOST_EXPRESSIONS: [&str; 10] = [
    r"^example\.com$",
    r"^pay\.example\.com$",
    r"^example\.com",
    r"\.example\.com$",
    r"^.*\.example\.com$",
    "^example.com$",
    r"^(www\.)?example\.com$",
    r"example\.com",
    r"^a\.example$",
    "^[a-z]+\\.com$",
];
const ASKED_PATHS: [&str; 18] = [
    "/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/ab/", "/abc", "/a/b/c", "/A", "/b", "/b/",
    "/a.html", "/aXhtml", "/c", "/c/", "/c/d", "/x/y",
];
const ASKED_HOSTS: [&str; 10] = [
    "example.com",
    "pay.example.com",
    "x.pay.example.com",
    "notpay.example.com",
    "ample.com",
    "sample.com",
    "example.com.evil.net",
    "a.example",
    "www.example.com",
    "other.net",
];

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

fn key(rng: &mut Rng, (how, input): (HaproxyMatch, Input)) -> String {
    match (how, input) {
        (HaproxyMatch::Reg, Input::Host) => pick(rng, &HOST_EXPRESSIONS).to_owned(),
        (HaproxyMatch::Reg, _) => pick(rng, &EXPRESSIONS).to_owned(),
        (_, Input::Path) => pick(rng, &PATHS).to_owned(),
        (_, Input::Host) => pick(rng, &HOSTS).to_owned(),
        (_, Input::Base) => format!("{}{}", pick(rng, &ASKED_HOSTS), pick(rng, &PATHS)),
    }
}

fn case(rng: &mut Rng, kind: (HaproxyMatch, Input)) -> Case {
    let mut text = String::new();
    for number in 1..rng.usize(2..10) {
        match rng.u8(..16) {
            0 => text.push_str("# a comment"),
            1 => {}
            _ => {
                let behind = ["", "", "", "", "", "", "", " ", " # a comment", " 301", "\tmore"];
                let host = pick(rng, &["https://to.example", "https://to.example", ""]);
                let begin = pick(rng, &["", "", "", "", "  ", "\t"]);
                let space = pick(rng, &[" ", " ", "\t", "    "]);
                text.push_str(begin);
                text.push_str(&key(rng, kind));
                text.push_str(space);
                text.push_str(&format!("{host}/t{number}{}", pick(rng, &behind)));
            }
        }
        text.push_str(pick(rng, &["\n", "\n", "\r\n"]));
    }
    let asks = (0..16).map(|_| {
        let host = if kind.1 == Input::Path { &SITE[7..] } else { pick(rng, &ASKED_HOSTS) };
        format!("http://{host}{}", pick(rng, &ASKED_PATHS))
    });
    let asks = asks.collect();
    Case { format: Format::Haproxy(kind.0), text, asks }
}

fn input(asked: &str, input: Input) -> String {
    let (host, path) = host_and_target(asked);
    match input {
        Input::Path => path.to_owned(),
        Input::Host => host.to_owned(),
        Input::Base => format!("{host}{path}"),
    }
}

/// A target that is a path stays on the host, of which carom was told.
fn on_site(answer: Answer) -> Answer {
    answer.map(|(status, location)| match location.starts_with('/') {
        true => (status, format!("{SITE}{location}")),
        false => (status, location),
    })
}

/// Maps that one haproxy reads.
const BATCH: usize = 180;

#[test]
fn haproxy_maps() {
    let Some(program) = program() else { return };
    let mut rng = Rng::with_seed(seed());
    let mut tallies: [Tally; KINDS.len()] = Default::default();
    for count in batches(BATCH) {
        let folder = tempfile::tempdir().unwrap();
        let cases: Vec<Case> =
            (0..count).map(|at| case(&mut rng, KINDS[at % KINDS.len()])).collect();
        let maps: Vec<_> = cases
            .iter()
            .enumerate()
            .map(|(at, case)| (KINDS[at % KINDS.len()].0, &*case.text))
            .collect();
        let mut haproxy = Haproxy::start(&program, folder.path(), &maps);
        for (number, case) in cases.iter().enumerate() {
            let kind = number % KINDS.len();
            let keys: Vec<_> = case.asks.iter().map(|it| input(it, KINDS[kind].1)).collect();
            let theirs: Vec<_> = haproxy.ask(number, &keys).into_iter().map(on_site).collect();
            if let Err(message) = case.judge(&case.own(), &theirs, &mut tallies[kind]) {
                panic!("{message}");
            }
        }
    }
    for ((how, _), tally) in KINDS.iter().zip(&tallies) {
        eprintln!("{how:?}: {tally:?}");
    }
}
