//! Keys as people name them where links are changed.

use super::canonical::{Key, KeyScratch};
use super::loose::Loose;

/// Reads a key as in the native format, with ` nocase`, ` slash=ignore` and
/// ` punctuation=ignore` behind one that takes no notice of those.
///
/// # Errors
/// What is wrong with it, as a sentence with its remedy.
pub(in crate::links) fn parse_name<'a>(
    name: &'a str,
    scratch: &'a mut KeyScratch,
    folded: &'a mut Vec<u8>,
) -> Result<Key<'a>, String> {
    parse_name_with(name, Loose::NOTHING, scratch, folded)
}

/// The same, where keys take no notice of `usual` unless they say so: with ` nocase=no`,
/// ` slash=exact` and ` punctuation=exact`.
///
/// # Errors
/// What is wrong with it, as a sentence with its remedy.
pub(in crate::links) fn parse_name_with<'a>(
    name: &'a str,
    mut usual: Loose,
    scratch: &'a mut KeyScratch,
    folded: &'a mut Vec<u8>,
) -> Result<Key<'a>, String> {
    let mut name = name.trim();
    let mut own = Loose::NOTHING;
    while let Some((key, option)) = name.rsplit_once([' ', '\t'])
        && (own.add(option.as_bytes()).is_some() || usual.take_back(option.as_bytes()).is_some())
    {
        name = key.trim();
    }
    let loose =
        Loose { nocase: own.nocase || usual.nocase, slash: own.slash || usual.slash, ..own };
    let mut key = key_of(name.as_bytes(), loose, scratch, folded)?;
    // As a default it holds for those keys that can have it.
    key.loose.punctuation |= usual.punctuation && !key.is_open();
    Ok(key)
}

/// Reads a key that takes no notice of `loose`.
///
/// # Errors
/// What is wrong with it, as a sentence with its remedy.
pub(in crate::links) fn key_of<'a>(
    text: &'a [u8],
    loose: Loose,
    scratch: &'a mut KeyScratch,
    folded: &'a mut Vec<u8>,
) -> Result<Key<'a>, String> {
    let key = Key::parse(text, scratch).map_err(|problem| problem.to_string())?;
    if loose.punctuation && key.is_open() {
        return Err(
            "punctuation=ignore says nothing of a key with `*` or placeholders; leave it out"
                .to_owned(),
        );
    }
    Ok(key.with_loose(loose, folded))
}
