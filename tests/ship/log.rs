//! A click folder that a test writes, as a server would.

use std::fs;
use std::path::Path;
use std::time::Duration;

use carom::clicks::folder::{SegmentFile, list};
use carom::clicks::{Click, Keeper, KeeperOptions, ShardInfo, Writer, key_file};
use carom::disk::state;
use carom::limits::SEGMENT_AGE_DEFAULT;

use crate::common::{CAROM, until};

const SHARDS: u64 = 2;
/// Ten minutes before an hour ends.
const BEGIN_US: u64 = 1_763_801_400_000_000;
/// 12,000 clicks are more than three hours.
const STEP_US: u64 = 1_000_000;

pub struct Log {
    folder: tempfile::TempDir,
    server: Option<(Keeper, Vec<Writer>)>,
    written: u64,
    segment_bytes: u64,
}

impl Log {
    /// An empty one, with a click key and the smallest segments.
    pub fn new() -> Self {
        Self::with_segments(64 * 1024)
    }

    pub fn with_segments(segment_bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        state::make(folder.path()).unwrap();
        key_file::load_or_make(&key_file::beside(folder.path()), folder.path()).unwrap();
        Self { folder, server: None, written: 0, segment_bytes }
    }

    /// One with so many clicks, whose server has stopped.
    pub fn of(clicks: u64) -> Self {
        let mut log = Self::new();
        log.write(clicks);
        log.stop();
        log
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Appends so many clicks, and leaves the server running.
    pub fn write(&mut self, clicks: u64) {
        for _ in 0..clicks {
            let number = self.written;
            let path = format!("/go/{number}?from=mail");
            self.append(&click(number, &path));
        }
    }

    /// Appends one click.
    pub fn append(&mut self, click: &Click<'_>) {
        let start = || start(self.folder.path(), self.segment_bytes);
        let (_, writers) = self.server.get_or_insert_with(start);
        let writer = &mut writers[(self.written % 3 % SHARDS) as usize];
        until("a segment is ready", || !writer.handover().ready.is_empty());
        writer.append(click).unwrap();
        self.written += 1;
    }

    /// Stops the server: segments are sealed, unused ones deleted.
    pub fn stop(&mut self) {
        if let Some((keeper, writers)) = self.server.take() {
            drop(writers);
            assert_eq!(keeper.finish().lost, 0);
        }
    }

    pub fn segments(&self) -> Vec<SegmentFile> {
        list(self.path()).unwrap()
    }

    /// What `carom clicks cat` prints of it, sorted.
    pub fn rows(&self, format: &str) -> Vec<String> {
        let mut command = std::process::Command::new(CAROM);
        let cat = command.args(["clicks", "cat", "--format", format]).arg(self.path());
        lines([String::from_utf8(cat.output().unwrap().stdout).unwrap()])
    }
}

/// The lines of several texts, sorted.
pub fn lines(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = texts
        .into_iter()
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    lines.sort_unstable();
    lines
}

/// The texts of all files in a folder, by name. None may be left unfinished.
pub fn texts(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    assert!(paths.iter().all(|path| !path.to_string_lossy().ends_with(".part")), "{paths:?}");
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn start(folder: &Path, segment_bytes: u64) -> (Keeper, Vec<Writer>) {
    let options = KeeperOptions {
        segment_bytes,
        reserve: 1,
        segment_age: SEGMENT_AGE_DEFAULT,
        sync_interval: Duration::from_millis(20),
        stage: None,
        node: 3,
        spare: None,
        keys: key_file::load(&key_file::beside(folder)).unwrap(),
        report: Box::new(|sentence| eprintln!("{sentence}")),
    };
    let shards: Vec<_> = (0..SHARDS).map(|cpu| ShardInfo { cpu: cpu as u16 }).collect();
    Keeper::open(folder, &shards, options).unwrap()
}

fn click(number: u64, path: &str) -> Click<'_> {
    Click {
        time_us: BEGIN_US + number * STEP_US,
        link: number % 100,
        generation: 1,
        ip: std::net::Ipv4Addr::new(192, 0, 2, number as u8).to_ipv6_mapped().octets(),
        status: 302,
        host: b"go.example",
        path: path.as_bytes(),
        referer: if number.is_multiple_of(2) { b"https://news.example/front-page" } else { b"" },
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        tag: [&b""[..], b"spring-sale"][usize::from(number.is_multiple_of(3))],
        ..Click::default()
    }
}
