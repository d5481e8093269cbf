//! Segments as a keeper makes, rolls, seals and removes them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use carom::clicks::{Click, Keeper, KeeperOptions, ShardInfo, Summary, Writer, folder::list};
use carom::limits::{
    CLICK_PATH_BYTES_MAX, SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_FIRST, SEGMENT_BYTES_MIN,
    SEGMENTS_READY_MAX, SYNC_INTERVAL_DEFAULT,
};

use crate::common::ledger::{append, click, keep, links, options, wait_until};
use crate::common::scale::from_env;

#[test]
fn written_by_two_shards_and_read_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
    for number in 0..4_000 {
        append(&mut writers[(number % 3 == 0) as usize], &click(number));
    }
    drop(writers);
    let summary = keeper.finish();
    assert_eq!(
        summary,
        Summary { clicks: 4_000, segments: summary.segments, ..Summary::default() }
    );
    assert!(summary.segments > 6, "{summary:?}");

    let (links, tally) = links(dir.path());
    assert!(links.iter().copied().eq(1..=4_000));
    assert!(tally.is_whole());
    assert_eq!((tally.files, tally.unsealed), (summary.segments, 0));
    let files = list(dir.path()).unwrap();
    assert_eq!(files.len() as u64, summary.segments, "unused segments are deleted");
    assert!(files.iter().all(|file| file.path.metadata().unwrap().len() <= SEGMENT_BYTES_MIN));
}

#[test]
fn a_server_without_clicks_leaves_no_segment() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, writers) = keep(dir.path(), 3, SEGMENT_BYTES_MIN);
    assert_eq!(list(dir.path()).unwrap().len(), 6);
    drop(writers);
    assert_eq!(keeper.finish(), Summary::default());
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, [".state", "lock"]);
}

#[test]
fn a_new_run_leaves_old_segments_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = Vec::new();
    for run in 0..4 {
        let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
        append(&mut writers[0], &click(run));
        drop(writers);
        keeper.finish();
        let files = list(dir.path()).unwrap();
        assert_eq!(files.len() as u64, run + 1);
        let now: Vec<_> = files.iter().map(|file| fs::read(&file.path).unwrap()).collect();
        assert_eq!(now[..run as usize], before);
        before = now;
    }
    assert_eq!(links(dir.path()).0, [1, 2, 3, 4]);
}

#[test]
fn a_second_server_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, _writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    let (options, _) = options(Duration::from_millis(250));
    let refusal = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).err().unwrap();
    let process = format!("process {}", std::process::id());
    assert!(refusal.to_string().contains(&process), "{refusal}");
}

#[test]
fn stopping_does_not_wait_for_the_next_sync() {
    let dir = tempfile::tempdir().unwrap();
    let (options, _) = options(Duration::from_secs(3600));
    let (keeper, writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    drop(writers);
    let begun = Instant::now();
    keeper.finish();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn as_many_segments_are_ready_as_are_wished() {
    let dir = tempfile::tempdir().unwrap();
    let (options, _) = options(Duration::from_millis(20));
    let options = KeeperOptions { reserve: 3, ..options };
    let (keeper, mut writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    assert_eq!(list(dir.path()).unwrap().len(), 4);
    for number in 0..2_000 {
        append(&mut writers[0], &click(number));
    }
    drop(writers);
    assert_eq!((keeper.finish().lost, list(dir.path()).unwrap().len()), (0, 4));
    assert!(links(dir.path()).0.into_iter().eq(1..=2_000));
}

#[test]
fn a_reserve_out_of_bounds_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for reserve in [0, SEGMENTS_READY_MAX + 1] {
        let (options, _) = options(Duration::from_millis(20));
        let options = KeeperOptions { reserve, ..options };
        let refusal = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).err().unwrap();
        assert!(refusal.to_string().contains("--reserve must be between 1 and"), "{refusal}");
    }
}

#[test]
fn an_old_segment_is_left_however_few_clicks_come() {
    let dir = tempfile::tempdir().unwrap();
    let (options, _) = options(Duration::from_millis(20));
    let options = KeeperOptions { segment_age: Duration::from_millis(50), ..options };
    let (keeper, mut writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    let sealed = || {
        let files = list(dir.path()).unwrap();
        let bytes = files.iter().map(|file| file.path.metadata().unwrap().len());
        bytes.filter(|bytes| (1..SEGMENT_BYTES_MIN).contains(bytes)).count() as u64
    };
    for number in 0..3 {
        append(&mut writers[0], &click(number));
        wait_until("it is sealed", || {
            writers[0].tick();
            sealed() == number + 1
        });
    }
    drop(writers);
    // An empty one is never old.
    assert_eq!(keeper.finish().segments, 3);
    assert_eq!(links(dir.path()).0, [1, 2, 3]);
}

#[test]
fn a_keeper_that_is_dropped_cleans_up() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
    drop(writers);
    drop(keeper);
    assert!(list(dir.path()).unwrap().is_empty());
}

#[test]
fn a_removed_segment_is_missed_by_number() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    for number in 0..2_000 {
        append(&mut writers[0], &click(number));
    }
    drop(writers);
    keeper.finish();
    let files = list(dir.path()).unwrap();
    fs::remove_file(&files[1].path).unwrap();
    let (links, tally) = links(dir.path());
    assert_eq!(links.len() as u64 + tally.missing, 2_000);
    assert!(tally.missing > 100);
}

/// Click ids name them.
#[test]
fn segment_numbers_are_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    for run in 1..=3 {
        let (keeper, mut writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
        writers[1].append(&click(0)).unwrap();
        writers.into_iter().for_each(Writer::close);
        keeper.finish();
        // The other shard gave none to a click.
        let files = list(dir.path()).unwrap();
        assert_eq!(files.iter().map(|it| (it.shard, it.number)).collect::<Vec<_>>(), [(1, run)]);
        fs::remove_file(&files[0].path).unwrap();
    }
}

/// Its number may be in an id, and a power loss can take a name that was not synced.
#[test]
fn a_lost_segment_leaves_its_number_used_up() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    for number in 0..2_000 {
        append(&mut writers[0], &click(number));
    }
    let last = writers[0].handover().clone();
    wait_until("the next ones are ready", || !last.ready.is_empty());
    let image = tempfile::tempdir().unwrap();
    fs::create_dir(image.path().join(".state")).unwrap();
    let numbers = ".state/segment-numbers";
    fs::copy(dir.path().join(numbers), image.path().join(numbers)).unwrap();
    let given = list(dir.path()).unwrap().last().unwrap().number;
    drop(writers);
    keeper.finish();
    let (keeper, writers) = keep(image.path(), 1, SEGMENT_BYTES_MIN);
    assert!(list(image.path()).unwrap()[0].number > given);
    drop(writers);
    keeper.finish();
}

/// Small segments are gone in no time, so more of them are ready.
#[test]
fn small_segments_that_are_used_up_quickly_are_kept_ready_in_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    let handover = writers[0].handover().clone();
    let mut number = 0;
    wait_until("many are ready", || {
        append(&mut writers[0], &click(number));
        number += 1;
        handover.ready.len() > 8
    });
    drop(writers);
    assert_eq!(keeper.finish().clicks, number);
    assert_eq!(links(dir.path()).0.len() as u64, number);
}

/// As fast as there can be clicks, right after none. `CAROM_JUMP_CLICKS` says how many, and
/// `CAROM_WAIT_MS` how long one of them may wait, however busy this machine is.
fn jumps_to_the_highest_rate(stage: Option<&Path>) {
    let clicks = from_env("CAROM_JUMP_CLICKS", 100_000);
    let patience = Duration::from_millis(from_env("CAROM_WAIT_MS", 10_000));
    let dir = tempfile::tempdir().unwrap();
    let (options, reports) = options(SYNC_INTERVAL_DEFAULT);
    let stage = stage.map(Path::to_owned);
    let options = KeeperOptions { segment_bytes: SEGMENT_BYTES_DEFAULT, stage, ..options };
    let (keeper, mut writers) = Keeper::open(dir.path(), &[ShardInfo { cpu: 0 }], options).unwrap();
    let mut writer = writers.remove(0).with_patience(patience);
    let (mut waits, path, begun) = (0, [b'a'; CLICK_PATH_BYTES_MAX], Instant::now());
    for number in 0..clicks {
        if writer.is_full() {
            waits += 1;
            assert!(writer.wait(), "after {number} clicks");
        }
        writer.append(&Click { path: &path, ..click(number) }).unwrap();
    }
    eprintln!("{clicks} clicks in {:?}, {waits} waits", begun.elapsed());
    wait_until("the next one is large", || {
        let files = list(dir.path()).unwrap();
        // An image may be another one's just now.
        let bytes = |path: &Path| path.metadata().map_or(0, |file| file.len());
        files.iter().any(|file| bytes(&file.path) > 4 * SEGMENT_BYTES_FIRST)
    });
    drop(writer);
    assert_eq!((keeper.finish().lost, links(dir.path()).0.len() as u64), (0, clicks));
    assert_eq!(*reports.lock().unwrap(), [""; 0]);
}

#[test]
fn a_jump_to_the_highest_rate_finds_room() {
    jumps_to_the_highest_rate(None);
}

#[test]
fn a_jump_to_the_highest_rate_finds_room_in_a_stage() {
    let stage = tempfile::tempdir_in("/dev/shm");
    let Ok(stage) = stage else { return eprintln!("skipped: there is no /dev/shm") };
    jumps_to_the_highest_rate(Some(stage.path()));
}
