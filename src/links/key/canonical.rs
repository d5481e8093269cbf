//! The key of a link: an optional host, a path or a `/*` prefix, sometimes a
//! query. A [`Key`] is always in canonical form, so equal keys are equal bytes.

use core::fmt;

use memchr::{memchr, memchr3};

use super::host::{self, HostProblem};
use super::id::fnv1a;
use super::loose::Loose;
use super::path::{fold, normalise};
use super::pattern;
use super::problem::KeyProblem;
use super::query::{Parameters, has_stray_star};
use crate::limits::{
    HOST_BYTES_MAX, KEY_PARAMETERS_MAX, KEY_PATH_BYTES_MAX, KEY_QUERY_BYTES_MAX, PREFIX_DEPTH_MAX,
};
use crate::links::bytes::shown;

/// Begins a host that stands for every host below it.
pub(in crate::links) const SUBDOMAINS: &[u8] = b"*.";

/// A key in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Lower case; empty for a key that holds on any host, with [`SUBDOMAINS`]
    /// before it for one that holds on all below it.
    pub(in crate::links) host: &'a [u8],
    /// Normalised. Of a prefix: up to the `*`. With placeholders, or with a `*` inside a
    /// segment, it is a [pattern].
    pub(in crate::links) path: &'a [u8],
    /// Canonical parameters sorted by name; empty when the key has none.
    pub(in crate::links) query: &'a [u8],
    /// Whether it was written with `*` at its end.
    pub(in crate::links) prefix: bool,
    /// Whether it has placeholders, or its `*` stands inside a segment.
    pub(in crate::links) pattern: bool,
    /// What it takes no notice of. If that is the case of letters, its path is in lower
    /// case.
    pub(in crate::links) loose: Loose,
}

/// What [`Key::parse`] writes into where the text is not canonical already.
/// Reused from key to key.
#[derive(Debug, Default)]
pub struct KeyScratch {
    host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    parameters: Parameters,
}

impl Key<'_> {
    /// No link has it.
    pub(in crate::links) const NONE: Key<'static> = Key {
        host: b"",
        path: b"",
        query: b"",
        prefix: false,
        pattern: false,
        loose: Loose::NOTHING,
    };
}

impl<'a> Key<'a> {
    /// Reads `/path`, `host/path` or `http(s)://host/path`, each with an
    /// optional `?query` and with `*` at the end of the path for all that begin so. A
    /// host may begin with `*.` for every subdomain.
    ///
    /// # Errors
    /// The first thing that is wrong, as a sentence with its remedy.
    pub fn parse(text: &'a [u8], scratch: &'a mut KeyScratch) -> Result<Key<'a>, KeyProblem> {
        if let Some(at) = text.iter().position(u8::is_ascii_control) {
            return Err(KeyProblem::Control(text[at], at + 1));
        }
        let (authority, rest) = split_authority(text)?;
        let host = match authority {
            None => &[][..],
            Some(authority) => {
                parse_authority(authority, &mut scratch.host)?;
                &scratch.host
            }
        };
        let (path, query) = match memchr3(b'?', b'#', b'*', rest) {
            None => (rest, None),
            Some(_) => split_query(rest)?,
        };
        let (path, prefix, pattern) = parse_path(path, &mut scratch.path)?;
        let query = match query {
            None => &[][..],
            Some(_) if pattern => return Err(KeyProblem::PlaceholderWithQuery),
            Some(query) => {
                parse_query(query, &mut scratch.parameters, &mut scratch.query)?;
                &scratch.query
            }
        };
        Ok(Key { host, path, query, prefix, pattern, loose: Loose::NOTHING })
    }

    /// The same key, matching paths in any case: `/Go` and `/gO`, but neither
    /// `%C3%89` for `%C3%A9` nor another value of a parameter. Its path in lower
    /// case is written into `out`.
    #[must_use]
    pub fn in_any_case(self, out: &'a mut Vec<u8>) -> Key<'a> {
        match self.pattern {
            false => fold(self.path, out),
            true => pattern::fold_literals(self.path, out),
        }
        Key { path: out, loose: Loose { nocase: true, ..self.loose }, ..self }
    }

    /// The same key, taking no notice of `loose`. A path in lower case is written into
    /// `out`.
    pub(in crate::links) fn with_loose(self, loose: Loose, out: &'a mut Vec<u8>) -> Key<'a> {
        let key = if loose.nocase { self.in_any_case(out) } else { self };
        Key { loose, ..key }
    }

    /// The 64-bit id of the link with this key: FNV-1a of the key as
    /// [`Display`](fmt::Display) shows it, without the names of placeholders: they
    /// make no difference to what it matches. It depends on nothing else, so it is
    /// the same in every table and on every machine that has the key.
    pub fn id(&self) -> u64 {
        let star: &[u8] = if self.prefix { b"*" } else { b"" };
        let mark: &[u8] = if self.query.is_empty() { b"" } else { b"?" };
        let nameless = if self.pattern { pattern::nameless(self.path) } else { Vec::new() };
        let path = if self.pattern { &nameless } else { self.path };
        fnv1a(&[self.host, path, star, mark, self.query])
    }

    /// What it is called where links are changed by their keys: its canonical text, and
    /// behind it what it takes no notice of (` nocase`), for then it is another key.
    pub fn name(&self) -> String {
        format!("{self}{}", self.loose)
    }

    /// Its [name](Self::name) has no more bytes than so.
    pub fn name_bytes_max(&self) -> usize {
        self.host.len() + self.path.len() + "*?".len() + self.query.len() + " nocase".len()
    }

    /// Whether it is looked for by how a path begins.
    pub(in crate::links) fn is_open(&self) -> bool {
        self.prefix || self.pattern
    }

    /// The part of its path by which its entry is found: all of it, unless it has
    /// placeholders.
    pub(in crate::links) fn literal(&self) -> &'a [u8] {
        if self.pattern { pattern::literal(self.path) } else { self.path }
    }
}

impl fmt::Display for Key<'_> {
    /// The canonical text: host, path (with its `*`), `?` and query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Canonical keys are ASCII; the host of any key is too.
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        f.write_str(&text(self.host))?;
        f.write_str(&text(self.path))?;
        if self.prefix {
            f.write_str("*")?;
        }
        if !self.query.is_empty() {
            write!(f, "?{}", text(self.query))?;
        }
        Ok(())
    }
}

/// The authority, if the key has one, and what follows it.
fn split_authority(text: &[u8]) -> Result<(Option<&[u8]>, &[u8]), KeyProblem> {
    match text {
        [] => return Err(KeyProblem::Empty),
        [b'/', b'/', ..] => return Err(KeyProblem::TwoSlashes),
        [b'/', ..] => return Ok((None, text)),
        _ => {}
    }
    let end_of = |text: &[u8]| text.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    for scheme in [&b"https://"[..], b"http://"] {
        let given = text.get(..scheme.len());
        if given.is_some_and(|given| given.eq_ignore_ascii_case(scheme)) {
            let rest = &text[scheme.len()..];
            // A URL without a path means `/` (RFC 3986 §6.2.3); normalising
            // writes that slash.
            let (authority, rest) = rest.split_at(end_of(rest).unwrap_or(rest.len()));
            return Ok((Some(authority), rest));
        }
    }
    let Some((authority, rest)) = end_of(text).map(|at| text.split_at(at)) else {
        return Err(KeyProblem::NoPath(shown(text)));
    };
    match (authority, rest) {
        ([scheme @ .., b':'], [b'/', b'/', ..]) => Err(KeyProblem::Scheme(shown(scheme))),
        (_, [b'/', ..]) => Ok((Some(authority), rest)),
        _ => Err(KeyProblem::NoPath(shown(text))),
    }
}

fn parse_authority(authority: &[u8], out: &mut Vec<u8>) -> Result<(), KeyProblem> {
    if memchr(b'@', authority).is_some() {
        return Err(KeyProblem::Userinfo);
    }
    let (name, port) = host::split_port(authority);
    match port {
        // What every client leaves out of the URL, people sometimes write.
        None | Some(b"" | b"80" | b"443") => {}
        Some(port) => return Err(KeyProblem::Port(shown(port))),
    }
    let Some(name) = name.strip_prefix(SUBDOMAINS) else {
        return match memchr(b'*', name) {
            None => host::canonical(name, out).map_err(KeyProblem::Host),
            Some(_) => Err(KeyProblem::StarInHost),
        };
    };
    if memchr(b'*', name).is_some() || host::is_ipv4(name) {
        return Err(KeyProblem::StarInHost);
    }
    host::canonical(name, out).map_err(KeyProblem::Host)?;
    out.splice(..0, SUBDOMAINS.iter().copied());
    match out.len() {
        ..=HOST_BYTES_MAX => Ok(()),
        size => Err(KeyProblem::Host(HostProblem::TooLong(size))),
    }
}

/// Splits at the `?`, having refused a fragment and a stray `*` in the query.
fn split_query(rest: &[u8]) -> Result<(&[u8], Option<&[u8]>), KeyProblem> {
    if memchr(b'#', rest).is_some() {
        return Err(KeyProblem::Fragment);
    }
    let Some(at) = memchr(b'?', rest) else {
        return Ok((rest, None));
    };
    let query = &rest[at + 1..];
    if has_stray_star(query) {
        return Err(KeyProblem::StarInQuery);
    }
    Ok((&rest[..at], Some(query)))
}

/// The normal form of a path, whether it is a prefix, and whether it is a pattern.
fn parse_path<'a>(
    path: &'a [u8],
    out: &'a mut Vec<u8>,
) -> Result<(&'a [u8], bool, bool), KeyProblem> {
    let (path, prefix) = match path.strip_suffix(b"*") {
        Some(path) => (path, true),
        None => (path, false),
    };
    if memchr(b'*', path).is_some() {
        return Err(KeyProblem::Star);
    }
    let ends_with_slash = path.ends_with(b"/");
    let path = normalise(path, out);
    // `/a/.*` would become `/a/*`, which says something else.
    if prefix && !ends_with_slash && path.ends_with(b"/") {
        return Err(KeyProblem::Star);
    }
    if path.len() > KEY_PATH_BYTES_MAX {
        return Err(KeyProblem::PathTooLong(path.len()));
    }
    let pattern = pattern::is_pattern(path, prefix)?;
    let literal = if pattern { pattern::literal(path) } else { path };
    let depth = memchr::memchr_iter(b'/', literal).count();
    if (prefix || pattern) && depth > PREFIX_DEPTH_MAX {
        return Err(KeyProblem::TooDeep(depth));
    }
    Ok((path, prefix, pattern))
}

fn parse_query(
    query: &[u8],
    parameters: &mut Parameters,
    out: &mut Vec<u8>,
) -> Result<(), KeyProblem> {
    out.clear();
    parameters.read_key(query, KEY_PARAMETERS_MAX + 1);
    if let Some(name) = parameters.repeated_name() {
        return Err(KeyProblem::RepeatedParameter(shown(name)));
    }
    if parameters.len() > KEY_PARAMETERS_MAX {
        return Err(KeyProblem::TooManyParameters);
    }
    for index in 0..parameters.len() {
        parameters.append(index, out);
    }
    if out.len() > KEY_QUERY_BYTES_MAX {
        return Err(KeyProblem::QueryTooLong(out.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
