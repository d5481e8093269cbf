//! Deletes what was chosen: the list tells so first.

use std::path::Path;

use anyhow::Context;

use super::choose::Choice;
use super::survey::Survey;
use crate::clicks::{
    Actor, ClickKeys, DeletedWhy, KnownSegments, finish_deleting, folder, open_list,
};
use crate::disk;
use crate::ship::pruned::{self, PrunedSegment};

/// What went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many segments.
    pub segments: u64,
    /// Clicks that were recorded in them.
    pub clicks: u64,
    /// What they took on the disk, bytes.
    pub bytes: u64,
    /// Time of the first click of all, Unix µs.
    pub from_us: u64,
    /// Time of the last one.
    pub to_us: u64,
}

impl Pruned {
    /// What goes by a choice, as far as it is for this reason; `None` for nothing.
    #[must_use]
    pub fn of(survey: &Survey, choice: &Choice, why: Option<DeletedWhy>) -> Option<Self> {
        let mut sum: Option<Self> = None;
        for going in choice.goes.iter().filter(|it| why.is_none_or(|why| it.why == why)) {
            let segment = &survey.segments[going.segment];
            let Some(contents) = segment.contents else { continue };
            let (from_us, to_us) = (contents.from_us, contents.to_us);
            let sum = sum.get_or_insert(Self { segments: 0, clicks: 0, bytes: 0, from_us, to_us });
            sum.add(&Self {
                segments: 1,
                clicks: contents.clicks,
                bytes: segment.bytes,
                from_us,
                to_us,
            });
        }
        sum
    }

    /// Adds up.
    pub fn add(&mut self, other: &Self) {
        self.segments += other.segments;
        self.clicks = self.clicks.saturating_add(other.clicks);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.from_us = other.from_us.min(self.from_us);
        self.to_us = other.to_us.max(self.to_us);
    }
}

/// Deletes what was chosen. Sinks that lack some of it are told first, and then the list,
/// so that a kill in between costs nothing: the next start or the next time finishes it.
///
/// # Errors
///
/// A sentence when that cannot be told, or a segment not be deleted.
pub fn carry_out(
    clicks: &Path,
    survey: &Survey,
    choice: &Choice,
    by: Actor,
    keys: &ClickKeys,
) -> anyhow::Result<()> {
    if choice.goes.is_empty() {
        return Ok(());
    }
    tell_sinks(clicks, survey, choice)?;
    // What is to be said of the list stands in it: `clicks verify` says it.
    let (mut list, _) = open_list(clicks, keys)?;
    let told = choice.goes.iter().map(|going| {
        let file = &survey.segments[going.segment].file;
        (file.shard, file.number, going.why)
    });
    list.tell_deleted(by, told)
        .with_context(|| format!("cannot add to {}", list.path().display()))?;
    for going in &choice.goes {
        let path = &survey.segments[going.segment].file.path;
        disk::folder::remove_file(path).with_context(|| {
            format!(
                "cannot delete {}, of which the list of segments says that it is; the next \
                 start of the server, or the next prune, tries again",
                path.display()
            )
        })?;
    }
    Ok(())
}

/// Finishes what was begun: segments of which the list says that they are deleted. Returns
/// how many there were.
///
/// # Errors
///
/// A sentence when the folder cannot be read, or one not be deleted.
pub fn finish(clicks: &Path) -> anyhow::Result<u64> {
    let finish = || match KnownSegments::of_folder(clicks)? {
        Some(known) => finish_deleting(clicks, &known, &folder::list(clicks)?),
        None => Ok(0),
    };
    finish().with_context(|| format!("cannot finish what was deleted of {}", clicks.display()))
}

/// Has each sink know what it will not find.
fn tell_sinks(clicks: &Path, survey: &Survey, choice: &Choice) -> anyhow::Result<()> {
    for (sink, name) in survey.sinks.iter().enumerate() {
        let lacked = choice.goes.iter().filter_map(|going| {
            let segment = &survey.segments[going.segment];
            let lacking = segment.lacking.iter().find(|it| it.sink == sink)?;
            let contents = segment.contents?;
            Some(PrunedSegment {
                shard: segment.file.shard,
                segment: segment.file.number,
                run: contents.run,
                last: contents.last,
                bytes: contents.bytes,
                clicks: lacking.clicks,
            })
        });
        pruned::tell(clicks, name, &lacked.collect::<Vec<_>>())?;
    }
    Ok(())
}
