//! Servers that start one after the other on one click folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clicks::{
    Click, ClickKeys, Flags, Keeper, KeeperOptions, ShardInfo, Verdict, Via, Writer,
};
use crate::disk::state;
use crate::machine::clock::unix_us;
use crate::rules::caps::{Cap, CapKey, CapLine, ShardCaps};

const CAP: &[u8] = b"1000/total";

/// A server without its engine.
struct Run {
    keeper: Keeper,
    caps: Arc<CapKeeper>,
    shards: Vec<(ShardCaps, Writer, u64)>,
}

fn line(link: u64) -> CapLine {
    let cap = Cap::parse(CAP).unwrap();
    CapLine { key: format!("/{link}"), link, line: 2, cap, zone: [].into() }
}

impl Run {
    fn start(folder: &Path, shards: usize, links: u64) -> Self {
        let cpus: Vec<_> = (0..shards as u16).map(|cpu| ShardInfo { cpu }).collect();
        let options = KeeperOptions {
            segment_bytes: 64 * 1024,
            reserve: 1,
            segment_age: Duration::from_secs(60),
            sync_interval: Duration::from_secs(60),
            stage: None,
            node: 0,
            spare: None,
            keys: ClickKeys::parse("0 00000000000000000000000000000000").unwrap(),
            report: Box::new(|_| {}),
        };
        let (keeper, writers) = Keeper::open(folder, &cpus, options).unwrap();
        let lines: Vec<_> = (0..links).map(line).collect();
        let state = state::make(folder).unwrap();
        let caps = CapKeeper::open(&state, folder, shards, &lines).unwrap();
        let shard = |(number, writer)| (caps.shard(number), writer, 1);
        let shards = writers.into_iter().enumerate().map(shard).collect();
        Self { keeper, caps, shards }
    }

    fn take(&mut self, shard: usize, link: u64) -> bool {
        let (caps, _, sequence) = &mut self.shards[shard];
        caps.take(link, 2, &Cap::parse(CAP).unwrap(), b"", unix_us(), *sequence)
    }

    fn write(&mut self, shard: usize, link: u64, flags: Flags) {
        let (_, writer, sequence) = &mut self.shards[shard];
        let click = Click {
            time_us: unix_us(),
            link,
            variant: 2,
            verdict: Verdict::REDIRECT,
            flags,
            ..Click::default()
        };
        writer.append(&click).unwrap();
        *sequence += 1;
    }

    fn click(&mut self, shard: usize, link: u64) {
        assert!(self.take(shard, link));
        self.write(shard, link, Flags::of_via(Via::LINK));
    }

    fn used(&self, link: u64) -> u64 {
        self.caps.rows(&[line(link)])[0].used
    }

    /// Ends it without a word to the caps, as a kill does.
    fn kill(self) {
        drop(self.shards);
        self.keeper.finish();
    }
}

fn state_file(folder: &Path, name: &str) -> std::path::PathBuf {
    state::path(folder).join(name)
}

#[test]
fn what_is_used_outlives_servers_of_other_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut run = Run::start(folder, 2, 3);
    for _ in 0..5 {
        run.click(0, 1);
        run.click(1, 1);
        run.click(1, 2);
    }
    // More caps than there is room for.
    run.caps.admit((3..3000).map(|link| CapKey::of(&line(link)))).unwrap();
    run.click(0, 2999);
    assert!(state_file(folder, "caps-1").exists());
    run.kill();
    let mut run = Run::start(folder, 3, 2);
    assert_eq!([0, 1, 2, 2999].map(|link| run.used(link)), [0, 10, 5, 1]);
    assert!(!state_file(folder, "caps-1").exists());
    run.click(2, 1);
    run.kill();
    let run = Run::start(folder, 1, 2);
    assert_eq!([0, 1, 2, 2999].map(|link| run.used(link)), [0, 11, 5, 1]);
    // Without the server, and counted anew, it is the same.
    let rows = rows_of_files(&state::path(folder), &[line(1), line(2)]).unwrap();
    let recounted = recount(folder, &rows).unwrap();
    assert_eq!(rows.iter().map(|row| row.used).collect::<Vec<_>>(), [11, 5]);
    assert_eq!(recounted.clicks, [11, 5]);
    run.kill();
}

#[test]
fn what_has_no_click_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (round, shards) in [2, 2, 1, 3].into_iter().enumerate() {
        let mut run = Run::start(folder, shards, 2);
        assert_eq!(run.used(1), 2 * round as u64);
        run.click(0, 1);
        run.click(shards - 1, 1);
        // The kill comes before the click, or behind it. The first click of a shard, too.
        assert!(run.take(0, 1));
        assert_eq!(run.used(1), 2 * round as u64 + 3);
        run.kill();
    }
    let mut run = Run::start(folder, 1, 2);
    assert!(run.take(0, 0));
    run.kill();
    assert_eq!(Run::start(folder, 1, 2).used(0), 0);
}

#[test]
fn what_is_not_known_is_counted_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut run = Run::start(folder, 1, 2);
    for _ in 0..7 {
        run.click(0, 1);
        run.write(0, 1, Flags::of_via(Via::ELSE));
    }
    run.kill();
    for harm in ["gone", "empty", "cut", "not carom's", "of another boot"] {
        let file = state_file(folder, "caps");
        let mut bytes = fs::read(&file).unwrap();
        match harm {
            "gone" => fs::remove_file(&file).unwrap(),
            "empty" => fs::write(&file, "").unwrap(),
            "cut" => fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
            "not carom's" => fs::write(&file, "abc".repeat(9000)).unwrap(),
            _ => {
                // And what was counted is not on the disk.
                bytes[6 * 8] ^= 1;
                let counts = bytes.len() - 256 * 32;
                bytes[counts..].fill(0);
                fs::write(&file, bytes).unwrap();
            }
        }
        let run = Run::start(folder, 1, 2);
        assert_eq!((run.used(0), run.used(1)), (0, 7), "{harm}");
        run.kill();
    }
}

#[test]
fn there_is_no_file_without_caps() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut run = Run::start(folder, 1, 0);
    assert!(!state_file(folder, "caps").exists());
    assert!(!run.take(0, 1), "it has no place");
    run.caps.admit([CapKey::of(&line(1))].into_iter()).unwrap();
    run.click(0, 1);
    run.caps.finish();
    run.kill();
    // A cap that is gone may come back.
    assert_eq!(Run::start(folder, 1, 0).used(1), 1);
}

#[test]
fn a_disk_that_is_gone_lets_nothing_through() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut run = Run::start(folder, 1, 2);
    run.click(0, 1);
    let file = fs::OpenOptions::new().write(true).open(state_file(folder, "caps")).unwrap();
    file.set_len(0).unwrap();
    assert!(!run.take(0, 1) && !run.take(0, 1) && !run.take(0, 0));
    assert!(!run.shards[0].0.is_open(1, 2, &Cap::parse(CAP).unwrap(), b"", unix_us()));
    run.caps.look();
    run.kill();
}
