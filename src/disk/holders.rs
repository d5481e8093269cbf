//! Who has locked a file: what the kernel says in /proc/locks.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{major, minor};
use rustix::process::geteuid;

use super::identity::FileId;

/// A process that has locked a file with flock(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number. It may have ended; then one that it started has the lock.
    pub pid: u32,
    /// Nobody else may have a lock beside this one.
    pub is_exclusive: bool,
}

impl Holder {
    /// Whether it may be one that keeps others away: not who merely reads (they share
    /// a lock), nor a user who may not write into a folder of `owner`.
    #[must_use]
    pub fn may_write(&self, owner: u32) -> bool {
        let user = fs::metadata(format!("/proc/{}", self.pid)).map(|process| process.uid());
        let may = |user| [0, owner, geteuid().as_raw()].contains(&user);
        self.is_exclusive && user.map_or(true, may)
    }

    /// For people. `locked` is what it holds.
    #[must_use]
    pub fn name(&self, locked: &Path) -> String {
        match Path::new(&format!("/proc/{}", self.pid)).exists() {
            true => format!("process {}", self.pid),
            false => format!(
                "a process that was started by {}, which has ended; `fuser -v {}` names it",
                self.pid,
                locked.display()
            ),
        }
    }
}

/// All who have locked this file, as far as can be seen from here: those in other
/// containers cannot, and neither can any on file systems that tell the kernel and
/// programs different numbers.
#[must_use]
pub fn of(file: FileId) -> Vec<Holder> {
    parse(&fs::read_to_string("/proc/locks").unwrap_or_default(), file)
}

fn parse(locks: &str, file: FileId) -> Vec<Holder> {
    let FileId { device, inode } = file;
    let wanted = format!("{:02x}:{:02x}:{inode}", major(device), minor(device));
    let holder = |line: &str| {
        // Number, kind, whether it is binding, access, process, file. One that waits has
        // an arrow behind the number.
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let [_, "FLOCK", _, access, pid, at, ..] = words[..] else { return None };
        let pid = pid.parse().ok().filter(|_| at == wanted)?;
        Some(Holder { pid, is_exclusive: access == "WRITE" })
    };
    locks.lines().filter_map(holder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_names_them() {
        let locks = "\
            1: POSIX  ADVISORY  WRITE 11 fe:00:42 0 EOF\n\
            2: FLOCK  ADVISORY  WRITE 12 fe:00:42 0 EOF\n\
            2: -> FLOCK  ADVISORY  WRITE 13 fe:00:42 0 EOF\n\
            3: FLOCK  ADVISORY  READ  14 fe:01:42 0 EOF\n\
            4: FLOCK  ADVISORY  READ  15 fe:00:42 0 EOF\n";
        let file = FileId { device: rustix::fs::makedev(0xfe, 0), inode: 42 };
        let holder = |pid, is_exclusive| Holder { pid, is_exclusive };
        assert_eq!(parse(locks, file), [holder(12, true), holder(15, false)]);
        assert_eq!(parse(locks, FileId { inode: 4, ..file }), []);
    }

    #[test]
    fn who_shares_a_lock_keeps_nobody_away() {
        let own = Holder { pid: std::process::id(), is_exclusive: true };
        assert!(own.may_write(0) && !Holder { is_exclusive: false, ..own }.may_write(0));
        assert_eq!(own.name(Path::new("/a")), format!("process {}", own.pid));
        let dead = Holder { pid: u32::MAX, ..own };
        assert!(dead.may_write(0) && dead.name(Path::new("/a")).contains("which has ended"));
    }
}
