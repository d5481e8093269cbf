//! What a target may be.

use core::fmt;

use memchr::{memchr, memmem};

use super::blanks::{Blank, MACRO, MACROS, SPLAT, next_blank};
use super::schemes::Schemes;
use crate::limits::{CLICK_ID_BYTES, LOCATION_BYTES_MAX, TARGET_BYTES_MAX, TARGET_MACROS_MAX};
use crate::links::bytes::{QUERY, escape, is, push_escape, shown};
use crate::links::key::host::{self, HostProblem};
use crate::words::is_hidden;

/// A target that [`parse`](Self::parse) found good. Nothing else makes one, so whoever
/// holds one can put its bytes into a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedTarget<'a> {
    pub(super) bytes: &'a [u8],
    /// What is filled into it: flags of an entry.
    pub(super) blanks: u8,
}

impl<'a> CheckedTarget<'a> {
    /// Checks that `target` is an absolute `http` or `https` URL (RFC 3986, ASCII,
    /// no user info) of bounded length that can go into a `Location` field as it
    /// stands. Used for links and for `--fallback`.
    ///
    /// # Errors
    /// The first thing that is wrong, as a sentence with its remedy.
    pub fn parse(target: &'a [u8]) -> Result<CheckedTarget<'a>, TargetProblem> {
        CheckedTarget::parse_allowing(target, &Schemes::NONE)
    }

    /// The same where it may have one of these schemes, too.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn parse_allowing(
        target: &'a [u8],
        schemes: &Schemes,
    ) -> Result<CheckedTarget<'a>, TargetProblem> {
        if target.is_empty() {
            return Err(TargetProblem::Empty);
        }
        if target.len() > TARGET_BYTES_MAX {
            return Err(TargetProblem::TooLong(target.len()));
        }
        let of_app = after_app_scheme(target, schemes);
        let start = of_app.map_or_else(|| after_scheme(target), Ok)?;
        let rest = &target[start..];
        let authority_end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
        let authority_end = start + authority_end.unwrap_or(rest.len());
        match of_app {
            None => {
                check_authority(target, start, authority_end)?;
                check_characters(target, authority_end)?;
            }
            Some(_) => {
                check_fixed(target, start, authority_end)?;
                check_characters(target, start)?;
            }
        }
        let mut blanks = 0;
        let mut macros = 0;
        let mut size = target.len();
        let mut at = authority_end;
        while let Some((blank, start, end)) = next_blank(target, at, false) {
            blanks |= blank.flag();
            if blank == Blank::ClickId {
                size += CLICK_ID_BYTES - (end - start);
            }
            macros += usize::from(blank.flag() == MACRO);
            at = end;
        }
        if macros > TARGET_MACROS_MAX {
            return Err(TargetProblem::TooManyMacros(macros));
        }
        // What is the same for every visitor always fits into a location.
        if size > LOCATION_BYTES_MAX {
            return Err(TargetProblem::TooLongWithIds(size));
        }
        Ok(CheckedTarget { bytes: target, blanks })
    }

    /// The URL as it was written: printable ASCII, at most
    /// [`TARGET_BYTES_MAX`] bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it holds `:splat`, which only a `/*` key can fill.
    pub fn has_splat(self) -> bool {
        self.blanks & SPLAT != 0
    }

    /// The flags of an entry that say what it holds.
    pub(in crate::links) fn blanks(self) -> u8 {
        self.blanks
    }
}

/// Why a target cannot be used. Columns count bytes of the target from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetProblem {
    /// It is empty.
    Empty,
    /// It has this many bytes.
    TooLong(usize),
    /// It has this many bytes when its `{clickid}` are filled in.
    TooLongWithIds(usize),
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
    /// This at this column, with a `{` or `}`, which is no macro.
    Macro(String, usize),
    /// This macro before the path.
    MacroInHost(String),
    /// It has this many macros beside `{clickid}`.
    TooManyMacros(usize),
    /// `:splat` before the path, where it would let a visitor pick the host.
    SplatInHost,
    /// `:name` before the path, which is no port either.
    NameInHost(String),
}

impl fmt::Display for TargetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetProblem::Empty => write!(f, "the target is empty; write https://host/path"),
            TargetProblem::TooLong(size) => {
                write!(f, "the target has {size} bytes; at most {TARGET_BYTES_MAX} are allowed")
            }
            TargetProblem::TooLongWithIds(size) => write!(
                f,
                "the target has {size} bytes with its click ids; at most {LOCATION_BYTES_MAX} are allowed"
            ),
            TargetProblem::Relative(target) => {
                write!(f, "the target `{target}` is not absolute; write https://host/path")
            }
            TargetProblem::Scheme(scheme) => {
                write!(
                    f,
                    "the target begins with `{scheme}:`; write http:// or https:// (or allow {scheme}:// of an app with --allow-scheme)"
                )
            }
            TargetProblem::Host(problem) => write!(f, "in the target, {problem}"),
            TargetProblem::Userinfo => write!(
                f,
                "the target has a user name before an `@`; leave it out, browsers warn of it or drop it"
            ),
            TargetProblem::Port(port) => {
                write!(f, "the target's port `{port}` is not a number from 1 to 65535")
            }
            TargetProblem::Character(character, column) => {
                f.write_str(&character_words(*character, *column))
            }
            TargetProblem::NotUtf8(byte, column) => write!(
                f,
                "byte {byte:02X} at column {column} of the target is not UTF-8; write it as %{byte:02X}, or save the file as UTF-8"
            ),
            TargetProblem::Percent(column) => write!(
                f,
                "the `%` at column {column} of the target is not followed by two hex digits; write %25 for a percent sign"
            ),
            TargetProblem::Macro(text, column) => write!(
                f,
                "`{text}` at column {column} of the target is no macro; write {MACROS}, or {} where it is meant as it stands",
                if text == "}" { "%7D" } else { "%7B for the `{`" }
            ),
            TargetProblem::MacroInHost(text) => write!(
                f,
                "`{text}` stands before the target's path, where it would make another host for each visitor; move it behind the host's `/`"
            ),
            TargetProblem::TooManyMacros(count) => write!(
                f,
                "the target has {count} macros beside {{clickid}}; at most {TARGET_MACROS_MAX} are allowed"
            ),
            TargetProblem::NameInHost(name) => write!(
                f,
                ":{name} stands before the target's path, where it would let a visitor choose the host; move it behind the host's `/`, or write a port as a number"
            ),
            TargetProblem::SplatInHost => write!(
                f,
                ":splat stands before the target's path, where it would let a visitor choose the host; move it behind the host's `/`"
            ),
        }
    }
}

impl std::error::Error for TargetProblem {}

/// What is said of a character that may not stand in a target.
fn character_words(character: char, column: usize) -> String {
    let name = match character {
        ' ' => "space".to_owned(),
        other if is_hidden(other) => other.escape_default().to_string(),
        other => format!("`{other}`"),
    };
    match character.is_control() {
        true => format!(
            "remove the control character {} at column {column} of the target",
            character.escape_default()
        ),
        false => {
            format!("write {} for the {name} at column {column} of the target", escaped(character))
        }
    }
}

fn escaped(character: char) -> String {
    let mut out = Vec::new();
    let mut utf8 = [0; 4];
    for &byte in character.encode_utf8(&mut utf8).as_bytes() {
        push_escape(byte, &mut out);
    }
    out.into_iter().map(char::from).collect()
}

/// Where a target goes on behind `scheme://`, if that is one of these.
fn after_app_scheme(target: &[u8], schemes: &Schemes) -> Option<usize> {
    let at = memmem::find(target, b"://")?;
    schemes.takes(&target[..at]).then_some(at + 3)
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

/// Refuses what would be filled into an authority, and user names.
fn check_fixed(target: &[u8], start: usize, end: usize) -> Result<(), TargetProblem> {
    let authority = &target[start..end];
    match next_blank(authority, 0, false) {
        Some((Blank::Splat, ..)) => return Err(TargetProblem::SplatInHost),
        Some((_, at, end)) => return Err(TargetProblem::MacroInHost(shown(&authority[at..end]))),
        None => {}
    }
    if authority.contains(&b'@') {
        return Err(TargetProblem::Userinfo);
    }
    if let Some(at) = authority.iter().position(|byte| matches!(byte, b'{' | b'}')) {
        return Err(no_macro(target, start + at));
    }
    // No port begins with a letter; within the brackets of IPv6 it may be a digit.
    if authority.first() != Some(&b'[')
        && let Some((Blank::Name(name), ..)) = next_blank(authority, 0, true)
    {
        return Err(TargetProblem::NameInHost(shown(name)));
    }
    Ok(())
}

fn check_authority(target: &[u8], start: usize, end: usize) -> Result<(), TargetProblem> {
    check_fixed(target, start, end)?;
    let (name, port) = host::split_port(&target[start..end]);
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
    let mut checked = from;
    for (at, &byte) in target.iter().enumerate().skip(from) {
        match byte {
            _ if at < checked => {}
            b'{' if let Some((_, size)) = Blank::at(&target[at..], false) => checked = at + size,
            _ if is(byte, QUERY) => {}
            b'%' if escape(&target[at..]).is_some() => {}
            b'%' => return Err(TargetProblem::Percent(at + 1)),
            b'#' if !in_fragment => in_fragment = true,
            b'{' | b'}' => return Err(no_macro(target, at)),
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

/// What is said of the `{` or `}` at this place.
fn no_macro(target: &[u8], at: usize) -> TargetProblem {
    let end = match target[at] {
        b'{' => memchr(b'}', &target[at..]).map_or(at + 1, |size| at + size + 1),
        _ => at + 1,
    };
    TargetProblem::Macro(shown(&target[at..end]), at + 1)
}

#[cfg(test)]
mod tests;
