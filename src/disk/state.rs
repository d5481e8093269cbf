//! The state folder: what a server has to remember between runs and nobody else
//! is to read.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Its name in the click folder.
const STATE_NAME: &str = ".state";

/// Where the state folder of a click folder is.
#[must_use]
pub fn path(clicks: &Path) -> PathBuf {
    clicks.join(STATE_NAME)
}

/// Makes the state folder, for its owner only (mode 0700), if there is none.
///
/// # Errors
///
/// Those of mkdir(2).
pub fn make(clicks: &Path) -> io::Result<PathBuf> {
    let path = path(clicks);
    make_at(&path)?;
    Ok(path)
}

/// Makes a state folder elsewhere, or a folder in one.
///
/// # Errors
///
/// Those of mkdir(2).
pub fn make_at(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
