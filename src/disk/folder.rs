//! Folders that outlast a power loss.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The folder in which the file at `path` is.
#[must_use]
pub fn of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Deletes a file, which another process may do first.
///
/// # Errors
///
/// Those of unlink(2), but for that it is not there.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes changes of the folder itself outlast a power loss.
///
/// # Errors
///
/// Those of fsync(2).
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder and those above it, safe from a power loss. Others than its
/// owner and group cannot look into it.
///
/// # Errors
///
/// Those of mkdir(2) and fsync(2).
pub fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = of(folder);
    make(above)?;
    match DirBuilder::new().mode(0o750).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync(above),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_file() {
        for (path, folder) in [("a", "."), ("a/b", "a"), ("/a", "/"), ("/a/b/c", "/a/b")] {
            assert_eq!(of(Path::new(path)), Path::new(folder), "{path}");
        }
    }

    #[test]
    fn folders_are_made_with_those_above_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c");
        make(&path).unwrap();
        make(&path).unwrap();
        assert!(path.is_dir());
        fs::write(path.join("d"), "").unwrap();
        make(&path.join("d/e")).unwrap_err();
    }

    #[test]
    fn a_file_goes_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "").unwrap();
        remove_file(&path).unwrap();
        remove_file(&path).unwrap();
        remove_file(folder.path()).unwrap_err();
    }
}
