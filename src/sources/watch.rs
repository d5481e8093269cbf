//! `--watch`: the link files, those that they include, and files of countries and lists are
//! read again when they change, however they are saved: in place, by a rename over them, or by another symbolic link.
//!
//! inotify tells that something happened in a folder; whether it concerns a link
//! file is seen by looking at it (stat(2)).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::file;
use super::mark::FileMark;
use super::writers::Writers;
use crate::limits::{SYMLINKS_MAX, WATCH_LOOK_MS, WATCH_SETTLE_MS};
use crate::say::say;

/// By what a change of a file is seen: device, inode, size, seconds and nanoseconds
/// of its last change. `None`: there is no file.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The link files as they were last read, with those that they include.
#[derive(Clone, Default)]
pub struct LastRead(Arc<Mutex<Vec<FileMark>>>);

impl LastRead {
    /// They were read again.
    pub fn set(&self, files: &[FileMark]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = files.to_vec();
    }

    fn get(&self) -> Vec<FileMark> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Link files that are watched.
pub struct Watch {
    /// Those that were named, and behind them those that they include.
    paths: Vec<PathBuf>,
    /// How many were named, and how many of these are link files.
    named: usize,
    links: usize,
    last_read: LastRead,
    watcher: RecommendedWatcher,
    /// Something has happened since it was looked last.
    events: Receiver<()>,
    /// Who is in the middle of writing them.
    writers: Writers,
    /// Folders that inotify watches.
    folders: BTreeSet<PathBuf>,
    /// The files as they were before they were read last.
    read: Vec<Stamp>,
}

impl Watch {
    /// Begins to watch. Call it before the files are read, so that no change is
    /// missed.
    ///
    /// # Errors
    ///
    /// When inotify cannot be had, or a file cannot be named absolutely.
    pub fn new(links: &[PathBuf], places: &[PathBuf]) -> anyhow::Result<Self> {
        // What happened is seen by looking, so one word of it is enough.
        let (sender, events) = sync_channel(1);
        let writers = Writers::default();
        let noted = writers.clone();
        let tell = move |event: notify::Result<Event>| {
            event.iter().for_each(|event| noted.note(event));
            let _ = sender.try_send(());
        };
        let watcher = notify::recommended_watcher(tell).context(
            "--watch: inotify cannot be used; raise fs.inotify.max_user_instances with sysctl",
        )?;
        let paths: Vec<PathBuf> = links
            .iter()
            .chain(places)
            .map(|path| std::path::absolute(path).context("--watch"))
            .collect::<Result<_, _>>()?;
        let read = stamps(&paths);
        let (named, links, last_read) = (paths.len(), links.len(), LastRead::default());
        let folders = BTreeSet::new();
        let mut watch =
            Self { paths, named, links, last_read, watcher, events, writers, folders, read };
        watch.follow();
        Ok(watch)
    }

    /// Calls `reload` after every change, from a thread of its own, for as long as it
    /// says that it is there. What else is to be watched is looked up in `last_read`.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub fn start(
        mut self,
        mut reload: impl FnMut() -> bool + Send + 'static,
        last_read: LastRead,
    ) -> anyhow::Result<()> {
        self.last_read = last_read;
        std::thread::Builder::new()
            .name("carom-watch".to_owned())
            .spawn(move || while self.next_change() && reload() {})
            .context("cannot start a thread")?;
        Ok(())
    }

    /// Waits until the files are others than those that were read, and have been
    /// left alone for a while. Returns whether that will ever be.
    fn next_change(&mut self) -> bool {
        const SETTLE: Duration = Duration::from_millis(WATCH_SETTLE_MS);
        const LOOK: Duration = Duration::from_millis(WATCH_LOOK_MS);
        let mut seen = self.read.clone();
        // When what is seen now will have been left alone for long enough.
        let mut settled: Option<Instant> = None;
        let (mut said_gone, mut said_written) = (false, false);
        loop {
            if self.take_included() {
                seen = self.read.clone();
                settled = None;
            }
            let wait = settled.map_or(LOOK, |at| at.saturating_duration_since(Instant::now()));
            match self.events.recv_timeout(wait) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            // Folders and links may be others now.
            self.follow();
            let now = stamps(&self.paths);
            if now != seen {
                seen = now;
                settled = Some(Instant::now() + SETTLE);
            } else if settled.is_some_and(|at| Instant::now() >= at) {
                if let Some(at) = self.paths.iter().position(|path| self.writers.are_at(path)) {
                    if !std::mem::replace(&mut said_written, true) {
                        say(format_args!(
                            "the {} {} is still being written; it is read when that is done",
                            self.kind(at).0,
                            self.paths[at].display()
                        ));
                    }
                    settled = Some(Instant::now() + SETTLE);
                    continue;
                }
                settled = None;
                match seen.iter().position(Option::is_none) {
                    Some(at) if !said_gone => {
                        said_gone = true;
                        let (kind, what) = self.kind(at);
                        say(format_args!(
                            "warning: the {kind} {} is gone; its {what} stay as they are until it \
                             is there again",
                            self.paths[at].display()
                        ));
                    }
                    Some(_) => {}
                    None if seen == self.read => said_gone = false,
                    None => {
                        self.read = seen;
                        return true;
                    }
                }
            }
        }
    }

    /// What a file is called, and what is in it.
    fn kind(&self, at: usize) -> (&'static str, &'static str) {
        match (self.links..self.named).contains(&at) {
            true => ("file of countries or addresses", "ranges"),
            false => ("link file", "links"),
        }
    }

    /// Watches what the files include as they were last read. Returns whether those
    /// are others than before.
    fn take_included(&mut self) -> bool {
        let absolute = |mark: FileMark| Some((std::path::absolute(&mark.name).ok()?, mark));
        let mut included: Vec<_> = self.last_read.get().into_iter().filter_map(absolute).collect();
        included.retain(|(path, _)| !self.paths[..self.named].contains(path));
        if included.iter().map(|(path, _)| path).eq(&self.paths[self.named..]) {
            return false;
        }
        let read = included.iter().map(|(path, mark)| {
            match self.paths.iter().position(|known| known == path) {
                Some(at) => self.read[at],
                // One that was changed since it was read is seen as a new one.
                None => stamp(path).filter(|_| is_as_marked(path, mark)),
            }
        });
        let read: Vec<Stamp> = self.read[..self.named].iter().copied().chain(read).collect();
        self.paths.truncate(self.named);
        self.paths.extend(included.into_iter().map(|(path, _)| path));
        self.read = read;
        true
    }

    /// Watches the folders in which a change can bring other link files, and no
    /// others. One that cannot be watched is looked at from time to time.
    fn follow(&mut self) {
        let mut folders = BTreeSet::new();
        for path in &self.paths {
            folders_of(path, &mut folders);
        }
        for gone in self.folders.difference(&folders) {
            // It may have ended with the folder.
            let _ = self.watcher.unwatch(gone);
        }
        let watcher = &mut self.watcher;
        let known = std::mem::take(&mut self.folders);
        let watched = |folder: &PathBuf| {
            known.contains(folder) || watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
        };
        self.folders = folders.into_iter().filter(watched).collect();
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    paths.iter().map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Stamp {
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()))
}

/// Whether the file has the content that it had.
fn is_as_marked(path: &Path, mark: &FileMark) -> bool {
    file::read(path).is_ok_and(|content| FileMark::of(&mark.name, &content) == *mark)
}

/// The folder of the file, and those of all symbolic links on the way to it.
fn folders_of(path: &Path, folders: &mut BTreeSet<PathBuf>) {
    let mut ways = vec![path.to_owned()];
    let mut links = 0;
    while let Some(way) = ways.pop() {
        let mut add = |folder: &Path| folders.extend(fs::canonicalize(folder));
        way.parent().into_iter().for_each(&mut add);
        for part in way.ancestors() {
            let (Ok(target), Some(parent)) = (fs::read_link(part), part.parent()) else { continue };
            add(parent);
            links += 1;
            if links <= SYMLINKS_MAX {
                let rest = way.strip_prefix(part).unwrap_or(Path::new(""));
                let joined = parent.join(target);
                ways.push(if rest.as_os_str().is_empty() { joined } else { joined.join(rest) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn folders_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["a", "one", "two"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let check = |path: &str, want: &[&str]| {
            let mut folders = BTreeSet::new();
            folders_of(&root.join(path), &mut folders);
            let want: BTreeSet<PathBuf> = want.iter().map(|name| root.join(name)).collect();
            assert_eq!(
                folders,
                want.iter().map(|path| fs::canonicalize(path).unwrap()).collect(),
                "{path}"
            );
        };
        check("a/links.txt", &["a"]);
        symlink("../one/links.txt", root.join("a/link.txt")).unwrap();
        check("a/link.txt", &["a", "one"]);
        symlink("two", root.join("now")).unwrap();
        check("now/links.txt", &["", "two"]);
        symlink("../now/links.txt", root.join("a/far.txt")).unwrap();
        check("a/far.txt", &["a", "", "two"]);
        symlink("loop", root.join("loop")).unwrap();
        check("loop", &[""]);
    }
}
