//! The writer beside a model of it.

use std::sync::atomic::{AtomicBool, Ordering};

use carom::clicks::{Lost, SegmentEvent, Undelivered, Writer};
use carom::rehearsal::tape::{Tape, TapeContents};

use crate::images::{SEGMENT, random_click};

fn lost_in(contents: &TapeContents) -> u64 {
    let lost = |event: &SegmentEvent| match event {
        SegmentEvent::Lost(gap) => gap.count,
        other => panic!("found {other:?}"),
    };
    contents.findings.iter().map(lost).sum()
}

/// Random appends while segments are made ready and sealed at random moments.
/// At each of them a kill would leave exactly the clicks that were acknowledged
/// and exactly the count of the others.
#[test]
fn beside_a_model() {
    let seed =
        std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..60 {
        let (mut tape, mut writer) = Tape::new(SEGMENT + 8 * rng.usize(..200));
        let (mut model, mut lost) = (Vec::new(), 0);
        let mut is_ready = false;
        for sequence in 1..=rng.u64(1..80) {
            match rng.u8(..10) {
                0..2 => is_ready |= tape.make_ready(),
                2..4 => drop(tape.seal()),
                _ => {}
            }
            let click = random_click(&mut rng, sequence, 0..200);
            let begun = writer.append(&click.click());
            match begun {
                Ok(_) => model.push(click),
                Err(_) => {
                    assert!(!is_ready, "lost although a segment was ready");
                    lost += 1;
                }
            }
            is_ready = is_ready && writer.handover().ready.is_full();
            let contents = tape.contents();
            assert_eq!(contents.clicks, model);
            assert_eq!(lost_in(&contents), lost);
        }
        writer.close();
        tape.seal();
        let contents = tape.contents();
        assert_eq!(contents.clicks, model);
        assert_eq!(lost_in(&contents), lost);
    }
}

#[test]
fn what_was_not_delivered_waits_for_a_click_and_for_room() {
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let mut rng = fastrand::Rng::with_seed(1);
    let long = random_click(&mut rng, 1, 199..200);
    writer.note_undelivered(2, 5);
    writer.tick();
    assert_eq!(tape.contents().findings, []);
    // There is room for no more than clicks and a gap.
    while writer.append(&long.click()).is_ok() {}
    writer.note_undelivered(1, 9);
    writer.tick();
    let lost = lost_in(&tape.contents());
    tape.make_ready();
    writer.tick();
    writer.append(&long.click()).unwrap();
    writer.tick();
    let events = tape.contents().findings;
    let undelivered = Undelivered { count: 3, from_us: 5, to_us: 9 };
    assert!(
        matches!(&events[..], [SegmentEvent::Lost(gap), SegmentEvent::Undelivered(it)]
        if gap.count == lost && *it == undelivered),
        "{events:?}"
    );
    // What comes at the end is told, too.
    writer.note_undelivered(4, 10);
    writer.close();
    tape.seal();
    let told = Undelivered { count: 4, from_us: 10, to_us: 10 };
    assert_eq!(tape.contents().findings.last(), Some(&SegmentEvent::Undelivered(told)));
}

#[test]
fn a_segment_is_left_when_it_is_asked_for_and_another_is_ready() {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let mut leave = |writer: &mut Writer, number| {
        writer.handover().leave.store(number, Ordering::Relaxed);
        writer.tick();
        tape.seal()
    };
    assert_eq!(leave(&mut writer, 1), 0, "it is empty");
    writer.append(&random_click(&mut rng, 1, 0..200).click()).unwrap();
    assert_eq!(leave(&mut writer, 1), 0, "none is ready");
    assert!(tape.make_ready());
    writer.tick();
    assert_eq!(tape.seal(), 1);
    writer.append(&random_click(&mut rng, 2, 0..200).click()).unwrap();
    assert!(tape.make_ready());
    writer.tick();
    assert_eq!(tape.seal(), 0, "nobody asked for this one");
    writer.close();
    tape.seal();
    let contents = tape.contents();
    assert_eq!((contents.clicks.len(), contents.findings), (2, Vec::new()));
}

#[test]
fn what_is_lost_is_written_down_before_the_next_click() {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let mut lost = 0;
    for sequence in 1.. {
        lost +=
            u64::from(writer.append(&random_click(&mut rng, sequence, 0..200).click()).is_err());
        if lost == 3 {
            break;
        }
    }
    writer.tick();
    assert_eq!(tape.seal(), 0, "none is ready");
    assert!(tape.make_ready());
    writer.tick();
    assert_eq!((tape.seal(), lost_in(&tape.contents())), (1, lost));
}

#[test]
fn a_writer_that_wrote_nothing_leaves_nothing() {
    let (mut tape, writer) = Tape::new(SEGMENT);
    writer.close();
    assert_eq!(tape.seal(), 1);
    assert_eq!(tape.contents(), TapeContents::default());
}

#[test]
fn a_writer_to_nowhere_loses_every_click_and_gives_all_one_id() {
    let (mut writer, other) = (Writer::nowhere(), Writer::nowhere());
    let handover = writer.handover().clone();
    let mut rng = fastrand::Rng::with_seed(9);
    for lost in 1..=3 {
        let appended = writer.append(&random_click(&mut rng, lost, 0..60).click());
        assert_eq!(appended, Err(Lost));
        assert_eq!(writer.id(appended), other.id(Err(Lost)));
        assert_eq!(handover.counts.lost.load(Ordering::Relaxed), lost);
        writer.tick();
    }
    assert!(writer.is_full() && handover.counts.clicks.load(Ordering::Relaxed) == 0);
    writer.close();
    assert_eq!(handover.retired.pop().unwrap().seal.unwrap().lost, 3);
}

/// Someone reads the memory while it is written: always a prefix.
#[test]
fn read_while_written() {
    let (tape, mut writer) = Tape::new(1024 * 1024);
    let is_done = AtomicBool::new(false);
    let mut rng = fastrand::Rng::with_seed(4);
    let clicks: Vec<_> = (1..=2_000).map(|number| random_click(&mut rng, number, 0..60)).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for click in &clicks {
                writer.append(&click.click()).unwrap();
            }
            is_done.store(true, Ordering::Release);
        });
        while !is_done.load(Ordering::Acquire) {
            // An image is not taken in one instant, so a record behind the one
            // that is missing may already be there; nothing else may be wrong.
            let contents = tape.contents();
            let mut rest = clicks.iter();
            assert!(contents.clicks.iter().all(|click| rest.any(|it| click.is_left_of(it))));
        }
    });
    assert_eq!(tape.contents().clicks, clicks);
}
