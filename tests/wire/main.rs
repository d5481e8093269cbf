//! Every wire case, cut at each byte: played without sockets, and over both
//! engines. Whole and split, the bytes that come back and the clicks are the
//! same.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod options;
mod random;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use carom::rehearsal::tape::OwnedClick;
use carom::rehearsal::{Ending, Rehearsal};
use cases::{Case, LINKS};

/// Longer inputs are cut at this many places, spread over all of them.
const CUTS_MAX: usize = 256;

/// Where to cut an input in two.
fn cuts(input: &[u8]) -> Vec<usize> {
    let step = input.len().div_ceil(CUTS_MAX).max(1);
    // The last places matter most: there a head becomes whole.
    let last = input.len().saturating_sub(8)..input.len();
    let mut cuts: Vec<usize> = (1..input.len()).step_by(step).chain(last).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// What comes back, as [`Case::expected`] writes it.
fn summary(replies: &[u8], closed: bool) -> String {
    let text = String::from_utf8_lossy(replies);
    let mut parts = Vec::new();
    for line in text.lines() {
        if let Some(status) = line.strip_prefix("HTTP/1.1 ") {
            parts.push(&status[..3]);
        } else if let Some((name, value)) = line.split_once(": ") {
            let is_told = match name {
                "Cache-Control" => value != "no-store",
                name => matches!(name, "Location" | "Referrer-Policy"),
            };
            if is_told {
                parts.push(value);
            }
        }
    }
    if closed {
        parts.push("close");
    }
    parts.join(" ")
}

/// The replies without their dates.
fn undated(replies: &[u8]) -> String {
    let text = String::from_utf8_lossy(replies);
    text.split_inclusive('\n').filter(|line| !line.starts_with("Date: ")).collect()
}

/// A click without what differs from run to run.
fn click_key(click: &OwnedClick) -> String {
    let click = click.click();
    // What is no text, `cat` shows by its bytes.
    let text = |bytes: &[u8]| -> String {
        let chunks = bytes.utf8_chunks();
        chunks.map(|it| format!("{}{}", it.valid(), it.invalid().escape_ascii())).collect()
    };
    format!(
        "{} {} {:016x} {} {} {} {} {}",
        click.status,
        click.verdict,
        click.link,
        text(click.host),
        text(click.path),
        text(click.referer),
        text(click.user_agent),
        text(click.tag),
    )
}

struct Expected {
    replies: String,
    closed: bool,
    clicks: Vec<String>,
}

/// What the case gives when all of it comes at once; checked against its table.
fn expected(case: &Case) -> Expected {
    let played = Rehearsal::new(LINKS, None).play(&[&case.input], false);
    let closed = played.ending != Ending::Open;
    assert_eq!(summary(&played.replies, closed), case.expected, "{}", case.clause);
    Expected {
        replies: undated(&played.replies),
        closed,
        clicks: played.clicks.iter().map(click_key).collect(),
    }
}

#[test]
fn without_sockets() {
    for case in cases::all() {
        let expected = expected(&case);
        let mut rehearsal = Rehearsal::new(LINKS, None);
        let mut check = |pieces: &[&[u8]]| {
            let played = rehearsal.play(pieces, false);
            assert_eq!(undated(&played.replies), expected.replies, "{}", case.clause);
            assert_eq!(played.ending != Ending::Open, expected.closed, "{}", case.clause);
            let clicks: Vec<String> = played.clicks.iter().map(click_key).collect();
            assert_eq!(clicks, expected.clicks, "{}", case.clause);
        };
        for cut in cuts(&case.input) {
            let (first, second) = case.input.split_at(cut);
            check(&[first, second]);
        }
        let bytes: Vec<&[u8]> = case.input.chunks(1).collect();
        check(&bytes);
    }
}

both_engines!(
    /// Each cut is a connection of its own. All first parts go out before all
    /// second parts, so each waits for its second part without a sleep.
    over_sockets,
    |engine| {
        let mut server = common::Server::start(engine, LINKS);
        let mut clicks = BTreeMap::<String, usize>::new();
        for case in cases::all() {
            let expected = expected(&case);
            let cuts = cuts(&case.input);
            let mut streams: Vec<TcpStream> = cuts.iter().map(|_| server.connect()).collect();
            let part = |stream: &mut TcpStream, bytes: &[u8]| {
                // The server may have refused the first part and be done with us.
                let _ = stream.write_all(bytes);
            };
            for (stream, &cut) in streams.iter_mut().zip(&cuts) {
                part(stream, &case.input[..cut]);
            }
            for (stream, &cut) in streams.iter_mut().zip(&cuts) {
                part(stream, &case.input[cut..]);
            }
            for (stream, cut) in streams.iter_mut().zip(&cuts) {
                if !expected.closed {
                    // The server waits for more; without this so would we.
                    stream.shutdown(Shutdown::Write).unwrap();
                }
                let mut replies = Vec::new();
                let end = stream.read_to_end(&mut replies);
                let place = format!("{}, cut at {cut}", case.clause);
                if end.is_err() && is_done(&case.input[..*cut]) {
                    continue;
                }
                assert!(end.is_ok(), "{place}: {end:?} after {}", undated(&replies));
                assert_eq!(undated(&replies), expected.replies, "{place}");
            }
            for click in expected.clicks {
                *clicks.entry(click).or_default() += cuts.len();
            }
        }
        let (code, said) = server.stop();
        assert_eq!(code, Some(0), "{said}");
        let mut recorded = BTreeMap::<String, usize>::new();
        for row in server.clicks().rows {
            *recorded.entry(row_key(&row)).or_default() += 1;
        }
        assert_eq!(recorded, clicks);
    }
);

/// Whether a connection is over with this input. What a client sends after it said
/// `close`, which it must not (RFC 9112 §9.6), meets a closed socket, and may reset
/// the connection before the client has read the reply.
fn is_done(input: &[u8]) -> bool {
    Rehearsal::new(LINKS, None).play(&[input], false).ending == Ending::Closed
}

/// [`click_key`] of a row that `clicks cat` prints.
fn row_key(row: &serde_json::Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let query = row["query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
    let verdict = text("verdict");
    let link = match &*text("link") {
        "" => "0".repeat(16),
        link => link.to_owned(),
    };
    format!(
        "{} {verdict} {link} {} {}{query} {} {} {}",
        row["status"],
        text("host"),
        text("path"),
        text("referer"),
        text("user_agent"),
        text("tag"),
    )
}
