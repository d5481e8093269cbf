//! Files whose lock says that a process is at work. It ends with the process,
//! however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// Opens a file that is to be locked. It is made if there is none; what is in it
/// stays.
///
/// # Errors
///
/// Those of open(2).
pub fn open(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(mode).open(path)
}

/// Locks a file for this process, until it is closed. Whether that was possible: it
/// is not while another has it.
///
/// # Errors
///
/// A sentence for the operator: it cannot be locked at all.
pub fn take(file: &File, path: &Path) -> anyhow::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Whether a process has locked a file. It cannot be taken while this looks.
#[must_use]
pub fn is_taken(file: &File) -> bool {
    let is_taken = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    // Without a lock there is none to give back.
    let _ = file.unlock();
    is_taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let [first, second] = [0, 1].map(|_| open(&path, 0o600).unwrap());
        assert!(!is_taken(&second));
        assert!(take(&first, &path).unwrap());
        assert!(is_taken(&second) && !take(&second, &path).unwrap());
        drop(first);
        assert!(!is_taken(&second) && take(&second, &path).unwrap());
    }
}
