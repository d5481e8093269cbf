//! Shapes of patterns: where they have placeholders, and where text. All patterns of one
//! shape are found with one look-up, however many they are.
//!
//! A shape tells of the segments behind a [pattern]'s literal beginning. With it a path
//! is *spelled* as that pattern would be which has its text: each placeholder as a mark
//! that no path holds. Patterns that differ at most in names are spelled alike, and no
//! others are.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | whether it ends with a rest (`*`) |
//! | each segment: 1–2 | size of what follows, 0 for a segment that is text |
//! | 1–2 | size of the text before the first placeholder, or before the rest |
//! | then 1 | a placeholder, by the number of what it stands for |
//! | or 1 + 2 + n | [`BETWEEN`], a size, and the text between two placeholders or before the rest |
//! | or 1 + 2 | [`BEHIND`], and the size of the text behind the last placeholder |

use core::cmp::{Ordering, Reverse};

use super::segment::{Fit, Hole, Piece, is_literal, pieces};

const BETWEEN: u8 = 4;
const BEHIND: u8 = 5;
/// Ends a spelled path where its rest begins. Holes are spelled by their numbers.
const REST: u8 = 4;

fn segments(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
}

/// Writes what stands behind the literal beginning of a pattern as a shape into `out`.
pub(super) fn write(behind: &[u8], with_rest: bool, out: &mut Vec<u8>) {
    out.clear();
    out.push(u8::from(with_rest));
    let count = segments(behind).count();
    for (at, segment) in segments(behind).enumerate() {
        let ends = with_rest && at + 1 == count;
        if is_literal(segment) && !ends {
            out.extend(0_u16.to_le_bytes());
            continue;
        }
        let start = out.len();
        out.extend([0; 2]);
        write_segment(segment, ends, out);
        let size = (out.len() - start - 2) as u16;
        out[start..start + 2].copy_from_slice(&size.to_le_bytes());
    }
}

fn write_segment(segment: &[u8], ends: bool, out: &mut Vec<u8>) {
    let size_of = |text: &[u8]| (text.len() as u16).to_le_bytes();
    let mut parts = pieces(segment).peekable();
    match parts.peek() {
        Some(Piece::Text(text)) => {
            out.extend(size_of(text));
            parts.next();
        }
        _ => out.extend(size_of(b"")),
    }
    while let Some(piece) = parts.next() {
        match piece {
            Piece::Hole(_, hole) => out.push(hole as u8),
            Piece::Text(text) if parts.peek().is_some() || ends => {
                out.push(BETWEEN);
                out.extend(size_of(text));
                out.extend_from_slice(text);
            }
            Piece::Text(text) => {
                out.push(BEHIND);
                out.extend(size_of(text));
            }
        }
    }
}

/// Appends a pattern's segments behind its literal beginning as they are spelled.
pub(super) fn spell_pattern(behind: &[u8], with_rest: bool, out: &mut Vec<u8>) {
    for (at, segment) in segments(behind).enumerate() {
        if at > 0 {
            out.push(b'/');
        }
        push(pieces(segment), out);
    }
    if with_rest {
        out.push(REST);
    }
}

fn push<'a>(parts: impl Iterator<Item = Piece<'a>>, out: &mut Vec<u8>) {
    for piece in parts {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Hole(_, hole) => out.push(hole as u8),
        }
    }
}

/// Appends what a path has behind a literal beginning as patterns of this shape are
/// spelled that match it. Gives where its rest begins, its end without one; `None` if no
/// pattern of this shape can match.
pub(in crate::links) fn spell(shape: &[u8], behind: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (&with_rest, mut shape) = shape.split_first()?;
    let with_rest = with_rest != 0;
    let mut at = 0;
    loop {
        let part = cut(&mut shape)?;
        let rest = behind.get(at..)?;
        let size = memchr::memchr(b'/', rest).unwrap_or(rest.len());
        let segment = &rest[..size];
        let ends = shape.is_empty();
        if part.is_empty() {
            out.extend_from_slice(segment);
        } else {
            let fit = Fit { with_rest: with_rest && ends, folded: false };
            let shaped = Shaped::new(part, segment)?;
            let end = fit.of(shaped.clone(), segment, |_, _| {})?;
            push(shaped, out);
            if fit.with_rest {
                out.push(REST);
                return Some(at + end);
            }
        }
        at += size;
        if ends {
            return (at == behind.len()).then_some(at);
        }
        if at == behind.len() {
            return None;
        }
        out.push(b'/');
        at += 1;
    }
}

/// The bytes behind a size of 2 bytes. `None` where there are none or not so many, which
/// is so in crafted files alone.
fn cut<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = cut_size(bytes)?;
    let (part, behind) = bytes.split_at_checked(size)?;
    *bytes = behind;
    Some(part)
}

fn cut_size(bytes: &mut &[u8]) -> Option<usize> {
    let (size, behind) = bytes.split_first_chunk::<2>()?;
    *bytes = behind;
    Some(usize::from(u16::from_le_bytes(*size)))
}

/// The parts that a key of one shape has which has the text of a segment.
#[derive(Clone)]
struct Shaped<'a> {
    before: &'a [u8],
    shape: &'a [u8],
    segment: &'a [u8],
}

impl<'a> Shaped<'a> {
    /// `None` if the segment is too short.
    fn new(mut shape: &'a [u8], segment: &'a [u8]) -> Option<Shaped<'a>> {
        let before = segment.get(..cut_size(&mut shape)?)?;
        Some(Shaped { before, shape, segment })
    }
}

impl<'a> Iterator for Shaped<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if !self.before.is_empty() {
            return Some(Piece::Text(core::mem::take(&mut self.before)));
        }
        let (&part, behind) = self.shape.split_first()?;
        self.shape = behind;
        match part {
            BETWEEN => cut(&mut self.shape).map(Piece::Text),
            BEHIND => {
                // Too long a text leaves nothing for the placeholder, and so does not fit.
                let size = cut_size(&mut self.shape)?.min(self.segment.len());
                Some(Piece::Text(&self.segment[self.segment.len() - size..]))
            }
            number => Some(Piece::Hole(b"", Hole::of_number(number)?)),
        }
    }
}

/// Whether the segments behind a literal beginning are spelled so.
pub(in crate::links) fn is_spelled(behind: &[u8], with_rest: bool, spelled: &[u8]) -> bool {
    let mut rest = Some(spelled);
    let mut take = |part: &[u8]| rest = rest.and_then(|rest| rest.strip_prefix(part));
    for (at, segment) in segments(behind).enumerate() {
        take(if at > 0 { b"/" } else { b"" });
        for piece in pieces(segment) {
            match piece {
                Piece::Text(text) => take(text),
                Piece::Hole(_, hole) => take(&[hole as u8]),
            }
        }
    }
    take(if with_rest { &[REST] } else { b"" });
    rest.is_some_and(<[u8]>::is_empty)
}

/// How much a segment of a shape says: those that say more come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Says<'a> {
    /// All of it.
    Text,
    /// So many bytes of it, whether that is before a rest alone, and what stands where.
    Some(Reverse<usize>, bool, &'a [u8]),
    /// What stands in its place.
    Hole(&'a [u8]),
    /// Nothing: it is the rest.
    Rest,
}

fn says(part: &[u8]) -> Says<'_> {
    if part.is_empty() {
        return Says::Text;
    }
    let mut shape = part;
    let mut text = cut_size(&mut shape).unwrap_or_default();
    let holes = shape;
    while let Some((&tag, behind)) = shape.split_first() {
        shape = behind;
        text += match tag {
            BETWEEN => cut(&mut shape).map_or(0, <[u8]>::len),
            BEHIND => cut_size(&mut shape).unwrap_or_default(),
            _ => 0,
        };
    }
    match (text, holes) {
        (0, []) => Says::Rest,
        (0, holes) => Says::Hole(holes),
        (text, holes) => Says::Some(Reverse(text), holes.is_empty(), part),
    }
}

fn parts(shape: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = shape.get(1..).unwrap_or_default();
    core::iter::from_fn(move || cut(&mut rest))
}

/// Which of two shapes is tried first: the one with more segments of text; of equally many
/// the one that says more in the first segment in which they differ. So the order in
/// which links were added decides nothing.
pub(in crate::links) fn order(one: &[u8], other: &[u8]) -> Ordering {
    let texts = |shape| parts(shape).filter(|part| part.is_empty()).count();
    let most = texts(other).cmp(&texts(one));
    most.then_with(|| parts(one).map(says).cmp(parts(other).map(says))).then_with(|| one.cmp(other))
}
