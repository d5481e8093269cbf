//! Keys with placeholders, such as `/blog/:year/:slug`: how they are spelled, and
//! which paths they match.
//!
//! A *pattern* is the path of such a key. A segment that is a colon and a name
//! stands for any one segment that is not empty, every other for itself. The
//! entry of a pattern lies under its literal beginning (`/blog/`), where prefixes
//! lie too, and is compared segment by segment. What a visitor's path has in place
//! of a name is read from the two when it is needed, so nothing is kept of it.

use core::cmp::Ordering;

use memchr::memchr;

use super::path::fold;
use super::problem::KeyProblem;
use crate::limits::PLACEHOLDERS_MAX;
use crate::links::bytes::shown;

/// What a target calls the rest of a path, so no placeholder's name.
const SPLAT_NAME: &[u8] = b"splat";

fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
}

/// The name of a placeholder, if the segment of a pattern is one.
fn name_of(segment: &[u8]) -> Option<&[u8]> {
    match segment {
        [b':', name @ ..] if name.first().is_some_and(u8::is_ascii_alphabetic) => Some(name),
        _ => None,
    }
}

/// The names of a pattern, in their order.
pub(in crate::links) fn names(pattern: &[u8]) -> impl Iterator<Item = &[u8]> {
    segments(pattern).filter_map(name_of)
}

/// Whether the normalised path of a key is a pattern.
///
/// # Errors
/// A placeholder that is none.
pub(in crate::links) fn is_pattern(path: &[u8]) -> Result<bool, KeyProblem> {
    for (count, name) in names(path).enumerate() {
        if !name.iter().all(|&byte| is_in_name(byte)) {
            return Err(KeyProblem::Placeholder(shown(name)));
        }
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
    Ok(names(path).next().is_some())
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Its literal beginning: up to and with the slash before the first placeholder.
pub(in crate::links) fn literal(pattern: &[u8]) -> &[u8] {
    let mut end = 0;
    for segment in segments(pattern) {
        if name_of(segment).is_some() {
            return &pattern[..end];
        }
        end += segment.len() + 1;
    }
    pattern
}

/// Writes the pattern with its literal segments in lower case into `out`.
pub(in crate::links) fn fold_literals(pattern: &[u8], out: &mut Vec<u8>) {
    fold(pattern, out);
    let mut start = 0;
    for segment in segments(pattern) {
        let end = start + segment.len();
        if name_of(segment).is_some() {
            out[start..end].copy_from_slice(segment);
        }
        start = end + 1;
    }
}

/// The pattern without the names, which make no difference to what it matches.
pub(in crate::links) fn nameless(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    for (index, segment) in segments(pattern).enumerate() {
        if index > 0 {
            out.push(b'/');
        }
        out.extend_from_slice(if name_of(segment).is_some() { b":" } else { segment });
    }
    out
}

/// Whether two patterns differ at most in their names.
pub(in crate::links) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let spelled = |segment| if name_of(segment).is_some() { b":" } else { segment };
    segments(one).map(spelled).eq(segments(other).map(spelled))
}

/// Where in `path` the rest behind the pattern begins, which only a pattern with
/// `/*` allows; the path's end without one. `None` if it does not match.
pub(in crate::links) fn matches(pattern: &[u8], with_rest: bool, path: &[u8]) -> Option<usize> {
    let (mut wanted, mut at) = (segments(pattern).peekable(), 0);
    while let Some(segment) = wanted.next() {
        let last = wanted.peek().is_none();
        if last && with_rest {
            return (at <= path.len()).then_some(at);
        }
        let rest = path.get(at..)?;
        let end = memchr(b'/', rest).unwrap_or(rest.len());
        let matches = match name_of(segment) {
            Some(_) => end > 0,
            None => rest[..end] == *segment,
        };
        if !matches {
            return None;
        }
        at += end + 1;
    }
    (at == path.len() + 1).then_some(path.len())
}

/// What `path`, which the pattern matches, has in place of `name`.
pub(in crate::links) fn capture<'p>(
    pattern: &[u8],
    path: &'p [u8],
    name: &[u8],
) -> Option<&'p [u8]> {
    let mut pairs = segments(pattern).zip(segments(path));
    pairs.find(|(segment, _)| name_of(segment) == Some(name)).map(|(_, captured)| captured)
}

/// Which of two patterns that match one path answers, `with_rest` of each: the one
/// with most literal segments; of equally many the one that is literal where they
/// first differ; a placeholder comes before `/*`. So the order of the files makes
/// no difference. Equal if they are [the same](is_same).
pub(in crate::links) fn order(one: (&[u8], bool), other: (&[u8], bool)) -> Ordering {
    let literals = |pattern| kinds(pattern).filter(|&kind| kind == Kind::Literal).count();
    let most = literals(other).cmp(&literals(one));
    most.then_with(|| kinds(one).cmp(kinds(other)))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Literal,
    Placeholder,
    Rest,
}

fn kinds((pattern, with_rest): (&[u8], bool)) -> impl Iterator<Item = Kind> {
    let mut segments = segments(pattern).peekable();
    core::iter::from_fn(move || {
        let segment = segments.next()?;
        Some(match name_of(segment) {
            _ if with_rest && segments.peek().is_none() => Kind::Rest,
            Some(_) => Kind::Placeholder,
            None => Kind::Literal,
        })
    })
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
        let check = |path: &str, want| assert_eq!(is_pattern(path.as_bytes()), want, "{path}");
        check("/blog/:year/:slug_2", Ok(true));
        check("/:a/", Ok(true));
        check("/", Ok(false));
        check("/a:b/:1/:/x:", Ok(false));
        check("/:year-x", Err(P::Placeholder("year-x".into())));
        check("/:year.html", Err(P::Placeholder("year.html".into())));
        check("/:a/:%C3%A9/:b:", Err(P::Placeholder("b:".into())));
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
        for (one, other) in [("/:a", "/:a/"), ("/:a/b", "/:a/:b"), ("/a/:a", "/b/:a")] {
            assert!(!is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
    }

    /// The rest of a path behind a pattern that ends with `/*`, or "" without one;
    /// "-" if it does not match.
    fn rest<'p>(pattern: &str, path: &'p str) -> &'p str {
        let (text, with_rest) = match pattern.strip_suffix('*') {
            Some(text) => (text, true),
            None => (pattern, false),
        };
        let start = matches(text.as_bytes(), with_rest, path.as_bytes());
        start.map_or("-", |start| &path[start..])
    }

    #[test]
    fn what_matches() {
        let check = |pattern, path, want| assert_eq!(rest(pattern, path), want, "{pattern} {path}");
        check("/blog/:year/:slug", "/blog/2024/x", "");
        check("/blog/:year/:slug", "/blog/2024/x/", "-");
        check("/blog/:year/:slug", "/blog/2024/", "-");
        check("/blog/:year/:slug", "/blog/2024", "-");
        check("/blog/:year/:slug", "/blog//x", "-");
        check("/blog/:year/:slug", "/blo/2024/x", "-");
        check("/blog/:year/:slug", "/blog/2024/x/y", "-");
        check("/:a/b/:c", "/1/b/:c", "");
        check("/:a/b/:c", "/1/B/2", "-");
        check("/:a", "/", "-");
        check("/:a", "/x", "");
        check("/:a/", "/x", "-");
        check("/:a/", "/x/", "");
        check("/:a/*", "/x", "-");
        check("/:a/*", "/x/", "");
        check("/:a/*", "/x/y/z", "y/z");
        check("/:a/b/*", "/x/b/", "");
        check("/:a/b/*", "/x/b", "-");
        check("/:a/b/*", "/x/c/y", "-");
    }

    #[test]
    fn captures() {
        let check = |name: &str, want: Option<&str>| {
            let captured =
                capture(b"/blog/:year/x/:slug/", b"/blog/2024/x/%41~/y", name.as_bytes());
            assert_eq!(captured, want.map(str::as_bytes), "{name}");
        };
        check("year", Some("2024"));
        check("slug", Some("%41~"));
        check("blog", None);
        check("x", None);
    }

    #[test]
    fn the_more_literal_one_comes_first() {
        let sorted = [
            "/a/:b/c/d",
            "/:a/:b/c/d",
            "/:a/b/:c/:d",
            "/:a/b/:c/*",
            "/:a/b/*",
            "/:a/:b/c/:d",
            "/:a/:b/:c/d",
            "/:a/:b/:c/:d",
            "/:a/:b/:c/*",
            "/:a/:b/*",
            "/:a/*",
        ];
        let split = |pattern: &'static str| match pattern.strip_suffix('*') {
            Some(text) => (text.as_bytes(), true),
            None => (pattern.as_bytes(), false),
        };
        for (at, one) in sorted.iter().enumerate() {
            for (other_at, other) in sorted.iter().enumerate() {
                let got = order(split(one), split(other));
                assert_eq!(got, at.cmp(&other_at), "{one} {other}");
            }
        }
    }
}
