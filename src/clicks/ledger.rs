//! Many segments as one stream of clicks: per shard by number, the shards merged
//! by time. Also while a server is still writing them.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::folder::{self, SegmentFile};
use super::id::{ClickId, Place};
use super::position::Position;
use super::reader::{Event, Reader};
use super::record::Click;
use super::tally::Tally;
use crate::limits::BAD_LINES_SHOWN;

/// One click and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The folder of its segment.
    pub folder: &'a Path,
    /// Which shard wrote it.
    pub shard: u16,
    /// Its number within that shard's run.
    pub sequence: u64,
    /// Which machine wrote it.
    pub node: u16,
    /// Number of its segment within the shard.
    pub segment: u64,
    /// Where in the segment file its record begins, bytes.
    pub offset: u64,
    /// Number of the key that signed its id.
    pub key: u8,
    /// Its id, for whoever has that key; a ledger has none.
    pub id: Option<ClickId>,
    /// What it says.
    pub click: Click<'a>,
}

impl Entry<'_> {
    /// Where its record stands.
    #[must_use]
    pub fn place(&self) -> Place {
        let Self { node, shard, segment, offset, .. } = *self;
        Place { node, shard, segment, offset }
    }
}

/// Reads folders and files of segments, in memory bounded by the number of
/// shards.
#[derive(Debug)]
pub struct Ledger {
    streams: Vec<Stream>,
    /// The folders that are followed.
    followed: Vec<PathBuf>,
    /// Behind the click last returned.
    position: Option<Position>,
    tally: Tally,
    notes: Vec<String>,
}

/// The segments of one shard of one folder.
#[derive(Debug)]
struct Stream {
    folder: PathBuf,
    shard: u16,
    waiting: VecDeque<SegmentFile>,
    current: Option<Current>,
    /// Number of the last segment opened, so that it is not taken up again.
    opened: u64,
    /// Run of the last segment, and the number that its next click should have.
    before: Option<(u64, u64)>,
    /// The click that is next in this stream.
    head: Option<Head>,
    /// Where its first segment is read from.
    from: Option<Position>,
    /// Where it ends.
    until: Option<Position>,
    /// The run whose server holds the folder.
    live_run: Option<u64>,
    is_followed: bool,
}

/// A click that was gone to, and not yet handed out.
#[derive(Clone, Copy, Debug)]
struct Head {
    time_us: u64,
    sequence: u64,
    offset: u64,
}

#[derive(Debug)]
struct Current {
    reader: Reader<File>,
    name: String,
    is_live: bool,
    notes: usize,
    is_counted: bool,
}

impl Ledger {
    /// Opens folders and single segment files. With `follow`,
    /// [`next_click`](Self::next_click) goes on with what a server writes later;
    /// only folders can be followed.
    ///
    /// # Errors
    ///
    /// A sentence when a path cannot be read.
    pub fn open(paths: &[PathBuf], follow: bool) -> anyhow::Result<Self> {
        let mut ledger = Self {
            streams: Vec::new(),
            followed: Vec::new(),
            position: None,
            tally: Tally::default(),
            notes: Vec::new(),
        };
        for path in paths {
            let metadata =
                path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
            if metadata.is_dir() {
                ledger.add_folder(path, follow)?;
                if follow {
                    ledger.followed.push(path.clone());
                }
            } else if follow {
                bail!("cannot follow {}: name the folder that a server writes to", path.display());
            } else {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let named = folder::parse_segment_name(name);
                let (shard, number) = named.unwrap_or((u16::MAX, 0));
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                let file = SegmentFile { shard, number, path: path.clone() };
                // A file with a name of its own goes on from no other.
                let place = if named.is_some() { ledger.place(&folder, shard) } else { None };
                ledger.add_file(place, folder, file, false);
            }
        }
        for stream in &mut ledger.streams {
            stream.waiting.make_contiguous().sort();
            stream.live_run = folder::live_run(&stream.folder);
        }
        Ok(ledger)
    }

    /// Opens a folder where reading once stopped: of each shard what lies behind
    /// its position, and of shards without one everything. What was written since
    /// is read too, after [`update`](Self::update).
    ///
    /// # Errors
    ///
    /// A sentence when the folder cannot be read.
    pub fn resume(folder: &Path, from: &[Position]) -> anyhow::Result<Self> {
        let mut ledger = Self::open(&[folder.to_owned()], true)?;
        for stream in &mut ledger.streams {
            stream.resume(from);
        }
        Ok(ledger)
    }

    /// Opens the part of a folder that ends at `until`, and of each shard begins
    /// where `from` says. Shards that `until` does not name are left out.
    ///
    /// # Errors
    ///
    /// A sentence when the folder cannot be read.
    pub fn between(folder: &Path, from: &[Position], until: &[Position]) -> anyhow::Result<Self> {
        let mut ledger = Self::resume(folder, from)?;
        ledger.followed.clear();
        for stream in &mut ledger.streams {
            stream.until = until.iter().find(|end| end.shard == stream.shard).copied();
        }
        ledger.streams.retain(|stream| stream.until.is_some());
        Ok(ledger)
    }

    fn place(&self, folder: &Path, shard: u16) -> Option<usize> {
        self.streams.iter().position(|stream| stream.shard == shard && stream.folder == folder)
    }

    /// Takes up the segments of a folder that are not known yet.
    fn add_folder(&mut self, folder: &Path, is_followed: bool) -> anyhow::Result<()> {
        let files = folder::list(folder)
            .with_context(|| format!("cannot read the click folder {}", folder.display()))?;
        for stream in &mut self.streams {
            if stream.folder == folder {
                // Unused segments are deleted when a server stops.
                stream.waiting.clear();
            }
        }
        for file in files {
            let place = self.place(folder, file.shard);
            self.add_file(place, folder.to_owned(), file, is_followed);
        }
        Ok(())
    }

    fn add_file(
        &mut self,
        at: Option<usize>,
        folder: PathBuf,
        file: SegmentFile,
        is_followed: bool,
    ) {
        let at = at.unwrap_or_else(|| {
            self.streams.push(Stream {
                folder,
                shard: file.shard,
                waiting: VecDeque::new(),
                current: None,
                opened: 0,
                before: None,
                head: None,
                from: None,
                until: None,
                live_run: None,
                is_followed,
            });
            self.streams.len() - 1
        });
        let stream = &mut self.streams[at];
        if file.number > stream.opened || !stream.is_followed {
            stream.waiting.push_back(file);
        }
    }

    /// Looks for new segments of the folders that are followed, and whether
    /// their servers still run.
    ///
    /// # Errors
    ///
    /// A sentence when a folder cannot be read.
    pub fn update(&mut self) -> anyhow::Result<()> {
        for folder in self.followed.clone() {
            self.add_folder(&folder, true)?;
            let live_run = folder::live_run(&folder);
            for stream in self.streams.iter_mut().filter(|stream| stream.folder == folder) {
                stream.live_run = live_run;
            }
        }
        Ok(())
    }

    /// The next click, or `None` when there is none (yet).
    ///
    /// # Errors
    ///
    /// A sentence when a file that was opened cannot be read any further.
    pub fn next_click(&mut self) -> anyhow::Result<Option<Entry<'_>>> {
        let mut first: Option<(u64, usize)> = None;
        for (index, stream) in self.streams.iter_mut().enumerate() {
            if stream.head.is_none() {
                stream.head = stream.advance(&mut self.tally, &mut self.notes)?;
            }
            if let Some(head) = stream.head
                && first.is_none_or(|(earliest, _)| head.time_us < earliest)
            {
                first = Some((head.time_us, index));
            }
        }
        let Some((_, index)) = first else {
            return Ok(None);
        };
        let stream = &mut self.streams[index];
        let head = stream.head.take().expect("it was just found");
        let current = stream.current.as_ref().expect("a head comes from a segment");
        let header = current.reader.header();
        self.position = Some(Position {
            shard: stream.shard,
            run: header.run,
            segment: stream.opened,
            offset: current.reader.offset(),
            sequence: head.sequence.saturating_add(1),
        });
        Ok(Some(Entry {
            folder: &stream.folder,
            shard: header.shard,
            sequence: head.sequence,
            node: header.node,
            segment: header.number,
            offset: head.offset,
            key: header.key,
            id: None,
            click: current.reader.click(),
        }))
    }

    /// The place behind the click last returned, in its shard.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// What was read so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        for current in self.streams.iter().filter_map(|stream| stream.current.as_ref()) {
            tally.live += u64::from(current.is_counted && current.is_live);
        }
        tally
    }

    /// Sentences about what is damaged or missing, since the last time.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

impl Stream {
    /// Passes over what lies before this shard's position.
    fn resume(&mut self, from: &[Position]) {
        let Some(position) = from.iter().find(|position| position.shard == self.shard) else {
            return;
        };
        let passed = position.passed(self.waiting.make_contiguous());
        if let Some(last) = self.waiting.drain(..passed).next_back() {
            self.opened = last.number;
        }
        self.before = Some((position.run, position.sequence));
        self.from = Some(*position);
    }

    /// Goes to the next click.
    fn advance(
        &mut self,
        tally: &mut Tally,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Option<Head>> {
        loop {
            if self.is_at_end() {
                return Ok(None);
            }
            if self.current.is_none() && !self.open_next(tally, notes) {
                return Ok(None);
            }
            let current = self.current.as_mut().expect("one is open");
            let event = current.reader.next(current.is_live);
            let event = event.with_context(|| format!("cannot read on in {}", current.name))?;
            current.count(&event, tally, notes);
            match event {
                Event::Click { offset, sequence, time_us } => {
                    let head = Head { time_us, sequence, offset };
                    // Damage may have taken the one that was to be the last.
                    return Ok((!self.is_behind_end(offset)).then_some(head));
                }
                Event::End if current.is_live && current.reader.seal().is_none() => {
                    if !self.is_left_behind() {
                        return Ok(None);
                    }
                    // Nobody writes it any more: the rest is read for good.
                    self.current.as_mut().expect("one is open").is_live = false;
                }
                Event::End => self.close(tally, notes),
                _ => {}
            }
        }
    }

    /// Whether it has been read as far as it is to be read.
    fn is_at_end(&self) -> bool {
        match &self.current {
            Some(current) => self.is_behind_end(current.reader.offset()),
            None => self.until.is_some_and(|until| self.opened >= until.segment),
        }
    }

    /// Whether the record at `offset` of the present segment is not to be read.
    fn is_behind_end(&self, offset: u64) -> bool {
        self.until.is_some_and(|until| (self.opened, offset) >= (until.segment, until.offset))
    }

    /// Whether the server is done with the present segment: it has begun the
    /// next one, or is gone.
    fn is_left_behind(&self) -> bool {
        let run = self.current.as_ref().map(|current| current.reader.header().run);
        self.live_run != run || self.waiting.front().is_some_and(|next| is_begun(&next.path))
    }

    /// Whether a server may still change which segments there are.
    fn may_grow(&self) -> bool {
        self.is_followed || self.live_run.is_some()
    }

    /// Opens the next segment that a server has begun; `false` if there is none.
    fn open_next(&mut self, tally: &mut Tally, notes: &mut Vec<String>) -> bool {
        while let Some(next) = self.waiting.front() {
            let name = next.path.display().to_string();
            let is_last = self.waiting.len() == 1;
            let opened = File::open(&next.path).and_then(|file| {
                let is_blank = is_blank(&file)?;
                Ok((Reader::open(file)?, is_blank))
            });
            match opened {
                // A server is just making it.
                Ok((Err(_), true)) if is_last && self.may_grow() => return false,
                Ok((Ok(mut reader), _)) => {
                    let run = reader.header().run;
                    // Asked again now that the file is open: the server that made
                    // it may have started since the folder was looked at.
                    if reader.seal().is_none() && self.live_run != Some(run) {
                        self.live_run = folder::live_run(&self.folder);
                    }
                    let is_live = reader.seal().is_none() && self.live_run == Some(run);
                    if is_live && !reader.is_begun() {
                        return false; // its server keeps it ready
                    }
                    if let Some((_, expected)) = self.before.filter(|before| before.0 == run) {
                        reader.expect(expected);
                    }
                    if let Some(from) = self.from.take()
                        && (from.segment, from.run) == (next.number, run)
                    {
                        reader.resume_at(from.offset, from.sequence);
                    }
                    self.opened = next.number;
                    self.current =
                        Some(Current { reader, name, is_live, notes: 0, is_counted: false });
                    self.waiting.pop_front();
                    return true;
                }
                Ok((Err(refused), false)) => {
                    tally.unreadable += 1;
                    notes.push(format!("{name}: cannot be read: {refused}"));
                }
                Ok((Err(_), true)) => {
                    self.waiting.pop_front();
                    continue;
                }
                // Unused ones are deleted when a server stops, and the next run
                // gives the number to another. Sequence numbers tell of others.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.waiting.pop_front();
                    continue;
                }
                Err(error) => {
                    tally.unreadable += 1;
                    notes.push(format!("{name}: cannot be read: {error}"));
                }
            }
            self.opened = next.number;
            self.waiting.pop_front();
        }
        false
    }

    fn close(&mut self, tally: &mut Tally, notes: &mut Vec<String>) {
        let Some(current) = self.current.take() else {
            return;
        };
        if let Some(expected) = current.reader.expected() {
            self.before = Some((current.reader.header().run, expected));
        }
        if current.notes > BAD_LINES_SHOWN {
            let more = current.notes - BAD_LINES_SHOWN;
            notes.push(format!("{}: and {more} more such findings", current.name));
        }
        if !current.is_counted && !current.reader.is_begun() {
            // Deleted unused, and the next run gives its number to another.
            self.opened = self.opened.saturating_sub(1);
            return;
        }
        tally.files += u64::from(!current.is_counted);
        match current.reader.seal() {
            // Its server has left it and has yet to seal it.
            None if self.live_run == Some(current.reader.header().run) => {}
            None => {
                tally.unsealed += 1;
                notes.push(format!("{}: not sealed: the server was killed", current.name));
            }
            Some(seal) if seal.suspect => {
                tally.suspect += 1;
                notes.push(format!(
                    "{}: a sync failed while it was written; after a power loss it may lack clicks",
                    current.name
                ));
            }
            Some(_) => {}
        }
    }
}

impl Current {
    /// Adds what was found to the tally, and says it if it is bad.
    fn count(&mut self, event: &Event, tally: &mut Tally, notes: &mut Vec<String>) {
        if *event != Event::End && !std::mem::replace(&mut self.is_counted, true) {
            tally.files += 1;
        }
        if let Some(sentence) = tally.add(event) {
            self.notes += 1;
            if self.notes <= BAD_LINES_SHOWN {
                notes.push(format!("{}: {sentence}", self.name));
            }
        }
    }
}

/// Whether the file is still without a header.
fn is_blank(file: &File) -> io::Result<bool> {
    let mut page = [0; 512];
    let count = super::source::ReadAt::read_at(file, &mut page, 0)?;
    Ok(page[..count].iter().all(|&byte| byte == 0))
}

/// Whether a shard has begun to write the segment at `path`.
fn is_begun(path: &Path) -> bool {
    let reader = File::open(path).and_then(Reader::open);
    reader.is_ok_and(|reader| reader.is_ok_and(|reader| reader.is_begun()))
}
