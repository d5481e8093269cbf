//! Records: what one click looks like in a segment. Bytes in, bytes out.
//!
//! The layout is told field by field in `docs/click-log.md`; the offsets here
//! are the same. A record is a [frame] whose payload begins with
//! its type.

use std::ops::BitOr;

use super::frame::{self, FRAME_BYTES, Flaw, Framed, Salt, u16_at, u32_at, u64_at};
use crate::limits::{
    CLICK_HOST_BYTES_MAX, CLICK_PATH_BYTES_MAX, CLICK_REFERER_BYTES_MAX, CLICK_TAG_BYTES_MAX,
    CLICK_USER_AGENT_BYTES_MAX,
};

/// A click without its strings, and without a tag, bytes.
pub const CLICK_BYTES_MIN: usize = 76;
/// A gap, bytes.
pub const GAP_BYTES: usize = 48;
/// What every record has, whatever its type: frame, type and sequence, bytes.
const RECORD_BYTES_MIN: usize = 24;
/// The longest record, bytes.
pub const RECORD_BYTES_MAX: usize = (CLICK_BYTES_MIN
    + CLICK_PATH_BYTES_MAX
    + CLICK_HOST_BYTES_MAX
    + CLICK_REFERER_BYTES_MAX
    + CLICK_USER_AGENT_BYTES_MAX
    + TAG_FIELD_BYTES
    + CLICK_TAG_BYTES_MAX)
    .next_multiple_of(8);

/// The longest text: the longest string that a click can refer to, bytes.
pub const TEXT_BYTES_MAX: usize = CLICK_USER_AGENT_BYTES_MAX;
/// The longest record of a text, bytes.
pub const TEXT_RECORD_BYTES_MAX: usize = text_bytes(TEXT_BYTES_MAX);
/// A click and the texts that it is the first to refer to take no more, bytes.
pub const CLICK_ROOM_MAX: usize = RECORD_BYTES_MAX + TEXTS_ROOM;
/// What it can cost a click, beyond the strings, to write each of them as a text
/// of its own: the record around it, and its padding.
const TEXTS_ROOM: usize = SHARED * (RECORD_BYTES_MIN + 8) + TAG_FIELD_BYTES.next_multiple_of(8);

/// How many strings a click has.
pub const STRINGS: usize = 1 + SHARED;
/// How many of them may stand elsewhere: host, referer, user agent, tag.
pub const SHARED: usize = 4;
/// How many of them every click has. The last, the tag, has its field only in
/// clicks that are [`TAGGED`].
const UNTAGGED: usize = SHARED - 1;
const TAG_FIELD_BYTES: usize = 4;
/// Where a click says where they are.
pub const SHARED_AT: usize = 64;
/// Set where that is a [`TextPlace`], clear where it is a length.
const IS_PLACE: u32 = 1 << 31;
/// What tells that one of them is not whole.
pub const SHARED_CUTS: [Flags; SHARED] =
    [Flags::HOST_CUT, Flags::REFERER_CUT, Flags::USER_AGENT_CUT, Flags::TAG_CUT];
/// The flag of a click that has the field of a tag. Only records have it.
const TAGGED: u16 = 1 << 9;

const _: () = assert!(SHARED_AT + 4 * UNTAGGED == CLICK_BYTES_MIN);
// The widths of the length fields.
const _: () = assert!(CLICK_PATH_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(TEXT_BYTES_MAX <= u16::MAX as usize);

const TYPE_CLICK: u8 = 1;
const TYPE_GAP: u8 = 2;
const TYPE_TEXT: u8 = 3;

/// What was found for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// A link, or the fallback: the visitor was sent on.
    Redirect = 0,
    /// No link: 404.
    Unknown = 1,
    /// A link without a target: 410.
    Gone = 2,
}

impl Verdict {
    /// The word for it in output: `redirect`, `unknown` or `gone`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Unknown => "unknown",
            Self::Gone => "gone",
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Redirect, Self::Unknown, Self::Gone].get(usize::from(byte)).copied()
    }
}

/// Yes-or-no facts about a click, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

impl Flags {
    /// No fact at all.
    pub const NONE: Self = Self(0);
    /// The method was HEAD.
    pub const HEAD: Self = Self(1);
    /// The browser said that it only looks ahead (`Sec-Purpose: prefetch`).
    pub const PREFETCH: Self = Self(1 << 1);
    // Bits 2 to 4 are kept for "bot", "duplicate" and "TLS".
    /// The path and query were longer than is kept.
    pub const PATH_CUT: Self = Self(1 << 5);
    /// The host was longer than is kept.
    pub const HOST_CUT: Self = Self(1 << 6);
    /// The referer was longer than is kept.
    pub const REFERER_CUT: Self = Self(1 << 7);
    /// The user agent was longer than is kept.
    pub const USER_AGENT_CUT: Self = Self(1 << 8);
    // Bit 9 is `TAGGED`.
    /// The tag was longer than is kept.
    pub const TAG_CUT: Self = Self(1 << 10);

    /// The facts as bits, those of a record but for what says how it is built.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether all facts in `other` are also in this.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The record that a reply was given.
///
/// The strings are as sent, not normalised. One that was not sent is empty; an
/// empty one and none at all are not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Click<'a> {
    /// When, Unix time in microseconds.
    pub time_us: u64,
    /// Which link; 0 for none.
    pub link: u64,
    /// Generation of the table that answered.
    pub generation: u32,
    /// The visitor's address; an IPv4 address in its v4-mapped IPv6 form
    /// (RFC 4291 §2.5.5.2).
    pub ip: [u8; 16],
    /// HTTP status of the reply.
    pub status: u16,
    /// What was found.
    pub verdict: Verdict,
    /// Facts; the `…_CUT` ones are set by [`Click::cut`], and by a reader that
    /// cannot find a string.
    pub flags: Flags,
    /// Which of a link's targets was picked; 0 while links have one target.
    pub variant: u8,
    /// `Host` or the authority of an absolute target, port included.
    pub host: &'a [u8],
    /// Path, and `?` and query if there was one.
    pub path: &'a [u8],
    /// `Referer`.
    pub referer: &'a [u8],
    /// `User-Agent`.
    pub user_agent: &'a [u8],
    /// What the operator wants clicks of this link to be called; empty for nothing.
    pub tag: &'a [u8],
}

impl<'a> Click<'a> {
    /// All its strings: the path, then those that may stand elsewhere.
    #[must_use]
    pub fn strings(&self) -> [&'a [u8]; STRINGS] {
        let [host, referer, user_agent, tag] = self.shared();
        [self.path, host, referer, user_agent, tag]
    }

    /// The click with these as its strings. Without a lifetime of its own, it can be
    /// kept apart from them.
    #[must_use]
    pub fn with_strings<'b>(self, [path, shared @ ..]: [&'b [u8]; STRINGS]) -> Click<'b> {
        let [host, referer, user_agent, tag] = shared;
        Click { path, host, referer, user_agent, tag, ..self }
    }

    /// The strings that may stand elsewhere: host, referer, user agent, tag.
    #[must_use]
    pub fn shared(&self) -> [&'a [u8]; SHARED] {
        [self.host, self.referer, self.user_agent, self.tag]
    }

    /// The click with these in their place.
    #[must_use]
    pub fn with_shared(self, [host, referer, user_agent, tag]: [&'a [u8]; SHARED]) -> Self {
        Self { host, referer, user_agent, tag, ..self }
    }

    /// The click as it is recorded: strings over their bound are cut on the
    /// byte, and flagged.
    #[must_use]
    pub fn cut(mut self) -> Self {
        for (string, bytes_max, cut) in [
            (&mut self.path, CLICK_PATH_BYTES_MAX, Flags::PATH_CUT),
            (&mut self.host, CLICK_HOST_BYTES_MAX, Flags::HOST_CUT),
            (&mut self.referer, CLICK_REFERER_BYTES_MAX, Flags::REFERER_CUT),
            (&mut self.user_agent, CLICK_USER_AGENT_BYTES_MAX, Flags::USER_AGENT_CUT),
            (&mut self.tag, CLICK_TAG_BYTES_MAX, Flags::TAG_CUT),
        ] {
            if string.len() > bytes_max {
                *string = &string[..bytes_max];
                self.flags = self.flags | cut;
            }
        }
        self
    }
}

/// Where in its segment a text stands: its offset in the file, in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPlace(u32);

impl TextPlace {
    /// From this offset on nothing has a place. No segment is as large.
    pub const END: u64 = IS_PLACE as u64 * 8;

    /// The place of the record at `offset`, a multiple of 8 before
    /// [`END`](Self::END).
    #[must_use]
    pub fn of(offset: u64) -> Self {
        debug_assert!(offset.is_multiple_of(8) && offset < Self::END);
        Self((offset / 8) as u32)
    }

    /// Where in the file that is, bytes.
    #[must_use]
    pub fn offset(self) -> u64 {
        u64::from(self.0) * 8
    }
}

/// Where each of the shared strings of a click stands; `None` in the click itself.
pub type TextPlaces = [Option<TextPlace>; SHARED];

/// Clicks that were counted but not recorded, because no segment was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// How many clicks.
    pub count: u64,
    /// Time of the first, Unix µs.
    pub from_us: u64,
    /// Time of the last, Unix µs.
    pub to_us: u64,
}

/// A whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Length in the segment, bytes.
    pub bytes: usize,
    /// Number of the click, or of the first click in a gap.
    pub sequence: u64,
    /// What it records.
    pub body: Body<'a>,
}

/// What a record records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// One click. Strings that stand elsewhere are empty, and their places told.
    Click(Click<'a>, TextPlaces),
    /// Clicks that are lost.
    Gap(Gap),
    /// A string that clicks behind it refer to. It takes no sequence number.
    Text(&'a [u8]),
    /// A type this version does not know. It takes no sequence number.
    Other(u8),
}

impl Record<'_> {
    /// The sequence number that the next record should have.
    #[must_use]
    pub fn sequence_after(&self) -> u64 {
        let span = match self.body {
            Body::Click(..) => 1,
            Body::Gap(gap) => gap.count,
            Body::Text(_) | Body::Other(_) => 0,
        };
        self.sequence.saturating_add(span)
    }
}

/// What the bytes at a place turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole record.
    Record(Record<'a>),
    /// Nothing has been written here (yet).
    Absent,
    /// Something is there, and it is no record.
    Damaged(Flaw),
}

/// Room for the longest record, aligned so that its checksum takes whole words.
#[repr(C, align(8))]
#[derive(Clone, Debug)]
pub struct Scratch([u8; RECORD_BYTES_MAX]);

impl Scratch {
    /// Zeroed room.
    #[must_use]
    pub fn new() -> Self {
        Self([0; RECORD_BYTES_MAX])
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Length of the record of a text of `bytes`.
#[must_use]
pub const fn text_bytes(bytes: usize) -> usize {
    (RECORD_BYTES_MIN + bytes).next_multiple_of(8)
}

/// What `click`, after [`Click::cut`], can take at most, with the texts that it is
/// the first to refer to, bytes.
#[must_use]
pub fn click_room(click: &Click<'_>) -> usize {
    let strings = click.path.len() + click.shared().map(<[u8]>::len).iter().sum::<usize>();
    (CLICK_BYTES_MIN + strings).next_multiple_of(8) + TEXTS_ROOM
}

/// Encodes `click`, after [`Click::cut`], as the record number `sequence`, and
/// returns its bytes. Strings that have a place stay out of it.
pub fn encode<'s>(
    click: &Click<'_>,
    places: &TextPlaces,
    sequence: u64,
    salt: Salt,
    scratch: &'s mut Scratch,
) -> &'s [u8] {
    if click.tag.is_empty() {
        encode_with::<UNTAGGED>(click, places, 0, sequence, salt, scratch)
    } else {
        encode_with::<SHARED>(click, places, TAGGED, sequence, salt, scratch)
    }
}

/// Encodes a click with the first `FIELDS` of its shared strings: all it has.
fn encode_with<'s, const FIELDS: usize>(
    click: &Click<'_>,
    places: &TextPlaces,
    tagged: u16,
    sequence: u64,
    salt: Salt,
    scratch: &'s mut Scratch,
) -> &'s [u8] {
    let (shared, mut fields) = (click.shared(), [0; FIELDS]);
    let mut strings: [&[u8]; FIELDS] = std::array::from_fn(|index| shared[index]);
    for ((string, place), field) in strings.iter_mut().zip(places).zip(&mut fields) {
        *field = match place {
            Some(place) => place.0 | IS_PLACE,
            None => string.len() as u32,
        };
        if place.is_some() {
            *string = &[];
        }
    }
    let length = strings.iter().fold(click.path.len(), |sum, string| sum + string.len());
    let fixed_bytes = SHARED_AT + 4 * FIELDS;
    let record = begin(TYPE_CLICK, sequence, fixed_bytes + length, scratch);
    let (fixed, mut rest) = record.split_at_mut(fixed_bytes);
    fixed[9] = click.verdict as u8;
    fixed[10..12].copy_from_slice(&click.status.to_le_bytes());
    fixed[12..14].copy_from_slice(&(click.flags.0 | tagged).to_le_bytes());
    fixed[14] = click.variant;
    fixed[15] = 0;
    fixed[24..32].copy_from_slice(&click.time_us.to_le_bytes());
    fixed[32..40].copy_from_slice(&click.link.to_le_bytes());
    fixed[40..44].copy_from_slice(&click.generation.to_le_bytes());
    fixed[44..46].copy_from_slice(&(click.path.len() as u16).to_le_bytes());
    fixed[46..48].fill(0);
    fixed[48..64].copy_from_slice(&click.ip);
    for (field, value) in fixed[SHARED_AT..].as_chunks_mut::<4>().0.iter_mut().zip(fields) {
        *field = value.to_le_bytes();
    }
    for string in std::iter::once(click.path).chain(strings) {
        if !string.is_empty() {
            let (room, behind) = rest.split_at_mut(string.len());
            room.copy_from_slice(string);
            rest = behind;
        }
    }
    frame::close(record, salt);
    record
}

/// Encodes a text of up to [`TEXT_BYTES_MAX`] bytes, written for the click that
/// will be number `sequence`.
pub fn encode_text<'s>(
    text: &[u8],
    sequence: u64,
    salt: Salt,
    scratch: &'s mut Scratch,
) -> &'s [u8] {
    let record = begin(TYPE_TEXT, sequence, RECORD_BYTES_MIN + text.len(), scratch);
    record[9] = 0;
    record[10..12].copy_from_slice(&(text.len() as u16).to_le_bytes());
    record[12..16].fill(0);
    record[RECORD_BYTES_MIN..][..text.len()].copy_from_slice(text);
    frame::close(record, salt);
    record
}

/// A record of `bytes` and its padding in the scratch, with type and sequence.
fn begin(kind: u8, sequence: u64, bytes: usize, scratch: &mut Scratch) -> &mut [u8] {
    let length = bytes.next_multiple_of(8);
    let record = &mut scratch.0[..length];
    // The scratch holds an older record; only the padding needs to be zeroed.
    record[length - 8..].fill(0);
    record[8] = kind;
    record[16..24].copy_from_slice(&sequence.to_le_bytes());
    record
}

/// Encodes `gap`, whose first lost click is number `sequence`.
#[must_use]
pub fn encode_gap(gap: &Gap, sequence: u64, salt: Salt) -> [u8; GAP_BYTES] {
    let mut record = [0; GAP_BYTES];
    record[8] = TYPE_GAP;
    record[16..24].copy_from_slice(&sequence.to_le_bytes());
    record[24..32].copy_from_slice(&gap.from_us.to_le_bytes());
    record[32..40].copy_from_slice(&gap.count.to_le_bytes());
    record[40..48].copy_from_slice(&gap.to_us.to_le_bytes());
    frame::close(&mut record, salt);
    record
}

/// Looks at the start of `bytes` for a record. Any bytes will do.
#[must_use]
pub fn decode(bytes: &[u8], salt: Salt) -> Decoded<'_> {
    match frame::open(bytes, salt, RECORD_BYTES_MIN, RECORD_BYTES_MAX) {
        Framed::Whole(payload) => decode_body(&bytes[..FRAME_BYTES + payload.len()]),
        Framed::Absent => Decoded::Absent,
        Framed::Damaged(reason) => Decoded::Damaged(reason),
    }
}

/// Decodes a record whose frame has been found good.
fn decode_body(record: &[u8]) -> Decoded<'_> {
    let body = match record[8] {
        TYPE_CLICK => click_of(record).map(|(click, places)| Body::Click(click, places)),
        TYPE_GAP => decode_gap(record).map(Body::Gap),
        TYPE_TEXT => text_of(record).map(Body::Text),
        0 => None,
        other => Some(Body::Other(other)),
    };
    match body {
        Some(body) => {
            let sequence = u64_at(record, 16);
            Decoded::Record(Record { bytes: record.len(), sequence, body })
        }
        None => Decoded::Damaged(Flaw::Shape),
    }
}

/// The click in a record whose frame has been found good, and where those of its
/// strings stand that are empty in it.
pub fn click_of(record: &[u8]) -> Option<(Click<'_>, TextPlaces)> {
    let flags = u16_at(record.get(..CLICK_BYTES_MIN)?, 12);
    let fields = if flags & TAGGED == 0 { UNTAGGED } else { SHARED };
    let (fixed, mut strings) = record.split_at_checked(SHARED_AT + 4 * fields)?;
    let mut take = |bytes: usize| {
        let (string, rest) = strings.split_at_checked(bytes)?;
        strings = rest;
        Some(string)
    };
    let path = take(usize::from(u16_at(fixed, 44)))?;
    let (mut shared, mut places): ([&[u8]; SHARED], TextPlaces) = Default::default();
    for index in 0..fields {
        let field = u32_at(fixed, SHARED_AT + 4 * index);
        if field & IS_PLACE == 0 {
            shared[index] = take(field as usize)?;
        } else {
            places[index] = Some(TextPlace(field & !IS_PLACE));
        }
    }
    if strings.len() >= 8 {
        return None;
    }
    let [host, referer, user_agent, tag] = shared;
    let click = Click {
        time_us: u64_at(fixed, 24),
        link: u64_at(fixed, 32),
        generation: u32_at(fixed, 40),
        ip: fixed[48..64].try_into().expect("sixteen bytes"),
        status: u16_at(fixed, 10),
        verdict: Verdict::of(fixed[9])?,
        flags: Flags(flags & !TAGGED),
        variant: fixed[14],
        host,
        path,
        referer,
        user_agent,
        tag,
    };
    Some((click, places))
}

/// The text in a record whose frame has been found good.
pub fn text_of(record: &[u8]) -> Option<&[u8]> {
    let bytes = usize::from(u16_at(record, 10));
    let is_whole = (1..=TEXT_BYTES_MAX).contains(&bytes) && record.len() == text_bytes(bytes);
    is_whole.then(|| &record[RECORD_BYTES_MIN..][..bytes])
}

fn decode_gap(record: &[u8]) -> Option<Gap> {
    if record.len() != GAP_BYTES {
        return None;
    }
    let gap =
        Gap { from_us: u64_at(record, 24), count: u64_at(record, 32), to_us: u64_at(record, 40) };
    (gap.count > 0).then_some(gap)
}

#[cfg(test)]
mod tests;
