use bytes::Bytes;
use crc32c::crc32c;
use std::sync::Arc;

use super::*;
use crate::links::{Format, Links, Lookup, LookupScratch, OnBadLine, Source, load, normalise};

const LINKS: &str = "/a https://a.example/{clickid} 301 cache=60\n\
    a.example/x?id=1&k=* https://x.example/ tag=t from=2025-01-01T00:00:00Z else=https://e.example/\n\
    a.example/x https://plain.example/ nocase\n\
    a.example/x?id=2 410\n\
    *.example/amz/* https://b.example/:splat query=keep\n\
    /blog/:year/:slug https://blog.example/:year-:slug\n\
    b.example/Gone 410 nocase\n";

fn table(text: &str) -> Table {
    let loaded = load(&[Source::new("l", text.as_bytes(), Format::Native)], OnBadLine::Refuse);
    assert_eq!(loaded.report.to_string(), "");
    loaded.table.unwrap()
}

fn bytes_of(table: &Table, about: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(table, about, |piece| {
        bytes.extend_from_slice(piece);
        Ok::<(), ()>(())
    })
    .unwrap();
    bytes
}

fn read_all(bytes: &[u8]) -> Result<Compiled, CompiledProblem> {
    read(Bytes::copy_from_slice(bytes))
}

/// What some requests are answered with.
fn answers(table: &Arc<Table>) -> Vec<String> {
    let links = Links::replicate(table);
    let mut scratch = LookupScratch::default();
    let mut answers = Vec::new();
    for host in ["", "a.example", "A.Example:80", "b.example", "z.y.example"] {
        for path in ["/a", "/x", "/X", "/amz/1", "/blog/1/2", "/blog/1", "/gone", "/%41//b"] {
            for query in [None, Some("id=1&k=7"), Some("id=2"), Some("k&id=1&id=2")] {
                let mut room = Vec::new();
                let path = normalise(path.as_bytes(), &mut room);
                let ask: Lookup = links.ask(host.as_bytes(), path);
                links.prefetch_slot(&ask);
                links.prefetch_entry(&ask);
                let hit = links.find(&ask, path, query.map(str::as_bytes), &mut scratch);
                answers.push(format!("{:?}", hit.map(|hit| (hit.id, hit.exact, hit.answer(5)))));
            }
        }
    }
    answers
}

#[test]
fn tables_come_back() {
    for text in ["", "/a https://a.example/\n", LINKS] {
        let table = Arc::new(table(text));
        let bytes = bytes_of(&table, b"about");
        assert_eq!(bytes.len() % ALIGN, 0);
        let compiled = read_all(&bytes).unwrap();
        assert_eq!(&compiled.about[..], b"about");
        let again = Arc::new(compiled.table);
        assert_eq!((again.counts(), again.memory().index), (table.counts(), table.memory().index));
        assert_eq!(answers(&again), answers(&table));
        let lines = |table: &Table| table.links().map(|link| link.to_string()).collect::<Vec<_>>();
        assert_eq!(lines(&again), lines(&table));
        // What was read can be written again, and is the same.
        assert_eq!(bytes_of(&again, b"about"), bytes);
    }
}

#[test]
fn every_changed_byte_is_found() {
    let bytes = bytes_of(&table(LINKS), b"{}");
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut bytes = bytes;
    for at in 0..bytes.len() {
        let change = rng.u8(1..);
        bytes[at] ^= change;
        let problem = read_all(&bytes).unwrap_err();
        let expected = match at {
            0..8 => problem == CompiledProblem::NotATable,
            8..12 => matches!(problem, CompiledProblem::Version(_)),
            _ => matches!(problem, CompiledProblem::Damaged(_)),
        };
        assert!(expected, "{at}: {problem}");
        bytes[at] ^= change;
    }
    assert!(read_all(&bytes).is_ok());
}

#[test]
fn every_cut_is_found() {
    let bytes = bytes_of(&table(LINKS), b"{}");
    for end in 0..bytes.len() {
        let problem = read_all(&bytes[..end]).unwrap_err();
        match problem {
            CompiledProblem::NotATable => assert!(end < MAGIC.len()),
            CompiledProblem::CutShort { has, .. } => assert_eq!(has, end as u64),
            other => panic!("{end}: {other}"),
        }
    }
    let longer = [&bytes[..], &[0; 8]].concat();
    assert!(matches!(read_all(&longer), Err(CompiledProblem::Damaged(_))));
}

#[test]
fn problems_say_what_to_do() {
    let bytes = bytes_of(&table(LINKS), b"{}");
    let message = |bytes: &[u8]| read_all(bytes).unwrap_err().to_string();
    let check = |bytes: &[u8], want: &str| {
        let message = message(bytes);
        assert!(message.contains(want) && message.ends_with("links compile`"), "{message}");
    };
    check(b"/a https://a.example/", "not a compiled table");
    check(&bytes[..1000], "cut short: 1000 of");
    let changed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 2;
        bytes
    };
    let other = VERSION ^ 2;
    check(&changed(8), &format!("format {other}, and this carom reads format {VERSION}"));
    check(&changed(40), "its header");
    check(&changed(bytes.len() - 1), "its entries");
}

/// Makes the checksums right again, as whoever makes up a file would.
fn seal(bytes: &mut [u8]) {
    for section in 0..SECTIONS {
        let place = SECTIONS_AT + section * SECTION_BYTES;
        let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
        let (start, size) = (number(place), number(place + 8).next_multiple_of(ALIGN));
        let crc = crc32c(&bytes[start..start + size]);
        bytes[place + 16..place + 20].copy_from_slice(&crc.to_le_bytes());
    }
    let crc = crc32c(&bytes[..CRC_AT]);
    bytes[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn made_up_files_are_refused_or_harmless() {
    let bytes = bytes_of(&table(LINKS), b"{}");
    let seed = fastrand::u64(..);
    eprintln!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let filled: Vec<usize> = (HEADER_BYTES..bytes.len()).filter(|&at| bytes[at] != 0).collect();
    let mut taken = 0;
    for _ in 0..400 {
        let mut bytes = bytes.clone();
        for _ in 0..rng.usize(1..20) {
            let at = *rng.choice(&filled).unwrap();
            let values = [0, 1, 4, 0x7f, 0xff, bytes[at] ^ 1, rng.u8(..)];
            bytes[at] = *rng.choice(&values).unwrap();
        }
        seal(&mut bytes);
        let Ok(compiled) = read_all(&bytes) else { continue };
        taken += 1;
        assert!(compiled.table.links().all(|link| !link.to_string().is_empty()));
        assert!(!answers(&Arc::new(compiled.table)).is_empty());
    }
    assert!(taken > 100, "{taken}");
}

#[test]
fn an_index_without_an_end_is_refused() {
    let mut bytes = bytes_of(&table(LINKS), b"{}");
    let place = SECTIONS_AT + 2 * SECTION_BYTES;
    let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
    let (start, size) = (number(place), number(place + 8));
    bytes[start..start + size].fill(0xff);
    seal(&mut bytes);
    assert_eq!(read_all(&bytes).unwrap_err(), CompiledProblem::Damaged("its index is none"));
}
