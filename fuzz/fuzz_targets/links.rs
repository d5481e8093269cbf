//! Link files of any bytes, in every format: no panic; a link that is accepted
//! never makes a reply with a byte that RFC 9110 §5.5 forbids in a field value;
//! and every key that is accepted can be asked for.
#![no_main]

use std::sync::Arc;

use carom::links::{Format, Links, OnBadLine, Scratch, Source, load, normalise};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let (_, format) = Format::ALL[usize::from(*first) % Format::ALL.len()];
    let source = Source::new("fuzz", text, format);
    let loaded = load(&[source], OnBadLine::Skip);
    let problems = loaded.report.problems.iter();
    assert!(problems.clone().all(|problem| problem.line > 0 && !problem.message.is_empty()));
    let Some(table) = loaded.table else { return };
    let links = Links::replicate(&Arc::new(table));
    // Ask for anything that looks like a path in the file itself.
    let (mut scratch, mut path_scratch, mut out) = (Scratch::default(), Vec::new(), Vec::new());
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
        let Some(hit) = links.find(&ask, path, query, &mut scratch) else { continue };
        out.clear();
        if hit.target.write(&hit.captured(path), &mut out).is_ok() {
            assert!(out.iter().all(|&byte| (0x21..0x7f).contains(&byte)), "{out:?}");
        }
    }
});
