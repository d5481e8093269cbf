//! Link files of any bytes, in every format: no panic; a link that is accepted
//! never makes a reply with a byte that RFC 9110 §5.5 forbids in a field value;
//! every key that is accepted can be asked for; and links that match in any case
//! answer whatever the case.
#![no_main]

use std::sync::Arc;

use carom::limits::LOCATION_BYTES_MAX;
use carom::links::{Format, Links, OnBadLine, LookupScratch, Source, Visit, load, normalise};
use libfuzzer_sys::fuzz_target;

/// Before, within and after any time that a file can name (RFC 3339), Unix
/// microseconds.
const TIMES: [u64; 3] = [0, 1_796_083_200_000_000, i64::MAX as u64];

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let (_, format) = Format::ALL[usize::from(*first) % Format::ALL.len()];
    // Now and then all links are to match in any case; a comment would hide that.
    let nocase = first & 0x80 != 0 && format == Format::Native;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.contains(&b'#'));
    let suffixed: Vec<&[u8]> = lines.flat_map(|line| [line, b" nocase\n"]).collect();
    let suffixed = suffixed.concat();
    let text = if nocase { &suffixed } else { text };
    let source = Source::new("fuzz", text, format);
    let loaded = load(&[source], OnBadLine::Skip);
    let problems = loaded.report.problems.iter();
    assert!(problems.clone().all(|problem| problem.line > 0 && !problem.message.is_empty()));
    let Some(table) = loaded.table else { return };
    let links = Links::replicate(&Arc::new(table));
    // Ask for anything that looks like a path in the file itself.
    let (mut scratch, mut path_scratch, mut out) = (LookupScratch::default(), Vec::new(), Vec::new());
    for word in text.split(|&byte| matches!(byte, b' ' | b'\t' | b',' | b'\n' | b'\r')) {
        let (path, query) = match word.iter().position(|&byte| byte == b'?') {
            Some(at) => (&word[..at], Some(&word[at + 1..])),
            None => (word, None),
        };
        let host_end = path.iter().position(|&byte| byte == b'/').unwrap_or(path.len());
        let (host, path) = path.split_at(host_end);
        let path = normalise(path, &mut path_scratch);
        let ask = links.ask(host, path);
        links.prefetch_slot(&ask);
        links.prefetch_entry(&ask);
        let found = links.find(&ask, path, query, &mut scratch);
        if nocase {
            // Escapes are spelled with capitals already.
            let capitals = path.to_ascii_uppercase();
            let ask = links.ask(host, &capitals);
            let other = links.find(&ask, &capitals, query, &mut scratch);
            assert_eq!(found.map(|hit| hit.id), other.map(|hit| hit.id));
        }
        let Some(hit) = found else { continue };
        out.clear();
        // Everything else a visitor says is the file too.
        let visit = Visit {
            path,
            captured: hit.captured(path),
            query: query.unwrap_or(text),
            host: text,
            referer: text,
            user_agent: text,
            ip: [text.len() as u8; 16],
            unix_seconds: text.len() as u64,
        };
        for unix_us in TIMES {
            let answer = hit.answer(unix_us);
            out.clear();
            if answer.target.write(&visit, &mut out).is_ok() {
                assert!(out.iter().all(|&byte| (0x21..0x7f).contains(&byte)), "{out:?}");
                assert!(out.len() <= LOCATION_BYTES_MAX);
            }
            let policy = answer.referrer.unwrap_or("origin");
            assert!(policy.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!(core::str::from_utf8(answer.tag).is_ok());
        }
    }
});
