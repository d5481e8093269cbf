//! The flags of rules and conditions: `[R=301,L,NC]`.

use crate::links::bytes::shown;

/// What the flags of a rule say.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags {
    /// `[R]`, with its status.
    pub(super) redirect: Option<Vec<u8>>,
    /// `[G]`
    pub(super) gone: bool,
    /// `[F]`
    pub(super) forbidden: bool,
    /// `[L]` or `[END]`
    pub(super) last: bool,
    /// `[NC]`
    pub(super) any_case: bool,
    /// `[NE]`
    pub(super) no_escape: bool,
    /// `[QSA]`
    pub(super) adds_query: bool,
    /// `[QSD]`
    pub(super) drops_query: bool,
    /// `[UnsafeAllow3F]`
    pub(super) allows_query: bool,
    /// `[CO=…]`
    pub(super) sets_cookie: bool,
    /// How many rules behind it depend on whether it matches: `[C]`, `[S=n]`.
    pub(super) skips: usize,
    pub(super) unknown: Option<String>,
}

/// The flags between the brackets of a last word; none without it.
///
/// # Errors
/// If there is something else.
pub(super) fn flags(words: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, String> {
    let Some(word) = words.first() else { return Ok(Vec::new()) };
    let joined = words.join(&b' ');
    let inner = joined.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let inner = inner
        .ok_or_else(|| format!("`{}` is no list of flags; write them as [R=301,L]", shown(word)))?;
    let flags = inner.split(|&byte| byte == b',').map(|flag| flag.trim_ascii().to_vec());
    Ok(flags.filter(|flag| !flag.is_empty()).collect())
}

impl Flags {
    /// Whether a rule without a target does something that a visitor would see.
    pub(super) fn answers(&self) -> bool {
        let is_odd = self.skips > 0 || self.unknown.is_some();
        self.redirect.is_some() || self.gone || self.forbidden || self.last || is_odd
    }

    /// Takes one.
    pub(super) fn take(&mut self, flag: &[u8]) {
        let at = flag.iter().position(|&byte| byte == b'=');
        let (name, value) = match at {
            Some(at) => (&flag[..at], Some(&flag[at + 1..])),
            None => (flag, None),
        };
        match (&name.to_ascii_uppercase()[..], value) {
            (b"R" | b"REDIRECT", value) => self.redirect = Some(status(value)),
            (b"L" | b"LAST" | b"END", None) => self.last = true,
            (b"NC" | b"NOCASE", None) => self.any_case = true,
            (b"NE" | b"NOESCAPE", None) => self.no_escape = true,
            (b"QSA" | b"QSAPPEND", None) => self.adds_query = true,
            (b"QSD" | b"QSDISCARD", None) => self.drops_query = true,
            (b"G" | b"GONE", None) => self.gone = true,
            (b"F" | b"FORBIDDEN", None) => self.forbidden = true,
            (b"UNSAFEALLOW3F", None) => self.allows_query = true,
            (b"CO" | b"COOKIE", Some(_)) => self.sets_cookie = true,
            // Of no meaning where a redirect is sent.
            (b"E" | b"ENV", _)
            | (b"NS" | b"NOSUBREQ" | b"PT" | b"PASSTHROUGH" | b"DPI" | b"UNSAFEPREFIXSTAT", None) =>
                {}
            (b"C" | b"CHAIN", None) => {
                self.skips = 1;
                self.unknown =
                    Some("[C] makes the next rule depend on this; write each alone".into());
            }
            (b"S" | b"SKIP", Some(count)) => {
                let count = core::str::from_utf8(count).ok().and_then(|text| text.parse().ok());
                self.skips = count.unwrap_or(usize::MAX);
                self.unknown =
                    Some("[S] makes the next rules depend on this; write each alone".into());
            }
            _ => {
                self.unknown = Some(format!(
                    "the flag `{}` cannot be told in a link; leave it out",
                    shown(flag)
                ));
            }
        }
    }
}

/// The status of `[R]`.
fn status(value: Option<&[u8]>) -> Vec<u8> {
    match value {
        None => Vec::new(),
        Some(b"permanent") => b"301".to_vec(),
        Some(b"temp") => b"302".to_vec(),
        Some(b"seeother") => b"303".to_vec(),
        Some(other) => other.to_vec(),
    }
}
