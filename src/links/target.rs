//! Where a link sends: what a target may be, and how `:splat` is filled in.

use core::fmt;

use memchr::memchr_iter;

use super::bytes::{PARAMETER, PATH, QUERY, escape, is, push_encoded, push_escape, shown};
use super::host::{self, HostProblem};
use crate::limits::{LOCATION_BYTES_MAX, TARGET_BYTES_MAX};

/// A target that [`validate`] found good. Nothing else makes one, so whoever
/// holds one can put its bytes into a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked<'a> {
    bytes: &'a [u8],
    splat: bool,
}

impl<'a> Checked<'a> {
    /// The URL as it was written: printable ASCII, at most
    /// [`TARGET_BYTES_MAX`] bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it holds `:splat`, which only a `/*` key can fill.
    pub fn has_splat(self) -> bool {
        self.splat
    }
}

/// Why a target cannot be used. Columns count bytes of the target from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetProblem {
    /// It is empty.
    Empty,
    /// It has this many bytes.
    TooLong(usize),
    /// It has no scheme.
    Relative(String),
    /// Its scheme is not `http` or `https`.
    Scheme(String),
    /// Its host.
    Host(HostProblem),
    /// It names a user before an `@`.
    Userinfo,
    /// Its port is not a number from 1 to 65535.
    Port(String),
    /// A character that may not stand at this column.
    Character(char, usize),
    /// A byte at this column that is no part of any UTF-8 character.
    NotUtf8(u8, usize),
    /// A `%` at this column without two hex digits.
    Percent(usize),
    /// A `{` or `}` at this column.
    Macro(char, usize),
    /// `:splat` before the path, where it would let a visitor pick the host.
    SplatInHost,
}

impl fmt::Display for TargetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetProblem::Empty => write!(f, "the target is empty; write https://host/path"),
            TargetProblem::TooLong(size) => {
                write!(f, "the target has {size} bytes; at most {TARGET_BYTES_MAX} are allowed")
            }
            TargetProblem::Relative(target) => {
                write!(f, "the target `{target}` is not absolute; write https://host/path")
            }
            TargetProblem::Scheme(scheme) => {
                write!(f, "the target begins with `{scheme}:`; write http:// or https://")
            }
            TargetProblem::Host(problem) => write!(f, "in the target, {problem}"),
            TargetProblem::Userinfo => write!(
                f,
                "the target has a user name before an `@`; leave it out, browsers warn of it or drop it"
            ),
            TargetProblem::Port(port) => {
                write!(f, "the target's port `{port}` is not a number from 1 to 65535")
            }
            TargetProblem::Character(character, column) if character.is_control() => write!(
                f,
                "remove the control character {} at column {column} of the target",
                character.escape_default()
            ),
            TargetProblem::Character(character, column) => {
                let name = match character {
                    ' ' => "space".to_owned(),
                    other => format!("`{other}`"),
                };
                write!(
                    f,
                    "write {} for the {name} at column {column} of the target",
                    escaped(*character)
                )
            }
            TargetProblem::NotUtf8(byte, column) => write!(
                f,
                "byte {byte:02X} at column {column} of the target is not UTF-8; write it as %{byte:02X}, or save the file as UTF-8"
            ),
            TargetProblem::Percent(column) => write!(
                f,
                "the `%` at column {column} of the target is not followed by two hex digits; write %25 for a percent sign"
            ),
            TargetProblem::Macro(character, column) => write!(
                f,
                "macros are not supported yet: write {} for the `{character}` at column {column} of the target if it is meant as it stands",
                escaped(*character)
            ),
            TargetProblem::SplatInHost => write!(
                f,
                ":splat stands before the target's path, where it would let a visitor choose the host; move it behind the host's `/`"
            ),
        }
    }
}

impl std::error::Error for TargetProblem {}

fn escaped(character: char) -> String {
    let mut out = Vec::new();
    let mut utf8 = [0; 4];
    for &byte in character.encode_utf8(&mut utf8).as_bytes() {
        push_escape(byte, &mut out);
    }
    out.into_iter().map(char::from).collect()
}

/// Checks that `target` is an absolute `http` or `https` URL (RFC 3986, ASCII,
/// no user info) of bounded length that can go into a `Location` field as it
/// stands. Used for links and for `--fallback`.
///
/// # Errors
/// The first thing that is wrong, as a sentence with its remedy.
pub fn validate(target: &[u8]) -> Result<Checked<'_>, TargetProblem> {
    if target.is_empty() {
        return Err(TargetProblem::Empty);
    }
    if target.len() > TARGET_BYTES_MAX {
        return Err(TargetProblem::TooLong(target.len()));
    }
    let start = after_scheme(target)?;
    let rest = &target[start..];
    let authority_end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority_end = start + authority_end.unwrap_or(rest.len());
    check_authority(target, start, authority_end)?;
    check_characters(target, authority_end)?;
    let splat = next_splat(target, authority_end).is_some();
    Ok(Checked { bytes: target, splat })
}

fn after_scheme(target: &[u8]) -> Result<usize, TargetProblem> {
    for scheme in [&b"https://"[..], b"http://"] {
        let given = target.get(..scheme.len());
        if given.is_some_and(|given| given.eq_ignore_ascii_case(scheme)) {
            return Ok(scheme.len());
        }
    }
    // `host:8080/x` is a host and a port, `mailto:x` is a scheme.
    let word = target
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-')));
    match word {
        Some(at) if target[at] == b':' && !target[at + 1..].starts_with(b"splat") => {
            let port = target.get(at + 1).is_some_and(u8::is_ascii_digit);
            match port {
                true => Err(TargetProblem::Relative(shown(target))),
                false => Err(TargetProblem::Scheme(shown(&target[..at]))),
            }
        }
        _ => Err(TargetProblem::Relative(shown(target))),
    }
}

fn check_authority(target: &[u8], start: usize, end: usize) -> Result<(), TargetProblem> {
    let authority = &target[start..end];
    if next_splat(authority, 0).is_some() {
        return Err(TargetProblem::SplatInHost);
    }
    if authority.contains(&b'@') {
        return Err(TargetProblem::Userinfo);
    }
    if let Some(at) = authority.iter().position(|byte| matches!(byte, b'{' | b'}')) {
        return Err(TargetProblem::Macro(char::from(authority[at]), start + at + 1));
    }
    let (name, port) = host::split_port(authority);
    host::validate(name).map_err(TargetProblem::Host)?;
    // An empty port is legal and means the scheme's own (RFC 3986 §3.2.3).
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        let digits = port.iter().all(u8::is_ascii_digit);
        let number = core::str::from_utf8(port).ok().and_then(|port| port.parse::<u16>().ok());
        if !digits || number.is_none_or(|number| number == 0) {
            return Err(TargetProblem::Port(shown(port)));
        }
    }
    Ok(())
}

fn check_characters(target: &[u8], from: usize) -> Result<(), TargetProblem> {
    let mut in_fragment = false;
    for (at, &byte) in target.iter().enumerate().skip(from) {
        match byte {
            _ if is(byte, QUERY) => {}
            b'%' if escape(&target[at..]).is_some() => {}
            b'%' => return Err(TargetProblem::Percent(at + 1)),
            b'#' if !in_fragment => in_fragment = true,
            b'{' | b'}' => return Err(TargetProblem::Macro(char::from(byte), at + 1)),
            _ if byte.is_ascii() => {
                return Err(TargetProblem::Character(char::from(byte), at + 1));
            }
            _ => {
                let valid = target[at..].utf8_chunks().next().map_or("", |chunk| chunk.valid());
                return Err(match valid.chars().next() {
                    Some(character) => TargetProblem::Character(character, at + 1),
                    None => TargetProblem::NotUtf8(byte, at + 1),
                });
            }
        }
    }
    Ok(())
}

const SPLAT: &[u8] = b":splat";

/// Where the first `:splat` at or after `from` begins. `:splatter` is none.
fn next_splat(target: &[u8], from: usize) -> Option<usize> {
    memchr_iter(b':', &target[from..]).map(|at| from + at).find(|&at| {
        let rest = target[at..].strip_prefix(SPLAT);
        rest.is_some_and(|rest| {
            !rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        })
    })
}

/// The `Location` would be longer than [`LOCATION_BYTES_MAX`]: the visitor
/// asked for too long a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the location would be longer than {LOCATION_BYTES_MAX} bytes")
    }
}

impl std::error::Error for TooLong {}

/// The target of a link that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    bytes: &'a [u8],
    splat: bool,
}

impl<'a> From<Checked<'a>> for Target<'a> {
    fn from(checked: Checked<'a>) -> Target<'a> {
        Target::stored(checked.bytes, checked.splat)
    }
}

impl<'a> Target<'a> {
    /// What a table kept of a [`Checked`] target; empty for a 410.
    #[inline]
    pub(super) fn stored(bytes: &'a [u8], splat: bool) -> Target<'a> {
        Target { bytes, splat }
    }

    /// The whole `Location` if it is the same for every request, which is so
    /// unless the target holds `:splat`. Empty for a link that is gone.
    #[inline]
    pub fn plain(&self) -> Option<&'a [u8]> {
        (!self.splat).then_some(self.bytes)
    }

    /// Appends the `Location` to `out`, with `splat` (the rest of the
    /// normalised path) for every `:splat`.
    ///
    /// What may not stand at that place is encoded: in the path also `?` and
    /// `#`, behind them also `&`, `=`, `+`, `;`, so that a visitor can add
    /// neither a parameter nor a fragment. Escapes stay as they are.
    ///
    /// # Errors
    /// [`TooLong`], with `out` as it was, if more than
    /// [`LOCATION_BYTES_MAX`] bytes would be appended.
    #[inline]
    pub fn write(&self, splat: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        if !self.splat {
            out.extend_from_slice(self.bytes);
            return Ok(());
        }
        self.fill(splat, out)
    }

    fn fill(&self, splat: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        let start = out.len();
        let path_end = self.bytes.iter().position(|byte| matches!(byte, b'?' | b'#'));
        let path_end = path_end.unwrap_or(self.bytes.len());
        let mut done = 0;
        while let Some(at) = next_splat(self.bytes, done) {
            out.extend_from_slice(&self.bytes[done..at]);
            let class = if at < path_end { PATH } else { PARAMETER };
            push_encoded(splat, class, out);
            done = at + SPLAT.len();
            if out.len() - start > LOCATION_BYTES_MAX {
                break;
            }
        }
        out.extend_from_slice(&self.bytes[done..]);
        if out.len() - start > LOCATION_BYTES_MAX {
            out.truncate(start);
            return Err(TooLong);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "target_test.rs"]
mod tests;
