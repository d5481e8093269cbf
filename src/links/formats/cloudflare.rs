//! Cloudflare's bulk redirects, as its dashboard imports them: comma-separated
//! values without a header row.
//!
//! ```text
//! source URL, target URL[, status, preserve query string, include subdomains, subpath matching, preserve path suffix]
//! ```
//!
//! The status is 301 if it is left out, the others are then `FALSE`. A source URL
//! without a scheme is meant for both.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use csv::ByteRecord;
use memchr::{memchr, memchr_iter};

use super::cells::trim;
use super::csv::{Dialect, records, told_from};
use super::paths;
use super::row::{Line, Row};
use crate::links::bytes::shown;
use crate::links::link::Setting;

const CELLS: usize = 7;

/// Slashes that a path with subpath matching may have there.
const SUBPATH_SLASHES_MAX: usize = 16;

pub(super) fn read(text: &[u8], take: &mut impl FnMut(u32, Line<'_>)) {
    let dialect = told_from(text, &fits);
    let mut list = RedirectList::of(text, dialect);
    records(text, dialect, |line, record| {
        let read = record.and_then(Redirect::of);
        match read {
            Ok(redirect) if list.is_again(&redirect) => {}
            Ok(redirect) => {
                let said = list.said(&redirect);
                redirect.rows(said, &mut |written| take(line, written));
            }
            Err(message) => take(line, Line::Refused(message)),
        }
        true
    });
}

/// What has to be known of the whole list.
#[derive(Default)]
struct RedirectList {
    /// Those whose source names its scheme. Two that differ in nothing else are one link.
    schemes: HashSet<Vec<u8>>,
    /// Such that were taken, without the scheme.
    taken: HashSet<Vec<u8>>,
    /// Paths with subpath matching, without a slash at their end, behind each domain that
    /// their host is below, and their lines.
    subpaths: HashMap<Vec<u8>, u32>,
}

impl RedirectList {
    fn of(text: &[u8], dialect: Dialect) -> RedirectList {
        let mut list = RedirectList::default();
        records(text, dialect, |line, record| {
            if let Ok(redirect) = record.and_then(Redirect::of) {
                list.note(&redirect, line);
            }
            true
        });
        list
    }

    fn note(&mut self, redirect: &Redirect<'_>, line: u32) {
        let (scheme, rest) = parts(redirect.source);
        if let Some(scheme) = scheme {
            self.schemes.insert(redirect.spelled(scheme, rest));
        }
        if redirect.has_subpaths {
            let (host, path) = split_path(rest);
            let path = path.strip_suffix(b"/").unwrap_or(path);
            for at in memchr_iter(b'.', host) {
                let key = [&*host[at + 1..].to_ascii_lowercase(), path].concat();
                self.subpaths.entry(key).or_insert(line);
            }
        }
    }

    /// Whether there is the same for the other scheme.
    fn is_twin(&self, redirect: &Redirect<'_>) -> bool {
        let (Some(scheme), rest) = parts(redirect.source) else { return false };
        let other: &[u8] = if scheme == b"http" { b"https" } else { b"http" };
        self.schemes.contains(&redirect.spelled(other, rest))
    }

    /// Whether it is the second of two such, and notes it as the first otherwise.
    fn is_again(&mut self, redirect: &Redirect<'_>) -> bool {
        let (Some(_), rest) = parts(redirect.source) else { return false };
        self.is_twin(redirect) && !self.taken.insert(redirect.spelled(b"", rest))
    }

    /// In what it means something else here.
    fn said(&self, redirect: &Redirect<'_>) -> Vec<String> {
        let mut said = Vec::new();
        let (scheme, rest) = parts(redirect.source);
        let (host, path) = split_path(rest);
        let slashes = memchr_iter(b'/', path);
        if redirect.has_subpaths && slashes.clone().count() > SUBPATH_SLASHES_MAX {
            said.push(format!(
                "Cloudflare takes subpath matching for at most {SUBPATH_SLASHES_MAX} slashes; here it answers"
            ));
        }
        if let Some(scheme) = scheme.filter(|_| !self.is_twin(redirect)) {
            said.push(format!("carom answers every scheme, Cloudflare only {}", shown(scheme)));
        }
        if redirect.has_subdomains && !redirect.has_subpaths {
            let host = host.to_ascii_lowercase();
            let line = |at: usize| self.subpaths.get(&[&*host, &path[..at]].concat());
            if let Some(line) = slashes.filter_map(line).min() {
                said.push(format!(
                    "Cloudflare lets line {line} answer, whose host is exact; here the whole path comes first"
                ));
            }
        }
        said
    }
}

/// Host and path.
fn split_path(url: &[u8]) -> (&[u8], &[u8]) {
    url.split_at(memchr(b'/', url).unwrap_or(url.len()))
}

/// Whether this first row looks like one of these, and like no header row.
pub(super) fn fits(record: &ByteRecord) -> bool {
    let host =
        record.get(0).map(trim).and_then(|source| parts(source).1.split(|&b| b == b'/').next());
    Redirect::of(record).is_ok()
        && host.is_some_and(|host| memchr(b'.', host).is_some())
        && record.get(1).is_some_and(|target| memchr::memmem::find(target, b"://").is_some())
}

/// One row.
struct Redirect<'a> {
    source: &'a [u8],
    target: &'a [u8],
    status: &'a [u8],
    keeps_query: bool,
    has_subdomains: bool,
    has_subpaths: bool,
    keeps_suffix: bool,
}

impl<'a> Redirect<'a> {
    fn of(record: &'a ByteRecord) -> Result<Redirect<'a>, String> {
        let cell = |at: usize| record.get(at).map(trim).unwrap_or_default();
        if record.iter().take(CELLS).any(|cell| memchr(b'\n', trim(cell)).is_some()) {
            return Err(
                "a quoted cell goes on over several lines; close its quote on this line".to_owned()
            );
        }
        if record.iter().skip(CELLS).any(|cell| !trim(cell).is_empty()) {
            return Err(format!(
                "the row has {} cells, a bulk redirect has at most {CELLS}; quote a URL that has a comma",
                record.len()
            ));
        }
        if cell(0).is_empty() || cell(1).is_empty() {
            return Err("a bulk redirect needs a source URL and a target URL".to_owned());
        }
        let flag = |at: usize, what: &str| match cell(at) {
            b"TRUE" | b"true" | b"True" => Ok(true),
            b"" | b"FALSE" | b"false" | b"False" => Ok(false),
            other => Err(format!("{what} is `{}`; write TRUE or FALSE", shown(other))),
        };
        let status = match cell(2) {
            b"" => b"301",
            status => status,
        };
        if !matches!(status, b"301" | b"302" | b"307" | b"308") {
            return Err(format!(
                "the status is `{}`; write 301, 302, 307 or 308 in the third cell{}",
                shown(status),
                if record.position().is_some_and(|it| it.byte() == 0) {
                    "; these files have no header row"
                } else {
                    ""
                }
            ));
        }
        Ok(Redirect {
            source: cell(0),
            target: cell(1),
            status,
            keeps_query: flag(3, "preserve query string")?,
            has_subdomains: flag(4, "include subdomains")?,
            has_subpaths: flag(5, "subpath matching")?,
            keeps_suffix: flag(6, "preserve path suffix")?,
        })
    }

    /// All of it, with this source.
    fn spelled(&self, scheme: &[u8], rest: &[u8]) -> Vec<u8> {
        let flags = [self.keeps_query, self.has_subdomains, self.has_subpaths, self.keeps_suffix];
        let flags = flags.map(u8::from);
        [scheme, b" ", rest, b" ", self.target, b" ", self.status, &flags].concat()
    }

    /// The links of it: for the host and what is below it, for the path and what
    /// is below it. `said`: in what it means something else here.
    fn rows(&self, mut said: Vec<String>, give: &mut dyn FnMut(Line<'_>)) {
        let (host, path) = split_path(parts(self.source).1);
        if host.is_empty() {
            return give(Line::Refused(format!(
                "the source URL `{}` has no host; write host/path",
                shown(self.source)
            )));
        }
        if let Some(&mark) = path.iter().find(|byte| matches!(byte, b'?' | b'#' | b'*')) {
            return give(Line::Refused(format!(
                "the source URL has a `{}`, which a bulk redirect cannot match",
                char::from(mark)
            )));
        }
        if let Err(message) = paths::no_placeholder(path) {
            return give(Line::Refused(message));
        }
        let mut target = Cow::Borrowed(self.target);
        if self.keeps_query
            && let Some(end) = memchr(b'?', &target)
        {
            let fragment = memchr(b'#', &target).unwrap_or(target.len());
            if end < fragment {
                target = Cow::Owned([&target[..end], &target[fragment..]].concat());
                said.push("the target's query is left out, for the visitor's is kept".to_owned());
            }
        }
        let keep = [Setting { name: b"query", value: b"keep" }];
        let mut link = |key: &[u8], target: &[u8]| {
            let settings = if self.keeps_query { &keep[..] } else { &[] };
            let row = Row { key, target, status: Some(self.status), settings };
            give(match &*said {
                [] => Line::Link(row),
                said => Line::Changed(row, said.join("; ")),
            });
        };
        let path = if path.is_empty() { &b"/"[..] } else { path };
        let hosts = [(&b""[..], true), (b"*.", self.has_subdomains)];
        for (below, _) in hosts.into_iter().filter(|(_, is_wished)| *is_wished) {
            let key = [below, host, path].concat();
            let is_folder = path.ends_with(b"/");
            if !self.has_subpaths || !is_folder {
                link(&key, &target);
            }
            if self.has_subpaths {
                let slash: &[u8] = if is_folder { b"*" } else { b"/*" };
                let key = [&key, slash].concat();
                match self.keeps_suffix {
                    true => link(&key, &with_splat(&target)),
                    false => link(&key, &target),
                }
            }
        }
    }
}

/// Scheme, if there is one, and the rest.
fn parts(url: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match memchr::memmem::find(url, b"://") {
        Some(at) => (Some(&url[..at]), &url[at + 3..]),
        None => (None, url),
    }
}

/// The target with what is left of the request's path behind its own.
fn with_splat(target: &[u8]) -> Vec<u8> {
    let end = target.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(target.len());
    let (path, rest) = target.split_at(end);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    [path, b"/:splat", rest].concat()
}

#[cfg(test)]
mod tests;
