//! Spare folders: where a server goes on while it can make no segments in its click
//! folder. The click folder names them in a file, so whoever reads it reads them too.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::disk::aside::Aside;
use crate::disk::regular;

/// Name of the file. A line for each spare folder.
const NAME: &str = "spare-folders";
/// No file of this kind is longer, bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// Where a click folder names its spare folders.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The spare folders of a click folder.
///
/// # Errors
///
/// Those of reading the file that names them.
pub fn read(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let file = match regular::open(&path(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut text = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut text)?;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(|line| PathBuf::from(std::ffi::OsString::from_vec(line.to_vec()))).collect())
}

/// Has a click folder name these, safe from a power loss.
///
/// # Errors
///
/// Those of writing.
pub fn write(folder: &Path, spares: &[PathBuf]) -> io::Result<()> {
    if read(folder)? == spares {
        return Ok(());
    }
    if spares.is_empty() {
        return fs::remove_file(path(folder));
    }
    let mut text = Vec::new();
    for spare in spares {
        text.write_all(spare.as_os_str().as_bytes())?;
        text.push(b'\n');
    }
    Aside::create(&path(folder), 0o640)?.put(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_named_as_long_as_there_are_any() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let spares = ["/a b/c", "/d"].map(PathBuf::from);
        for spares in [&spares[..], &spares[1..], &[], &[]] {
            write(folder.path(), spares).unwrap();
            assert_eq!(read(folder.path()).unwrap(), spares);
        }
        assert!(!path(folder.path()).exists());
    }
}
