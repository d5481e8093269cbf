//! The bytes of a click. `docs/click-log.md` tells the layout field by field; the
//! offsets here are the same.

use super::click::{Click, Flags, SHARED, SHARED_CUTS, Verdict};
use super::frame::{self, Salt, u16_at, u32_at, u64_at};
use super::lengths::{CLICK_BYTES_MIN, SHARED_AT, TEXTS_ROOM, UNTAGGED};
use super::scratch::RecordScratch;
use super::tail::{TAIL_BYTES, Tail};
use super::text::{StringField, StringFields};

pub(super) const TYPE: u8 = 1;

/// The flag of a click that has the field of a tag. Only records have it.
const TAGGED: u16 = 1 << 9;
/// The flag of a click that has a tail. Only records have it.
const TAILED: u16 = 1 << 11;

/// What `click`, after [`Click::cut`], can take at most, with the texts that it is
/// the first to refer to, bytes.
#[must_use]
pub fn click_room(click: &Click<'_>) -> usize {
    let shared = click.host.len() + click.referer.len() + click.user_agent.len() + click.tag.len();
    let strings = click.path.len() + shared;
    (CLICK_BYTES_MIN + strings).next_multiple_of(8) + TEXTS_ROOM
}

/// Encodes `click`, after [`Click::cut`], as the record number `sequence`, and
/// returns its bytes. Of its shared strings it holds those whose field says so.
pub fn encode<'s>(
    click: &Click<'_>,
    fields: &StringFields,
    sequence: u64,
    salt: Salt,
    scratch: &'s mut RecordScratch,
) -> &'s [u8] {
    // Each is compiled by itself, so that a click pays for no field that it lacks.
    match (click.tag.is_empty(), click.tail.is_empty()) {
        (true, true) => encode_with::<UNTAGGED, 0>(click, fields, sequence, salt, scratch),
        (false, true) => encode_with::<SHARED, 0>(click, fields, sequence, salt, scratch),
        (true, false) => {
            encode_with::<UNTAGGED, TAIL_BYTES>(click, fields, sequence, salt, scratch)
        }
        (false, false) => encode_with::<SHARED, TAIL_BYTES>(click, fields, sequence, salt, scratch),
    }
}

/// Encodes a click with the first `FIELDS` of its shared strings and a tail of `TAIL`
/// bytes: all it has.
fn encode_with<'s, const FIELDS: usize, const TAIL: usize>(
    click: &Click<'_>,
    fields: &StringFields,
    sequence: u64,
    salt: Salt,
    scratch: &'s mut RecordScratch,
) -> &'s [u8] {
    let fields = &fields[..FIELDS];
    let strings_here = fields.iter().fold(0, |sum, field| sum + field.bytes_here());
    let tail_at = SHARED_AT + 4 * FIELDS;
    let length = tail_at + TAIL + click.path.len() + strings_here;
    let record = scratch.begin(TYPE, sequence, length);
    let (fixed, mut rest) = record.split_at_mut(tail_at + TAIL);
    let tagged = if FIELDS > UNTAGGED { TAGGED } else { 0 };
    let tailed = if TAIL > 0 { TAILED } else { 0 };
    // By whole words, as they are read for the checksum right after.
    let words = fixed.as_chunks_mut::<8>().0;
    words[1] = word(&[
        (u64::from(TYPE), 0),
        (u64::from(click.verdict.0), 8),
        (u64::from(click.status), 16),
        (u64::from(click.flags.bits() | tagged | tailed), 32),
        (u64::from(click.variant), 48),
        (u64::from(click.reason), 56),
    ]);
    words[3] = click.time_us.to_le_bytes();
    words[4] = click.link.to_le_bytes();
    words[5] = word(&[
        (u64::from(click.generation), 0),
        (u64::from(click.path.len() as u16), 32),
        (u64::from(click.signals), 48),
    ]);
    fixed[48..64].copy_from_slice(&click.ip);
    for (bytes, field) in fixed[SHARED_AT..tail_at].as_chunks_mut::<4>().0.iter_mut().zip(fields) {
        *bytes = field.0.to_le_bytes();
    }
    if TAIL > 0 {
        fixed[tail_at..].copy_from_slice(&click.tail.encode());
    }
    let (room, behind) = rest.split_at_mut(click.path.len());
    room.copy_from_slice(click.path);
    rest = behind;
    if strings_here > 0 {
        for (string, field) in click.shared().iter().zip(fields) {
            if field.bytes_here() > 0 {
                let (room, behind) = rest.split_at_mut(string.len());
                room.copy_from_slice(string);
                rest = behind;
            }
        }
    }
    frame::close(record, salt);
    record
}

/// The bytes of a word that holds these numbers, each from its bit on.
fn word(parts: &[(u64, u32)]) -> [u8; 8] {
    parts.iter().fold(0, |word, (number, bit)| word | number << bit).to_le_bytes()
}

/// The click in a record whose frame has been found good, and the fields of its shared
/// strings. Those that stand elsewhere are empty in it.
pub fn click_of(record: &[u8]) -> Option<(Click<'_>, StringFields)> {
    let flags = u16_at(record.get(..CLICK_BYTES_MIN)?, 12);
    let count = if flags & TAGGED == 0 { UNTAGGED } else { SHARED };
    let (fixed, behind) = record.split_at_checked(SHARED_AT + 4 * count)?;
    let (tail, mut strings) = match flags & TAILED {
        0 => (Tail::default(), behind),
        _ => Tail::split_off(behind)?,
    };
    let mut take = |bytes: usize| {
        let (string, rest) = strings.split_at_checked(bytes)?;
        strings = rest;
        Some(string)
    };
    let path = take(usize::from(u16_at(fixed, 44)))?;
    let (mut shared, mut fields): ([&[u8]; SHARED], StringFields) = Default::default();
    for index in 0..count {
        fields[index] = StringField(u32_at(fixed, SHARED_AT + 4 * index));
        shared[index] = take(fields[index].bytes_here())?;
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
        verdict: Verdict(fixed[9]),
        flags: Flags::of_bits(flags & !(TAGGED | TAILED)),
        variant: fixed[14],
        reason: fixed[15],
        signals: u16_at(fixed, 46),
        tail,
        host,
        path,
        referer,
        user_agent,
        tag,
    };
    Some((click, fields))
}

/// The same click with the strings that stand elsewhere, as far as they were found.
/// One that was not is empty, and flagged as cut.
pub fn click_with<'a>(
    record: &'a [u8],
    found: impl Fn(usize) -> Option<&'a [u8]>,
) -> Option<Click<'a>> {
    let (mut click, fields) = click_of(record)?;
    let mut strings = click.shared();
    for (index, string) in strings.iter_mut().enumerate() {
        if fields[index].place().is_some() {
            match found(index) {
                Some(text) => *string = text,
                None => click.flags = click.flags | SHARED_CUTS[index],
            }
        }
    }
    Some(click.with_shared(strings))
}
