//! What the records of names say to whoever reads a segment: a click has the right name,
//! or none.

use std::collections::HashMap;
use std::ops::Range;

use carom::clicks::{Click, ClickPlace, SegmentEvent, SegmentReader, Writer, find_click_in};
use carom::limits::{NAMED_LINKS_BYTES_FREE, NAMED_LINKS_SHARE};
use carom::rehearsal::tape::Tape;

use crate::images::{LINK, Name, PAGE, places};

const SMALL: usize = 64 * 1024;

/// What a click says of its link: key and target.
type Told = Option<(Vec<u8>, Vec<u8>)>;

fn append(writer: &mut Writer, (link, generation): (u64, u32), target: &[u8]) {
    let name = Name { key: format!("/key-{link}"), target };
    let path = &[b'p'; 30];
    let click = Click { time_us: 5, link, generation, path, ..Click::default() };
    let _ = writer.append_named(&click, Some(&name));
}

/// What the rest of a segment says of each of its clicks, by number and place.
fn rest(mut reader: SegmentReader<Vec<u8>>) -> Vec<(u64, u64, Told)> {
    let mut told = Vec::new();
    loop {
        match reader.next(false).unwrap() {
            SegmentEvent::Click { offset, sequence, .. } => {
                let Click { link, variant, .. } = reader.click();
                let link = reader.link(link, variant);
                let link = link.map(|link| (link.key.to_vec(), link.target.to_vec()));
                told.push((sequence, offset, link.filter(|(key, _)| !key.is_empty())));
            }
            SegmentEvent::End => return told,
            _ => {}
        }
    }
}

fn told(image: &[u8]) -> Vec<(u64, u64, Told)> {
    rest(SegmentReader::open(image.to_vec()).unwrap().unwrap())
}

/// Two links, of which the first sends elsewhere after some clicks.
fn changed() -> Vec<u8> {
    let (mut tape, mut writer) = Tape::new(SMALL);
    let targets = [&b"https://old.example/"[..], b"https://two.example/", b"https://new.example/"];
    for (link, generation, target) in
        [(7, 1, 0), (8, 1, 1), (7, 1, 0), (7, 2, 2), (8, 2, 1), (7, 2, 2)]
    {
        append(&mut writer, (link, generation), targets[target]);
    }
    writer.close();
    tape.seal();
    tape.images().remove(0)
}

#[test]
fn a_harmed_name_is_no_name() {
    let image = changed();
    let whole: HashMap<_, _> = told(&image).into_iter().map(|it| (it.0, it.2)).collect();
    assert!(whole.len() == 6 && whole.values().all(Option::is_some));
    let names = places(&image, &[LINK]);
    assert_eq!(names.len(), 3);
    for (number, place) in names.into_iter().enumerate() {
        for at in place {
            for mask in [1, 0x80, 0xff] {
                let mut image = image.clone();
                image[at] ^= mask;
                let left = told(&image);
                assert!(left.iter().all(|(seq, _, name)| name.is_none() || *name == whole[seq]));
                // Those before it keep theirs.
                let before = left.iter().filter(|(seq, ..)| *seq <= [0, 1, 3][number]);
                assert!(before.into_iter().all(|(.., name)| name.is_some()));
                let first = left.iter().find(|(seq, ..)| *seq == [1, 2, 4][number]);
                assert!(first.is_none_or(|(.., name)| name.is_none()), "byte {at} ^ {mask}");
            }
        }
    }
}

#[test]
fn reading_from_the_middle_knows_the_same() {
    let image = changed();
    let whole = told(&image);
    for (index, (sequence, offset, name)) in whole.iter().enumerate() {
        let mut reader = SegmentReader::open(image.clone()).unwrap().unwrap();
        reader.resume_at(*offset, *sequence).unwrap();
        assert_eq!(rest(reader), whole[index..]);
        let place = ClickPlace { node: 0, shard: 0, segment: 1, offset: *offset };
        let found = find_click_in("".as_ref(), &image, &place).unwrap().unwrap();
        let entry = found.entry();
        let found = entry.key_and_target().map(|(key, target)| (key.to_vec(), target.to_vec()));
        assert_eq!(found, *name);
    }
}

/// Bytes of the names in a segment, and of all else in it.
fn bytes_of_names(image: &[u8]) -> (usize, usize) {
    let names: usize = places(image, &[LINK]).iter().map(Range::len).sum();
    let last = places(image, &[1, 3, LINK]).last().map_or(PAGE, |last| last.end);
    (names, last - PAGE - names)
}

#[test]
fn names_of_many_links_take_their_share() {
    let (tape, mut writer) = Tape::new(4 << 20);
    for link in 1..=20_000 {
        append(&mut writer, (link, 1), b"https://target.example/with/a/longer/path");
    }
    let image = tape.images().remove(0);
    let (names, others) = bytes_of_names(&image);
    let most = NAMED_LINKS_BYTES_FREE + (names + others + PAGE) / NAMED_LINKS_SHARE;
    assert!(names <= most && names > most / 2, "{names} of {most}");
    let named = told(&image).into_iter().filter(|(.., name)| name.is_some()).count();
    assert!(named > 300, "{named}");
}

/// Links come and go, and change: whatever a segment alone says of a click is right.
#[test]
fn no_click_has_the_name_of_another_time() {
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..30 {
        let links = rng.usize(1..200);
        let changes = [3, 30, 3000][rng.usize(..3)];
        let mut targets: Vec<Vec<Box<[u8]>>> = vec![vec![b"https://t.example/"[..].into(); links]];
        let (mut tape, mut writer) = Tape::new(SMALL);
        let mut sent = vec![None];
        for _ in 0..3000 {
            if rng.usize(..changes) == 0 {
                let mut next = targets.last().unwrap().clone();
                let target = format!("https://{}.example/", "t".repeat(rng.usize(1..4)));
                next[rng.usize(..links)] = target.into_bytes().into();
                targets.push(next);
            }
            let link = rng.usize(..links).min(rng.usize(..links));
            let target = &targets.last().unwrap()[link];
            append(&mut writer, (link as u64 + 1, targets.len() as u32), target);
            sent.push(Some((format!("/key-{}", link + 1).into_bytes(), target.to_vec())));
            tape.seal();
            tape.make_ready();
        }
        writer.close();
        tape.seal();
        let mut clicks = 0;
        for image in tape.images() {
            let told = told(&image);
            clicks += told.len();
            for (sequence, _, name) in told {
                assert!(name.is_none() || name == sent[sequence as usize], "{sequence}");
            }
        }
        assert_eq!(clicks, 3000);
    }
}
