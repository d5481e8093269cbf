//! One click by its place: its record is found there, and the texts that it refers to.
//! What its link was is told by the records before it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::entry::{EntryLink, LedgerEntry};
use super::event::SegmentEvent;
use super::reader::SegmentReader;
use super::source::ReadAt;
use super::strings::read_text;
use crate::clicks::folder::{self, Listing, SegmentFile};
use crate::clicks::format::click::SHARED;
use crate::clicks::format::click_bytes::click_with;
use crate::clicks::format::frame::Flaw;
use crate::clicks::format::id::ClickPlace;
use crate::clicks::format::record::{DecodedRecord, RecordBody, decode};
use crate::clicks::format::segment::{Header, PageBlock, Seal, SegmentRefused};
use crate::limits::SEGMENT_HEADER_BYTES;

/// A click that was found.
#[derive(Debug)]
pub struct FoundClick {
    folder: PathBuf,
    header: Header,
    offset: u64,
    sequence: u64,
    record: Vec<u8>,
    /// Its strings that stand elsewhere; `None` also for those that are nowhere.
    shared: [Option<Vec<u8>>; SHARED],
    /// Key and target of its link.
    link: Option<(Vec<u8>, Vec<u8>)>,
}

impl FoundClick {
    /// The click, and where it comes from. A string that damage has taken is
    /// empty, and flagged as cut.
    ///
    /// # Panics
    ///
    /// Never: it was a click when it was found.
    #[must_use]
    pub fn entry(&self) -> LedgerEntry<'_> {
        let click = click_with(&self.record, |index| self.shared[index].as_deref());
        LedgerEntry {
            folder: &self.folder,
            shard: self.header.shard,
            sequence: self.sequence,
            node: self.header.node,
            segment: self.header.number,
            offset: self.offset,
            key: self.header.key,
            id: None,
            click: click.expect("it was a click"),
            link: self
                .link
                .as_ref()
                .map_or(EntryLink::Unknown, |(key, target)| EntryLink::Is(key, target)),
        }
    }
}

/// Why there is no click at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Its segment is no longer there; later ones are.
    Deleted,
    /// Its segment is still to come.
    NoSegment,
    /// Its segment is there and not written so far.
    NotWritten,
    /// Its segment ended before it: what was there did not outlast the machine.
    Gone,
    /// The segments here were written by another machine.
    OtherNode(u16),
    /// There is something else.
    Damaged(Flaw),
    /// The segment cannot be read.
    Unreadable(SegmentRefused),
}

/// Looks for the click at `place` among the segments of `folder`.
///
/// # Errors
///
/// A sentence when the folder or the file cannot be read.
pub fn find_click(
    folder: &Path,
    place: &ClickPlace,
) -> anyhow::Result<Result<FoundClick, Missing>> {
    let listing = look(folder)?;
    match locate(&listing, place)? {
        Ok((source, path)) => find_click_in(folder, &source, place)
            .with_context(|| format!("cannot read {}", path.display())),
        Err(missing) => Ok(Err(missing)),
    }
}

pub(super) fn look(folder: &Path) -> anyhow::Result<Listing> {
    folder::look(folder)
        .with_context(|| format!("cannot read the click folder {}", folder.display()))
}

/// The segment of `place` and its path, or why it is not there.
///
/// # Errors
///
/// A sentence when it cannot be opened.
pub(super) fn locate(
    listing: &Listing,
    place: &ClickPlace,
) -> anyhow::Result<Result<(File, PathBuf), Missing>> {
    let Listing { segments: files, strays, .. } = listing;
    let of_shard = |file: &&SegmentFile| file.shard == place.shard;
    let Some(file) = files.iter().filter(of_shard).find(|file| file.number == place.segment) else {
        let is_here =
            |file: &SegmentFile| (file.shard, file.number) == (place.shard, place.segment);
        if let Some(stray) = strays.iter().find(|stray| is_here(&stray.named)) {
            bail!("cannot read {}: {}", stray.named.path.display(), stray.why);
        }
        if let Some(node) = node_of(files).filter(|node| *node != place.node) {
            return Ok(Err(Missing::OtherNode(node)));
        }
        let is_passed = files.iter().filter(of_shard).any(|file| file.number > place.segment);
        return Ok(Err(if is_passed { Missing::Deleted } else { Missing::NoSegment }));
    };
    match file.open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err(Missing::Deleted)),
        opened => {
            let source = opened.with_context(|| format!("cannot open {}", file.path.display()))?;
            Ok(Ok((source, file.path.clone())))
        }
    }
}

/// Looks for the click at `place` in its segment, a file of `folder`.
///
/// # Errors
///
/// Those of the source.
pub fn find_click_in(
    folder: &Path,
    source: &impl ReadAt,
    place: &ClickPlace,
) -> io::Result<Result<FoundClick, Missing>> {
    let page = read(source, 0, SEGMENT_HEADER_BYTES)?;
    let header = match Header::read(&page) {
        Ok(header) => header,
        Err(refused) => return Ok(Err(Missing::Unreadable(refused))),
    };
    if header.node != place.node {
        return Ok(Err(Missing::OtherNode(header.node)));
    }
    let bytes_max = header.record_bytes_max();
    let record = read(source, place.offset, bytes_max)?;
    let found = match decode(&record, header.salt, bytes_max) {
        DecodedRecord::Whole(found) => found,
        DecodedRecord::Absent => {
            let is_sealed = Seal::read(&page, header.salt) != PageBlock::Absent;
            return Ok(Err(if is_sealed { Missing::Gone } else { Missing::NotWritten }));
        }
        // It may be cut off by the end of a sealed file.
        DecodedRecord::Damaged(Flaw::Cut) if record.is_empty() => return Ok(Err(Missing::Gone)),
        DecodedRecord::Damaged(reason) => return Ok(Err(Missing::Damaged(reason))),
    };
    let RecordBody::Click(_, fields) = found.body else {
        return Ok(Err(Missing::Damaged(Flaw::Shape)));
    };
    let (sequence, bytes) = (found.sequence, found.bytes);
    let mut shared: [Option<Vec<u8>>; SHARED] = Default::default();
    for (text, field) in shared.iter_mut().zip(fields) {
        if let Some(at) = field.place() {
            *text = read_text(source, &header, at, place.offset)?;
        }
    }
    let (folder, offset) = (folder.to_owned(), place.offset);
    let record = record[..bytes].to_vec();
    let link = link_of(source, offset)?;
    Ok(Ok(FoundClick { folder, header, offset, sequence, record, shared, link }))
}

/// Key and target of the link of the click at `offset`, as the records before it say.
fn link_of(source: &impl ReadAt, offset: u64) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let Ok(mut reader) = SegmentReader::open(source)? else { return Ok(None) };
    loop {
        match reader.next(true)? {
            SegmentEvent::Click { offset: at, .. } if at == offset => break,
            SegmentEvent::Click { offset: at, .. } if at > offset => return Ok(None),
            SegmentEvent::End => return Ok(None),
            _ => {}
        }
    }
    let click = reader.click();
    let link = reader.link(click.link, click.variant);
    Ok(link.map(|link| (link.key.to_vec(), link.target.to_vec())))
}

/// Up to `bytes` from `at` on.
fn read(source: &impl ReadAt, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut read = vec![0; bytes];
    let count = source.read_at(&mut read, at)?;
    read.truncate(count);
    Ok(read)
}

/// Which machine wrote the newest of these segments that can be read.
fn node_of(files: &[SegmentFile]) -> Option<u16> {
    files.iter().rev().find_map(|file| {
        let page = read(&file.open().ok()?, 0, SEGMENT_HEADER_BYTES).ok()?;
        Header::read(&page).ok().map(|header| header.node)
    })
}
