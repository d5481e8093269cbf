//! A writer that is killed, and one whose disk is full: each a process of its own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use carom::clicks::folder::{list, segment_name};
use carom::clicks::{Keeper, KeeperOptions, ShardInfo};
use carom::limits::SEGMENT_BYTES_MIN;

use crate::common::ledger::{append, click, keep, links, options, wait_until};
use crate::common::unshare;

/// Runs one test of this file again as a process of its own.
fn again(test: &str, dir: &Path, wrapper: &[&str]) -> Command {
    let me = std::env::current_exe().unwrap();
    let mut line: Vec<PathBuf> = wrapper.iter().map(PathBuf::from).collect();
    line.push(me);
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).args(["--exact", test, "--nocapture"]).env("CAROM_TEST_DIR", dir);
    command
}

/// What the process that is to be killed does: writes clicks on two shards and
/// says so on standard output, each only after `append` has returned.
fn write_until_killed(dir: &Path) {
    let (_keeper, mut writers) = keep(dir, 2, SEGMENT_BYTES_MIN);
    let first: u64 = std::env::var("CAROM_TEST_FIRST").unwrap().parse().unwrap();
    let mut out = std::io::stdout();
    for number in first.. {
        append(&mut writers[(number % 2) as usize], &click(number));
        out.write_all(format!("\n{number}\n").as_bytes()).unwrap();
    }
}

#[test]
fn killed_at_any_moment() {
    if let Some(dir) = std::env::var_os("CAROM_TEST_DIR") {
        return write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut torn) = (BTreeSet::new(), 0);
    for round in 0..10 {
        let mut said = tempfile::tempfile().unwrap();
        let mut child = again("killed::killed_at_any_moment", dir.path(), &[])
            .env("CAROM_TEST_FIRST", (round * 10_000_000).to_string())
            .stdout(said.try_clone().unwrap())
            .spawn()
            .unwrap();
        let bytes = fastrand::u64(1..60_000);
        wait_until("it writes", || said.metadata().unwrap().len() >= bytes);
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9), "it ended by itself");
        said.rewind().unwrap();
        let text = std::io::read_to_string(&said).unwrap();
        let (whole, _) = text.rsplit_once('\n').unwrap();
        acknowledged.extend(whole.lines().filter_map(|line| line.parse::<u64>().ok()));

        let (links, tally) = links(dir.path());
        assert!(tally.is_whole(), "{tally:?}");
        let recovered: BTreeSet<_> = links.iter().map(|link| link - 1).collect();
        assert_eq!(recovered.len(), links.len(), "a click came twice");
        assert!(recovered.is_superset(&acknowledged));
        // In each round one click may be written and not acknowledged.
        assert!(recovered.len() <= acknowledged.len() + round + 1);
        torn = tally.torn_tails;
    }
    eprintln!("{} acknowledged, {torn} torn tails", acknowledged.len());
    assert!(acknowledged.len() > 1_000);
    // The next start takes the folder at once and deletes only empty segments.
    let (before, _) = links(dir.path());
    let (keeper, writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
    drop(writers);
    keeper.finish();
    assert_eq!(links(dir.path()).0, before);
}

/// Fills a file system of 1 MiB and makes room again.
fn fill_up(dir: &Path) {
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir).status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: cannot mount a file system here");
        return;
    }
    let small = dir.join("clicks");
    let (wish, _) = options(Duration::from_millis(20));
    let wish = KeeperOptions { segment_bytes: 4 * 1024 * 1024, ..wish };
    let refusal = Keeper::open(&small, &[ShardInfo { cpu: 0 }], wish).err().unwrap().to_string();
    assert!(refusal.contains("8.0 MiB needed") && refusal.contains("--segment-size"), "{refusal}");
    assert!(list(&small).unwrap().is_empty());

    let (wish, reports) = options(Duration::from_millis(20));
    let (keeper, mut writers) = Keeper::open(&small, &[ShardInfo { cpu: 0 }], wish).unwrap();
    let filler = dir.join("filler");
    let rest = fs::File::create(&filler).unwrap().write_all(&vec![1; 1 << 20]);
    assert!(rest.is_err(), "the file system is full");

    let (mut kept, mut lost) = (0, 0);
    let mut write = |kept: &mut u64, lost: &mut u64| match writers[0].append(&click(*kept + *lost))
    {
        Ok(_) => *kept += 1,
        Err(_) => *lost += 1,
    };
    while lost < 1_000 {
        write(&mut kept, &mut lost);
    }
    wait_until("it is reported", || !reports.lock().unwrap().is_empty());
    // As a kill would leave it now: the loss is already known.
    assert_eq!(links_of_copy(&small), (kept, lost));

    let lost_before = lost;
    fs::remove_file(&filler).unwrap();
    let begun = Instant::now();
    let handover = &keeper.handovers()[0];
    for _ in 0..1_000 {
        wait_until("a segment is ready", || !handover.ready.is_empty());
        write(&mut kept, &mut lost);
    }
    assert_eq!(lost, lost_before, "nothing is lost once there is space");
    assert!(begun.elapsed() < Duration::from_secs(5), "recovery took {:?}", begun.elapsed());
    drop(writers);
    let summary = keeper.finish();
    assert_eq!((summary.clicks, summary.lost), (kept, lost));
    let (links, tally) = links(&small);
    assert_eq!((links.len() as u64, tally.lost), (kept, lost));
    assert_eq!((tally.missing, tally.damaged_bytes), (0, 0));
    let reports = reports.lock().unwrap();
    assert!(reports[0].contains("Redirects go on"), "{reports:?}");
    assert!(reports.iter().any(|it| it.contains("ready again")), "{reports:?}");
    eprintln!("{kept} kept, {lost} lost, back after {:?}", begun.elapsed());
}

/// Clicks and losses in a copy of the segments, made elsewhere.
fn links_of_copy(dir: &Path) -> (u64, u64) {
    let copy = tempfile::tempdir_in("/dev/shm").unwrap();
    for file in list(dir).unwrap() {
        fs::copy(&file.path, copy.path().join(segment_name(file.shard, file.number))).unwrap();
    }
    let (links, tally) = links(copy.path());
    (links.len() as u64, tally.lost)
}

#[test]
fn a_full_disk_loses_clicks_but_counts_them() {
    if let Some(dir) = std::env::var_os("CAROM_TEST_DIR") {
        return fill_up(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "killed::a_full_disk_loses_clicks_but_counts_them";
    // A mount of its own, which ends with the process.
    let command = ["unshare", "--user", "--map-root-user", "--mount"];
    unshare::judge(again(test, dir.path(), &command).output());
}
