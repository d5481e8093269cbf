//! Folders that one process has for itself, by whatever path they are reached.
//!
//! Two locks (flock(2)) say so, one on the folder and one on a file in it. The first
//! cannot be removed, and whoever comes by another path, a link or a bind mount meets it
//! too. The second tells who it is, and that somebody is there, to those who only read.
//! Both end with the process, however it ends.
//!
//! Whoever may read can lock, too. Who merely shares a lock, or may not write here, is
//! not waited for: the other lock does while theirs lasts.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::aside::Aside;
use super::identity::FileId;
use super::{holders, lock};

/// Name of the file.
pub const LOCK_NAME: &str = "lock";
/// How often a held lock is tried again before it counts as held: its process may be
/// just ending.
const TRIES: u32 = 10;
/// How long between two tries.
const WAIT: Duration = Duration::from_millis(20);

/// Why a folder cannot be had.
#[derive(Debug)]
pub enum HoldRefused {
    /// By whom it is held, for people.
    Held(String),
    /// A sentence for the operator.
    Failed(anyhow::Error),
}

impl HoldRefused {
    /// As an error, where `held` is the sentence that names the holder.
    pub fn or(self, held: impl FnOnce(String) -> String) -> anyhow::Error {
        match self {
            Self::Held(by) => anyhow!(held(by)),
            Self::Failed(error) => error,
        }
    }
}

impl From<anyhow::Error> for HoldRefused {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// A folder that this process has for itself, until it is dropped.
#[derive(Debug)]
pub struct Hold {
    path: PathBuf,
    folder: File,
    id: FileId,
    owner: u32,
    /// The folder itself is locked, not only the file.
    is_folder_locked: bool,
    file: File,
    file_id: FileId,
    mode: u32,
    text: String,
}

impl Hold {
    /// Takes `folder`. Its lock file gets this mode and `text`.
    ///
    /// # Errors
    ///
    /// `Held` when another process has it.
    pub fn take(folder: &Path, mode: u32, text: String) -> Result<Self, HoldRefused> {
        let cannot = || format!("cannot open {}", folder.display());
        let opened = File::open(folder).with_context(cannot)?;
        let metadata = opened.metadata().with_context(cannot)?;
        let (id, owner) = (FileId::of(&metadata), metadata.uid());
        let is_folder_locked = lock(&opened, folder, owner)?;
        let file = take_file(folder, owner, mode, &text)?;
        let file_id = file.metadata().map(|file| FileId::of(&file)).with_context(cannot)?;
        let path = folder.to_owned();
        Ok(Self { path, folder: opened, id, owner, is_folder_locked, file, file_id, mode, text })
    }

    /// Where it is, as it was taken.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether another folder, or none, is at the path now. What cannot be looked at
    /// counts as being there.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match FileId::at(&self.path) {
            Ok(now) => now != self.id,
            Err(error) => {
                matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
        }
    }

    /// What became of a folder that is away, for people: "it …".
    #[must_use]
    pub fn whereabouts(&self) -> String {
        let link = format!("/proc/self/fd/{}", self.folder.as_raw_fd());
        let now = std::fs::read_link(link).unwrap_or_default();
        if FileId::at(&now).is_ok_and(|now| now == self.id) {
            return format!("is {} now", now.display());
        }
        match self.folder.metadata().map(|folder| folder.nlink()) {
            Ok(0) => "was removed".to_owned(),
            _ => "is hidden, perhaps by what is mounted over it".to_owned(),
        }
    }

    /// Makes the lock file again where it is not the one that was made. Whether it was
    /// not. The folder itself is locked as soon as that is possible.
    ///
    /// # Errors
    ///
    /// `Held` when another process has locked the one that is there.
    pub fn renew(&mut self) -> Result<bool, HoldRefused> {
        self.is_folder_locked = self.is_folder_locked || self.folder.try_lock().is_ok();
        let path = self.path.join(LOCK_NAME);
        match FileId::at(&path) {
            Ok(now) if now == self.file_id => return Ok(false),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Ok(false),
            _ => {}
        }
        let file = take_file(&self.path, self.owner, self.mode, &self.text)?;
        let cannot = || format!("cannot look at {}", path.display());
        self.file_id = file.metadata().map(|file| FileId::of(&file)).with_context(cannot)?;
        self.file = file;
        Ok(true)
    }
}

/// Locks a file or folder of `owner`. Whether that was possible, or did not matter: not
/// while somebody has it who does not keep others away, or where nothing can be locked.
fn lock(file: &File, path: &Path, owner: u32) -> Result<bool, HoldRefused> {
    let mut tries = 1;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(_)) => return Ok(false),
            Err(TryLockError::WouldBlock) => {}
        }
        let id = file.metadata().map(|file| FileId::of(&file));
        let holders =
            holders::of(id.with_context(|| format!("cannot look at {}", path.display()))?);
        let holder = holders.iter().find(|holder| holder.may_write(owner));
        if holder.is_none() && !holders.is_empty() {
            return Ok(false);
        }
        if tries == TRIES {
            let name = holder.map_or_else(|| unseen(path), |holder| holder.name(path));
            return Err(HoldRefused::Held(name));
        }
        tries += 1;
        std::thread::sleep(WAIT);
    }
}

/// Who holds a folder or its lock file, where the kernel does not tell: as the file says,
/// if that process is there.
fn unseen(path: &Path) -> String {
    let file = if path.is_dir() { path.join(LOCK_NAME) } else { path.to_owned() };
    let text = super::regular::open(&file).ok().map(text_of).unwrap_or_default();
    let pid = text.lines().find_map(|line| line.strip_prefix("pid "));
    match pid.filter(|pid| Path::new("/proc").join(pid).exists()) {
        Some(pid) => format!("process {pid}, as {} says", file.display()),
        None => "a process that cannot be seen from here, perhaps in another container".to_owned(),
    }
}

fn text_of(mut file: File) -> String {
    let mut text = String::new();
    // Unreadable is as good as empty.
    let _ = file.rewind().and_then(|()| file.take(256).read_to_string(&mut text));
    text
}

/// Takes the lock file of a folder, and makes it if there is none.
fn take_file(folder: &Path, owner: u32, mode: u32, text: &str) -> Result<File, HoldRefused> {
    let path = folder.join(LOCK_NAME);
    let cannot = || format!("cannot write {}", path.display());
    let mut file = loop {
        let file =
            lock::open(&path, mode).with_context(|| format!("cannot open {}", path.display()))?;
        let is_locked = lock(&file, &path, owner)?;
        let id = file.metadata().map(|file| FileId::of(&file)).with_context(cannot)?;
        if FileId::at(&path).with_context(cannot)? != id {
            continue; // another process has put its own in place meanwhile
        }
        if is_locked {
            break file;
        }
        // Somebody has it who does not matter: another takes its place.
        let aside = Aside::create(&path, mode).with_context(cannot)?;
        // On file systems without locks there is none.
        let _ = aside.file().try_lock();
        (aside.file()).write_all(text.as_bytes()).with_context(cannot)?;
        return Ok(aside.sync().and_then(|synced| synced.name()).with_context(cannot)?);
    };
    let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
    written.with_context(cannot)?;
    Ok(file)
}

/// What stands in a folder's lock file, if a process has it now.
#[must_use]
pub fn text_while_held(folder: &Path) -> Option<String> {
    let file = super::regular::open(&folder.join(LOCK_NAME)).ok()?;
    let metadata = file.metadata().ok()?;
    // Without touching the lock itself, where the kernel tells.
    let holders = || holders::of(FileId::of(&metadata)).into_iter();
    let is_held = || holders().any(|holder| holder.may_write(metadata.uid()));
    if !is_held() && !lock::is_taken(&file) {
        return None;
    }
    Some(text_of(file))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn take(folder: &Path) -> Result<Hold, HoldRefused> {
        Hold::take(folder, 0o640, "it is me\n".to_owned())
    }

    fn is_refused(folder: &Path) -> bool {
        let own = format!("process {}", std::process::id());
        matches!(take(folder), Err(HoldRefused::Held(by)) if by == own)
    }

    #[test]
    fn one_at_a_time_by_whatever_path() {
        let outer = tempfile::tempdir().unwrap();
        let [folder, link, moved] = ["a", "link", "b"].map(|name| outer.path().join(name));
        std::fs::create_dir(&folder).unwrap();
        symlink(&folder, &link).unwrap();
        let hold = take(&folder).unwrap();
        assert!(is_refused(&folder) && is_refused(&link));
        std::fs::remove_file(folder.join(LOCK_NAME)).unwrap();
        assert!(is_refused(&folder) && is_refused(&link));
        std::fs::rename(&folder, &moved).unwrap();
        assert!(is_refused(&moved) && hold.is_away());
        assert_eq!(hold.whereabouts(), format!("is {} now", moved.display()));
        std::fs::remove_dir_all(&moved).unwrap();
        assert_eq!(hold.whereabouts(), "was removed");
        std::fs::create_dir(&folder).unwrap();
        assert!(hold.is_away());
        take(&folder).unwrap();
    }

    #[test]
    fn a_removed_file_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK_NAME);
        let mut hold = take(folder.path()).unwrap();
        assert!(!hold.renew().unwrap());
        for make_other in [false, true] {
            std::fs::remove_file(&path).unwrap();
            if make_other {
                std::fs::write(&path, "somebody").unwrap();
            }
            assert!(hold.renew().unwrap() && !hold.renew().unwrap());
            assert_eq!(text_while_held(folder.path()).as_deref(), Some("it is me\n"));
        }
        drop(hold);
        assert_eq!(text_while_held(folder.path()), None);
    }

    #[test]
    fn where_the_kernel_does_not_tell_the_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let says = |text: &str| {
            std::fs::write(folder.path().join(LOCK_NAME), text).unwrap();
            unseen(folder.path())
        };
        let own = std::process::id();
        assert!(says(&format!("pid {own}\nrun 5\n")).starts_with(&format!("process {own}, as ")));
        assert!(says("pid 4294967295\n").contains("cannot be seen"));
        assert!(says("").contains("cannot be seen"));
    }

    /// They neither keep a server away nor hide it, nor let in a second one.
    #[test]
    fn readers_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        drop(take(folder.path()).unwrap());
        let reader = File::open(folder.path().join(LOCK_NAME)).unwrap();
        let other = File::open(folder.path()).unwrap();
        [&reader, &other].iter().for_each(|file| file.lock_shared().unwrap());
        let mut hold = take(folder.path()).unwrap();
        assert!(!hold.is_folder_locked && is_refused(folder.path()));
        assert_eq!(text_while_held(folder.path()).as_deref(), Some("it is me\n"));
        drop(other);
        assert!(!hold.renew().unwrap() && hold.is_folder_locked);
    }
}
