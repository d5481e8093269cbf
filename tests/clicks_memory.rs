//! The ledger in memory: a model beside it, every byte damaged, every store
//! the last one before a kill.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use carom::clicks::reader::Event;
use carom::clicks::record::click_bytes;
use carom::clicks::tape::{Contents, OwnedClick, Tape, read};
use carom::clicks::{Flags, Verdict};

/// First page.
const PAGE: usize = 4096;
/// A segment with room for a few clicks and a gap.
const SEGMENT: usize = PAGE + 1288 + 48;

fn random_click(rng: &mut fastrand::Rng, sequence: u64, string_bytes: Range<usize>) -> OwnedClick {
    let mut string = || -> Vec<u8> {
        let bytes = rng.usize(string_bytes.clone());
        (0..bytes).map(|_| rng.u8(..)).collect()
    };
    let [host, path, referer, user_agent] = std::array::from_fn(|_| string());
    OwnedClick {
        sequence,
        time_us: 1_763_800_000_000_000 + sequence,
        link: rng.u64(..),
        generation: rng.u32(..),
        ip: std::array::from_fn(|_| rng.u8(..)),
        status: 302,
        verdict: Verdict::Redirect,
        flags: if rng.bool() { Flags::HEAD } else { Flags::NONE },
        variant: rng.u8(..),
        host,
        path,
        referer,
        user_agent,
    }
}

fn lost_in(contents: &Contents) -> u64 {
    let lost = |event: &Event| match event {
        Event::Lost(gap) => gap.count,
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
                Ok(()) => model.push(click),
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
fn a_writer_that_wrote_nothing_leaves_nothing() {
    let (mut tape, writer) = Tape::new(SEGMENT);
    writer.close();
    assert_eq!(tape.seal(), 1);
    assert_eq!(tape.contents(), Contents::default());
}

/// A segment of four clicks and a gap of two, sealed or as a kill leaves it.
fn small(is_sealed: bool) -> (Vec<u8>, Vec<OwnedClick>) {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let clicks: Vec<_> = (1..=4).map(|number| random_click(&mut rng, number, 60..64)).collect();
    for click in &clicks {
        writer.append(&click.click()).unwrap();
    }
    for _ in 0..2 {
        let large = random_click(&mut rng, 0, 190..200);
        writer.append(&large.click()).unwrap_err();
    }
    if is_sealed {
        writer.close();
        tape.seal();
        return (tape.images().remove(0), clicks);
    }
    (tape.images().remove(0), clicks)
}

/// Reads a damaged image: nothing may be invented, and what is gone must be
/// said.
fn survives(image: Vec<u8>, written: &[OwnedClick], what: &str) {
    let mut contents = Contents::default();
    if read(image, Some(1), &mut contents).is_err() {
        return;
    }
    let mut rest = written.iter();
    for click in &contents.clicks {
        assert!(rest.any(|it| it == click), "{what}: {click:?} was never written");
    }
    let is_said = contents.findings.iter().any(|it| !matches!(it, Event::Lost(_)));
    let lost: u64 = contents
        .findings
        .iter()
        .map(|it| if let Event::Lost(gap) = it { gap.count } else { 0 })
        .sum();
    assert!(lost == 2 || (lost == 0 && is_said), "{what}: {lost} lost");
    assert!(is_said || contents.clicks.len() == written.len(), "{what}: a click is gone silently");
}

#[test]
fn every_byte_flipped() {
    for is_sealed in [true, false] {
        let (image, clicks) = small(is_sealed);
        for at in 0..image.len() {
            for mask in [1, 0x80, 0xff] {
                let mut image = image.clone();
                image[at] ^= mask;
                survives(image, &clicks, &format!("sealed {is_sealed}, byte {at} ^ {mask}"));
            }
        }
    }
}

#[test]
fn every_length() {
    for is_sealed in [true, false] {
        let (image, clicks) = small(is_sealed);
        for length in 0..image.len() {
            let what = format!("sealed {is_sealed}, {length} bytes");
            survives(image[..length].to_vec(), &clicks, &what);
        }
    }
}

#[test]
fn random_bytes() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for round in 0..2_000 {
        let (mut image, clicks) = small(rng.bool());
        let begin = rng.usize(..image.len());
        let end = rng.usize(begin..=image.len().min(begin + 600));
        image[begin..end].fill_with(|| rng.u8(..));
        survives(image, &clicks, &format!("round {round}"));
    }
}

/// Where each of the clicks stands in its image.
fn places(clicks: &[OwnedClick]) -> Vec<Range<usize>> {
    let mut at = PAGE;
    let place = |click: &OwnedClick| {
        at += click_bytes(&click.click());
        at - click_bytes(&click.click())..at
    };
    clicks.iter().map(place).collect()
}

/// An image of three clicks with room behind them.
fn three() -> (Vec<u8>, Vec<OwnedClick>) {
    let mut rng = fastrand::Rng::with_seed(3);
    let (tape, mut writer) = Tape::new(SEGMENT);
    let clicks: Vec<_> = (1..=3).map(|number| random_click(&mut rng, number, 20..40)).collect();
    for click in &clicks {
        writer.append(&click.click()).unwrap();
    }
    (tape.images().remove(0), clicks)
}

/// What `damage` of three clicks leaves must be told as `expected`.
fn check(damage: impl Fn(&mut Vec<u8>, &[Range<usize>]), left: &[usize], expected: &[&str]) {
    let (mut image, clicks) = three();
    damage(&mut image, &places(&clicks));
    let mut contents = Contents::default();
    read(image, Some(1), &mut contents).unwrap();
    let left: Vec<_> = left.iter().map(|&index| clicks[index].clone()).collect();
    assert_eq!(contents.clicks, left);
    let told = contents.findings.iter().map(|event| match event {
        Event::Missing { from, count } => format!("missing {count} from {from}"),
        Event::Damage { bytes, reason, .. } => format!("damage {bytes}: {reason}"),
        Event::TornTail { bytes, .. } => format!("torn {bytes}"),
        other => format!("{other:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn whole() {
    check(|_, _| (), &[0, 1, 2], &[]);
}
#[test]
fn torn_in_the_middle() {
    let (_, clicks) = three();
    let bytes = places(&clicks)[1].len();
    let told = format!("damage {bytes}: its checksum does not fit");
    check(|image, places| image[places[1].start + 40] ^= 1, &[0, 2], &[&told, "missing 1 from 2"]);
}
#[test]
fn torn_at_the_tail() {
    // The first word is stored last, so this is what a kill leaves.
    check(|image, places| image[places[2].start..][..8].fill(0), &[0, 1], &[&torn_bytes()]);
}
fn torn_bytes() -> String {
    let (image, clicks) = three();
    let place = places(&clicks)[2].clone();
    let last = image[place.clone()].iter().rposition(|&byte| byte != 0).unwrap();
    format!("torn {}", last + 1)
}
#[test]
fn committed_but_damaged_at_the_tail() {
    let told = torn_bytes().replace("torn", "damage") + ": its checksum does not fit";
    check(|image, places| image[places[2].start + 40] ^= 1, &[0, 1], &[&told]);
}
#[test]
fn a_page_that_never_reached_the_disk() {
    let (_, clicks) = three();
    let bytes = places(&clicks)[0].len() + places(&clicks)[1].len();
    let told = format!("damage {bytes}: nothing is written there");
    check(
        |image, places| image[places[0].start..places[1].end].fill(0),
        &[2],
        &[&told, "missing 2 from 1"],
    );
}
#[test]
fn a_wrong_length_hides_only_its_own_record() {
    let (_, clicks) = three();
    let bytes = places(&clicks)[0].len();
    let told = format!("damage {bytes}: its length cannot be right");
    check(|image, places| image[places[0].start] = 3, &[1, 2], &[&told, "missing 1 from 1"]);
}
#[test]
fn a_record_that_comes_again_does_not_count() {
    let again = |image: &mut Vec<u8>, places: &[Range<usize>]| {
        image.copy_within(places[0].clone(), places[2].end);
    };
    // In an unsealed segment damage at the end reaches to the last byte written.
    let (image, clicks) = three();
    let first = &image[places(&clicks)[0].clone()];
    let bytes = first.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    let told = format!("damage {bytes}: its sequence number is out of order");
    check(again, &[0, 1, 2], &[&told]);
}
#[test]
fn cut_short() {
    let missing = SEGMENT - (PAGE + 1000);
    let told = format!("damage {missing}: it ends too early");
    check(|image, _| image.truncate(PAGE + 1000), &[0, 1, 2], &[&told]);
}

/// A record of another segment, or one that a visitor sends as his user agent,
/// has the wrong salt.
#[test]
fn a_record_inside_a_record_is_text() {
    let (image, clicks) = three();
    let forged = image[places(&clicks)[2].clone()].to_vec();
    let mut rng = fastrand::Rng::with_seed(9);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    tape.make_ready();
    // The second segment has another salt than the image that was copied from.
    let large = random_click(&mut rng, 1, 190..200);
    writer.append(&large.click()).unwrap();
    let large = OwnedClick { sequence: 2, ..large };
    writer.append(&large.click()).unwrap();
    let carrier = OwnedClick { sequence: 3, user_agent: forged, ..random_click(&mut rng, 3, 0..1) };
    let _ = writer.append(&carrier.click());
    let mut second = tape.images().remove(1);
    let at = PAGE + click_bytes(&large.click());
    second[at + 8] ^= 1; // So that the reader searches through the carrier.
    let mut contents = Contents::default();
    read(second, Some(2), &mut contents).unwrap();
    assert_eq!(contents.clicks, [large]);
}

/// All stores of a segment in the order in which the writer makes them; each
/// prefix of them is what some kill leaves.
#[test]
fn every_store_the_last() {
    let (image, clicks) = three();
    let places = places(&clicks);
    let mut left = image.clone();
    // The file as it is made: header only.
    left[128..152].fill(0);
    left[PAGE..].fill(0);
    let frames = std::iter::once(128..152).chain(places);
    for (index, frame) in frames.enumerate() {
        let mut words: Vec<usize> = frame.step_by(8).collect();
        words.rotate_left(1);
        let whole = index.saturating_sub(1);
        for (stored, &word) in words.iter().enumerate() {
            let mut contents = Contents::default();
            read(left.clone(), Some(1), &mut contents).unwrap();
            assert_eq!(contents.clicks, clicks[..whole], "frame {index}, {stored} stores");
            let is_torn = matches!(contents.findings[..], [Event::TornTail { .. }]);
            // The first of the stores into a record may be of zeros.
            assert!(contents.findings.is_empty() || is_torn, "{:?}", contents.findings);
            assert!(!is_torn || (index > 0 && stored > 0));
            left[word..word + 8].copy_from_slice(&image[word..word + 8]);
        }
    }
    assert_eq!(left, image);
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
            assert!(contents.clicks.iter().all(|click| rest.any(|it| it == click)));
        }
    });
    assert_eq!(tape.contents().clicks, clicks);
}
