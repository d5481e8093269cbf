//! What was deleted before a sink had it, because somebody insisted. The sink's next run
//! says so, counts it, and goes on behind it.
//!
//! It stands in a file beside the checkpoint, `.NAME.pruned`, a line of text for each
//! segment, which stays there, empty, when it was read: another process may be adding to it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::places;
use crate::clicks::Position;
use crate::disk::{folder, lock};

/// A segment that is gone, and what a sink lacked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrunedSegment {
    /// Whose.
    pub shard: u16,
    /// Its number.
    pub segment: u64,
    /// The run that wrote it, Unix µs.
    pub run: u64,
    /// Number of its last click.
    pub last: u64,
    /// Its length, bytes.
    pub bytes: u64,
    /// Clicks that the sink lacked, when it was deleted.
    pub clicks: u64,
}

impl PrunedSegment {
    /// The place behind it.
    #[must_use]
    pub fn end(&self) -> Position {
        let &Self { shard, segment, run, last, bytes, .. } = self;
        Position { shard, run, segment, offset: bytes, sequence: last.saturating_add(1) }
    }

    /// Whether a sink that is at `position` in its shard has not passed it.
    #[must_use]
    pub fn is_behind(&self, position: &Position) -> bool {
        match self.run == position.run {
            true => self.last >= position.sequence,
            false => self.run > position.run,
        }
    }

    fn line(&self) -> String {
        let Self { shard, segment, run, last, bytes, clicks } = self;
        format!("{shard} {segment} {run} {last} {bytes} {clicks}\n")
    }

    fn read(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').map(|word| word.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        Some(Self {
            shard: next()?.try_into().ok()?,
            segment: next()?,
            run: next()?,
            last: next()?,
            bytes: next()?,
            clicks: next()?,
        })
    }
}

fn path(clicks: &Path, name: &str) -> PathBuf {
    places::folder(clicks).join(format!(".{name}.pruned"))
}

fn open(clicks: &Path, name: &str) -> io::Result<File> {
    let file = lock::open(&path(clicks, name), 0o600)?;
    file.lock()?;
    Ok(file)
}

/// Has a sink know, safe from a power loss, that these are to be deleted.
///
/// # Errors
///
/// A sentence when that cannot be written.
pub fn tell(clicks: &Path, name: &str, segments: &[PrunedSegment]) -> anyhow::Result<()> {
    if segments.is_empty() {
        return Ok(());
    }
    let text: String = segments.iter().map(PrunedSegment::line).collect();
    let told = open(clicks, name).and_then(|mut file| {
        file.seek(SeekFrom::End(0))?;
        file.write_all(text.as_bytes())?;
        // The sink's process must be able to read it, whoever insisted.
        if let Ok(checkpoint) = places::folder(clicks).join(name).metadata() {
            let _ = fchown(&file, Some(checkpoint.uid()), Some(checkpoint.gid()));
        }
        file.sync_all()?;
        folder::sync(&places::folder(clicks))
    });
    told.with_context(|| format!("cannot write {}", path(clicks, name).display()))
}

/// Whether something was deleted that the sink does not know of.
#[must_use]
pub fn is_told(clicks: &Path, name: &str) -> bool {
    path(clicks, name).metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// Hands what was deleted to `take`, and forgets it when that succeeds.
///
/// # Errors
///
/// Those of `take`; a sentence when the file cannot be read or emptied.
pub fn take<T>(
    clicks: &Path,
    name: &str,
    take: impl FnOnce(&[PrunedSegment]) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let cannot = || format!("cannot read {}", path(clicks, name).display());
    let mut file = open(clicks, name).with_context(cannot)?;
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(cannot)?;
    // What a power loss tore was not deleted.
    let segments: Vec<_> = text.lines().filter_map(PrunedSegment::read).collect();
    let taken = take(&segments)?;
    file.set_len(0).and_then(|()| file.sync_all()).with_context(cannot)?;
    Ok(taken)
}

/// Forgets it, with the sink.
///
/// # Errors
///
/// A sentence when the file cannot be emptied.
pub fn forget(clicks: &Path, name: &str) -> anyhow::Result<()> {
    if is_told(clicks, name) { take(clicks, name, |_| Ok(())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_and_taken_once() {
        let clicks = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(places::folder(clicks.path())).unwrap();
        let one = PrunedSegment { shard: 3, segment: 7, run: 9, last: 40, bytes: 5000, clicks: 12 };
        let two = PrunedSegment { segment: 8, last: 60, ..one };
        assert!(!is_told(clicks.path(), "out"));
        tell(clicks.path(), "out", &[]).unwrap();
        tell(clicks.path(), "out", &[one]).unwrap();
        tell(clicks.path(), "out", &[two]).unwrap();
        assert!(is_told(clicks.path(), "out"));
        take(clicks.path(), "out", |_| -> anyhow::Result<()> { anyhow::bail!("no") }).unwrap_err();
        assert_eq!(take(clicks.path(), "out", |it| Ok(it.to_vec())).unwrap(), [one, two]);
        assert!(!is_told(clicks.path(), "out"));
        assert!(take(clicks.path(), "out", |it| Ok(it.is_empty())).unwrap());
    }

    #[test]
    fn what_is_passed() {
        let it = PrunedSegment { shard: 0, segment: 7, run: 9, last: 40, bytes: 5000, clicks: 12 };
        let at = |run, sequence| Position { shard: 0, run, segment: 7, offset: 4096, sequence };
        let check = |run, sequence, is_behind| {
            assert_eq!(it.is_behind(&at(run, sequence)), is_behind, "{run} {sequence}");
        };
        check(9, 40, true);
        check(9, 41, false);
        check(8, 99, true);
        check(10, 1, false);
        assert_eq!(it.end(), Position { offset: 5000, ..at(9, 41) });
    }
}
