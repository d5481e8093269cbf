//! The one spelling of a path by which keys and requests are compared:
//! RFC 3986 §6.2.2, and nginx's merging of slashes.

use memchr::{memchr_iter, memrchr};

use crate::links::bytes::{NORMAL, UNRESERVED, escape, is, push_escape};

/// The normal form of `path`, which is the part of a request target or a key
/// before any `?`.
///
/// - `%XX` of an unreserved byte is decoded, other escapes get upper-case
///   digits; `%2F` stays, because it is not a separator (RFC 3986 §2.2);
/// - a byte that may not stand in a path (non-ASCII, space, `"` …) becomes
///   `%XX`, so does `*`, and a `%` without two hex digits becomes `%25`;
/// - slashes in a row become one, then `.` and `..` segments are removed
///   (§5.2.4), however they were encoded;
/// - an empty path is `/`, and one without a leading slash gets it.
///
/// The result always begins with `/`, holds only bytes that may stand in a
/// path, and is its own normal form. Nearly every path is already normal: then
/// `path` itself is returned and `scratch` left alone. Otherwise the result is
/// in `scratch`, at most three times as long as `path` and one byte more.
#[inline]
pub fn normalise<'a>(path: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if is_normal(path) {
        return path;
    }
    rewrite(path, scratch);
    scratch
}

/// Whether `path` can be used as it is. May say no to a normal path (one with
/// an escape or with a segment that begins with a dot), never yes to another.
#[inline]
fn is_normal(path: &[u8]) -> bool {
    let Some((b'/', rest)) = path.split_first() else {
        return false;
    };
    let mut after_slash = true;
    for &byte in rest {
        if !is(byte, NORMAL) || (after_slash && matches!(byte, b'/' | b'.')) {
            return false;
        }
        after_slash = byte == b'/';
    }
    true
}

/// Writes a normalised path in lower case into `out`: the spelling in which keys
/// are kept that match in any case. Letters that are escaped (`%C3%89`) stay as
/// they are: which letters they make is nothing a path says.
pub(in crate::links) fn fold(path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(path);
    out.make_ascii_lowercase();
    for at in memchr_iter(b'%', path) {
        let end = path.len().min(at + 3);
        out[at..end].copy_from_slice(&path[at..end]);
    }
}

#[cold]
fn rewrite(path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let mut segments = path.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        let start = out.len();
        out.push(b'/');
        push_segment(segment, out);
        // Judged after decoding: `%2E%2E` climbs just as `..` does.
        let parent = match &out[start + 1..] {
            b"" | b"." => start,
            b".." => memrchr(b'/', &out[..start]).unwrap_or(0),
            _ => continue,
        };
        out.truncate(parent);
        if segments.peek().is_none() {
            out.push(b'/');
        }
    }
}

fn push_segment(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(&byte) = text.first() {
        let (value, length) = match escape(text) {
            Some(value) => (value, 3),
            None => (byte, 1),
        };
        // An escaped delimiter (`%3B`) is not the same as the delimiter, so
        // only unreserved bytes come out of their escape (RFC 3986 §6.2.2.2).
        let plain = is(value, if length == 3 { UNRESERVED } else { NORMAL });
        if plain {
            out.push(value);
        } else {
            push_escape(value, out);
        }
        text = &text[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, want: &str) {
        let mut scratch = Vec::new();
        let got = normalise(path.as_bytes(), &mut scratch).to_vec();
        assert_eq!(String::from_utf8_lossy(&got), want, "{path}");
        assert_eq!(normalise(&got, &mut scratch), want.as_bytes(), "twice: {path}");
    }

    #[test]
    fn normal_paths_are_borrowed() {
        for path in ["/", "/a", "/a/", "/go/summer-deal", "/a.b/c..d", "/x;y=1,(2)!$&'+:@~_"] {
            let mut scratch = Vec::new();
            let got = normalise(path.as_bytes(), &mut scratch);
            assert!(std::ptr::eq(got, path.as_bytes()), "{path}");
            assert_eq!(scratch.capacity(), 0);
        }
    }

    #[test]
    fn escapes() {
        check("/%7euser/%41%2d%2E%5f", "/~user/A-._");
        check("/a%2fb%2Fc", "/a%2Fb%2Fc");
        check("/a%3bb%c3%a9", "/a%3Bb%C3%A9");
        check("/%2541", "/%2541");
        check("/%00%0d%0A", "/%00%0D%0A");
    }

    #[test]
    fn lone_percents() {
        check("/100%", "/100%25");
        check("/%4", "/%254");
        check("/%zz", "/%25zz");
        check("/%%41", "/%25A");
        check("/%%32%35", "/%2525");
        check("/%2%35", "/%2525");
    }

    #[test]
    fn illegal_bytes() {
        check("/é x", "/%C3%A9%20x");
        check("/\"<>\\^`{|}[]", "/%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D");
        check("/\r\n\t\u{7f}", "/%0D%0A%09%7F");
        check("/a?b#c", "/a%3Fb%23c");
    }

    #[test]
    fn slashes_merge() {
        check("//", "/");
        check("//a///b//", "/a/b/");
        check("/a//../b", "/b");
    }

    #[test]
    fn dot_segments() {
        check("/.", "/");
        check("/..", "/");
        check("/../../a", "/a");
        check("/a/./b/../c", "/a/c");
        check("/a/b/..", "/a/");
        check("/a/b/.", "/a/b/");
        check("/a/%2e%2E/b", "/b");
        check("/a/.%2e", "/");
        check("/...", "/...");
        check("/.well-known/x", "/.well-known/x");
        check("/mid/content=5/../6", "/mid/6");
    }

    #[test]
    fn folding_leaves_escapes_alone() {
        let check = |path: &str, want: &str| {
            let mut out = b"left over".to_vec();
            fold(path.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), want, "{path}");
        };
        check("/", "/");
        check("/Go/Summer-DEAL_1~", "/go/summer-deal_1~");
        check("/A%C3%89B%2FC", "/a%C3%89b%2Fc");
        check("/%AB", "/%AB");
    }

    #[test]
    fn odd_beginnings() {
        check("", "/");
        check("a/b", "/a/b");
        check("..", "/");
        check("*", "/%2A");
        check("/a*%2a", "/a%2A%2A");
    }

    #[test]
    fn random_paths_come_out_normal_and_stay_so() {
        let seed = fastrand::u64(..);
        eprintln!("SEED={seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let pieces: [&[u8]; 16] = [
            b"/",
            b"/",
            b"//",
            b".",
            b"..",
            b"%2e",
            b"%2F",
            b"%",
            b"%4",
            b"%41",
            b"a",
            b"B1",
            b" ",
            b"\xc3\xa9",
            b"%25",
            b"\0",
        ];
        let (mut path, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..20_000 {
            path.clear();
            for _ in 0..rng.usize(..12) {
                path.extend_from_slice(rng.choice(pieces).unwrap());
            }
            let once = normalise(&path, &mut first).to_vec();
            assert_eq!(normalise(&once, &mut second), &once[..], "{path:?}");
            assert_eq!(once[0], b'/');
            assert!(once.len() <= 3 * path.len() + 1);
            assert!(once.iter().all(|&byte| byte == b'%' || is(byte, NORMAL)));
            for segment in once[1..].split(|&byte| byte == b'/').rev().skip(1) {
                assert!(!matches!(segment, b"" | b"." | b".."), "{path:?}");
            }
        }
    }
}
