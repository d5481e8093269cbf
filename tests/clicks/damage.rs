//! Every byte damaged, every length, every store the last one before a kill.

use std::ops::Range;

use carom::clicks::{Click, SegmentEvent};
use carom::rehearsal::tape::{OwnedClick, Tape, TapeContents, read};

use crate::images::{CLICK, PAGE, SEGMENT, TEXT, places, random_click, three};

/// A segment of four clicks that share strings, and a gap of two, sealed or as a kill leaves it.
fn small(is_sealed: bool) -> (Vec<u8>, Vec<OwnedClick>) {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let sharing = |number: u64| {
        let (referer, user_agent) = (&[b'r'; 62], &[b'a' + number as u8 % 2; 70]);
        let random = random_click(&mut rng, number, 60..64);
        let click = Click { host: b"go.example", referer, user_agent, ..random.click() };
        OwnedClick::of(number, &click)
    };
    let clicks: Vec<_> = (1..=4).map(sharing).collect();
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
    let mut contents = TapeContents::default();
    if read(image, Some(1), &mut contents).is_err() {
        return;
    }
    let mut rest = written.iter();
    let mut is_less = false;
    for click in &contents.clicks {
        let whole = rest.find(|whole| click.is_left_of(whole));
        assert!(whole.is_some(), "{what}: {click:?} was never written");
        is_less |= whole != Some(click);
    }
    let is_said = contents.findings.iter().any(|it| !matches!(it, SegmentEvent::Lost(_)));
    let lost: u64 = contents
        .findings
        .iter()
        .map(|it| if let SegmentEvent::Lost(gap) = it { gap.count } else { 0 })
        .sum();
    assert!(lost == 2 || (lost == 0 && is_said), "{what}: {lost} lost");
    let is_damaged = contents.findings.iter().any(|it| matches!(it, SegmentEvent::Damage { .. }));
    assert!(is_damaged || !is_less, "{what}: a string is gone silently");
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

/// What `damage` of three clicks leaves must be told as `expected`.
fn check(damage: impl Fn(&mut Vec<u8>, &[Range<usize>]), left: &[usize], expected: &[&str]) {
    let (mut image, clicks) = three();
    let places = places(&image, &[CLICK]);
    damage(&mut image, &places);
    let mut contents = TapeContents::default();
    read(image, Some(1), &mut contents).unwrap();
    let left: Vec<_> = left.iter().map(|&index| clicks[index].clone()).collect();
    assert_eq!(contents.clicks, left);
    let told = contents.findings.iter().map(|event| match event {
        SegmentEvent::Missing { from, count } => format!("missing {count} from {from}"),
        SegmentEvent::Damage { bytes, reason, .. } => format!("damage {bytes}: {reason}"),
        SegmentEvent::TornTail { bytes, .. } => format!("torn {bytes}"),
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
    let bytes = places(&three().0, &[CLICK])[1].len();
    let told = format!("damage {bytes}: its checksum does not fit");
    check(|image, places| image[places[1].start + 40] ^= 1, &[0, 2], &[&told, "missing 1 from 2"]);
}
#[test]
fn torn_at_the_tail() {
    // The first word is stored last, so this is what a kill leaves.
    check(|image, places| image[places[2].start..][..8].fill(0), &[0, 1], &[&torn_bytes()]);
}
fn torn_bytes() -> String {
    let (image, _) = three();
    let place = places(&image, &[CLICK])[2].clone();
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
    let places = places(&three().0, &[CLICK]);
    let bytes = places[1].end - places[0].start;
    let told = format!("damage {bytes}: nothing is written there");
    check(
        |image, places| image[places[0].start..places[1].end].fill(0),
        &[2],
        &[&told, "missing 2 from 1"],
    );
}
#[test]
fn a_wrong_length_hides_only_its_own_record() {
    let bytes = places(&three().0, &[CLICK])[0].len();
    let told = format!("damage {bytes}: its length cannot be right");
    check(|image, places| image[places[0].start] = 3, &[1, 2], &[&told, "missing 1 from 1"]);
}
#[test]
fn a_record_that_comes_again_does_not_count() {
    let again = |image: &mut Vec<u8>, places: &[Range<usize>]| {
        image.copy_within(places[0].clone(), places[2].end);
    };
    // In an unsealed segment damage at the end reaches to the last byte written.
    let (image, _) = three();
    let first = &image[places(&image, &[CLICK])[0].clone()];
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
    let (image, _) = three();
    let forged = image[places(&image, &[CLICK])[2].clone()].to_vec();
    let mut rng = fastrand::Rng::with_seed(9);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    tape.make_ready();
    // The second segment has another salt than the image that was copied from.
    let large = random_click(&mut rng, 1, 190..200);
    writer.append(&large.click()).unwrap();
    let large = OwnedClick::of(2, &large.click());
    writer.append(&large.click()).unwrap();
    let carrier = random_click(&mut rng, 3, 0..1);
    let _ = writer.append(&Click { user_agent: &forged, ..carrier.click() });
    let mut second = tape.images().remove(1);
    let whole = places(&second, &[CLICK])[0].end;
    for place in places(&second, &[CLICK, TEXT]).iter().filter(|place| place.start >= whole) {
        second[place.start + 8] ^= 1; // So that the reader searches through the carrier.
    }
    let mut contents = TapeContents::default();
    read(second, Some(2), &mut contents).unwrap();
    assert_eq!(contents.clicks, [large]);
}

/// All stores of a segment in the order in which the writer makes them; each
/// prefix of them is what some kill leaves.
#[test]
fn every_store_the_last() {
    let (image, clicks) = three();
    let records = places(&image, &[CLICK, TEXT]);
    let mut left = image.clone();
    // The file as it is made: header only.
    left[128..152].fill(0);
    left[PAGE..].fill(0);
    let frames = std::iter::once(128..152).chain(records.clone());
    for (index, frame) in frames.enumerate() {
        let mut words: Vec<usize> = frame.step_by(8).collect();
        words.rotate_left(1);
        let before = &records[..index.saturating_sub(1)];
        let whole = before.iter().filter(|record| image[record.start + 8] == CLICK).count();
        for (stored, &word) in words.iter().enumerate() {
            let mut contents = TapeContents::default();
            read(left.clone(), Some(1), &mut contents).unwrap();
            assert_eq!(contents.clicks, clicks[..whole], "frame {index}, {stored} stores");
            let is_torn = matches!(contents.findings[..], [SegmentEvent::TornTail { .. }]);
            // The first of the stores into a record may be of zeros.
            assert!(contents.findings.is_empty() || is_torn, "{:?}", contents.findings);
            assert!(!is_torn || (index > 0 && stored > 0));
            left[word..word + 8].copy_from_slice(&image[word..word + 8]);
        }
    }
    assert_eq!(left, image);
}
