//! Files that are read as links: regular ones, whoever names them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::disk::regular;

/// Opens it.
///
/// # Errors
///
/// Those of open(2), or it is no regular file: what it is, and what to do.
pub fn open(path: &Path) -> io::Result<File> {
    regular::open(path).map_err(|error| match regular::refused_kind(&error) {
        Some(kind) => io::Error::new(error.kind(), format!("{kind}; {}", kind.remedy())),
        None => error,
    })
}

/// All that is in it.
///
/// # Errors
///
/// Those of [`open`] and read(2).
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
