//! Segments that the list says are deleted, and that are still there: whoever was to delete
//! them was killed in between.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::reader::SegmentReader;
use crate::clicks::folder::SegmentFile;
use crate::clicks::format::frame::Salt;
use crate::clicks::format::listed::{DeletedWhy, ListedEvent};
use crate::clicks::list::known::KnownSegments;
use crate::clicks::list::reader::ListReader;
use crate::disk;

/// What the list tells of one that is there.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    run_and_salt: Option<(u64, Salt)>,
    /// When it was told to be deleted by rule, Unix µs.
    deleted_us: Option<u64>,
}

/// Finishes deleting them; returns how many there were.
///
/// # Errors
///
/// Those of reading the list and the files, and of deleting them.
pub fn finish_deleting(
    clicks: &Path,
    known: &KnownSegments,
    files: &[SegmentFile],
) -> io::Result<u64> {
    let is_told = |file: &&SegmentFile| {
        let place = (file.shard, file.number);
        known.is_deleted(place.0, place.1) && known.get(place.0, place.1).is_none()
    };
    let told: Vec<_> = files.iter().filter(is_told).cloned().collect();
    if told.is_empty() {
        return Ok(0);
    }
    let half = half_deleted(clicks, &told)?;
    for file in &half {
        disk::folder::remove_file(&file.path)?;
    }
    Ok(half.len() as u64)
}

/// Those among `files` that are to go. One that was put back since, from a copy, is not
/// among them: its inode is younger than the line that told of it.
///
/// # Errors
///
/// Those of reading the list, and a file.
pub fn half_deleted(clicks: &Path, files: &[SegmentFile]) -> io::Result<Vec<SegmentFile>> {
    let Some(mut list) = ListReader::open(clicks, None)? else { return Ok(Vec::new()) };
    let mut told: BTreeMap<(u16, u64), Told> =
        files.iter().map(|file| ((file.shard, file.number), Told::default())).collect();
    list.read(|line| {
        let Some(listed) = &line.listed else { return };
        let Some(told) = told.get_mut(&(listed.shard, listed.number)) else { return };
        match listed.event {
            ListedEvent::Begun { run, salt, .. } => *told = Told::of(run, salt),
            // `ship` may be faster to delete than the server to note the seal.
            ListedEvent::Sealed(contents) if told.deleted_us.is_none() => {
                *told = Told::of(contents.run, contents.salt);
            }
            ListedEvent::Found(contents) => *told = Told::of(contents.run, contents.salt),
            ListedEvent::Deleted { why, .. } if why != DeletedWhy::Unused => {
                told.deleted_us = Some(line.time_us);
            }
            _ => {}
        }
    })?;
    let mut half = Vec::new();
    for file in files {
        let told = told.get(&(file.shard, file.number)).copied().unwrap_or_default();
        if told.is_half(file)? {
            half.push(file.clone());
        }
    }
    Ok(half)
}

impl Told {
    fn of(run: u64, salt: Salt) -> Self {
        Self { run_and_salt: Some((run, salt)), deleted_us: None }
    }

    fn is_half(&self, file: &SegmentFile) -> io::Result<bool> {
        let (Some(run_and_salt), Some(deleted_us)) = (self.run_and_salt, self.deleted_us) else {
            return Ok(false);
        };
        let opened = match file.open_on_disk() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        let metadata = opened.metadata()?;
        let changed_us = metadata.ctime().saturating_mul(1_000_000) + metadata.ctime_nsec() / 1000;
        if u64::try_from(changed_us).is_ok_and(|changed_us| changed_us > deleted_us) {
            return Ok(false);
        }
        let reader = SegmentReader::open(opened)?;
        Ok(reader.is_ok_and(|it| (it.header().run, it.header().salt) == run_and_salt))
    }
}
