//! Which click folders a command reads.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::limits::CLICKS_FOLDER_DEFAULT;

/// The paths that were named, or the usual click folder.
pub(super) fn folders(paths: &[PathBuf]) -> Cow<'_, [PathBuf]> {
    match paths {
        [] => vec![CLICKS_FOLDER_DEFAULT.into()].into(),
        paths => paths.into(),
    }
}
