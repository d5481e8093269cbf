//! A segment with any bytes changed, and cut anywhere: the reader never panics,
//! always ends, and never shows a click that was not written; of a string it shows
//! all or nothing.
#![no_main]

use std::sync::LazyLock;

use carom::rehearsal::tape::{TapeContents, OwnedClick, Tape, read};
use carom::clicks::{Click, Tail};
use carom::limits::SEGMENT_BYTES_MIN;
use libfuzzer_sys::fuzz_target;

static WRITTEN: LazyLock<(Vec<u8>, Vec<OwnedClick>)> = LazyLock::new(|| {
    let (tape, mut writer) = Tape::new(SEGMENT_BYTES_MIN as usize);
    for n in 0..12u64 {
        let click = Click {
            time_us: 1_000_000 + n,
            link: n,
            generation: 1,
            ip: [0; 16],
            status: 302,
            reason: n as u8,
            tail: Tail { visitor: n % 2, ..Tail::default() },
            host: b"go.example",
            path: &b"/a/path?with=a&query=too"[..4 + n as usize],
            referer: b"https://r.example/",
            user_agent: &b"agent/1.0 (fuzz)"[..n as usize],
            tag: [&b""[..], b"t", b"spring-sale"][n as usize % 3],
            ..Click::default()
        };
        writer.append(&click).expect("the segment has room");
    }
    let image = tape.images().remove(0);
    (image, tape.contents().clicks)
});

fuzz_target!(|data: &[u8]| {
    let (image, written) = &*WRITTEN;
    let mut image = image.clone();
    let Some((cut, edits)) = data.split_first_chunk::<2>() else { return };
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % image.len();
        image[at] ^= edit[2];
    }
    let cut = usize::from(u16::from_le_bytes(*cut));
    if cut % 4 == 0 {
        image.truncate(cut);
    }
    let mut contents = TapeContents::default();
    let _ = read(image, None, &mut contents); // a damaged first page is refused
    for click in &contents.clicks {
        let is_written = written.iter().any(|whole| click.is_left_of(whole));
        assert!(is_written, "{click:?} was never written");
    }
});
