//! Frees space: deletes segments that every registered sink has. The list of segments
//! tells so first: what is gone without a line there is missed.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use super::register;
use crate::clicks::folder::{self, SegmentFile};
use crate::clicks::{
    Actor, ClickKeys, DeletedWhy, KnownSegments, SegmentList, SegmentReader, finish_deleting,
    key_file, open_list,
};
use crate::disk;

/// Deletes the segments of a folder that every registered sink has and that were
/// last written longer ago than `keep_for`; returns how many.
///
/// The newest segment of each shard stays, so that the numbers of later ones go
/// on from it. So do those that a server has yet to seal.
///
/// # Errors
///
/// A sentence when a checkpoint or the folder cannot be read, the list not be added to,
/// or a segment not be deleted.
pub fn delete_shipped(
    clicks: &Path,
    keys: Option<&ClickKeys>,
    keep_for: Duration,
) -> anyhow::Result<u64> {
    let files = folder::list(clicks)
        .with_context(|| format!("cannot read the click folder {}", clicks.display()))?;
    let names = register::names(clicks)?;
    let sinks = names.iter().map(|name| Ok(register::read(clicks, name)?.positions));
    let sinks = sinks.collect::<anyhow::Result<Vec<_>>>()?;
    let live_run = folder::live_run(clicks);
    let known = KnownSegments::of_folder(clicks)
        .with_context(|| format!("cannot read the list of segments of {}", clicks.display()))?;
    if let Some(known) = &known {
        // Of what the list told as deleted, a kill may have left the file.
        finish_deleting(clicks, known, &files).with_context(|| {
            format!("cannot finish deleting what the list of {} says is", clicks.display())
        })?;
    }
    // Not before the list tells what it held: else nobody could account for its clicks.
    let is_listed = |file: &SegmentFile| {
        let known = known.as_ref().map(|known| known.get(file.shard, file.number));
        known.is_none_or(|known| known.is_some_and(|known| known.contents.is_some()))
    };
    let mut done = Vec::new();
    for files in files.chunk_by(|a, b| a.shard == b.shard) {
        let passed = sinks.iter().map(|positions| {
            let position = positions.iter().find(|position| position.shard == files[0].shard);
            position.map_or(0, |position| position.passed(files))
        });
        let passed = passed.min().unwrap_or(0).min(files.len() - 1);
        for file in &files[..passed] {
            let is_old = is_older(file, keep_for).with_context(|| cannot(file))?;
            if is_old && is_closed(file, live_run) && is_listed(file) {
                done.push(file);
            }
        }
    }
    if done.is_empty() {
        return Ok(0);
    }
    let mut list = list_of(clicks, keys)?;
    let told = done.iter().map(|file| (file.shard, file.number, DeletedWhy::Shipped));
    list.tell_deleted(Actor::Ship, told)
        .with_context(|| format!("cannot add to {}", list.path().display()))?;
    for file in &done {
        disk::folder::remove_file(&file.path).with_context(|| cannot(file))?;
    }
    Ok(done.len() as u64)
}

fn cannot(file: &SegmentFile) -> String {
    format!("cannot delete the shipped {}", file.path.display())
}

fn list_of(clicks: &Path, keys: Option<&ClickKeys>) -> anyhow::Result<SegmentList> {
    let own;
    let keys = match keys {
        Some(keys) => keys,
        None => {
            own = key_file::load_beside(clicks)
                .context("what is deleted is noted with the click key; name it with --click-key")?;
            &own
        }
    };
    // What is to be said stands in the list: `clicks verify` says it.
    Ok(open_list(clicks, keys)?.0)
}

fn is_older(file: &SegmentFile, keep_for: Duration) -> io::Result<bool> {
    let written = match file.path.metadata() {
        // It is still to come from the stage.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        metadata => metadata?.modified()?,
    };
    // A time to come is no age.
    Ok(SystemTime::now().duration_since(written).is_ok_and(|age| age >= keep_for))
}

/// Whether no server has anything left to do with the segment. In the stage it has its
/// seal before it has it on the disk.
fn is_closed(file: &SegmentFile, live_run: Option<u64>) -> bool {
    match file.open_on_disk().and_then(SegmentReader::open) {
        Ok(Ok(reader)) => reader.seal().is_some() || live_run != Some(reader.header().run),
        _ => false,
    }
}
