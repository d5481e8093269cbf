//! Options as the native format has them.

use crate::links::link::Setting;

/// A column that is `name=value`, as `weight=70` or Netlify's `Country=us`, or
/// the setting that stands alone.
pub(super) fn setting(column: &[u8]) -> Option<Setting<'_>> {
    if column == b"nocase" {
        return Some(Setting { name: column, value: &[] });
    }
    let end =
        column.iter().position(|byte| !(byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')));
    let end = end.filter(|&end| end > 0 && column[end] == b'=')?;
    Some(Setting { name: &column[..end], value: &column[end + 1..] })
}
