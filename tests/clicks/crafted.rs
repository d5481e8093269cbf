//! Segments whose checksums fit and whose numbers were made up: readers count with them
//! without wrapping, and never find such a log whole.

use std::fs;
use std::path::Path;

use carom::clicks::folder::segment_name;
use carom::clicks::{Gap, Header, SEAL_AT, Salt, VERSION, close_frame};
use carom::limits::{SEGMENT_HEADER_BYTES, SEQUENCE_MAX};

use crate::common::carom;
use crate::python::{agree, has_python};

const MAX: u64 = u64::MAX;
const PAGE: u64 = SEGMENT_HEADER_BYTES as u64;
/// Where the first page has its start block.
const START_AT: usize = 128;

/// What a segment says.
#[derive(Clone)]
struct Crafted {
    run: u64,
    start: Option<u64>,
    /// Sequence number and count.
    gap: Option<(u64, u64)>,
    /// Used length, clicks, lost ones, first and last sequence number.
    seal: Option<[u64; 5]>,
    /// By its header; its true length where nothing is said.
    file_bytes: Option<u64>,
}

const NOTHING: Crafted = Crafted { run: 1, start: None, gap: None, seal: None, file_bytes: None };

impl Crafted {
    fn write(&self, folder: &Path, number: u64) {
        let salt = Salt::new(7);
        let record = self
            .gap
            .map(|(sequence, count)| Gap { count, from_us: 1, to_us: MAX }.encode(sequence, salt));
        let record = record.as_ref().map_or(&[][..], |record| record);
        let bytes = PAGE + record.len() as u64;
        let header = Header {
            version: VERSION,
            number,
            run: self.run,
            node: 7,
            shard: 0,
            cpu: 0,
            key: 0,
            is_listed: false,
            mac: None,
            boot: [1; 16],
            made_us: 1,
            made_monotonic_us: 1,
            file_bytes: self.file_bytes.unwrap_or(bytes),
            salt,
        };
        let mut image = header.page().to_vec();
        if let Some(start) = self.start {
            block(&mut image[START_AT..START_AT + 24], &[start, 1], salt);
        }
        if let Some([used, clicks, lost, first, last]) = self.seal {
            let why = 1;
            let numbers = [used, clicks, lost, first, last, 2, why];
            block(&mut image[SEAL_AT..SEAL_AT + 64], &numbers, salt);
        }
        image.extend_from_slice(record);
        fs::write(folder.join(segment_name(0, number)), image).unwrap();
    }
}

fn block(block: &mut [u8], numbers: &[u64], salt: Salt) {
    for (field, number) in block[8..].chunks_exact_mut(8).zip(numbers) {
        field.copy_from_slice(&number.to_le_bytes());
    }
    close_frame(block, salt);
}

/// No reader panics at these, and none finds them whole. Returns what `clicks verify`
/// counts.
fn not_whole(what: &str, segments: &[Crafted]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    for (index, segment) in segments.iter().enumerate() {
        segment.write(folder.path(), index as u64 + 1);
    }
    let dir = folder.path().to_str().unwrap();
    for command in ["cat", "verify", "stats"] {
        let ran = carom(["clicks", command, dir]);
        assert_eq!(ran.code, Some(1), "{what}: {command}: {ran:?}");
        assert!(!format!("{ran:?}").contains("nothing is missing"), "{what}: {ran:?}");
        assert!(!ran.err.contains("panicked"), "{what}: {ran:?}");
    }
    for arguments in [&["--list"][..], &["--to", "stdout", "--no-ids"]] {
        let ran = carom([&["ship", dir], arguments].concat());
        assert!(!ran.err.contains("panicked"), "{what}: ship: {ran:?}");
    }
    if has_python() {
        let numbers = 1..=segments.len() as u64;
        let files: Vec<_> =
            numbers.map(|number| folder.path().join(segment_name(0, number))).collect();
        assert!(agree(&files).is_empty(), "{what}");
    }
    let ran = carom(["clicks", "verify", "--json", dir]);
    serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()["total"].clone()
}

#[test]
fn seals() {
    let begun = Crafted { start: Some(1), ..NOTHING };
    for seal in [
        [PAGE, 0, 0, 1, MAX],
        [PAGE, 0, 0, 1, SEQUENCE_MAX],
        [PAGE, 0, 0, MAX, MAX],
        [PAGE, 0, 0, 0, MAX],
        [PAGE, 0, 0, 0, 0],
        [PAGE, 0, 0, 2, 1],
        [PAGE, 0, MAX, 1, 1],
        [PAGE, MAX, 0, 1, 1],
        [PAGE, MAX, 1, 1, 1],
        [PAGE, MAX, MAX, MAX, MAX],
        [MAX, 0, 0, 1, 1],
        [MAX, 1, 0, 1, 1],
        [MAX; 5],
        [0; 5],
    ] {
        let segment = Crafted { seal: Some(seal), ..begun.clone() };
        not_whole(&format!("{seal:?}"), std::slice::from_ref(&segment));
        not_whole(&format!("{seal:?} without a start"), &[Crafted { start: None, ..segment }]);
    }
}

#[test]
fn a_seal_that_follows_another() {
    let segment = |first, last| Crafted {
        start: Some(first),
        seal: Some([PAGE, 0, 0, first, last]),
        ..NOTHING
    };
    not_whole("both", &[segment(1, SEQUENCE_MAX), segment(SEQUENCE_MAX, SEQUENCE_MAX)]);
    not_whole("the first", &[segment(1, MAX), segment(1, 1)]);
}

#[test]
fn starts_and_lengths() {
    for start in [0, MAX, SEQUENCE_MAX + 1] {
        not_whole(&format!("start {start}"), &[Crafted { start: Some(start), ..NOTHING }]);
    }
    let long = Crafted { start: Some(1), file_bytes: Some(MAX), ..NOTHING };
    let total = not_whole("one long file", std::slice::from_ref(&long));
    assert_eq!(total["damaged_bytes"], MAX - PAGE, "{total}");
    let total = not_whole("two long files", &[long.clone(), long]);
    assert_eq!(total["damaged_bytes"], MAX, "{total}");
}

#[test]
fn gaps() {
    for gap in [(1, MAX), (MAX, 1), (MAX, MAX), (2, SEQUENCE_MAX), (SEQUENCE_MAX + 1, 1)] {
        let segment = Crafted { start: Some(1), gap: Some(gap), ..NOTHING };
        let total = not_whole(&format!("{gap:?}"), std::slice::from_ref(&segment));
        assert_eq!((&total["lost"], &total["damaged_bytes"]), (&0.into(), &48.into()), "{total}");
        let seal = Some([PAGE + 48, 0, gap.1, 1, gap.1]);
        not_whole(&format!("{gap:?}, sealed"), &[Crafted { seal, ..segment }]);
    }
    // The most that a gap can say is believed.
    let gap = Some((1, SEQUENCE_MAX));
    let total = not_whole("all", &[Crafted { start: Some(1), gap, ..NOTHING }]);
    assert_eq!(total["lost"], SEQUENCE_MAX, "{total}");
}

#[test]
fn more_than_can_be_counted() {
    const EACH: u64 = 1 << 55;
    let segment =
        |run| Crafted { run, start: Some(1), gap: Some((1, EACH)), seal: None, file_bytes: None };
    let total = not_whole("lost", &(1..=512).map(segment).collect::<Vec<_>>());
    assert_eq!(total["lost"], MAX, "{total}");
    let missing = |run| Crafted {
        seal: Some([PAGE, 0, 0, 1, EACH]),
        start: Some(1),
        run,
        gap: None,
        file_bytes: None,
    };
    let total = not_whole("missing", &(1..=512).map(missing).collect::<Vec<_>>());
    assert_eq!(total["missing"], MAX, "{total}");
}
