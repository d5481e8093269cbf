//! A compiled table that was made up, with checksums that are right: it is refused,
//! or every lookup ends, within its bounds.
#![no_main]

use std::sync::{Arc, LazyLock};

use carom::links::compiled::{read, write};
use carom::links::{Format, Links, OnBadLine, LookupScratch, Source, load, normalise};
use libfuzzer_sys::fuzz_target;

const LINKS: &str = "/a https://a.example/{clickid} 301 cache=60\n\
    a.example/x?id=1&k=* https://x.example/ tag=t until=2035-01-01T00:00:00Z else=https://e.example/\n\
    a.example/x https://plain.example/ nocase\n\
    *.example/amz/* https://b.example/:splat query=keep\n\
    /blog/:year/:slug https://blog.example/:year-:slug\n";
const HEADER: usize = 256;

static WRITTEN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let source = Source::new("l", LINKS.as_bytes(), Format::Native);
    let table = load(&[source], OnBadLine::Refuse).table.expect("the links are good");
    let mut bytes = Vec::new();
    let Ok(()) = write(&table, b"{}", |piece| {
        bytes.extend_from_slice(piece);
        Ok::<(), std::convert::Infallible>(())
    });
    bytes
});

/// Makes the checksums right, where sections are within the file.
fn seal(bytes: &mut [u8]) {
    for place in (88..184).step_by(24) {
        let number =
            |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("8 bytes")) as usize;
        let (start, size) = (number(place), number(place + 8));
        let end = size.checked_next_multiple_of(8).and_then(|size| start.checked_add(size));
        let Some(section) = end.and_then(|end| bytes.get(start..end)) else { continue };
        let crc = crc32c::crc32c(section);
        bytes[place + 16..place + 20].copy_from_slice(&crc.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes[..HEADER - 4]);
    bytes[HEADER - 4..HEADER].copy_from_slice(&crc.to_le_bytes());
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = WRITTEN.clone();
    // Most of the file is empty slots; of edits, only those elsewhere say much.
    let filled: Vec<usize> = (16..bytes.len()).filter(|&at| bytes[at] != 0).collect();
    for edit in data.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]]));
        bytes[filled[at % filled.len()]] ^= edit[2];
    }
    seal(&mut bytes);
    let Ok(compiled) = read(bytes.into()) else { return };
    for link in compiled.table.links() {
        let _ = link.to_string();
    }
    let links = Links::replicate(&Arc::new(compiled.table));
    let (mut scratch, mut room) = (LookupScratch::default(), Vec::new());
    for host in ["", "a.example", "z.y.example", "x"] {
        for path in ["/a", "/X", "/amz/1/2", "/blog/1/2", "/%78"] {
            let path = normalise(path.as_bytes(), &mut room);
            let ask = links.ask(host.as_bytes(), path);
            links.prefetch_slot(&ask);
            links.prefetch_entry(&ask);
            if let Some(hit) = links.find(&ask, path, Some(b"id=1&k=7"), &mut scratch) {
                let _ = hit.answer(1);
            }
        }
    }
});
