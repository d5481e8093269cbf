//! Strings that stand once in a segment, and what damage does to them.

use std::ops::Range;

use carom::clicks::{Click, Flags, Flaw, Salt, SegmentEvent, Tail, close_frame};
use carom::limits::TEXTS_PER_SEGMENT_MAX;
use carom::rehearsal::tape::{OwnedClick, Tape, TapeContents, read};

use crate::images::{CLICK, PAGE, SEGMENT, TEXT, places, random_click, three};

/// The clicks of `strings`, whose user agents they are, in a segment that is
/// large enough, as its bytes and as what was written.
fn agents(strings: impl IntoIterator<Item = Vec<u8>>) -> (Vec<u8>, Vec<OwnedClick>) {
    let (mut tape, mut writer) = Tape::new(8 * 1024 * 1024);
    let mut rng = fastrand::Rng::with_seed(5);
    let mut clicks = Vec::new();
    for (number, user_agent) in (1..).zip(strings) {
        let click = random_click(&mut rng, number, 0..1);
        let tail = Tail::default();
        let click = Click { user_agent: &user_agent, path: b"/go", tail, ..click.click() };
        clicks.push(OwnedClick::of(number, &click));
        writer.append(&clicks[number as usize - 1].click()).unwrap();
    }
    writer.close();
    tape.seal();
    assert_eq!(tape.contents(), TapeContents { clicks: clicks.clone(), findings: Vec::new() });
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
    let shared = b"one for all";
    let click = random_click(&mut fastrand::Rng::with_seed(6), 1, 0..1);
    let click = Click { host: shared, referer: shared, user_agent: shared, ..click.click() };
    let click = OwnedClick::of(1, &click);
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
        let number = clicks.len() as u64 + 1;
        let click = random_click(&mut rng, number, 40..41);
        let click = Click { user_agent: &[b'u'; 200], ..click.click() };
        clicks.push(OwnedClick::of(number, &click));
        writer.append(&clicks[clicks.len() - 1].click()).unwrap();
        tape.seal();
    }
    writer.close();
    tape.seal();
    assert_eq!(tape.contents(), TapeContents { clicks, findings: Vec::new() });
    for image in &tape.images()[..4] {
        let long =
            |place: &Range<usize>| image[place.clone()].windows(200).any(|it| it == [b'u'; 200]);
        assert_eq!(places(image, &[TEXT, CLICK]).iter().filter(|place| long(place)).count(), 1);
    }
}

/// Three clicks with one user agent, whose text is the first record. After
/// `damage` all must be there, those in `without` without it.
fn of_strings(
    damage: impl Fn(&mut [u8], &[Range<usize>]),
    without: &[usize],
    told: &[SegmentEvent],
) {
    let (mut image, mut clicks) = agents(vec![b"agent/1.0".to_vec(); 3]);
    let records = places(&image, &[CLICK, TEXT]);
    damage(&mut image, &records);
    for &index in without {
        let click = clicks[index].click();
        let flags = click.flags | Flags::USER_AGENT_CUT;
        let click = Click { user_agent: b"", flags, ..click };
        clicks[index] = OwnedClick::of(clicks[index].sequence, &click);
    }
    let mut contents = TapeContents::default();
    read(image, Some(1), &mut contents).unwrap();
    assert_eq!(contents, TapeContents { clicks, findings: told.to_vec() });
}

/// Changes bytes of a record and makes its frame whole again, as only a mistake
/// of a writer would.
fn forge(image: &mut [u8], record: &Range<usize>, at: usize, bytes: &[u8]) {
    let salt = Salt::new(u32::from_le_bytes(image[80..84].try_into().unwrap()));
    image[record.start + at..][..bytes.len()].copy_from_slice(bytes);
    close_frame(&mut image[record.clone()], salt);
}

/// The second of the clicks refers to `offset`, where no text is.
fn refers_to(offset: impl Fn(&[Range<usize>]) -> usize) {
    let forged = |image: &mut [u8], records: &[Range<usize>]| {
        let field = (offset(records) / 8) as u32 | 1 << 31;
        forge(image, &records[2], 72, &field.to_le_bytes());
    };
    let at = (PAGE + 40 + 80 + 72) as u64;
    let told = SegmentEvent::Damage { offset: at, bytes: 4, reason: Flaw::Reference };
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
    let told = SegmentEvent::Damage { offset: PAGE as u64, bytes: 40, reason: Flaw::Checksum };
    of_strings(|image, records| image[records[0].start + 24] ^= 1, &[0, 1, 2], &[told]);
}
#[test]
fn a_text_that_is_not_there_is_told_once() {
    let told = SegmentEvent::Damage { offset: PAGE as u64, bytes: 40, reason: Flaw::Hole };
    of_strings(|image, records| image[records[0].clone()].fill(0), &[0, 1, 2], &[told]);
}
#[test]
fn a_text_that_was_passed_over_is_read_where_it_stands() {
    // Its number is too low, so it is no record, but its bytes are whole.
    let told = SegmentEvent::Damage { offset: PAGE as u64, bytes: 40, reason: Flaw::Sequence };
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
    let mut contents = TapeContents::default();
    read(left, Some(1), &mut contents).unwrap();
    assert_eq!(contents, TapeContents { clicks: clicks[..2].to_vec(), findings: Vec::new() });
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
        let mut contents = TapeContents::default();
        read(image, Some(1), &mut contents).unwrap();
        let mut missing = 0;
        for finding in &contents.findings {
            match finding {
                SegmentEvent::Missing { count, .. } => missing += *count as usize,
                SegmentEvent::Damage { reason, .. } => assert_ne!(*reason, Flaw::Reference),
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
