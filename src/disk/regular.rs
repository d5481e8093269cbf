//! Files that are opened to be read, and only if they are regular: a named pipe or a
//! device can hold up whoever opens or reads it without end.

use std::error::Error;
use std::fmt;
use std::fs::{File, FileType, OpenOptions, metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a regular file to read it. What a symbolic link leads to counts.
///
/// # Errors
///
/// Those of open(2), and one that [`refused_kind`] knows: it is something else.
pub fn open(path: &Path) -> io::Result<File> {
    #[cfg(test)]
    gate::pass(path);
    // Opening a device can do something, and a socket cannot be opened at all.
    check_path(path)?;
    // It may be another one by now. Then this does not wait for it either.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// What a file is that was refused for what it is.
#[must_use]
pub fn refused_kind(error: &io::Error) -> Option<&NotRegular> {
    error.get_ref()?.downcast_ref()
}

/// Looks without opening it whether it is a regular file.
///
/// # Errors
///
/// Those of stat(2), and one that [`refused_kind`] knows.
pub fn check_path(path: &Path) -> io::Result<()> {
    check(metadata(path)?.file_type())
}

/// Whether a file of this kind is a regular one.
///
/// # Errors
///
/// One that [`refused_kind`] knows.
pub fn check(kind: FileType) -> io::Result<()> {
    match NotRegular::of(kind) {
        Some(refusal) => Err(io::Error::new(io::ErrorKind::InvalidInput, refusal)),
        None => Ok(()),
    }
}

/// What is there in place of a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRegular {
    Folder,
    Pipe,
    Socket,
    Device,
}

impl NotRegular {
    fn of(kind: FileType) -> Option<Self> {
        Some(match kind {
            kind if kind.is_file() => return None,
            kind if kind.is_dir() => Self::Folder,
            kind if kind.is_fifo() => Self::Pipe,
            kind if kind.is_socket() => Self::Socket,
            _ => Self::Device,
        })
    }

    /// What to do where a file is meant.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Folder => "name a file in it",
            Self::Pipe => "write what comes out of it into a file, and name that",
            Self::Socket | Self::Device => "name a file",
        }
    }
}

impl fmt::Display for NotRegular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Folder => "folder",
            Self::Pipe => "named pipe",
            Self::Socket => "socket",
            Self::Device => "device",
        };
        write!(f, "it is a {what}, no regular file")
    }
}

impl Error for NotRegular {}

/// Holds up whoever opens a file, for tests.
#[cfg(test)]
pub mod gate {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{LazyLock, Mutex};

    /// Tells that somebody is at the gate, and hears when it is open.
    type Ends = (Sender<()>, Receiver<()>);

    static CLOSED: LazyLock<Mutex<HashMap<PathBuf, Ends>>> = LazyLock::new(Mutex::default);

    /// The next one to open the file waits until this is opened or dropped.
    pub struct Gate {
        came: Receiver<()>,
        open: Sender<()>,
    }

    impl Gate {
        pub fn close(path: PathBuf) -> Self {
            let ((say, came), (open, opened)) = (channel(), channel());
            CLOSED.lock().unwrap().insert(path, (say, opened));
            Self { came, open }
        }

        /// Opens it once somebody waits, after `change`.
        pub fn open(self, change: impl FnOnce()) {
            self.came.recv().unwrap();
            change();
            drop(self.open);
        }
    }

    pub(super) fn pass(path: &Path) {
        let held = CLOSED.lock().unwrap().remove(path);
        if let Some((say, opened)) = held {
            let _ = say.send(());
            // It ends with the gate.
            let _ = opened.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn nothing_but_regular_files_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "text").unwrap();
        symlink("file", path("link")).unwrap();
        for name in ["file", "link"] {
            assert_eq!(open(&path(name)).unwrap().metadata().unwrap().len(), 4);
        }
        mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        symlink("pipe", path("to-pipe")).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        let refused = |path: &Path| refused_kind(&open(path).unwrap_err()).copied();
        assert_eq!(refused(folder.path()), Some(NotRegular::Folder));
        assert_eq!(refused(&path("pipe")), Some(NotRegular::Pipe));
        assert_eq!(refused(&path("to-pipe")), Some(NotRegular::Pipe));
        assert_eq!(refused(&path("socket")), Some(NotRegular::Socket));
        assert_eq!(refused(Path::new("/dev/zero")), Some(NotRegular::Device));
        assert_eq!(refused(&path("none")), None);
    }

    /// A file can become another between two looks. Here a pipe always comes second.
    #[test]
    fn a_pipe_that_takes_the_place_of_a_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let [file, pipe, name] = ["file", "pipe", "name"].map(|name| folder.path().join(name));
        std::fs::write(&file, "").unwrap();
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        symlink("file", &name).unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for target in ["pipe", "file"].into_iter().cycle() {
                    if is_over.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    symlink(target, folder.path().join("next")).unwrap();
                    std::fs::rename(folder.path().join("next"), &name).unwrap();
                }
            });
            for _ in 0..2000 {
                match open(&name) {
                    Ok(file) => assert!(file.metadata().unwrap().is_file()),
                    Err(error) => assert_eq!(refused_kind(&error), Some(&NotRegular::Pipe)),
                }
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
