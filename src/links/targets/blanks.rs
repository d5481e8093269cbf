//! What is filled into a target for each request: `:splat`, `:name` and the macros.

use memchr::{memchr, memchr2_iter};

use super::super::bytes::{QUERY, escape, is};
use super::super::entries::{CLICK_ID, MACRO, NAMES, SPLAT};
use super::super::pattern::name_at;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank<'a> {
    Splat,
    /// What a path has in the place of a key's placeholder of this name.
    Name(&'a [u8]),
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

// What `limits` reckons with.
const _: () = assert!(WORDS[0].0.len() + 2 == 9);

impl<'a> Blank<'a> {
    /// The flag of a link whose target holds it.
    pub(super) const fn flag(self) -> u8 {
        match self {
            Blank::Splat => SPLAT,
            Blank::Name(_) => NAMES,
            Blank::ClickId => CLICK_ID,
            _ => MACRO,
        }
    }

    /// The blank that `text` begins with, and its size. `:splatter` is none, unless
    /// the target `has_names`.
    pub(super) fn at(text: &'a [u8], has_names: bool) -> Option<(Blank<'a>, usize)> {
        if let Some(rest) = text.strip_prefix(b":") {
            let name = name_at(rest)?;
            let blank = match name {
                b"splat" => Some(Blank::Splat),
                name => has_names.then_some(Blank::Name(name)),
            };
            return Some((blank?, 1 + name.len()));
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
pub(super) fn next_blank(
    target: &[u8],
    from: usize,
    has_names: bool,
) -> Option<(Blank<'_>, usize, usize)> {
    memchr2_iter(b':', b'{', &target[from..]).map(|at| from + at).find_map(|at| {
        let (blank, size) = Blank::at(&target[at..], has_names)?;
        Some((blank, at, at + size))
    })
}

/// The names that stand in the path, query or fragment of a target as those of
/// placeholders do.
pub(in crate::links) fn names(target: &[u8]) -> impl Iterator<Item = &[u8]> {
    let start = memchr::memmem::find(target, b"://").map_or(0, |at| at + 3);
    let behind = target[start..].iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let mut at = behind.map_or(target.len(), |at| start + at);
    core::iter::from_fn(move || {
        loop {
            let (blank, _, end) = next_blank(target, at, true)?;
            at = end;
            if let Blank::Name(name) = blank {
                return Some(name);
            }
        }
    })
}
