//! A click folder read while servers write it, one after the other.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use carom::cli::clicks::cat::{CatArguments, cat};
use carom::clicks::{Ledger, folder::list};
use carom::limits::SEGMENT_BYTES_MIN;

use crate::common::ledger::{append, click, folder_of, keep, more, wait_until};
use crate::{printed, wish};

#[test]
fn a_running_server_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
    append(&mut writers[0], &click(0));
    append(&mut writers[1], &click(1));
    let (out, complaints, status) = printed(&wish(dir.path()));
    assert_eq!((out.lines().count(), status), (2, 0));
    assert!(complaints.contains("2 segments being written; nothing is missing"), "{complaints}");
    drop(writers);
    keeper.finish();
}

/// A writer that counts lines, for another thread to look at. Without a lock: a
/// thread that looks again and again would keep it from the one that writes.
#[derive(Clone, Default)]
struct Lines(Arc<AtomicUsize>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        self.0.fetch_add(lines, Ordering::Release);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn wait_for(&self, count: usize) {
        wait_until("the lines are there", || self.0.load(Ordering::Acquire) >= count);
        assert_eq!(self.0.load(Ordering::Acquire), count);
    }
}

/// Ends a follower when dropped.
struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn followed_across_rolls_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let (out, stop) = (Lines::default(), AtomicBool::new(false));
    let wish = CatArguments { follow: true, ..wish(dir.path()) };
    let mut complaints = Vec::new();
    let status = std::thread::scope(|scope| {
        let follower = scope.spawn(|| cat(&wish, out.clone(), &mut complaints, &stop));
        // Also when an assertion fails: the scope waits for the follower.
        let stopper = Stopper(&stop);
        let mut lines = 0;
        for run in 0..3 {
            let (keeper, mut writers) = keep(dir.path(), 2, SEGMENT_BYTES_MIN);
            for number in 0..4_000 {
                append(&mut writers[(number % 2) as usize], &click(run * 10_000 + number));
                if number % 500 == 0 {
                    out.wait_for(lines + number as usize + 1);
                }
            }
            drop(writers);
            let segments = keeper.finish().segments;
            assert!(segments >= 6, "{segments}");
            lines += 4_000;
            out.wait_for(lines);
        }
        drop(stopper);
        follower.join().unwrap()
    });
    let complaints = String::from_utf8(complaints).unwrap();
    assert_eq!(status, 0, "{complaints}");
    assert!(complaints.starts_with("carom: 12000 clicks in"), "{complaints}");
}

/// A server that starts between two looks at the folder takes up the numbers of
/// segments that the one before it never began.
#[test]
fn followed_into_a_segment_whose_number_was_used_before() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    append(&mut writers[0], &click(0));
    let mut follower = Ledger::open(&[dir.path().to_owned()], true).unwrap();
    assert_eq!(more(&mut follower), [1]);
    drop(writers);
    keeper.finish();

    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    append(&mut writers[0], &click(1));
    // The follower still takes the first server for the one that runs.
    assert_eq!(more(&mut follower), [2]);
    append(&mut writers[0], &click(2));
    follower.update().unwrap();
    assert_eq!(more(&mut follower), [3]);
    drop(writers);
    keeper.finish();
}

/// What the list said of that number before is no finding.
#[test]
fn followed_and_compared_where_a_number_was_used_before() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    append(&mut writers[0], &click(0));
    let listed = || std::fs::read_to_string(dir.path().join(".state/ledger")).unwrap_or_default();
    wait_until("the segment kept ready is listed", || listed().matches(" begun ").count() == 2);
    let mut follower = Ledger::open(&[dir.path().to_owned()], true).unwrap();
    follower.compare_with_lists(|_| None);
    assert_eq!(more(&mut follower), [1]);
    drop(writers);
    keeper.finish();

    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    append(&mut writers[0], &click(1));
    drop(writers);
    keeper.finish();
    follower.update().unwrap();
    assert_eq!(more(&mut follower), [2]);
    assert_eq!((follower.tally().changed, follower.take_notes()), (0, vec![]));
}

#[test]
fn followed_past_a_server_without_clicks() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    let mut follower = Ledger::open(&[dir.path().to_owned()], true).unwrap();
    assert_eq!(more(&mut follower), [0; 0]);
    drop(writers);
    keeper.finish();

    let (keeper, mut writers) = keep(dir.path(), 1, SEGMENT_BYTES_MIN);
    append(&mut writers[0], &click(0));
    follower.update().unwrap();
    assert_eq!(more(&mut follower), [1]);
    drop(writers);
    keeper.finish();
}

#[test]
fn only_folders_can_be_followed() {
    let dir = folder_of([click(0)]);
    let file = list(dir.path()).unwrap()[0].path.clone();
    let (_, complaints, status) = printed(&CatArguments { follow: true, ..wish(&file) });
    assert!(status == 2 && complaints.contains("cannot follow"), "{complaints}");
}
