//! Clicks around a clock that was set back or forward by hours, within a segment and between
//! two, are found by their time as they stand.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use carom::cli::clicks::cat::{CatArguments, cat};
use carom::cli::clicks::filter::{ClickTime, FilterArguments};
use carom::clicks::{Click, folder::list};
use carom::limits::SEGMENT_BYTES_MIN;
use tempfile::TempDir;

use crate::common::ledger::{BEGIN_US, append, click, keep, killed};
use crate::wish;

const HOUR_US: u64 = 3_600_000_000;
/// Long enough that a segment has no more than 150 clicks.
const PATH: &[u8] = &[b'/'; 400];

/// Clicks of one shard, a second after each other by a clock that is at `clock[i]` hours
/// after the beginning when it writes click `100 * i`.
fn times(clock: &[u64]) -> Vec<u64> {
    let at = |(step, hours): (usize, &u64)| {
        let begin = BEGIN_US + hours * HOUR_US;
        (0..100).map(move |second| begin + (100 * step as u64 + second) * 1_000_000)
    };
    clock.iter().enumerate().flat_map(at).collect()
}

/// A folder with clicks of these times, and what a kill before its end would have left.
fn folders_of(times: &[u64]) -> [TempDir; 2] {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    for &time_us in times {
        append(&mut writers[0], &Click { time_us, path: PATH, ..click(0) });
    }
    let killed = killed(dir.path());
    drop(writers);
    keeper.finish();
    [dir, killed]
}

/// Times of the clicks that are printed, and how many segments were not read.
fn found(folder: &Path, since: u64, until: u64) -> (Vec<u64>, usize) {
    let time = |time_us: u64| Some(ClickTime::At(time_us));
    let filter = FilterArguments { since: time(since), until: time(until), ..Default::default() };
    let (mut out, mut said) = (Vec::new(), Vec::new());
    let wish = CatArguments { filter, ..wish(folder) };
    assert_eq!(cat(&wish, &mut out, &mut said, &AtomicBool::new(false)), 0);
    let time = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let time: jiff::Timestamp = row["time"].as_str().unwrap().parse().unwrap();
        time.as_microsecond() as u64
    };
    let said = String::from_utf8(said).unwrap();
    let passed = said.split(", ").find_map(|part| part.split_once(" outside that time"));
    let passed = passed.map_or(0, |(count, _)| count.split(' ').next().unwrap().parse().unwrap());
    (String::from_utf8(out).unwrap().lines().map(time).collect(), passed)
}

/// Whatever is asked for, it is found.
fn check(clock: &[u64]) {
    let times = times(clock);
    let [folder, killed] = folders_of(&times);
    assert!(list(folder.path()).unwrap().len() > 2, "several segments");
    let hours = clock.iter().copied().max().unwrap() + 1;
    let mut asked: Vec<_> = (0..=hours * 2).map(|it| BEGIN_US + it * HOUR_US / 2).collect();
    asked.extend([times[0], times[times.len() - 1], times[times.len() / 2] + 1]);
    for &since in &asked {
        for &until in asked.iter().filter(|&&until| until > since) {
            let wanted = |it: &&u64| (since..until).contains(*it);
            let want: Vec<_> = times.iter().filter(wanted).copied().collect();
            for folder in [&folder, &killed] {
                assert_eq!(found(folder.path(), since, until).0, want, "{clock:?} {since} {until}");
            }
        }
    }
}

#[test]
fn set_back() {
    check(&[3, 3, 3, 1, 1]);
}
#[test]
fn set_back_by_less_than_a_segment_was_written() {
    // The last record of the segment is later than its first.
    let mut times = times(&[1]);
    let again: Vec<_> = times[50..80].iter().map(|time_us| time_us + 1).collect();
    times.extend(again);
    let [folder, _] = folders_of(&times);
    let latest = times[99];
    assert_eq!(found(folder.path(), latest, u64::MAX).0, [latest]);
}
#[test]
fn set_forward_and_back() {
    check(&[0, 2, 0, 0, 1]);
}
#[test]
fn set_again_and_again() {
    check(&[1, 0, 2, 1, 0, 2]);
}
#[test]
fn a_clock_that_runs_on_lets_segments_be_passed_over() {
    let times = times(&[0; 8]);
    let [folder, _] = folders_of(&times);
    let (found, passed) = found(folder.path(), times[799], u64::MAX);
    assert!(found == [times[799]] && passed > 2, "{passed}");
}
