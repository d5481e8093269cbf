//! Tests of `writer.rs`.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn segment(number: u64) -> Arc<Segment> {
    let map = SegmentMap::anonymous(SEGMENT_BYTES_MIN as usize).unwrap();
    Arc::new(Segment::new(number, Salt::new(number as u32), map))
}

/// A writer of a segment that is nearly full, with no other ready, which waits so long.
fn full(patience: Duration) -> Writer {
    let keys = ClickKeys::parse("0 00000000000000000000000000000000").unwrap();
    let signer = Signer { keys, node: 0, shard: 0 };
    let mut writer =
        Writer::new(Arc::new(Handover::new(1)), segment(1), signer).with_patience(patience);
    while !writer.is_full() {
        writer.append(&Click::default()).unwrap();
    }
    writer
}

#[test]
fn a_click_waits_for_room_rather_than_being_lost() {
    let mut writer = full(HOUR);
    let handover = writer.handover().clone();
    thread::scope(|scope| {
        scope.spawn(move || handover.ready.push(segment(2)).unwrap());
        assert!(writer.wait());
    });
    assert!(!writer.is_full());
}

#[test]
fn what_was_waited_for_in_vain_is_not_waited_for_again() {
    let mut writer = full(Duration::ZERO);
    assert!(!writer.wait() && writer.wait_again.is_none());
    writer.handover().is_stuck.store(true, Ordering::Relaxed);
    writer.patience = Duration::from_micros(1);
    assert!(!writer.wait());
    // At once, or this would take an hour.
    writer.patience = HOUR;
    assert!(!writer.wait());
    while writer.append(&Click::default()).is_ok() {}
    assert!(!writer.wait());
    writer.handover().ready.push(segment(2)).unwrap();
    writer.append(&Click::default()).unwrap();
    assert!(writer.wait_again.is_none());
}

#[test]
fn a_keeper_that_is_late_is_waited_for_half_of_the_time() {
    let mut writer = full(Duration::from_micros(1));
    assert!(!writer.wait());
    writer.wait_again = Some(Instant::now());
    assert!(writer.may_wait());
    writer.wait_again = Some(Instant::now() + HOUR);
    assert!(!writer.may_wait());
}

/// A segment in a file, which is cut before anything is written.
fn cut(number: u64, folder: &tempfile::TempDir) -> Arc<Segment> {
    let path = folder.path().join(number.to_string());
    let (file, map) = SegmentMap::create(&path, SEGMENT_BYTES_MIN).unwrap();
    file.set_len(0).unwrap();
    Arc::new(Segment::new(number, Salt::new(number as u32), map))
}

#[test]
fn what_breaks_is_left_and_the_click_is_put_again() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ClickKeys::parse("0 00000000000000000000000000000000").unwrap();
    let signer = Signer { keys, node: 0, shard: 0 };
    let handover = Arc::new(Handover::new(3));
    for next in [cut(2, &folder), segment(3)] {
        handover.ready.push(next).unwrap();
    }
    let mut writer = Writer::new(handover.clone(), cut(1, &folder), signer);
    assert_eq!(writer.append(&Click::default()), Ok(SEGMENT_HEADER_BYTES as u64));
    assert_eq!((writer.segment.number, writer.sequence), (3, 2));
    for number in [1, 2] {
        let Retired { segment, seal } = handover.retired.pop().unwrap();
        assert!(segment.number == number && seal.is_none() && segment.map().is_broken());
    }
    assert_eq!(handover.counts.clicks.load(Ordering::Relaxed), 1);
}

#[test]
fn what_breaks_is_waited_beside_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ClickKeys::parse("0 00000000000000000000000000000000").unwrap();
    let signer = Signer { keys, node: 0, shard: 0 };
    let handover = Arc::new(Handover::new(3));
    let mut writer = Writer::new(handover.clone(), cut(1, &folder), signer).with_patience(HOUR);
    let appended = thread::scope(|scope| {
        let broken = writer.segment.clone();
        scope.spawn(move || {
            while !broken.map().is_broken() {
                thread::yield_now();
            }
            handover.ready.push(segment(2)).unwrap();
        });
        writer.append(&Click::default())
    });
    assert_eq!((appended, writer.segment.number), (Ok(SEGMENT_HEADER_BYTES as u64), 2));
}

#[test]
fn what_is_lost_beside_a_broken_segment_is_told_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ClickKeys::parse("0 00000000000000000000000000000000").unwrap();
    let signer = Signer { keys, node: 0, shard: 0 };
    let handover = Arc::new(Handover::new(3));
    let mut writer = Writer::new(handover.clone(), cut(1, &folder), signer);
    assert!(!writer.is_full());
    (0..3).for_each(|_| assert_eq!(writer.append(&Click::default()), Err(Lost)));
    assert!(writer.is_full() && writer.seal.is_none_or(|seal| seal.clicks + seal.lost == 0));
    for next in [cut(2, &folder), segment(3)] {
        handover.ready.push(next).unwrap();
    }
    writer.tick();
    assert!(writer.segment.number == 2 && writer.gap.is_some());
    writer.append(&Click::default()).unwrap();
    let seal = writer.seal.unwrap();
    assert_eq!((seal.clicks, seal.lost, seal.first_sequence, seal.last_sequence), (1, 3, 1, 4));
    assert_eq!((writer.segment.number, writer.gap), (3, None));
}

#[test]
fn a_writer_can_move_to_its_shard() {
    fn is_send<T: Send>() {}
    is_send::<Writer>();
}

#[test]
fn what_is_stored_can_be_copied() {
    let segment = segment(1);
    segment.put(4096, &[7; 24]);
    let copied = |count, at| {
        let mut bytes = vec![1; count];
        let count = segment.copy(&mut bytes, at);
        (count, bytes)
    };
    assert_eq!(copied(20, 4096), (20, vec![7; 20]));
    assert_eq!(copied(3, 4112), (3, vec![7; 3]));
    assert_eq!(copied(10, 4112), (10, [[7; 8].to_vec(), vec![0; 2]].concat()));
    let end = SEGMENT_BYTES_MIN as usize;
    assert_eq!(copied(10, end - 8), (8, [[0; 8].to_vec(), vec![1; 2]].concat()));
    assert_eq!(copied(1, end), (0, vec![1]));
}
