//! Keys and targets as people write them into tables: slugs, spaces, umlauts.

use std::borrow::Cow;

use super::cells::joined;
use crate::links::bytes::{push_escape, shown};
use crate::words::is_hidden;

/// The key that a cell means, and what it became if that could be meant otherwise.
///
/// A cell that begins with a slash, or has a scheme, is a key as it stands. So is one whose
/// first segment has a dot or a colon, as a host has: `go.example/x`. Any other is a path
/// without its slash; without any slash it is a slug. `is_slug`: nothing else is in that column.
pub(super) fn key<'a>(
    host: &[u8],
    cell: &'a [u8],
    is_slug: bool,
) -> (Cow<'a, [u8]>, Option<String>) {
    let is_whole = cell.is_empty() || memchr::memmem::find(cell, b"://").is_some();
    if is_whole {
        return (Cow::Borrowed(cell), None);
    }
    if !host.is_empty() {
        return (Cow::Owned(joined(host, cell)), None);
    }
    if cell.first() == Some(&b'/') {
        return (Cow::Borrowed(cell), None);
    }
    let end = cell.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(cell.len());
    let has_slash = cell.get(end) == Some(&b'/');
    let is_host = cell[..end].iter().any(|byte| matches!(byte, b'.' | b':' | b'[' | b'*'))
        || &cell[..end] == b"localhost";
    if is_host && !is_slug {
        return (Cow::Borrowed(cell), None);
    }
    let path = joined(b"", cell);
    let said = (has_slash && !is_slug)
        .then(|| format!("`{}` is taken for the path `{}`", shown(cell), shown(&path)));
    (Cow::Owned(path), said)
}

/// The same in ASCII, and what it became: spaces and letters outside ASCII are
/// percent-encoded, in a host as IDNA has them (RFC 5891). `what` is a key or a target.
///
/// What is hidden, and an address behind a space, stay: they stand there by accident, and are
/// refused. So does what is no UTF-8.
pub(super) fn encoded<'a>(what: &str, text: Cow<'a, [u8]>) -> (Cow<'a, [u8]>, Option<String>) {
    let is_plain = text.iter().all(|&byte| byte.is_ascii() && byte != b' ' && byte != b'|');
    let Some(letters) = core::str::from_utf8(&text).ok().filter(|_| !is_plain) else {
        return (text, None);
    };
    let is_accident = letters.contains(is_unseen)
        || letters.contains(" http://")
        || letters.contains(" https://");
    if is_accident {
        return (text, None);
    }
    let begin = letters.find("://").map_or(0, |at| at + 3);
    let end = letters[begin..].find(['/', '?', '#']).map_or(letters.len(), |at| begin + at);
    let Some(host) = ascii_host(&letters[begin..end]) else { return (text, None) };
    let mut out = [&text[..begin], host.as_bytes()].concat();
    for &byte in &text[end..] {
        match byte.is_ascii() && byte != b' ' && byte != b'|' {
            true => out.push(byte),
            false => push_escape(byte, &mut out),
        }
    }
    let said = format!("the {what} is written `{}`", shown(&out));
    (Cow::Owned(out), Some(said))
}

/// Whether nobody sees that it is there, but for a space.
fn is_unseen(letter: char) -> bool {
    let has_no_width =
        matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    letter != ' ' && (has_no_width || letter.is_whitespace() || is_hidden(letter))
}

/// A host (possibly with a port) in ASCII; `None` if it cannot be.
fn ascii_host(host: &str) -> Option<Cow<'_, str>> {
    if host.is_ascii() {
        return (!host.contains([' ', '|'])).then_some(Cow::Borrowed(host));
    }
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    let name = idna::domain_to_ascii(name).ok()?;
    Some(Cow::Owned(name + port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_gets_its_slash() {
        let check = |host: &str, cell: &str, is_slug, want: &str, is_said: bool| {
            let (key, said) = key(host.as_bytes(), cell.as_bytes(), is_slug);
            assert_eq!(String::from_utf8_lossy(&key), want, "{cell}");
            assert_eq!(said.is_some(), is_said, "{cell}: {said:?}");
        };
        check("", "summer", false, "/summer", false);
        check("", "/summer", false, "/summer", false);
        check("", "/summer", true, "/summer", false);
        check("", "blog/summer", false, "/blog/summer", true);
        check("", "blog/summer", true, "/blog/summer", false);
        check("", "a.example/x", false, "a.example/x", false);
        check("", "a.html", true, "/a.html", false);
        // A host or a path: it is refused, which says so.
        check("", "a.html", false, "a.html", false);
        check("", "localhost/x", false, "localhost/x", false);
        check("", "old?id=7", false, "/old?id=7", false);
        check("", "https://a.example/x", true, "https://a.example/x", false);
        check("go.example", "summer", false, "go.example/summer", false);
        check("go.example", "https://a.example/x", false, "https://a.example/x", false);
        check("go.example", "", true, "", false);
    }

    #[test]
    fn spaces_and_umlauts_are_encoded_and_said() {
        let check = |text: &str, want: &str| {
            let (got, said) = encoded("target", Cow::Borrowed(text.as_bytes()));
            assert_eq!(String::from_utf8_lossy(&got), want, "{text}");
            let want_said = (text != want).then(|| format!("the target is written `{want}`"));
            assert_eq!(said, want_said, "{text}");
        };
        check("https://a.example/x?y=%C3%A4#z", "https://a.example/x?y=%C3%A4#z");
        check("https://a.example/a b?c=d|e", "https://a.example/a%20b?c=d%7Ce");
        check("https://a.example/größe", "https://a.example/gr%C3%B6%C3%9Fe");
        check("https://Bücher.example:81/ä", "https://xn--bcher-kva.example:81/%C3%A4");
        check("/ä b", "/%C3%A4%20b");
        check("bücher.example/ä", "xn--bcher-kva.example/%C3%A4");
        check("https://a.example/{clickid}", "https://a.example/{clickid}");
        // Refused later, with what is wrong.
        check("https://a b.example/", "https://a b.example/");
        check("https://a.example/ https://b.example/", "https://a.example/ https://b.example/");
        check("https://a.example/\u{200b}x", "https://a.example/\u{200b}x");
        let (got, said) = encoded("target", Cow::Borrowed(b"https://a.example/\xe4 b"));
        assert_eq!((&*got, said), (&b"https://a.example/\xe4 b"[..], None));
    }
}
