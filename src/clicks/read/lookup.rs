//! Many clicks by their places, in one pass: each segment that holds some of them is read
//! once, as far as the last of those.

use std::io;
use std::path::Path;

use anyhow::Context;

use super::entry::{EntryLink, LedgerEntry};
use super::event::SegmentEvent;
use super::reader::SegmentReader;
use super::seek::{Missing, find_click_in, locate, look};
use super::source::ReadAt;
use crate::clicks::format::id::ClickPlace;

/// A click that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedClick {
    /// Where its record stands.
    pub place: ClickPlace,
    /// What it is told by.
    pub number: u32,
}

/// Looks for these clicks among the segments of `folder`, and hands each of them to `found`,
/// with its number, or why it is not there. They come as they stand in the folder: `wanted`
/// is sorted so.
///
/// # Errors
///
/// A sentence when the folder or a file cannot be read; those of `found`.
pub fn find_clicks(
    folder: &Path,
    wanted: &mut [WantedClick],
    mut found: impl FnMut(u32, Result<LedgerEntry<'_>, Missing>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    wanted.sort_unstable();
    let listing = look(folder)?;
    let segment = |it: &WantedClick| (it.place.node, it.place.shard, it.place.segment);
    for wanted in wanted.chunk_by(|a, b| segment(a) == segment(b)) {
        let (source, path) = match locate(&listing, &wanted[0].place)? {
            Ok(located) => located,
            Err(missing) => {
                wanted.iter().try_for_each(|it| found(it.number, Err(missing)))?;
                continue;
            }
        };
        let cannot = || format!("cannot read {}", path.display());
        let mut reader = match SegmentReader::open(&source).with_context(cannot)? {
            Ok(reader) if reader.header().node == wanted[0].place.node => reader,
            other => {
                let missing = match other {
                    Ok(reader) => Missing::OtherNode(reader.header().node),
                    Err(refused) => Missing::Unreadable(refused),
                };
                wanted.iter().try_for_each(|it| found(it.number, Err(missing)))?;
                continue;
            }
        };
        let mut rest = wanted;
        while let Some((offset, sequence)) = next_click(&mut reader, rest).with_context(cannot)? {
            let passed = rest.partition_point(|it| it.place.offset < offset);
            let here = rest.partition_point(|it| it.place.offset <= offset);
            for it in &rest[..passed] {
                find_alone(folder, &source, it, &mut found).with_context(cannot)??;
            }
            for it in &rest[passed..here] {
                found(it.number, Ok(entry(folder, &reader, (offset, sequence))))?;
            }
            rest = &rest[here..];
        }
        for it in rest {
            find_alone(folder, &source, it, &mut found).with_context(cannot)??;
        }
    }
    Ok(())
}

/// Goes to the next click that is one of these or stands behind the first of them: its offset
/// and its number. `None` when there is none, or none of these is left.
fn next_click(
    reader: &mut SegmentReader<impl ReadAt>,
    wanted: &[WantedClick],
) -> io::Result<Option<(u64, u64)>> {
    let Some(first) = wanted.first() else { return Ok(None) };
    loop {
        match reader.next(true)? {
            SegmentEvent::Click { offset, sequence, .. } if offset >= first.place.offset => {
                return Ok(Some((offset, sequence)));
            }
            SegmentEvent::End => return Ok(None),
            _ => {}
        }
    }
}

/// The click that a reader has just told of.
fn entry<'a>(
    folder: &'a Path,
    reader: &'a SegmentReader<impl ReadAt>,
    (offset, sequence): (u64, u64),
) -> LedgerEntry<'a> {
    let header = reader.header();
    LedgerEntry {
        folder,
        shard: header.shard,
        sequence,
        node: header.node,
        segment: header.number,
        offset,
        key: header.key,
        id: None,
        click: reader.click(),
        link: EntryLink::In(reader.links()),
    }
}

/// Hands on a click at whose place reading one after the other met none: what stands there
/// says why.
fn find_alone(
    folder: &Path,
    source: &impl ReadAt,
    wanted: &WantedClick,
    found: &mut impl FnMut(u32, Result<LedgerEntry<'_>, Missing>) -> anyhow::Result<()>,
) -> io::Result<anyhow::Result<()>> {
    let alone = find_click_in(folder, source, &wanted.place)?;
    let entry = alone.as_ref().map(|click| click.entry()).map_err(|missing| *missing);
    Ok(found(wanted.number, entry))
}
