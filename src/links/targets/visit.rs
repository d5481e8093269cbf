//! What a request has to fill into a target, and how it stands there.

use core::net::Ipv6Addr;
use std::io::Write as _;

use super::blanks::Blank;
use super::captured::Captured;
use super::parameters::{decoded, push_all, value};
use crate::limits::{CLICK_ID_BYTES, HOST_BYTES_MAX};
use crate::links::bytes::{PARAMETER, PATH, UNRESERVED, is, push_escape, push_of_path};
use crate::links::key::host;

/// A request, as far as targets ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit<'a> {
    /// Its path, [normalised](crate::links::normalise()).
    pub path: &'a [u8],
    /// What of that stands for `:splat` and `:name`.
    pub captured: Captured<'a>,
    /// Its query as sent, without the `?`.
    pub query: &'a [u8],
    /// Its host as sent, with any port.
    pub host: &'a [u8],
    /// `Referer` as sent.
    pub referer: &'a [u8],
    /// `User-Agent` as sent.
    pub user_agent: &'a [u8],
    /// What is kept of the visitor's address, v4-mapped if it is an IPv4 address.
    pub ip: [u8; 16],
    /// When it came, Unix seconds.
    pub unix_seconds: u64,
}

/// Longest address as text, bytes: eight groups of four digits.
const IP_BYTES_MAX: usize = 39;

/// In which part of a URL something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlPart {
    Path,
    Query,
    Fragment,
}

impl Visit<'_> {
    /// Appends what stands for `blank` in this part of a URL.
    pub(super) fn push(
        &self,
        blank: Blank<'_>,
        part: UrlPart,
        id: &[u8; CLICK_ID_BYTES],
        out: &mut Vec<u8>,
    ) {
        // What comes from a path is spelled as it has to be there, slashes as well.
        let of_path = if part == UrlPart::Path { PATH } else { PARAMETER };
        match blank {
            Blank::Splat => push_of_path(self.captured.splat(), of_path, out),
            Blank::Name(name) => push_of_path(self.captured.named(name), of_path, out),
            Blank::Slug => push_of_path(slug(self.path), of_path, out),
            Blank::ClickId => out.extend_from_slice(id),
            // Digits. Writing into memory does not fail.
            Blank::Time => drop(write!(out, "{}", self.unix_seconds)),
            Blank::Query => push_value(self.query.iter().copied(), part, out),
            Blank::Parameter(name) => push_value(decoded(value(self.query, name)), part, out),
            Blank::UserAgent => push_value(self.user_agent.iter().copied(), part, out),
            Blank::Referer => push_value(self.referer.iter().copied(), part, out),
            Blank::Host => {
                let mut buffer = [0; HOST_BYTES_MAX];
                let name = host::of_request(self.host, &mut buffer).unwrap_or_default();
                push_value(name.iter().copied(), part, out);
            }
            Blank::Ip => {
                let mut text = [0; IP_BYTES_MAX];
                let mut rest = &mut text[..];
                drop(write!(rest, "{}", Ipv6Addr::from(self.ip).to_canonical()));
                let size = IP_BYTES_MAX - rest.len();
                push_value(text[..size].iter().copied(), part, out);
            }
        }
    }

    /// Appends the whole query where a query stands alone between two `&`, or at an
    /// end. Says whether there is one.
    pub(super) fn push_query(&self, out: &mut Vec<u8>) -> bool {
        push_all(self.query, out)
    }
}

/// The last segment of a path that is not empty; nothing of `/`.
fn slug(path: &[u8]) -> &[u8] {
    let mut segments = path.rsplit(|&byte| byte == b'/');
    segments.find(|segment| !segment.is_empty()).unwrap_or_default()
}

/// Appends a value with all but unreserved bytes encoded. Dots alone are left out
/// of a path: encoded or not, browsers take them for a step up.
fn push_value(value: impl Iterator<Item = u8> + Clone, part: UrlPart, out: &mut Vec<u8>) {
    if part == UrlPart::Path && value.clone().all(|byte| byte == b'.') {
        return;
    }
    for byte in value {
        match is(byte, UNRESERVED) {
            true => out.push(byte),
            false => push_escape(byte, out),
        }
    }
}
