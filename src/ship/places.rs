//! Where shipping keeps what it knows.

use std::path::{Path, PathBuf};

use crate::disk::state;

/// The folder of a click folder in which each sink has its files.
#[must_use]
pub fn folder(clicks: &Path) -> PathBuf {
    state::path(clicks).join("ship")
}
