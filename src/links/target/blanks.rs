//! What is filled into a target for each request: `:splat` and the macros.

use memchr::{memchr, memchr2_iter};

use super::super::bytes::{QUERY, escape, is};
use super::super::entries::{CLICK_ID, MACRO, SPLAT};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank<'a> {
    Splat,
    ClickId,
    Slug,
    Query,
    /// The value of the parameter with this name, as it is written.
    Parameter(&'a [u8]),
    Ip,
    UserAgent,
    Referer,
    Host,
    Time,
}

/// The macros without a name in them.
const WORDS: [(&[u8], Blank<'static>); 8] = [
    (b"clickid", Blank::ClickId),
    (b"slug", Blank::Slug),
    (b"query", Blank::Query),
    (b"ip", Blank::Ip),
    (b"ua", Blank::UserAgent),
    (b"referer", Blank::Referer),
    (b"host", Blank::Host),
    (b"ts", Blank::Time),
];

/// How macros are written, for messages.
pub(super) const MACROS: &str =
    "{clickid}, {slug}, {query}, {query:NAME}, {ip}, {ua}, {referer}, {host} or {ts}";

const SPLAT_TEXT: &[u8] = b":splat";

// What `limits` reckons with.
const _: () = assert!(WORDS[0].0.len() + 2 == 9);

impl<'a> Blank<'a> {
    /// The flag of a link whose target holds it.
    pub(super) const fn flag(self) -> u8 {
        match self {
            Blank::Splat => SPLAT,
            Blank::ClickId => CLICK_ID,
            _ => MACRO,
        }
    }

    /// The blank that `text` begins with, and its size. `:splatter` is none.
    pub(super) fn at(text: &'a [u8]) -> Option<(Blank<'a>, usize)> {
        if let Some(rest) = text.strip_prefix(SPLAT_TEXT) {
            let is_longer = rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            return (!is_longer).then_some((Blank::Splat, SPLAT_TEXT.len()));
        }
        let end = memchr(b'}', text)?;
        let word = text[..end].strip_prefix(b"{")?;
        let blank = match word.strip_prefix(b"query:") {
            Some(name) => is_name(name).then_some(Blank::Parameter(name)),
            None => WORDS.iter().find(|(known, _)| *known == word).map(|(_, blank)| *blank),
        };
        Some((blank?, end + 1))
    }
}

/// Whether a parameter can have this name as it is written.
fn is_name(name: &[u8]) -> bool {
    let is_part = |(at, &byte): (usize, &u8)| is(byte, QUERY) || escape(&name[at..]).is_some();
    !name.is_empty() && name.iter().enumerate().all(is_part)
}

/// The first blank at or after `from`, where it begins and where it ends.
pub(super) fn next_blank(target: &[u8], from: usize) -> Option<(Blank<'_>, usize, usize)> {
    memchr2_iter(b':', b'{', &target[from..]).map(|at| from + at).find_map(|at| {
        let (blank, size) = Blank::at(&target[at..])?;
        Some((blank, at, at + size))
    })
}
