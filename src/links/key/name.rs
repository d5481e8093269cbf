//! Keys as people name them where links are changed.

use super::canonical::{Key, KeyScratch};

/// Reads a key as in the native format, with ` nocase` behind one that matches in
/// any case.
///
/// # Errors
/// What is wrong with it, as a sentence with its remedy.
pub(in crate::links) fn parse_name<'a>(
    name: &'a str,
    scratch: &'a mut KeyScratch,
    folded: &'a mut Vec<u8>,
) -> Result<Key<'a>, String> {
    let (key, nocase) = match name.trim().rsplit_once([' ', '\t']) {
        Some((key, "nocase")) => (key.trim(), true),
        _ => (name.trim(), false),
    };
    key_of(key.as_bytes(), nocase, scratch, folded)
}

/// Reads a key, which matches in any case if it is `nocase`.
///
/// # Errors
/// What is wrong with it, as a sentence with its remedy.
pub(in crate::links) fn key_of<'a>(
    text: &'a [u8],
    nocase: bool,
    scratch: &'a mut KeyScratch,
    folded: &'a mut Vec<u8>,
) -> Result<Key<'a>, String> {
    let key = Key::parse(text, scratch).map_err(|problem| problem.to_string())?;
    Ok(if nocase { key.in_any_case(folded) } else { key })
}
