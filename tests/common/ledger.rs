//! Click folders for tests, written as a server does: by a keeper and its writers.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carom::clicks::{Click, Keeper, KeeperOptions, Ledger, ShardInfo, Tally, Writer};
use carom::limits::{SEGMENT_AGE_DEFAULT, SEGMENT_BYTES_MIN};
use carom::rehearsal::tape;
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
        host: b"go.example",
        path: b"/go/summer-deal?utm_source=mail",
        referer: b"https://news.example/front-page",
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        tag: b"",
        ..Click::default()
    }
}

/// What a keeper has reported.
pub type Reports = Arc<Mutex<Vec<String>>>;

/// Options of a keeper of the smallest segments, and what it will report.
pub fn options(sync_interval: Duration) -> (KeeperOptions, Reports) {
    let reports = Reports::default();
    let taken = reports.clone();
    let options = KeeperOptions {
        segment_bytes: SEGMENT_BYTES_MIN,
        reserve: 1,
        segment_age: SEGMENT_AGE_DEFAULT,
        sync_interval,
        stage: None,
        node: 7,
        spare: None,
        keys: tape::keys(),
        report: Box::new(move |sentence| taken.lock().unwrap().push(sentence)),
    };
    (options, reports)
}

/// A keeper of `shards` shards with segments of this size.
pub fn keep(dir: &Path, shards: usize, segment_bytes: u64) -> (Keeper, Vec<Writer>) {
    let report = Box::new(|sentence| eprintln!("{sentence}"));
    let (options, _) = options(Duration::from_millis(20));
    let options = KeeperOptions { segment_bytes, report, ..options };
    let infos: Vec<_> = (0..shards).map(|cpu| ShardInfo { cpu: cpu as u16 }).collect();
    let opened = Keeper::open(dir, &infos, options).unwrap();
    leave_key(dir);
    opened
}

/// Leaves the key in the folder that a keeper of [`options`] signs with.
fn leave_key(dir: &Path) {
    let path = carom::clicks::key_file::beside(dir);
    std::fs::write(&path, "0 000102030405060708090a0b0c0d0e0f\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Asks again and again, until it is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited too long until {what}");
        std::thread::yield_now();
    }
}

/// Appends a click, waiting for room: a test is faster than any visitor.
pub fn append(writer: &mut Writer, click: &Click<'_>) {
    wait_until("a segment is ready", || !writer.handover().ready.is_empty());
    writer.append(click).unwrap();
}

/// The links of the clicks that were not read yet, as far as they are there.
pub fn more(ledger: &mut Ledger) -> Vec<u64> {
    let mut links = Vec::new();
    while let Some(entry) = ledger.next_click().unwrap() {
        links.push(entry.click.link);
    }
    links
}

/// The links of all clicks in a folder, in the order they are read.
pub fn links(dir: &Path) -> (Vec<u64>, Tally) {
    let mut ledger = Ledger::open(&[dir.to_owned()], false).unwrap();
    (more(&mut ledger), ledger.tally())
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
