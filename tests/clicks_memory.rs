//! The ledger in memory: a model beside it, every byte damaged, every store
//! the last one before a kill.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use carom::clicks::frame::{Reason, Salt, close};
use carom::clicks::reader::Event;
use carom::clicks::record::{CLICK_ROOM_MAX, GAP_BYTES};
use carom::clicks::tape::{Contents, OwnedClick, Tape, read};
use carom::clicks::{Flags, Verdict, Writer};
use carom::limits::TEXTS_PER_SEGMENT_MAX;

/// First page.
const PAGE: usize = 4096;
/// A segment with room for a few clicks and a gap.
const SEGMENT: usize = PAGE + CLICK_ROOM_MAX + GAP_BYTES;

fn random_click(rng: &mut fastrand::Rng, sequence: u64, string_bytes: Range<usize>) -> OwnedClick {
    let mut string = || -> Vec<u8> {
        // Half of them come again and again.
        if rng.bool() {
            return vec![rng.u8(b'a'..=b'c'); string_bytes.end - 1];
        }
        let bytes = rng.usize(string_bytes.clone());
        (0..bytes).map(|_| rng.u8(..)).collect()
    };
    let [host, path, referer, user_agent] = std::array::from_fn(|_| string());
    let tag_bytes = if sequence.is_multiple_of(4) { string_bytes.end.min(65) - 1 } else { 0 };
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
        tag: vec![b't'; tag_bytes],
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
    assert_eq!(tape.contents(), Contents::default());
}

/// A segment of four clicks that share strings, and a gap of two, sealed or as a kill leaves it.
fn small(is_sealed: bool) -> (Vec<u8>, Vec<OwnedClick>) {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let sharing = |number: u64| OwnedClick {
        host: b"go.example".to_vec(),
        referer: vec![b'r'; 62],
        user_agent: vec![b'a' + number as u8 % 2; 70],
        ..random_click(&mut rng, number, 60..64)
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
    let mut contents = Contents::default();
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
    let is_said = contents.findings.iter().any(|it| !matches!(it, Event::Lost(_)));
    let lost: u64 = contents
        .findings
        .iter()
        .map(|it| if let Event::Lost(gap) = it { gap.count } else { 0 })
        .sum();
    assert!(lost == 2 || (lost == 0 && is_said), "{what}: {lost} lost");
    let is_damaged = contents.findings.iter().any(|it| matches!(it, Event::Damage { .. }));
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

/// Types of records.
const CLICK: u8 = 1;
const TEXT: u8 = 3;

/// Where the records of these types stand in a whole image.
fn places(image: &[u8], types: &[u8]) -> Vec<Range<usize>> {
    let (mut at, mut places) = (PAGE, Vec::new());
    while at < image.len() && image[at..at + 8] != [0; 8] {
        let end = at + u32::from_le_bytes(image[at..at + 4].try_into().unwrap()) as usize;
        if types.contains(&image[at + 8]) {
            places.push(at..end);
        }
        at = end;
    }
    places
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
    let places = places(&image, &[CLICK]);
    damage(&mut image, &places);
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
    let large = OwnedClick { sequence: 2, ..large };
    writer.append(&large.click()).unwrap();
    let carrier = OwnedClick { sequence: 3, user_agent: forged, ..random_click(&mut rng, 3, 0..1) };
    let _ = writer.append(&carrier.click());
    let mut second = tape.images().remove(1);
    let whole = places(&second, &[CLICK])[0].end;
    for place in places(&second, &[CLICK, TEXT]).iter().filter(|place| place.start >= whole) {
        second[place.start + 8] ^= 1; // So that the reader searches through the carrier.
    }
    let mut contents = Contents::default();
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
            assert!(contents.clicks.iter().all(|click| rest.any(|it| click.is_left_of(it))));
        }
    });
    assert_eq!(tape.contents().clicks, clicks);
}

/// The clicks of `strings`, whose user agents they are, in a segment that is
/// large enough, as its bytes and as what was written.
fn agents(strings: impl IntoIterator<Item = Vec<u8>>) -> (Vec<u8>, Vec<OwnedClick>) {
    let (mut tape, mut writer) = Tape::new(8 * 1024 * 1024);
    let mut rng = fastrand::Rng::with_seed(5);
    let mut clicks = Vec::new();
    for (number, user_agent) in (1..).zip(strings) {
        let click = random_click(&mut rng, number, 0..1);
        clicks.push(OwnedClick { user_agent, path: b"/go".to_vec(), ..click });
        writer.append(&clicks[number as usize - 1].click()).unwrap();
    }
    writer.close();
    tape.seal();
    assert_eq!(tape.contents(), Contents { clicks: clicks.clone(), findings: Vec::new() });
    (tape.images().remove(0), clicks)
}

/// Clicks with these user agents must take these bytes, and write so many texts.
fn takes(strings: &[&str], texts: usize, bytes: usize) {
    let (image, _) = agents(strings.iter().map(|string| string.as_bytes().to_vec()));
    assert_eq!((places(&image, &[TEXT]).len(), image.len() - PAGE), (texts, bytes));
}

#[test]
fn a_string_is_written_once() {
    takes(&["agent/1.0", "agent/1.0", "agent/1.0"], 1, 40 + 3 * 80);
}
#[test]
fn each_string_is_written() {
    takes(&["agent/1.0", "agent/2.0", "agent/1.0"], 2, 2 * 40 + 3 * 80);
}
#[test]
fn a_short_string_stands_in_the_click() {
    takes(&["agent/1.", "agent/1."], 0, 2 * 88);
}
#[test]
fn no_string_is_no_text() {
    takes(&["", ""], 0, 2 * 80);
}

/// One string is another's host.
#[test]
fn it_does_not_matter_which_string_it_is() {
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let shared = || b"one for all".to_vec();
    let click = random_click(&mut fastrand::Rng::with_seed(6), 1, 0..1);
    let click = OwnedClick { host: shared(), referer: shared(), user_agent: shared(), ..click };
    writer.append(&click.click()).unwrap();
    writer.close();
    tape.seal();
    assert_eq!(tape.contents().clicks, [click]);
    assert_eq!(places(&tape.images()[0], &[TEXT]).len(), 1);
}

#[test]
fn new_strings_stand_in_the_click_when_the_dictionary_is_full() {
    let names = (0..TEXTS_PER_SEGMENT_MAX + 50).map(|number| format!("agent/{number:06}"));
    let again = ["agent/000000", "agent/004100", "agent/004095"].map(str::to_owned);
    let (image, _) = agents(names.chain(again).map(String::into_bytes));
    assert_eq!(places(&image, &[TEXT]).len(), TEXTS_PER_SEGMENT_MAX);
    let lengths: Vec<_> = places(&image, &[CLICK]).iter().map(Range::len).collect();
    assert_eq!(lengths[TEXTS_PER_SEGMENT_MAX - 1..][..2], [80, 96]);
    assert_eq!(lengths[lengths.len() - 3..], [80, 96, 80]);
}

#[test]
fn each_segment_has_its_own_dictionary() {
    let (mut tape, mut writer) = Tape::new(SEGMENT);
    let mut rng = fastrand::Rng::with_seed(7);
    let mut clicks = Vec::new();
    while tape.images().len() < 5 {
        tape.make_ready();
        let click = random_click(&mut rng, clicks.len() as u64 + 1, 40..41);
        clicks.push(OwnedClick { user_agent: vec![b'u'; 200], ..click });
        writer.append(&clicks[clicks.len() - 1].click()).unwrap();
        tape.seal();
    }
    writer.close();
    tape.seal();
    assert_eq!(tape.contents(), Contents { clicks, findings: Vec::new() });
    for image in &tape.images()[..4] {
        let long =
            |place: &Range<usize>| image[place.clone()].windows(200).any(|it| it == [b'u'; 200]);
        assert_eq!(places(image, &[TEXT, CLICK]).iter().filter(|place| long(place)).count(), 1);
    }
}

/// Three clicks with one user agent, whose text is the first record. After
/// `damage` all must be there, those in `without` without it.
fn of_strings(damage: impl Fn(&mut [u8], &[Range<usize>]), without: &[usize], told: &[Event]) {
    let (mut image, mut clicks) = agents(vec![b"agent/1.0".to_vec(); 3]);
    let records = places(&image, &[CLICK, TEXT]);
    damage(&mut image, &records);
    for &index in without {
        let user_agent = Vec::new();
        let flags = clicks[index].flags | Flags::USER_AGENT_CUT;
        clicks[index] = OwnedClick { user_agent, flags, ..clicks[index].clone() };
    }
    let mut contents = Contents::default();
    read(image, Some(1), &mut contents).unwrap();
    assert_eq!(contents, Contents { clicks, findings: told.to_vec() });
}

/// Changes bytes of a record and makes its frame whole again, as only a mistake
/// of a writer would.
fn forge(image: &mut [u8], record: &Range<usize>, at: usize, bytes: &[u8]) {
    let salt = Salt::new(u32::from_le_bytes(image[80..84].try_into().unwrap()));
    image[record.start + at..][..bytes.len()].copy_from_slice(bytes);
    close(&mut image[record.clone()], salt);
}

/// The second of the clicks refers to `offset`, where no text is.
fn refers_to(offset: impl Fn(&[Range<usize>]) -> usize) {
    let forged = |image: &mut [u8], records: &[Range<usize>]| {
        let field = (offset(records) / 8) as u32 | 1 << 31;
        forge(image, &records[2], 72, &field.to_le_bytes());
    };
    let at = (PAGE + 40 + 80 + 72) as u64;
    let told = Event::Damage { offset: at, bytes: 4, reason: Reason::Reference };
    of_strings(forged, &[1], &[told]);
}

#[test]
fn a_reference_into_the_first_page() {
    refers_to(|_| 256);
}
#[test]
fn a_reference_to_a_click() {
    refers_to(|records| records[1].start);
}
#[test]
fn a_reference_into_a_text() {
    refers_to(|records| records[0].start + 8);
}
#[test]
fn a_reference_to_itself() {
    refers_to(|records| records[2].start);
}
#[test]
fn a_reference_ahead() {
    refers_to(|records| records[3].start);
}
#[test]
fn a_reference_beyond_the_end() {
    refers_to(|_| (1 << 31) * 8 - 8);
}

#[test]
fn a_damaged_text_is_told_once() {
    let told = Event::Damage { offset: PAGE as u64, bytes: 40, reason: Reason::Checksum };
    of_strings(|image, records| image[records[0].start + 24] ^= 1, &[0, 1, 2], &[told]);
}
#[test]
fn a_text_that_is_not_there_is_told_once() {
    let told = Event::Damage { offset: PAGE as u64, bytes: 40, reason: Reason::Hole };
    of_strings(|image, records| image[records[0].clone()].fill(0), &[0, 1, 2], &[told]);
}
#[test]
fn a_text_that_was_passed_over_is_read_where_it_stands() {
    // Its number is too low, so it is no record, but its bytes are whole.
    let told = Event::Damage { offset: PAGE as u64, bytes: 40, reason: Reason::Sequence };
    of_strings(|image, records| forge(image, &records[0], 16, &[0; 8]), &[], &[told]);
}

/// A kill between the stores of a text and of its click leaves nothing to tell.
#[test]
fn a_text_without_its_click() {
    let (image, clicks) = three();
    let mut left = image.clone();
    let last = places(&image, &[CLICK])[2].clone();
    left[last].fill(0);
    assert!(places(&left, &[TEXT]).last().unwrap().start > places(&left, &[CLICK])[1].start);
    let mut contents = Contents::default();
    read(left, Some(1), &mut contents).unwrap();
    assert_eq!(contents, Contents { clicks: clicks[..2].to_vec(), findings: Vec::new() });
}

/// What a power loss takes: pages, anywhere.
#[test]
fn random_pages_that_never_reached_the_disk() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let strings = (0..1_500).map(|number| format!("agent/{:0120}", number % 90).into_bytes());
    let (image, written) = agents(strings);
    let pages = image.len() / PAGE;
    let mut less = 0;
    for _ in 0..100 {
        let mut image = image.clone();
        for _ in 0..rng.usize(1..8) {
            let page = rng.usize(1..pages);
            image[page * PAGE..][..PAGE].fill(0);
        }
        let mut contents = Contents::default();
        read(image, Some(1), &mut contents).unwrap();
        let mut missing = 0;
        for finding in &contents.findings {
            match finding {
                Event::Missing { count, .. } => missing += *count as usize,
                Event::Damage { reason, .. } => assert_ne!(*reason, Reason::Reference),
                other => panic!("found {other:?}"),
            }
        }
        assert_eq!(contents.clicks.len() + missing, written.len());
        for click in &contents.clicks {
            let whole = &written[click.sequence as usize - 1];
            assert!(click.is_left_of(whole));
            less += usize::from(click != whole);
        }
    }
    assert!(less > 0, "no page that was lost held a text");
}
