//! Frees space: deletes segments that every registered sink has.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use super::register;
use crate::clicks::SegmentReader;
use crate::clicks::folder::{self, SegmentFile};

/// Deletes the segments of a folder that every registered sink has and that were
/// last written longer ago than `keep_for`; returns how many.
///
/// The newest segment of each shard stays, so that the numbers of later ones go
/// on from it. So do those that a server has yet to seal.
///
/// # Errors
///
/// A sentence when a checkpoint or the folder cannot be read, or a segment not be
/// deleted.
pub fn delete_shipped(clicks: &Path, keep_for: Duration) -> anyhow::Result<u64> {
    let files = folder::list(clicks)
        .with_context(|| format!("cannot read the click folder {}", clicks.display()))?;
    let names = register::names(clicks)?;
    let sinks = names.iter().map(|name| Ok(register::read(clicks, name)?.positions));
    let sinks = sinks.collect::<anyhow::Result<Vec<_>>>()?;
    let live_run = folder::live_run(clicks);
    let mut deleted = 0;
    for files in files.chunk_by(|a, b| a.shard == b.shard) {
        let passed = sinks.iter().map(|positions| {
            let position = positions.iter().find(|position| position.shard == files[0].shard);
            position.map_or(0, |position| position.passed(files))
        });
        let passed = passed.min().unwrap_or(0).min(files.len() - 1);
        for file in &files[..passed] {
            let is_old = is_older(file, keep_for);
            let cannot = || format!("cannot delete the shipped {}", file.path.display());
            if is_old.with_context(cannot)? && is_closed(file, live_run) {
                fs::remove_file(&file.path).with_context(cannot)?;
                deleted += 1;
            }
        }
    }
    Ok(deleted)
}

fn is_older(file: &SegmentFile, keep_for: Duration) -> io::Result<bool> {
    let written = file.path.metadata()?.modified()?;
    // A time to come is no age.
    Ok(SystemTime::now().duration_since(written).is_ok_and(|age| age >= keep_for))
}

/// Whether no server has anything left to do with the segment.
fn is_closed(file: &SegmentFile, live_run: Option<u64>) -> bool {
    match file.open().and_then(SegmentReader::open) {
        Ok(Ok(reader)) => reader.seal().is_some() || live_run != Some(reader.header().run),
        _ => false,
    }
}
