//! Segments of keys with placeholders: text, and what stands for any text.
//!
//! A placeholder is a colon and a name, with or without a type behind it: `:slug`,
//! `:id(int)`, `:w(word)`. One without a type begins a segment or stands in one that a
//! placeholder begins, so that `/wiki/Talk:x` is text.

use memchr::{memchr, memmem};

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hole {
    /// Digits.
    Int = 1,
    /// Letters, digits, `-` and `_`.
    Word,
    /// Any text that is not empty, within its segment.
    Any,
}

/// Types as they are written behind a name.
const TYPES: [(&[u8], Hole); 3] =
    [(b"(int)", Hole::Int), (b"(word)", Hole::Word), (b"(any)", Hole::Any)];

impl Hole {
    /// The hole of this number.
    pub(super) fn of_number(number: u8) -> Option<Hole> {
        [Hole::Int, Hole::Word, Hole::Any].into_iter().find(|hole| *hole as u8 == number)
    }

    /// How it is spelled where its name makes no difference.
    pub(super) fn nameless(self) -> &'static [u8] {
        match self {
            Hole::Int => b":(int)",
            Hole::Word => b":(word)",
            Hole::Any => b":",
        }
    }

    /// Whether it can stand for `text`, which has no slash.
    pub(super) fn takes(self, text: &[u8]) -> bool {
        let is_part = |&byte: &u8| match self {
            Hole::Int => byte.is_ascii_digit(),
            Hole::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Hole::Any => true,
        };
        !text.is_empty() && text.iter().all(is_part)
    }
}

/// A part of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a [u8]),
    Hole(&'a [u8], Hole),
}

/// Whether a name may hold this byte.
pub(super) fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The placeholder that `text` begins with: its name, what it stands for, whether a type
/// stands there, and its size.
fn hole_at(text: &[u8]) -> Option<(&[u8], Hole, bool, usize)> {
    let rest = text.strip_prefix(b":")?;
    rest.first().filter(|byte| byte.is_ascii_alphabetic())?;
    let size = rest.iter().position(|&byte| !is_in_name(byte)).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(size);
    let typed = TYPES.into_iter().find(|(written, _)| behind.starts_with(written));
    let (written, hole) = typed.unwrap_or((b"", Hole::Any));
    Some((name, hole, typed.is_some(), 1 + size + written.len()))
}

/// The parts of a segment in their order; none of an empty one. Texts are not empty.
pub(super) fn pieces(segment: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let begins = segment.first() == Some(&b':') && hole_at(segment).is_some();
    let mut at = 0;
    core::iter::from_fn(move || {
        let rest = &segment[at..];
        let mut from = 0;
        let next = loop {
            let Some(colon) = memchr(b':', &rest[from..]) else { break None };
            let found = hole_at(&rest[from + colon..]).filter(|(_, _, typed, _)| begins || *typed);
            match found {
                Some((name, hole, _, size)) => break Some((from + colon, name, hole, size)),
                None => from += colon + 1,
            }
        };
        match next {
            _ if rest.is_empty() => None,
            Some((0, name, hole, size)) => {
                at += size;
                Some(Piece::Hole(name, hole))
            }
            Some((start, ..)) => {
                at += start;
                Some(Piece::Text(&rest[..start]))
            }
            None => {
                at = segment.len();
                Some(Piece::Text(rest))
            }
        }
    })
}

/// Whether it stands for itself alone.
pub(super) fn is_literal(segment: &[u8]) -> bool {
    !pieces(segment).any(|piece| matches!(piece, Piece::Hole(..)))
}

/// The text behind a colon that begins a segment and looks like a type and is none.
pub(super) fn unknown_type(segment: &[u8]) -> Option<&[u8]> {
    let (name, _, typed, size) = hole_at(segment)?;
    let behind = segment[size..].strip_prefix(b"(").filter(|_| !typed)?;
    let end = behind.iter().position(|byte| !byte.is_ascii_lowercase())?;
    (behind[end] == b')').then_some(&segment[1..1 + name.len() + end + 2])
}

/// Where `text` first stands in `segment`, in any case if it is `folded`.
fn find(segment: &[u8], text: &[u8], folded: bool) -> Option<usize> {
    match folded {
        false => memmem::find(segment, text),
        true => segment.windows(text.len()).position(|part| part.eq_ignore_ascii_case(text)),
    }
}

fn is_same(one: &[u8], other: &[u8], folded: bool) -> bool {
    if folded { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// How a segment of a path is compared with one of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    /// The key goes on behind its text, as its last segment may: what follows is the rest.
    pub(super) with_rest: bool,
    /// The key's text is in lower case, and the path's need not be.
    pub(super) folded: bool,
}

impl Fit {
    /// Where in `segment` the rest behind the parts of a key begins, its end without one;
    /// `None` if it does not fit. What stands for each placeholder is handed over. A
    /// placeholder ends where the text behind it first stands; the last one where the
    /// segment has no more than that text left.
    pub(super) fn of<'s, 'k>(
        self,
        mut wanted: impl Iterator<Item = Piece<'k>>,
        segment: &'s [u8],
        mut take: impl FnMut(&'k [u8], &'s [u8]),
    ) -> Option<usize> {
        let (mut next, mut at) = (wanted.next(), 0);
        while let Some(piece) = next {
            let rest = segment.get(at..)?;
            let (name, hole) = match piece {
                Piece::Hole(name, hole) => (name, hole),
                Piece::Text(text) => {
                    if !is_same(rest.get(..text.len())?, text, self.folded) {
                        return None;
                    }
                    at += text.len();
                    next = wanted.next();
                    continue;
                }
            };
            let text = match wanted.next() {
                Some(Piece::Text(text)) => text,
                Some(Piece::Hole(..)) => return None,
                None => b"",
            };
            next = wanted.next();
            let size = match next {
                None if !self.with_rest || text.is_empty() => {
                    let size = rest.len().checked_sub(text.len())?;
                    is_same(&rest[size..], text, self.folded).then_some(size)?
                }
                _ => 1 + find(rest.get(1..)?, text, self.folded)?,
            };
            if !hole.takes(&rest[..size]) {
                return None;
            }
            take(name, &rest[..size]);
            at += size + text.len();
        }
        (self.with_rest || at == segment.len()).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(segment: &str) -> String {
        let text = |part| String::from_utf8_lossy(part).into_owned();
        let parts = pieces(segment.as_bytes()).map(|piece| match piece {
            Piece::Text(part) => text(part),
            Piece::Hole(name, hole) => format!("<{} {hole:?}>", text(name)),
        });
        parts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn what_segments_are_made_of() {
        let check = |segment: &str, want: &str| {
            assert_eq!(spelled(segment), want, "{segment}");
            assert_eq!(is_literal(segment.as_bytes()), !want.contains('<'), "{segment}");
        };
        check("", "");
        check("a:b", "a:b");
        check("Talk:x", "Talk:x");
        check(":", ":");
        check(":1", ":1");
        check(":x", "<x Any>");
        check(":x.html", "<x Any>|.html");
        check(":year-:month", "<year Any>|-|<month Any>");
        check("59-:slug", "59-:slug");
        check("59-:slug(any)", "59-|<slug Any>");
        check("59-:id(int)-:w(word).x", "59-|<id Int>|-|<w Word>|.x");
        check("a:b:c(int)", "a:b|<c Int>");
        check(":a:b", "<a Any>|<b Any>");
        check(":a(foo)", "<a Any>|(foo)");
    }

    #[test]
    fn unknown_types() {
        let check = |segment: &str, want: Option<&str>| {
            assert_eq!(unknown_type(segment.as_bytes()), want.map(str::as_bytes), "{segment}");
        };
        check(":a(number)", Some("a(number)"));
        check(":a(int)", None);
        check(":a", None);
        check(":a(1)", None);
        check("x:a(b)", None);
    }

    /// What stands for the placeholders and for the rest, or "-".
    fn fitted(wanted: &str, segment: &str, folded: bool) -> String {
        let (wanted, with_rest) = match wanted.strip_suffix('*') {
            Some(wanted) => (wanted, true),
            None => (wanted, false),
        };
        let mut taken = Vec::new();
        let fit = Fit { with_rest, folded };
        let end = fit.of(pieces(wanted.as_bytes()), segment.as_bytes(), |_, part| {
            taken.push(String::from_utf8_lossy(part).into_owned());
        });
        taken.extend(end.filter(|_| with_rest).map(|end| segment[end..].to_owned()));
        end.map_or("-".to_owned(), |_| taken.join(" "))
    }

    #[test]
    fn what_fits() {
        let check = |wanted: &str, segment: &str, want: &str| {
            assert_eq!(fitted(wanted, segment, false), want, "{wanted} {segment}");
        };
        check("a", "a", "");
        check("a", "ab", "-");
        check(":x", "", "-");
        check(":x", "ab", "ab");
        check(":x.html", "a.html", "a");
        check(":x.html", "a.html.html", "a.html");
        check(":x.html", ".html", "-");
        check(":x.html", "a.htm", "-");
        check(":a-:b", "x-y-z", "x y-z");
        check(":a-:b", "-y", "-");
        check(":a-:b", "--y", "- y");
        check(":a-:b-", "x-y-z-", "x y-z");
        check("p:a(any)s", "pxs", "x");
        check("p:a(any)s", "ps", "-");
        check(":a(int)", "12", "12");
        check(":a(int)", "1a", "-");
        check(":a(word)", "a-B_9", "a-B_9");
        check(":a(word)", "a.b", "-");
        check(":a(int)-:b(word)", "1-2-3", "1 2-3");
        check(":a(word)-:b(int)", "x-y-5", "-");
        check("pre-*", "pre-x", "x");
        check("pre-*", "pre-", "");
        check("pre-*", "pre", "-");
        check(":id(int)-*", "5-a-b", "5 a-b");
        assert_eq!(fitted(":a-by-:b", "X-BY-y", true), "X y");
        assert_eq!(fitted("pre-:b(any)", "PRE-y", true), "y");
    }
}
