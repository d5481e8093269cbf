//! Options as the native format has them.

use crate::links::link::Setting;

/// A column that is `name=value`, as `weight=70` or `Country!=us`, or the setting that
/// stands alone.
pub(super) fn setting(column: &[u8]) -> Option<Setting<'_>> {
    if column == b"nocase" {
        return Some(Setting { name: column, value: &[] });
    }
    let end = memchr::memchr(b'=', column)?;
    let name = &column[..end];
    // `Country!=us`, and the one whose name goes on as the operator likes: `Query.src=mail`.
    let word = name.strip_suffix(b"!").unwrap_or(name);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-');
    let is_word = !word.is_empty() && word.iter().all(is_letter);
    let is_name = is_word || word.len() > 6 && word[..6].eq_ignore_ascii_case(b"query.");
    is_name.then(|| Setting { name, value: &column[end + 1..] })
}
