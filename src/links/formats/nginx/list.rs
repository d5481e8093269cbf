//! A list that a `map` includes, given alone: `key value;` lines without the map
//! around them.

use super::compared::Compared;
use super::tokens::{DirectiveEnd, Tokens};
use super::tree::Node;

/// How far a text is looked at to tell what it is.
const HEAD_BYTES: usize = 64 * 1024;

/// What the map around a list compares, told from its keys; `None` if this is no list.
pub(super) fn compared(tree: &[Node]) -> Option<Compared> {
    let mut first = None;
    let mut raw = false;
    for node in tree {
        match &node.words[..] {
            _ if node.block.is_some() => return None,
            [word] if matches!(&word[..], b"hostnames" | b"volatile") => {}
            [word, _] if matches!(&word[..], b"default" | b"include") => {}
            [key, value] if is_key(key, value) => {
                let text = key.trim_ascii_start();
                raw |= text.starts_with(b"/") && text.contains(&b'?');
                first = first.or(Some(key));
            }
            // Another line of the list, or a bad one.
            [..] if first.is_some() => {}
            [..] => return None,
        }
    }
    let key = first?;
    let key = key.strip_prefix(b"\\").unwrap_or(key);
    let scheme = key.starts_with(b"http://") || key.starts_with(b"https://");
    let host = !matches!(key.first(), Some(b'/' | b'~'));
    let path = !host || scheme || key.contains(&b'/');
    Some(Compared::Address { scheme, host, path, raw: raw && path })
}

/// Whether a directive looks like a line of such a list.
fn is_key(key: &[u8], value: &[u8]) -> bool {
    let is_target = |start: &[u8]| value.starts_with(start);
    match key {
        [b'/' | b'~' | b'\\', ..] => true,
        // A host, not a directive.
        _ => key.contains(&b'.') && [&b"/"[..], b"http", b"$"].into_iter().any(is_target),
    }
}

/// Whether a text begins as such a list does: a key, one other word and a `;`.
pub(in crate::links::formats) fn is_list(text: &[u8]) -> bool {
    // What is a native list of any length is told from its beginning.
    let mut tokens = Tokens::new(&text[..text.len().min(HEAD_BYTES)], 0, 1);
    let mut words = Vec::new();
    loop {
        match tokens.next(&mut words) {
            Ok((line, DirectiveEnd::Semicolon)) => match &words[..] {
                [word] if matches!(&word[..], b"hostnames" | b"volatile") => {}
                [word, _] if word == b"default" => {}
                // A native line has no `;`, so its words would go on in the next.
                [key, value] => return is_key(key, value) && line == tokens.line,
                _ => return false,
            },
            _ => return false,
        }
    }
}
