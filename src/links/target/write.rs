//! From a target and a request to a `Location`.

use core::fmt;
use std::sync::Arc;

use super::super::bytes::{PARAMETER, PATH, push_encoded};
use super::super::entries::{CLICK_ID, NAMES};
use super::blanks::{Blank, next_blank};
use super::captured::Captured;
use super::check::Checked;
use crate::limits::{CLICK_ID_BYTES, LOCATION_BYTES_MAX};

/// What stands for a click id that is not known yet.
const ID_UNKNOWN: [u8; CLICK_ID_BYTES] = [b'0'; CLICK_ID_BYTES];

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
    blanks: u8,
}

impl<'a> From<Checked<'a>> for Target<'a> {
    fn from(checked: Checked<'a>) -> Target<'a> {
        Target::stored(checked.bytes, checked.blanks)
    }
}

impl<'a> Target<'a> {
    /// What a table kept of a [`Checked`] target; empty for a 410.
    #[inline]
    pub(in crate::links) fn stored(bytes: &'a [u8], blanks: u8) -> Target<'a> {
        Target { bytes, blanks }
    }

    /// That of a link which is gone.
    pub(in crate::links) fn none() -> Target<'a> {
        Target { bytes: &[], blanks: 0 }
    }

    /// The whole `Location` if it is the same for every request, which is so
    /// unless the target holds `:splat`, `:name` or `{clickid}`. Empty for a link that is
    /// gone.
    #[inline]
    pub fn plain(&self) -> Option<&'a [u8]> {
        (self.blanks == 0).then_some(self.bytes)
    }

    /// Whether it holds `{clickid}`, so that the `Location` has to be [written
    /// again](Self::write_with_id) when the id is known.
    #[inline]
    pub fn has_click_id(&self) -> bool {
        self.blanks & CLICK_ID != 0
    }

    /// Appends the `Location` to `out`, with what is `captured` for every `:splat`
    /// and every `:name`, and zeros for every `{clickid}`.
    ///
    /// What may not stand at that place is encoded: in the path also `?` and
    /// `#`, behind them also `&`, `=`, `+`, `;`, so that a visitor can add
    /// neither a parameter nor a fragment. Escapes stay as they are.
    ///
    /// # Errors
    /// [`TooLong`], with `out` as it was, if more than
    /// [`LOCATION_BYTES_MAX`] bytes would be appended.
    #[inline]
    pub fn write(&self, captured: &Captured<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
        if self.blanks == 0 {
            out.extend_from_slice(self.bytes);
            return Ok(());
        }
        self.write_with_id(captured, &ID_UNKNOWN, out)
    }

    /// The same with `id` for every `{clickid}`. The `Location` is as long as
    /// that of [`write`](Self::write).
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub fn write_with_id(
        &self,
        captured: &Captured<'_>,
        id: &[u8; CLICK_ID_BYTES],
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        let start = out.len();
        let path_end = self.bytes.iter().position(|byte| matches!(byte, b'?' | b'#'));
        let path_end = path_end.unwrap_or(self.bytes.len());
        let mut done = 0;
        let has_names = self.blanks & NAMES != 0;
        while let Some((blank, at)) = next_blank(self.bytes, done, has_names) {
            out.extend_from_slice(&self.bytes[done..at]);
            let class = if at < path_end { PATH } else { PARAMETER };
            match blank {
                Blank::Splat => push_encoded(captured.splat(), class, out),
                Blank::Name(name) => push_encoded(captured.named(name), class, out),
                Blank::ClickId => out.extend_from_slice(id),
            }
            done = at + blank.size();
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

/// A target that belongs to no table: where unknown keys are sent.
#[derive(Clone, Debug)]
pub struct Fallback {
    bytes: Arc<[u8]>,
    blanks: u8,
}

impl Fallback {
    /// `None` for a target with `:splat`, which nothing can fill.
    #[must_use]
    pub fn new(checked: Checked<'_>) -> Option<Fallback> {
        let fallback = Fallback { bytes: checked.bytes.into(), blanks: checked.blanks };
        (!checked.has_splat()).then_some(fallback)
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        Target::stored(&self.bytes, self.blanks)
    }

    /// The URL as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes).expect("a target is ASCII")
    }
}
