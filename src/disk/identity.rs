//! Which file it is, whatever name it has.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file or folder, as long as it is open or mapped somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    /// Its file system.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

impl FileId {
    /// That of a file that was looked at.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// That of what is at `path` now, behind symbolic links.
    ///
    /// # Errors
    ///
    /// Those of stat(2).
    pub fn at(path: &Path) -> io::Result<Self> {
        path.metadata().map(|metadata| Self::of(&metadata))
    }
}

/// Whether there is nothing at a path.
#[must_use]
pub fn is_no_such_file(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Where the file is now that is open: its path, or `None` if it has none any more.
/// Nothing where the kernel does not tell.
#[must_use]
pub fn path_of_file(file: &File) -> Option<Option<PathBuf>> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    let is_gone = path.as_os_str().as_bytes().ends_with(b" (deleted)");
    Some((!is_gone).then_some(path))
}

/// Where the file is now that is mapped from `address` on: its path, or `None` if it
/// has none any more. Nothing where the kernel does not tell.
#[must_use]
pub fn path_of_map(address: usize) -> Option<Option<PathBuf>> {
    path_in(&std::fs::read_to_string("/proc/self/maps").ok()?, address)
}

/// The same from the text of proc_pid_maps(5).
fn path_in(maps: &str, address: usize) -> Option<Option<PathBuf>> {
    let begin = format!("{address:08x}-");
    let line = maps.lines().find_map(|line| line.strip_prefix(&*begin))?;
    // End, protection, offset, device, number, and then the path with all its blanks.
    let path = line.split_ascii_whitespace().nth(5)?;
    let path = &line[line.find(path)?..];
    Some((!path.ends_with(" (deleted)")).then(|| PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_tells_where_its_file_is() {
        let maps = "\
            00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus-daemon\n\
            7f01c000-7f02c000 rw-s 00000000 fe:00 42                         /var/my clicks/x\n\
            7f03c000-7f04c000 rw-s 00000000 fe:00 43                         /a/b (deleted)\n\
            7f05c000-7f06c000 rw-p 00000000 00:00 0 \n";
        let found = |address| path_in(maps, address);
        assert_eq!(found(0x7f01_c000), Some(Some("/var/my clicks/x".into())));
        assert_eq!(found(0x7f03_c000), Some(None));
        assert_eq!((found(0x7f05_c000), found(1)), (None, None));
        assert_eq!(found(0x40_0000), Some(Some("/usr/bin/dbus-daemon".into())));
    }

    #[test]
    fn a_name_may_become_that_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        [&one, &two].iter().for_each(|path| std::fs::write(path, "").unwrap());
        let first = FileId::at(&one).unwrap();
        assert_ne!(FileId::at(&two).unwrap(), first);
        let open = File::open(&one).unwrap();
        std::fs::rename(&one, &two).unwrap();
        assert_eq!(path_of_file(&open), Some(Some(two.canonicalize().unwrap())));
        assert_eq!(FileId::at(&two).unwrap(), first);
        assert_eq!(FileId::at(&one).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::remove_file(&two).unwrap();
        assert_eq!(path_of_file(&open), Some(None));
    }
}
