//! What is filled into a target for each request: `:splat`, `:name` and the macros.

use memchr::{memchr, memchr2_iter};

use crate::links::bytes::{QUERY, escape, is};
use crate::links::key::pattern;

/// Flag of an entry: its target holds `:splat`.
pub(in crate::links) const SPLAT: u8 = 2;
/// Its target holds `{clickid}`.
pub(in crate::links) const CLICK_ID: u8 = 8;
/// Its target holds another macro.
pub(in crate::links) const MACRO: u8 = 32;
/// Its target holds names of the key's placeholders.
pub(in crate::links) const NAMES: u8 = 128;
/// All of them: what is filled in for each request.
pub(in crate::links) const BLANKS: u8 = SPLAT | CLICK_ID | MACRO | NAMES;

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
            let name = pattern::name_at(rest)?;
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

/// A name in a target's path, query or fragment that a [pattern] lacks.
pub(in crate::links) fn unknown_name<'t>(pattern: &[u8], target: &'t [u8]) -> Option<&'t [u8]> {
    names(target).find(|&name| !pattern::names(pattern).any(|known| known == name))
}

/// The names that stand in the path, query or fragment of a target as those of
/// placeholders do.
fn names(target: &[u8]) -> impl Iterator<Item = &[u8]> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_targets() {
        let check = |target: &str, want: Option<&str>| {
            let name = unknown_name(b"/:year/:slug", target.as_bytes());
            assert_eq!(name, want.map(str::as_bytes), "{target}");
        };
        check("https://a.example/:slug?y=:year#:splat", None);
        check("https://a.example:8080/:1/12:30/a:/::year", None);
        check("https://a.example", None);
        check("https://a.example?:slugs", Some("slugs"));
        check("https://a.example/x:Year.html", Some("Year"));
        check("https://a.example/:year_", Some("year_"));
        check("https://a.example/:year?x={query:id}", None);
    }
}
