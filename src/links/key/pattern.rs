//! Keys with placeholders, such as `/blog/:year/:slug`, or with `*` inside a segment, as
//! `/docs/preset-*`: how they are spelled, and which paths they match.
//!
//! A *pattern* is the path of such a key. A [segment](super::segment) with a placeholder
//! stands for others, every other for itself; the last one goes on with anything if the
//! key ends with `*`. The entry of a pattern lies by itself, under its [spelling](shape),
//! and a fork under its literal beginning (`/blog/`), where prefixes lie too, has the
//! [shapes](shape) of all that begin so. What a visitor's path has in place of a name is
//! read from the two when it is needed, so nothing is kept of it.

use super::path::fold;
use super::problem::KeyProblem;
use super::segment::{Fit, Piece, is_in_name, is_literal, pieces, unknown_type};
use super::shape;
use crate::limits::PLACEHOLDERS_MAX;
use crate::links::bytes::shown;

/// What a target calls the rest of a path, so no placeholder's name.
const SPLAT_NAME: &[u8] = b"splat";

fn segments(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
}

/// The names of a pattern, in their order.
pub(in crate::links) fn names(pattern: &[u8]) -> impl Iterator<Item = &[u8]> {
    segments(pattern).flat_map(pieces).filter_map(|piece| match piece {
        Piece::Hole(name, _) => Some(name),
        Piece::Text(_) => None,
    })
}

/// Whether the normalised path of a key, which goes on `with_rest`, is a pattern.
///
/// # Errors
/// A placeholder that is none.
pub(in crate::links) fn is_pattern(path: &[u8], with_rest: bool) -> Result<bool, KeyProblem> {
    for segment in segments(path) {
        if let Some(text) = unknown_type(segment) {
            return Err(KeyProblem::PlaceholderType(shown(text)));
        }
        let is_hole = |piece: &Piece<'_>| matches!(piece, Piece::Hole(..));
        let holes = pieces(segment).zip(pieces(segment).skip(1));
        if holes.into_iter().any(|(one, next)| is_hole(&one) && is_hole(&next)) {
            return Err(KeyProblem::PlaceholdersMeet);
        }
    }
    let last = segments(path).next_back().unwrap_or_default();
    if with_rest && matches!(pieces(last).last(), Some(Piece::Hole(..))) {
        return Err(KeyProblem::PlaceholdersMeet);
    }
    for (count, name) in names(path).enumerate() {
        if name == SPLAT_NAME {
            return Err(KeyProblem::PlaceholderSplat);
        }
        if names(path).take(count).any(|other| other == name) {
            return Err(KeyProblem::RepeatedPlaceholder(shown(name)));
        }
        if count == PLACEHOLDERS_MAX {
            return Err(KeyProblem::TooManyPlaceholders);
        }
    }
    Ok(names(path).next().is_some() || (with_rest && !last.is_empty()))
}

/// Its literal beginning: up to and with the slash before its first segment that does
/// not stand for itself alone.
pub(in crate::links) fn literal(pattern: &[u8]) -> &[u8] {
    let mut end = 0;
    for segment in segments(pattern) {
        if !is_literal(segment) || end + segment.len() == pattern.len() {
            return &pattern[..end];
        }
        end += segment.len() + 1;
    }
    pattern
}

/// Writes the pattern with its text in lower case into `out`.
pub(in crate::links) fn fold_literals(pattern: &[u8], out: &mut Vec<u8>) {
    fold(pattern, out);
    for name in names(pattern) {
        // Names are parts of the pattern.
        let start = name.as_ptr().addr() - pattern.as_ptr().addr();
        out[start..start + name.len()].copy_from_slice(name);
    }
}

/// The pattern without the names, which make no difference to what it matches.
pub(in crate::links) fn nameless(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    for (index, segment) in segments(pattern).enumerate() {
        if index > 0 {
            out.push(b'/');
        }
        for piece in pieces(segment) {
            out.extend_from_slice(match piece {
                Piece::Text(text) => text,
                Piece::Hole(_, hole) => hole.nameless(),
            });
        }
    }
    out
}

/// Whether two patterns differ at most in their names.
pub(in crate::links) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let spelled = |piece| match piece {
        Piece::Hole(_, hole) => Piece::Hole(b"", hole),
        text => text,
    };
    let mut others = segments(other);
    let same = segments(one).all(|segment| {
        let other = others.next();
        other.is_some_and(|other| pieces(segment).map(spelled).eq(pieces(other).map(spelled)))
    });
    same && others.next().is_none()
}

fn behind_literal(pattern: &[u8]) -> &[u8] {
    &pattern[literal(pattern).len()..]
}

/// Writes the shape of a pattern into `out`.
pub(in crate::links) fn write_shape(pattern: &[u8], with_rest: bool, out: &mut Vec<u8>) {
    shape::write(behind_literal(pattern), with_rest, out);
}

/// A pattern as it is spelled: what its entry is found by.
pub(in crate::links) fn spelled(pattern: &[u8], with_rest: bool) -> Vec<u8> {
    let mut out = literal(pattern).to_vec();
    shape::spell_pattern(behind_literal(pattern), with_rest, &mut out);
    out
}

/// Whether it is spelled so.
pub(in crate::links) fn is_spelled(pattern: &[u8], with_rest: bool, spelled: &[u8]) -> bool {
    let behind = spelled.strip_prefix(literal(pattern));
    behind.is_some_and(|behind| shape::is_spelled(behind_literal(pattern), with_rest, behind))
}

/// Whether the text between two of its placeholders has a letter, so that where it stands
/// in a path depends on whether case counts.
pub(in crate::links) fn has_letters_between(pattern: &[u8]) -> bool {
    segments(pattern).filter(|segment| !is_literal(segment)).any(|segment| {
        let is_letter = |piece: Piece<'_>| match piece {
            Piece::Text(text) => text.iter().any(u8::is_ascii_alphabetic),
            Piece::Hole(..) => false,
        };
        pieces(segment).any(is_letter)
    })
}

/// What `path`, which the pattern matches, has in place of `name`.
pub(in crate::links) fn capture<'p>(
    pattern: &[u8],
    with_rest: bool,
    folded: bool,
    path: &'p [u8],
    name: &[u8],
) -> Option<&'p [u8]> {
    let count = segments(pattern).count();
    let mut found = None;
    for (at, (segment, sent)) in segments(pattern).zip(segments(path)).enumerate() {
        let fit = Fit { with_rest: with_rest && at + 1 == count, folded };
        fit.of(pieces(segment), sent, |own, text| {
            if own == name {
                found = Some(text);
            }
        });
        if found.is_some() {
            break;
        }
    }
    found
}

/// The name that a target has at the start of `text`, which begins behind a colon:
/// as many bytes as a name may have.
pub(in crate::links) fn name_at(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&byte| !is_in_name(byte)).unwrap_or(text.len());
    text.first().is_some_and(u8::is_ascii_alphabetic).then_some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_pattern() {
        use KeyProblem as P;
        let check = |path: &str, want| {
            let (text, rest) = path.strip_suffix('*').map_or((path, false), |text| (text, true));
            assert_eq!(is_pattern(text.as_bytes(), rest), want, "{path}");
        };
        check("/blog/:year/:slug_2", Ok(true));
        check("/:a/", Ok(true));
        check("/", Ok(false));
        check("/*", Ok(false));
        check("/a/*", Ok(false));
        check("/a*", Ok(true));
        check("/a/b-*", Ok(true));
        check("/a:b/:1/:/x:", Ok(false));
        check("/:year-x", Ok(true));
        check("/:year.html", Ok(true));
        check("/:a/:%C3%A9/:b:", Ok(true));
        check("/:a:b", Err(P::PlaceholdersMeet));
        check("/x/:a*", Err(P::PlaceholdersMeet));
        check("/x/a:b(int)*", Err(P::PlaceholdersMeet));
        check("/x/:a-*", Ok(true));
        check("/:a(digits)", Err(P::PlaceholderType("a(digits)".into())));
        check("/:a/x/:a", Err(P::RepeatedPlaceholder("a".into())));
        check("/x/:splat", Err(P::PlaceholderSplat));
        check("/:a1/:a2/:a3/:a4/:a5/:a6/:a7/:a8", Ok(true));
        check("/:a1/:a2/:a3/:a4/:a5/:a6/:a7/:a8/:a9", Err(P::TooManyPlaceholders));
    }

    #[test]
    fn parts_of_patterns() {
        let check = |pattern: &str, start: &str, none: &str, lower: &str| {
            let mut out = b"left over".to_vec();
            fold_literals(pattern.as_bytes(), &mut out);
            assert_eq!(literal(pattern.as_bytes()), start.as_bytes(), "{pattern}");
            assert_eq!(nameless(pattern.as_bytes()), none.as_bytes(), "{pattern}");
            assert_eq!(out, lower.as_bytes(), "{pattern}");
            assert!(is_same(pattern.as_bytes(), pattern.replace(":Y", ":other").as_bytes()));
        };
        check("/Blog/:Year/X/:Slug", "/Blog/", "/Blog/:/X/:", "/blog/:Year/x/:Slug");
        check("/:Y/", "/", "/:/", "/:Y/");
        check("/A/:Y", "/A/", "/A/:", "/a/:Y");
        check("/A/B-:Y(int)-C", "/A/", "/A/B-:(int)-C", "/a/b-:Y(int)-c");
        check("/A/:Y(any).HTML", "/A/", "/A/:.HTML", "/a/:Y(any).html");
        check("/Docs/Preset-", "/Docs/", "/Docs/Preset-", "/docs/preset-");
        for (one, other) in [("/:a", "/:a/"), ("/:a/b", "/:a/:b"), ("/a/:a", "/b/:a")] {
            assert!(!is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
        assert!(is_same(b"/:a", b"/:b(any)") && !is_same(b"/:a", b"/:a(int)"));
    }

    #[test]
    fn captures() {
        let check = |name: &str, want: Option<&str>| {
            let (pattern, path) = (b"/blog/:year/x/:slug/:a-X-:b", b"/blog/2024/x/%41~/1-X-2-x-3");
            let captured = capture(pattern, false, false, path, name.as_bytes());
            assert_eq!(captured, want.map(str::as_bytes), "{name}");
        };
        check("year", Some("2024"));
        check("slug", Some("%41~"));
        check("a", Some("1"));
        check("b", Some("2-x-3"));
        check("blog", None);
        check("x", None);
        assert_eq!(capture(b"/:a-x-:b", false, true, b"/1-X-2-x-3", b"a"), Some(&b"1"[..]));
        assert_eq!(capture(b"/p/:a-", true, false, b"/p/1-2/3", b"a"), Some(&b"1"[..]));
    }
}
