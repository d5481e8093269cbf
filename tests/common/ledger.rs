//! Click folders for tests, written as a server does: by a keeper and its writers.

#![allow(dead_code, missing_docs)] // each test uses its part

use std::path::Path;
use std::time::{Duration, Instant};

use carom::clicks::{
    Click, Flags, Keeper, Options, SEGMENT_AGE_DEFAULT, ShardInfo, Verdict, Writer, tape,
};
use carom::limits::SEGMENT_BYTES_MIN;
use tempfile::TempDir;

/// 2025-11-22T08:26:40Z.
pub const BEGIN_US: u64 = 1_763_800_000_000_000;

/// A click of a browser, so many seconds after [`BEGIN_US`].
pub fn click(second: u64) -> Click<'static> {
    Click {
        time_us: BEGIN_US + second * 1_000_000,
        link: second + 1,
        generation: 1,
        ip: std::net::Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped().octets(),
        status: 302,
        verdict: Verdict::Redirect,
        flags: Flags::NONE,
        variant: 0,
        host: b"go.example",
        path: b"/go/summer-deal?utm_source=mail",
        referer: b"https://news.example/front-page",
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        tag: b"",
    }
}

/// A keeper of `shards` shards with segments of this size.
pub fn keep(dir: &Path, shards: usize, segment_bytes: u64) -> (Keeper, Vec<Writer>) {
    let report = Box::new(|sentence| eprintln!("{sentence}"));
    let options = Options {
        segment_bytes,
        reserve: 1,
        segment_age: SEGMENT_AGE_DEFAULT,
        sync_interval: Duration::from_millis(20),
        node: 7,
        keys: tape::keys(),
        report,
    };
    let infos: Vec<_> = (0..shards).map(|cpu| ShardInfo { cpu: cpu as u16 }).collect();
    Keeper::open(dir, &infos, options).unwrap()
}

/// Appends a click, waiting for room: a test is faster than any visitor.
pub fn append(writer: &mut Writer, click: &Click<'_>) {
    let begun = Instant::now();
    while !writer.handover().ready.is_full() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited too long for a segment");
        std::thread::yield_now();
    }
    writer.append(click).unwrap();
}

/// A folder with these clicks of one shard, in the smallest segments.
pub fn folder_of<'a>(clicks: impl IntoIterator<Item = Click<'a>>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    for click in clicks {
        append(&mut writers[0], &click);
    }
    drop(writers);
    keeper.finish();
    dir
}

/// A copy of the segments of `dir` as a kill would leave them now.
pub fn killed(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in carom::clicks::folder::list(dir).unwrap() {
        std::fs::copy(&file.path, copy.path().join(file.path.file_name().unwrap())).unwrap();
    }
    copy
}
