//! How many lines a list had when it was last synced, in a file of its own,
//! `.state/ledger-head`: one line with that number.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::disk::{regular, state};

const NAME: &str = "ledger-head";
/// Length of the file: a number of as many digits as any has, and the end of its line.
const BYTES: usize = 21;

/// Where it is.
pub fn path(clicks: &Path) -> PathBuf {
    state::path(clicks).join(NAME)
}

/// Where the number is kept.
#[derive(Debug)]
pub struct ListHead {
    file: File,
}

impl ListHead {
    /// Opens it, and makes it if there is none (mode 0600).
    ///
    /// # Errors
    ///
    /// Those of open(2) and write(2).
    pub fn open(clicks: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path(clicks))?;
        regular::check(file.metadata()?.file_type())?;
        let mut head = Self { file };
        if head.file.metadata()?.len() == 0 {
            head.write(0)?;
        }
        Ok(head)
    }

    /// Whether this is still the file at its place.
    #[must_use]
    pub fn is_there(&self, clicks: &Path) -> bool {
        let [own, now] = [self.file.metadata(), path(clicks).metadata()];
        let id = |it: std::fs::Metadata| (it.dev(), it.ino());
        own.ok().map(id) == now.ok().map(id)
    }

    /// Notes that the disk has so many lines.
    ///
    /// # Errors
    ///
    /// Those of write(2).
    pub fn write(&mut self, lines: u64) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(format!("{lines:020}\n").as_bytes())
    }
}

/// How many lines there were; `None` if that cannot be told.
///
/// # Errors
///
/// Those of reading, also that there is no such file.
pub fn lines(clicks: &Path) -> io::Result<Option<u64>> {
    let mut text = String::new();
    let file = regular::open(&path(clicks))?;
    file.take(BYTES as u64 + 1).read_to_string(&mut text)?;
    let digits = text.strip_suffix('\n').filter(|digits| digits.len() == BYTES - 1);
    Ok(digits.and_then(|digits| digits.parse().ok()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let clicks = tempfile::tempdir().unwrap();
        state::make(clicks.path()).unwrap();
        assert_eq!(lines(clicks.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
        let mut head = ListHead::open(clicks.path()).unwrap();
        assert_eq!(lines(clicks.path()).unwrap(), Some(0));
        for count in [7, u64::MAX, 8] {
            head.write(count).unwrap();
            assert_eq!(lines(clicks.path()).unwrap(), Some(count));
            drop(ListHead::open(clicks.path()).unwrap());
            assert_eq!(lines(clicks.path()).unwrap(), Some(count));
        }
        for text in ["", "8", "00000000000000000008", "0000000000000000000x\n"] {
            fs::write(path(clicks.path()), text).unwrap();
            assert_eq!(lines(clicks.path()).unwrap(), None, "{text}");
        }
    }
}
