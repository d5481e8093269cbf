//! Random targets and random requests: what comes out of them is a URL of the
//! target's own host, whatever the request.

use super::*;
use crate::limits::{LOCATION_BYTES_MAX, TARGET_BYTES_MAX};
use crate::links::bytes::{QUERY, escape, is};

const PIECES: [&str; 28] = [
    "/",
    "/",
    "?",
    "&",
    "#",
    "=",
    ";",
    ":",
    ".",
    "..",
    "%",
    "%2F",
    "%2e",
    "+",
    "a",
    "ref=1",
    "{",
    "}",
    ":splat",
    "{clickid}",
    "{slug}",
    "{query}",
    "{query:a}",
    "{ip}",
    "{ua}",
    "{referer}",
    "{host}",
    "{ts}",
];

/// Up to `count` pieces, and now and then any byte.
fn text(rng: &mut fastrand::Rng, count: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..rng.usize(..count) {
        match rng.u8(..4) {
            0 => text.push(rng.u8(..)),
            _ => text.extend_from_slice(rng.choice(PIECES).unwrap().as_bytes()),
        }
    }
    text
}

/// Whether a URL has a query and a fragment, and how many parameters may be parted.
fn marks(url: &[u8]) -> (bool, bool, usize) {
    let path_end = url.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(url.len());
    let fragment = url.iter().position(|&byte| byte == b'#');
    let query = &url[path_end..fragment.unwrap_or(url.len())];
    let parameters = query.iter().filter(|byte| matches!(byte, b'&' | b';')).count();
    (!query.is_empty(), fragment.is_some(), parameters)
}

#[test]
fn nothing_of_a_visitor_breaks_out_of_its_place() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut accepted, mut too_long) = (0, 0);
    for round in 0..60_000 {
        let origin =
            rng.choice(["https://a.example", "http://a.example:8080", "https://[::1]"]).unwrap();
        let mut target = origin.as_bytes().to_vec();
        target.extend(text(&mut rng, 12));
        let Ok(checked) = CheckedTarget::parse(&target) else { continue };
        accepted += 1;
        assert!(checked.bytes().iter().all(|byte| (0x21..=0x7e).contains(byte)));
        let rule = rng.choice([QueryRule::Drop, QueryRule::Keep, QueryRule::Override]).unwrap();
        let parts: Vec<Vec<u8>> = (0..6)
            .map(|_| {
                // Now and then more than a Location can hold.
                let times = if round % 100 == 0 { rng.usize(1..2_000) } else { 1 };
                text(&mut rng, 20).repeat(times)
            })
            .collect();
        let visit = Visit {
            path: &parts[0],
            captured: Captured::new(&parts[1], 0, CapturedBy::NOTHING),
            query: &parts[2],
            host: &parts[3],
            referer: &parts[4],
            user_agent: &parts[5],
            ip: core::array::from_fn(|_| rng.u8(..)),
            unix_seconds: rng.u64(..),
        };
        let target = Target::from(checked).with_query(rule);
        let mut out = b"before".to_vec();
        if target.write(&visit, &mut out).is_err() {
            too_long += 1;
            assert_eq!(out, b"before");
            continue;
        }
        let location = &out[6..];
        assert!(location.len() <= LOCATION_BYTES_MAX);
        let told = || {
            let (target, query) = (checked.bytes().escape_ascii(), visit.query.escape_ascii());
            format!("{} from {target} with {query}", location.escape_ascii())
        };
        // All of it is a URL (RFC 3986 appendix A), of this origin.
        let end_of = |url: &[u8]| {
            let end = url[8..].iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
            end.map_or(url.len(), |end| 8 + end)
        };
        let (origin, rest) = location.split_at(end_of(location));
        assert_eq!(*origin, checked.bytes()[..end_of(checked.bytes())], "{}", told());
        for (at, &byte) in rest.iter().enumerate() {
            let is_part = is(byte, QUERY) || byte == b'#' || escape(&rest[at..]).is_some();
            assert!(is_part, "{}", told());
        }
        let is_target = CheckedTarget::parse(location).is_ok() || location.len() > TARGET_BYTES_MAX;
        assert!(is_target, "{}", told());
        // Nothing is there that the target did not ask for.
        let (before, after) = (marks(checked.bytes()), marks(location));
        assert_eq!(before.1, after.1, "a fragment: {}", told());
        if rule == QueryRule::Drop && !checked.bytes().windows(7).any(|part| part == b"{query}") {
            assert_eq!((before.0, before.2), (after.0, after.2), "a parameter: {}", told());
        }
        // What is written with an id is as long, and else the same.
        let mut signed = Vec::new();
        target.write_with_id(&visit, &[b'0'; 26], &mut signed).unwrap();
        assert_eq!(signed, location);
    }
    assert!(accepted > 5_000 && too_long > 10, "{accepted} {too_long}");
}
