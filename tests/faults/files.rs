//! The files of a running server are cut, removed, moved or replaced. It says so, counts
//! the clicks that are concerned, and goes on in new ones.

use std::fs::File;
use std::path::Path;

use crate::both_engines;
use crate::common::{self, Engine, Server, Setup};
use crate::harm::{LINKS, live_segment, under_load};

/// A server of one core, in whose segments the load fits.
fn start(engine: Engine) -> Server {
    Setup::new(engine, LINKS).segments("16MiB").flag("--cores", "1").start()
}

/// What harms the live segment is said, and costs no click that is recorded later.
fn harm_live(engine: Engine, harm: fn(&Path), words: &[&str]) {
    let mut server = start(engine);
    let outcome = under_load(
        &mut server,
        |folder| harm(&live_segment(folder).expect("a segment that is written")),
        words,
    );
    let clicks = server.clicks();
    outcome.judge(clicks.rows.len() as u64);
    assert_eq!(outcome.lost, 0, "{}", outcome.said);
    assert!(outcome.doubtful >= 1 && outcome.doubtful < outcome.served, "{}", outcome.said);
    let is_last = |row: &serde_json::Value| row["path"] == "/b";
    assert!(clicks.rows.last().is_some_and(is_last), "{}", clicks.said);
    let gone = outcome.served - clicks.rows.len() as u64;
    // What was before the first segment that is left may have been shipped and deleted.
    if gone > 0 && clicks.rows[0]["seq"] == 1 {
        assert_eq!(clicks.code, Some(1), "{}", clicks.said);
        assert!(clicks.said.contains(&format!("{gone} clicks missing")), "{}", clicks.said);
    }
    for words in words {
        assert_eq!(outcome.said.matches(words).count(), 1, "once\n{}", outcome.said);
    }
}

fn cut_to(path: &Path, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

both_engines!(
    /// A store beyond the end of a file raises SIGBUS.
    a_live_segment_is_emptied,
    |engine| harm_live(engine, |live| cut_to(live, 0), &["was cut to 0 bytes while it was written"])
);
both_engines!(
    /// What is left of it is read.
    a_live_segment_is_cut,
    |engine| {
        let words = ["was cut to 70000 bytes while it was written", "find out who cuts files"];
        harm_live(engine, |live| cut_to(live, 70_000), &words);
    }
);
