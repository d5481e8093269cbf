//! Files that are either whole or not there: written under another name, synced,
//! and renamed. This is the one way to put a file in place of another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::folder;

/// A file that is being written and does not have its name yet. Without
/// [`sync`](Self::sync) it cannot get it.
#[derive(Debug)]
pub struct Aside {
    file: File,
    naming: Naming,
}

/// A file that is on the disk, whole, still without its name.
#[derive(Debug)]
#[must_use = "it is deleted if it is not named"]
pub struct Synced {
    file: File,
    naming: Naming,
}

/// Where a file is, and where it is to be.
#[derive(Debug)]
struct Naming {
    from: PathBuf,
    to: PathBuf,
    is_done: bool,
}

impl Aside {
    /// Begins the file at `path`, in a place where this process alone writes it, over
    /// what an earlier try has left. Until it is named its name begins with a dot
    /// and ends with `.part`, so that nothing that looks for files of its kind takes
    /// it.
    ///
    /// # Errors
    ///
    /// Those of open(2) and unlink(2).
    pub fn create(path: &Path, mode: u32) -> io::Result<Self> {
        Self::begin(path, "part", mode)
    }

    /// The same in a place where other processes may be writing the same file: the
    /// last one to name its own is right. For names that people give: a device, a pipe or
    /// a socket is none to put a file over, and neither is `/dev/stdout`.
    ///
    /// # Errors
    ///
    /// A sentence about what is no file there, and those of open(2) and unlink(2).
    pub fn create_shared(path: &Path, mode: u32) -> io::Result<Self> {
        if is_special(path) {
            let why = "there is a device, a pipe or a socket, and no file can take its place; \
                       leave the name out, and have the shell write there with `>`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Self::begin(path, &format!("{}.part", std::process::id()), mode)
    }

    fn begin(path: &Path, ending: &str, mode: u32) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let mut part_name = std::ffi::OsString::from(".");
        part_name.push(name);
        part_name.push(".");
        part_name.push(ending);
        let part = path.with_file_name(part_name);
        // An old one may belong to somebody else, or be open to everybody.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().append(true).create_new(true).mode(mode).open(&part)?;
        let naming = Naming { from: part, to: path.to_owned(), is_done: false };
        Ok(Self { file, naming })
    }

    /// Where its bytes go.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Brings it to the disk, still without its name.
    ///
    /// # Errors
    ///
    /// Those of fsync(2).
    pub fn sync(self) -> io::Result<Synced> {
        self.file.sync_all()?;
        let Self { file, naming } = self;
        Ok(Synced { file, naming })
    }

    /// Puts a file of these bytes in place.
    ///
    /// # Errors
    ///
    /// Those of write(2), fsync(2) and rename(2).
    pub fn put(self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)?;
        self.sync()?.name()?;
        Ok(())
    }
}

/// Whether it is, or leads to, what is neither a file nor a folder. Links into `/proc` stand
/// for what a process has open, whatever that is now.
fn is_special(path: &Path) -> bool {
    let is_other = fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir());
    is_other || fs::read_link(path).is_ok_and(|to| to.starts_with("/proc"))
}

impl Synced {
    /// Gives it its name, over a file that has it, and makes that outlast a power
    /// loss. Returns the file; what is written to it goes to its end.
    ///
    /// # Errors
    ///
    /// Those of rename(2), after which all is as it was, and of fsync(2), after which
    /// a power loss may bring back what was there.
    pub fn name(mut self) -> io::Result<File> {
        fs::rename(&self.naming.from, &self.naming.to)?;
        self.naming.is_done = true;
        folder::sync(folder::of(&self.naming.to))?;
        Ok(self.file)
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        if !self.is_done {
            // Left there, it only takes room.
            let _ = fs::remove_file(&self.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        Aside::create(&path, 0o640).unwrap().put(b"old").unwrap();
        let aside = Aside::create(&path, 0o600).unwrap();
        aside.file().write_all(b"ne").unwrap();
        assert_eq!(names(folder.path()), [".file.part", "file"]);
        drop(aside);
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut file = {
            let aside = Aside::create(&path, 0o600).unwrap();
            aside.file().write_all(b"new").unwrap();
            aside.sync().unwrap().name().unwrap()
        };
        file.write_all(b"er").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_a_killed_process_has_left_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(folder.path().join(".file.part"), "longer than the new one").unwrap();
        Aside::create(&path, 0o600).unwrap().put(b"new").unwrap();
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn processes_that_share_a_place_do_not_share_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (ours, shared) =
            (Aside::create(&path, 0o600).unwrap(), Aside::create_shared(&path, 0o600).unwrap());
        assert_eq!(names(folder.path()).len(), 2);
        shared.put(b"theirs").unwrap();
        ours.put(b"ours").unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["file".into()], b"ours".into())
        );
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |path: &Path| Aside::create(path, 0o600).unwrap_err().kind();
        assert_eq!(kind(Path::new("/")), io::ErrorKind::IsADirectory);
        assert_eq!(kind(&folder.path().join("none/file")), io::ErrorKind::NotFound);
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        Aside::create(&taken, 0o600).unwrap().put(b"").unwrap_err();
        assert_eq!(names(folder.path()), ["taken"]);
    }
}
