//! A ledger in memory, for tests and benchmarks: a writer, and what a keeper
//! would do for it, at the moment the test chooses.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clicks::{
    Click, ClickKeys, ClickPlace, Handover, Header, Missing, SEAL_AT, SHARED_CUTS, STRINGS, Salt,
    Seal, Segment, SegmentEvent, SegmentMap, SegmentReader, Signer, VERSION, Writer, find_click_in,
};

/// A click that owns its strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedClick {
    /// Number in its shard.
    pub sequence: u64,
    /// The click without its strings.
    bare: Click<'static>,
    strings: [Vec<u8>; STRINGS],
}

impl OwnedClick {
    /// A copy of `click`, number `sequence`.
    #[must_use]
    pub fn of(sequence: u64, click: &Click<'_>) -> Self {
        let bare = click.with_strings([&[]; STRINGS]);
        Self { sequence, bare, strings: click.strings().map(<[u8]>::to_vec) }
    }

    /// The click without its number.
    #[must_use]
    pub fn click(&self) -> Click<'_> {
        self.bare.with_strings(self.strings.each_ref().map(Vec::as_slice))
    }

    /// Whether this is what damage may leave of `whole`: the same, but for strings
    /// that are empty and flagged.
    #[must_use]
    pub fn is_left_of(&self, whole: &Self) -> bool {
        let (here, mut left) = (self.click(), whole.click());
        let mut strings = left.shared();
        for ((string, here), cut) in strings.iter_mut().zip(here.shared()).zip(SHARED_CUTS) {
            if here.is_empty() && !string.is_empty() {
                *string = &[];
                left.flags = left.flags | cut;
            }
        }
        self.sequence == whole.sequence && here == left.with_shared(strings)
    }
}

/// What segments in memory hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TapeContents {
    /// The clicks, in order.
    pub clicks: Vec<OwnedClick>,
    /// Everything else that was found.
    pub findings: Vec<SegmentEvent>,
}

/// The keys that sign the ids of clicks in memory: no secret.
#[must_use]
#[expect(clippy::missing_panics_doc)] // it is a constant
pub fn keys() -> ClickKeys {
    ClickKeys::parse("0 000102030405060708090a0b0c0d0e0f").expect("it is a key")
}

/// The far end of a writer in memory.
pub struct Tape {
    segment_bytes: usize,
    handover: Arc<Handover>,
    segments: Vec<(Arc<Segment>, Option<Seal>)>,
    /// How many of them were taken back.
    sealed: usize,
}

impl Tape {
    /// A writer over segments of `segment_bytes`, of which the first is there
    /// and none is ready.
    ///
    /// # Panics
    ///
    /// If there is no memory, or not even one record fits.
    #[must_use]
    pub fn new(segment_bytes: usize) -> (Self, Writer) {
        let handover = Arc::new(Handover::new(1));
        let mut tape =
            Self { segment_bytes, handover: handover.clone(), segments: Vec::new(), sealed: 0 };
        let first = tape.make();
        let signer = Signer { keys: keys(), node: 0, shard: 0 };
        (tape, Writer::new(handover, first, signer))
    }

    fn make(&mut self) -> Arc<Segment> {
        let number = self.segments.len() as u64 + 1;
        let header = Header {
            version: VERSION,
            number,
            run: 1,
            node: 0,
            shard: 0,
            cpu: 0,
            key: 0,
            is_listed: false,
            mac: None,
            boot: [0; 16],
            made_us: number,
            made_monotonic_us: number,
            file_bytes: self.segment_bytes as u64,
            salt: Salt::new((number as u32).wrapping_mul(0x9e37_79b9)),
        };
        let map = SegmentMap::anonymous(self.segment_bytes).expect("memory for a segment");
        let page = header.page();
        for (word, bytes) in map.words().iter().zip(page.as_chunks::<8>().0) {
            word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
        }
        let segment = Arc::new(Segment::new(number, header.salt, map));
        self.segments.push((segment.clone(), None));
        segment
    }

    /// Makes one segment ready. `false` if one already is, or too many are not
    /// sealed yet.
    pub fn make_ready(&mut self) -> bool {
        let open = self.segments.len() - self.sealed;
        if !self.handover.wants_segment(open) {
            return false;
        }
        let segment = self.make();
        self.handover.ready.push(segment).is_ok()
    }

    /// Seals what the writer is done with; how many segments that were.
    pub fn seal(&mut self) -> usize {
        let mut sealed = 0;
        while let Some(retired) = self.handover.retired.pop() {
            self.segments[retired.segment.number as usize - 1].1 = retired.seal;
            sealed += 1;
        }
        self.sealed += sealed;
        sealed
    }

    /// How many clicks were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.handover.counts.clicks.load(Ordering::Relaxed)
    }

    /// The click at `place`, read as it would be from its file.
    ///
    /// # Panics
    ///
    /// If there is no such segment.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn click_at(&self, place: &ClickPlace) -> Result<OwnedClick, Missing> {
        let image = self.images().swap_remove(place.segment as usize - 1);
        let found = find_click_in(Path::new(""), &image, place).expect("memory can be read")?;
        let entry = found.entry();
        Ok(OwnedClick::of(entry.sequence, &entry.click))
    }

    /// The files as they would be on disk now, by number.
    #[must_use]
    pub fn images(&self) -> Vec<Vec<u8>> {
        self.segments.iter().map(|(segment, seal)| image(segment, seal.as_ref())).collect()
    }

    /// All that can be read back now.
    ///
    /// # Panics
    ///
    /// If an image is refused, which would be a mistake of the writer.
    #[must_use]
    pub fn contents(&self) -> TapeContents {
        let mut contents = TapeContents::default();
        let mut expected = Some(1);
        for image in self.images() {
            expected = read(image, expected, &mut contents).expect("memory can be read");
        }
        contents
    }
}

fn image(segment: &Segment, seal: Option<&Seal>) -> Vec<u8> {
    let words = segment.map().words().iter();
    let mut image: Vec<u8> =
        words.flat_map(|word| word.load(Ordering::Acquire).to_ne_bytes()).collect();
    if let Some(seal) = seal {
        let block = seal.encode(segment.salt);
        image[SEAL_AT..SEAL_AT + block.len()].copy_from_slice(&block);
        image.truncate(seal.used_bytes as usize);
    }
    image
}

/// Adds what one image holds to `contents`; returns the number that the click
/// after it should have.
///
/// # Errors
///
/// When the image is no segment.
pub fn read(
    image: Vec<u8>,
    expected: Option<u64>,
    contents: &mut TapeContents,
) -> io::Result<Option<u64>> {
    let mut reader =
        SegmentReader::open(image)?.map_err(|refused| io::Error::other(refused.to_string()))?;
    if let Some(expected) = expected {
        reader.expect(expected);
    }
    loop {
        match reader.next(false)? {
            SegmentEvent::Click { sequence, .. } => {
                contents.clicks.push(OwnedClick::of(sequence, &reader.click()));
            }
            SegmentEvent::End => return Ok(reader.expected()),
            finding => contents.findings.push(finding),
        }
    }
}
