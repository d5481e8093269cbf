//! Which files somebody is in the middle of writing, by what inotify(7) tells of them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, Event, EventKind, ModifyKind};

use super::content;
use crate::limits::{WATCH_FILES_MAX, WATCH_NO_EVENTS_MS, WATCH_WRITER_MS};

/// What happened last to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// It was made, by somebody who may be about to write it.
    Made,
    /// It was written.
    Written,
    /// Who wrote it has closed it, or it was renamed to what it is called.
    Done,
}

/// What happened last to files, by their paths, and when.
#[derive(Clone, Default)]
pub struct Writers(Arc<Mutex<HashMap<PathBuf, (Last, Instant)>>>);

impl Writers {
    /// Takes note of what happened.
    pub fn note(&self, event: &Event) {
        let last = match event.kind {
            EventKind::Create(_) => Last::Made,
            EventKind::Modify(ModifyKind::Data(_)) => Last::Written,
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_) => Last::Done,
            _ => return,
        };
        let (now, mut files) = (Instant::now(), self.files());
        if files.len() >= WATCH_FILES_MAX {
            // They are in the same folders, and mostly none of ours.
            files.retain(|_, (_, at)| at.elapsed() < Duration::from_millis(WATCH_WRITER_MS));
        }
        files.extend(event.paths.iter().map(|path| (path.clone(), (last, now))));
    }

    /// Whether somebody is in the middle of writing the file at `path`, as far as one can
    /// tell. Who has written nothing for half a minute is not waited for. Where nothing was
    /// heard of the file, as with one on another machine, its last line has to be whole, or
    /// not from just now.
    pub fn are_at(&self, path: &Path) -> bool {
        let Ok(path) = fs::canonicalize(path) else { return false };
        // What is no regular file is refused by whoever reads it.
        if !path.metadata().is_ok_and(|about| about.is_file()) {
            return false;
        }
        let last = self.files().get(&path).copied();
        let is_new = |at: Instant| at.elapsed() < Duration::from_millis(WATCH_WRITER_MS);
        match last {
            Some((Last::Written, at)) => is_new(at),
            Some((Last::Made, at)) => {
                is_new(at) && path.metadata().is_ok_and(|about| about.len() == 0)
            }
            Some((Last::Done, _)) => false,
            None => ends_in_the_middle(&path).unwrap_or(false),
        }
    }

    fn files(&self) -> MutexGuard<'_, HashMap<PathBuf, (Last, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a file that was written just now ends in the middle of a line, or of what is
/// compressed.
fn ends_in_the_middle(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    let age = about.modified()?.elapsed().unwrap_or_default();
    if age >= Duration::from_millis(WATCH_NO_EVENTS_MS) {
        return Ok(false);
    }
    if about.len() == 0 {
        return Ok(true);
    }
    // What it unpacks to is whole where that ends.
    if let Some(ends_too_early) = content::ends_too_early(file.try_clone()?)? {
        return Ok(ends_too_early);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, RenameMode};

    use super::*;

    const MADE: EventKind = EventKind::Create(CreateKind::File);
    const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const RENAMED: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));

    /// Whether a file of this content is being written, after these events.
    fn is_written(content: impl AsRef<[u8]>, events: &[EventKind]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap().join("links");
        fs::write(&path, content).unwrap();
        let writers = Writers::default();
        for &kind in events {
            writers.note(&Event::new(kind).add_path(path.clone()));
        }
        writers.are_at(&path)
    }

    #[test]
    fn who_writes_is_known_by_what_happened_last() {
        assert!(is_written("/a", &[WRITTEN]));
        assert!(is_written("/a https://a.example/\n", &[WRITTEN]));
        assert!(is_written("", &[MADE]));
        assert!(!is_written("/a https://a.example/", &[MADE]), "a hard link");
        assert!(!is_written("/a https://a.example/", &[MADE, WRITTEN, CLOSED]));
        assert!(!is_written("/a https://a.example/", &[WRITTEN, RENAMED]));
        assert!(is_written("/a", &[CLOSED, WRITTEN]));
        // Nothing was heard of it.
        assert!(is_written("/a https://a.exa", &[]));
        assert!(is_written("", &[]));
        assert!(!is_written("/a https://a.example/\n", &[]));
    }

    #[test]
    fn what_is_compressed_is_whole_where_that_ends() {
        let mut packed = Vec::new();
        let level = flate2::Compression::fast();
        flate2::read::GzEncoder::new(&b"/a https://a.example/\n"[..], level)
            .read_to_end(&mut packed)
            .unwrap();
        assert!(!is_written(&packed, &[]));
        assert!(is_written(&packed[..packed.len() - 1], &[]));
        assert!(is_written(&packed[..1], &[]));
        let damaged = [&packed[..], b"something else"].concat();
        assert!(!is_written(damaged, &[]));
    }
}
