//! Segments in memory, and where their records stand.

use std::ops::Range;

use carom::clicks::{CLICK_ROOM_MAX, Click, Flags, GAP_BYTES, LinkName, Tail};
use carom::rehearsal::tape::{OwnedClick, Tape};

/// First page.
pub const PAGE: usize = 4096;
/// A segment with room for a few clicks and a gap.
pub const SEGMENT: usize = PAGE + CLICK_ROOM_MAX + GAP_BYTES;

pub fn random_click(
    rng: &mut fastrand::Rng,
    sequence: u64,
    string_bytes: Range<usize>,
) -> OwnedClick {
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
    let tag = vec![b't'; tag_bytes];
    let click = Click {
        time_us: 1_763_800_000_000_000 + sequence,
        link: rng.u64(..),
        generation: rng.u32(..),
        ip: std::array::from_fn(|_| rng.u8(..)),
        status: 302,
        flags: if rng.bool() { Flags::HEAD } else { Flags::NONE },
        variant: rng.u8(..),
        reason: rng.u8(..),
        signals: rng.u16(..),
        tail: Tail { visitor: if rng.bool() { rng.u64(..) } else { 0 }, ..Tail::default() },
        host: &host,
        path: &path,
        referer: &referer,
        user_agent: &user_agent,
        tag: &tag,
        ..Click::default()
    };
    OwnedClick::of(sequence, &click)
}

/// What a link is.
pub struct Name<'a> {
    pub key: String,
    pub target: &'a [u8],
}

impl LinkName for Name<'_> {
    fn target(&self) -> &[u8] {
        self.target
    }

    fn key(&self) -> String {
        self.key.clone()
    }

    fn key_bytes_max(&self) -> usize {
        self.key.len()
    }
}

/// Types of records.
pub const CLICK: u8 = 1;
pub const TEXT: u8 = 3;
pub const LINK: u8 = 4;

/// Where the records of these types stand in a whole image.
pub fn places(image: &[u8], types: &[u8]) -> Vec<Range<usize>> {
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
pub fn three() -> (Vec<u8>, Vec<OwnedClick>) {
    let mut rng = fastrand::Rng::with_seed(3);
    let (tape, mut writer) = Tape::new(SEGMENT);
    let clicks: Vec<_> = (1..=3).map(|number| random_click(&mut rng, number, 20..40)).collect();
    for click in &clicks {
        writer.append(&click.click()).unwrap();
    }
    (tape.images().remove(0), clicks)
}
