//! What there is in a click folder, what its list tells of it, and what sinks lack of it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;

use super::ages::believed;
use crate::clicks::folder::{self, SegmentFile};
use crate::clicks::{Contents, KnownSegments, Position, SegmentEvent, SegmentReader};
use crate::machine::clock::monotonic_us;
use crate::ship::register;

/// Clicks of a segment that a sink does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// Which of the sinks of the survey.
    pub sink: usize,
    /// How many.
    pub clicks: u64,
}

/// A segment that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// Its file.
    pub file: SegmentFile,
    /// What the file takes on its disk, bytes.
    pub bytes: u64,
    /// What is in it, if its server is done with it and the list tells so.
    pub contents: Option<Contents>,
    /// When its last click was, as far as that can be believed, Unix µs.
    pub last_us: Option<u64>,
    /// Who lacks something of it.
    pub lacking: Vec<Lacking>,
}

/// A click folder, with its spare folders.
#[derive(Debug, Default)]
pub struct Survey {
    /// Its segments, by shard and number.
    pub segments: Vec<Surveyed>,
    /// The registered sinks.
    pub sinks: Vec<String>,
    /// Segments that the list does not tell of, or that there is no list for.
    pub unlisted: u64,
    /// When the last line was added to the list, Unix µs.
    pub told_us: Option<u64>,
    /// The run whose server writes into the folder now.
    pub live_run: Option<u64>,
}

impl Survey {
    /// Looks at a folder where it is `now_us`. Nothing is written.
    ///
    /// # Errors
    ///
    /// A sentence when the folder, its list or a checkpoint cannot be read: then it is not
    /// known what may go.
    pub fn of(clicks: &Path, now_us: u64) -> anyhow::Result<Self> {
        let cannot_read = || format!("cannot read the click folder {}", clicks.display());
        let files = folder::list(clicks).with_context(cannot_read)?;
        let known = KnownSegments::of_folder(clicks)
            .with_context(|| format!("cannot read the list of segments of {}", clicks.display()))?;
        let sinks = register::names(clicks)?;
        let positions = sinks.iter().map(|name| Ok(register::read(clicks, name)?.positions));
        let positions = positions.collect::<anyhow::Result<Vec<_>>>()?;
        let known = known.unwrap_or_default();
        let mut survey = Self {
            sinks,
            told_us: known.told_us(),
            live_run: folder::live_run(clicks),
            ..Self::default()
        };
        for files in files.chunk_by(|a, b| a.shard == b.shard) {
            survey.add_shard(files, &known, &positions, now_us).with_context(cannot_read)?;
        }
        Ok(survey)
    }

    fn add_shard(
        &mut self,
        files: &[SegmentFile],
        known: &KnownSegments,
        positions: &[Vec<Position>],
        now_us: u64,
    ) -> io::Result<()> {
        let mut segments = Vec::with_capacity(files.len());
        for file in files {
            let told = known.get(file.shard, file.number);
            self.unlisted += u64::from(told.is_none());
            segments.push(Surveyed {
                bytes: disk_bytes(file)?,
                file: file.clone(),
                contents: told.and_then(|told| told.contents),
                last_us: None,
                lacking: Vec::new(),
            });
        }
        let told = segments.iter().filter_map(|it| it.contents.map(|contents| contents.to_us));
        let times = believed(&told.collect::<Vec<_>>(), now_us);
        let done = segments.iter_mut().filter(|it| it.contents.is_some());
        done.zip(times).for_each(|(segment, time)| segment.last_us = time);
        for (sink, positions) in positions.iter().enumerate() {
            let position = positions.iter().find(|it| it.shard == files[0].shard);
            let passed = position.map_or(0, |position| position.passed(files));
            for segment in &mut segments[passed..] {
                let clicks = match position.filter(|position| position.is_in(&segment.file)) {
                    Some(position) => clicks_behind(&segment.file, position)?,
                    None => segment.contents.map_or(0, |contents| contents.clicks),
                };
                if clicks > 0 {
                    segment.lacking.push(Lacking { sink, clicks });
                }
            }
        }
        self.segments.append(&mut segments);
        Ok(())
    }

    /// Whether the segment is the one that the list tells of, and nothing keeps it.
    #[must_use]
    pub fn is_free(segment: &Surveyed) -> bool {
        let Some(contents) = segment.contents else { return false };
        // A sync failed, and its clicks are to come from there.
        if segment.file.has_image() {
            return false;
        }
        let opened = segment.file.open_on_disk().and_then(SegmentReader::open);
        opened.is_ok_and(|opened| {
            opened.is_ok_and(|it| {
                let header = it.header();
                (header.run, header.salt) == (contents.run, contents.salt)
            })
        })
    }

    /// How long ago the segment was made, by a clock that nobody sets; `None` if another run
    /// than that of the present server made it. µs.
    #[must_use]
    pub fn monotonic_age_us(&self, segment: &Surveyed) -> Option<u64> {
        let run = segment.contents?.run;
        if self.live_run != Some(run) {
            return None;
        }
        let reader = segment.file.open_on_disk().and_then(SegmentReader::open).ok()?.ok()?;
        Some(monotonic_us().saturating_sub(reader.header().made_monotonic_us))
    }
}

/// What all segments of a click folder take on its disk, the same of each of its spare
/// folders: the most of them, bytes.
///
/// # Errors
///
/// Those of looking at the files.
pub fn used_bytes(clicks: &Path) -> io::Result<u64> {
    let files = folder::list(clicks)?;
    let mut most = 0;
    let folder_of = |file: &SegmentFile| file.path.parent().map(Path::to_owned);
    let mut folders: Vec<_> = files.iter().map(folder_of).collect();
    folders.sort();
    folders.dedup();
    for folder in folders {
        let own = files.iter().filter(|file| folder_of(file) == folder);
        let bytes: u64 = own.map(disk_bytes).sum::<io::Result<u64>>()?;
        most = bytes.max(most);
    }
    Ok(most)
}

/// What a file takes on its disk; nothing where it stands in a stage alone.
fn disk_bytes(file: &SegmentFile) -> io::Result<u64> {
    match file.path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        metadata => Ok(metadata?.blocks().saturating_mul(512)),
    }
}

/// Clicks of a segment that lie behind a position in it.
fn clicks_behind(file: &SegmentFile, position: &Position) -> io::Result<u64> {
    let Ok(mut reader) = SegmentReader::open(file.open()?)? else { return Ok(0) };
    if reader.seal().is_some_and(|seal| seal.last_sequence < position.sequence) {
        return Ok(0);
    }
    reader.skip_to(position.offset, position.sequence);
    let mut clicks = 0;
    loop {
        match reader.next(false)? {
            SegmentEvent::Click { .. } => clicks += 1,
            SegmentEvent::End => return Ok(clicks),
            _ => {}
        }
    }
}
