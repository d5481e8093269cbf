//! Many segments as one stream of clicks: per shard by number, the shards merged
//! by time. Also while a server is still writing them.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::folder::{self, SegmentFile};
use super::id::{ClickId, Place};
use super::position::Position;
use super::reader::{Event, Reader};
use super::record::Click;
use super::source::ReadAt;
use super::tally::{Account, SegmentReport, State, Tally};
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
    account: Account,
    /// Streams before this one were read to their end, where they are not merged.
    at: usize,
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
    /// There is nothing more, and nobody waits for more.
    is_done: bool,
    /// Length of the segments that are done with, bytes.
    passed_bytes: u64,
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
    report: SegmentReport,
    is_live: bool,
    /// How many findings there are, shown or not.
    notes: usize,
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
            account: Account::default(),
            at: 0,
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

    /// Opens a folder, to be followed: of each shard what lies behind its position,
    /// and of shards without one everything.
    ///
    /// # Errors
    ///
    /// A sentence when the folder cannot be read.
    pub fn resume(folder: &Path, from: &[Position]) -> anyhow::Result<Self> {
        let mut ledger = Self::open(&[folder.to_owned()], true)?;
        ledger.streams.iter_mut().for_each(|stream| stream.resume(from));
        Ok(ledger)
    }

    /// Reads of each shard no further than this says, and of shards that it does
    /// not name nothing. Not for ledgers that are updated later.
    pub fn end_at(&mut self, until: &[Position]) {
        for stream in &mut self.streams {
            stream.until = until.iter().find(|end| end.shard == stream.shard).copied();
        }
        self.streams.retain(|stream| stream.until.is_some());
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
                is_done: false,
                passed_bytes: 0,
            });
            self.streams.len() - 1
        });
        let stream = &mut self.streams[at];
        if file.number > stream.opened || !stream.is_followed {
            stream.waiting.push_back(file);
        }
    }

    /// Passes over the segments that hold nothing of this time (Unix µs), going by
    /// the time of their first record and of their seal. They are not read, so
    /// only their sequence numbers are accounted for.
    pub fn pass_over_all_but(&mut self, times: Range<u64>) {
        self.account.times = times;
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
            if stream.head.is_none() && !stream.is_done {
                stream.head = stream.advance(&mut self.account)?;
                stream.is_done = stream.head.is_none() && !stream.is_followed;
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
        self.position = Some(stream.behind(head));
        Ok(Some(stream.entry(head)))
    }

    /// The place behind the click last returned, in its shard.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The next click, shard by shard instead of in the order of time, so that
    /// one segment is open at a time. Not for ledgers that are followed, nor
    /// together with [`next_click`](Self::next_click).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn next_click_by_shard(&mut self) -> anyhow::Result<Option<Entry<'_>>> {
        let head = loop {
            let Some(stream) = self.streams.get_mut(self.at) else {
                return Ok(None);
            };
            match stream.advance(&mut self.account)? {
                Some(head) => break head,
                None => self.at += 1,
            }
        };
        Ok(Some(self.streams[self.at].entry(head)))
    }

    /// What was read so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.account.tally;
        for current in self.streams.iter().filter_map(|stream| stream.current.as_ref()) {
            tally += current.report.tally;
            tally.live += u64::from(current.report.tally.files > 0 && current.is_live);
        }
        tally
    }

    /// Sentences about what is damaged or missing, since the last time.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.account.notes)
    }

    /// The segments that were read to their end, since the last time. They are
    /// kept from the first call on.
    pub fn take_reports(&mut self) -> Vec<SegmentReport> {
        self.account.reports.replace(Vec::new()).unwrap_or_default()
    }

    /// The segments that a server still writes, as far as they were read.
    pub fn live_reports(&self) -> impl Iterator<Item = &SegmentReport> {
        let open = self.streams.iter().filter_map(|stream| stream.current.as_ref());
        open.map(|current| &current.report).filter(|report| report.tally.files > 0)
    }

    /// How many bytes of files there are to be read from here on.
    #[must_use]
    pub fn waiting_bytes(&self) -> u64 {
        let files = self.streams.iter().flat_map(|stream| &stream.waiting);
        files.filter_map(|file| file.path.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// How many of them were read or passed over.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        let read = |stream: &Stream| {
            let current = stream.current.as_ref().map_or(0, |current| current.reader.position());
            stream.passed_bytes + current
        };
        self.streams.iter().map(read).sum()
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

    fn reader(&self) -> &Reader<File> {
        &self.current.as_ref().expect("a click comes from a segment").reader
    }

    /// The place behind the click that was just read.
    fn behind(&self, head: Head) -> Position {
        Position {
            shard: self.shard,
            run: self.reader().header().run,
            segment: self.opened,
            offset: self.reader().position(),
            sequence: head.sequence.saturating_add(1),
        }
    }

    /// The click that was just read.
    fn entry(&self, head: Head) -> Entry<'_> {
        let reader = self.reader();
        let header = reader.header();
        Entry {
            folder: &self.folder,
            shard: header.shard,
            sequence: head.sequence,
            node: header.node,
            segment: header.number,
            offset: head.offset,
            key: header.key,
            id: None,
            click: reader.click(),
        }
    }

    /// Goes to the next click.
    fn advance(&mut self, account: &mut Account) -> anyhow::Result<Option<Head>> {
        loop {
            if self.is_at_end() {
                return Ok(None);
            }
            if self.current.is_none() && !self.open_next(account) {
                return Ok(None);
            }
            let current = self.current.as_mut().expect("one is open");
            let event = current.reader.next(current.is_live);
            let event =
                event.with_context(|| format!("cannot read on in {}", current.report.name))?;
            current.count(&event, account);
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
                Event::End => self.close(account),
                _ => {}
            }
        }
    }

    /// Whether it has been read as far as it is to be read.
    fn is_at_end(&self) -> bool {
        match &self.current {
            Some(current) => self.is_behind_end(current.reader.position()),
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
    fn open_next(&mut self, account: &mut Account) -> bool {
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
                    let before = self.before.filter(|before| before.0 == run);
                    if let Some((_, expected)) = before {
                        reader.expect(expected);
                    }
                    if let Some(from) = self.from.take()
                        && (from.segment, from.run) == (next.number, run)
                    {
                        reader.resume_at(from.offset, from.sequence);
                    }
                    let mut report = SegmentReport::new(name, State::Live);
                    report.header = Some(*reader.header());
                    self.opened = next.number;
                    self.waiting.pop_front();
                    let mut current = Current { reader, report, is_live, notes: 0 };
                    if !current.reader.may_hold(&account.times) {
                        self.pass_over(&mut current, before.map(|before| before.1), account);
                        continue;
                    }
                    self.current = Some(current);
                    return true;
                }
                Ok((Err(refused), false)) => account.cannot_read(name, &refused),
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
                Err(error) => account.cannot_read(name, &error),
            }
            self.opened = next.number;
            self.waiting.pop_front();
        }
        false
    }

    /// Goes past a segment without reading it. What is missing before it is known
    /// all the same.
    fn pass_over(&mut self, current: &mut Current, expected: Option<u64>, account: &mut Account) {
        if let (Some(from), Some(start)) = (expected, current.reader.start())
            && let Some(count @ 1..) = start.first_sequence.checked_sub(from)
        {
            current.count(&Event::Missing { from, count }, account);
        }
        let run = current.reader.header().run;
        self.before = current.reader.seal().map(|seal| (run, seal.last_sequence.saturating_add(1)));
        self.passed_bytes += current.reader.source().bytes().unwrap_or(0);
        current.report.tally.files = 0;
        current.report.tally.passed_over = 1;
        account.tally += current.report.tally;
    }

    fn close(&mut self, account: &mut Account) {
        let Some(Current { reader, mut report, notes, .. }) = self.current.take() else {
            return;
        };
        if let Some(expected) = reader.expected() {
            self.before = Some((reader.header().run, expected));
        }
        self.passed_bytes += reader.source().bytes().unwrap_or(0);
        if notes > BAD_LINES_SHOWN {
            account
                .note(&mut report, format!("and {} more such findings", notes - BAD_LINES_SHOWN));
        }
        if report.tally.files == 0 && !reader.is_begun() {
            // Deleted unused, and the next run gives its number to another.
            self.opened = self.opened.saturating_sub(1);
            return;
        }
        report.tally.files = 1;
        match reader.seal() {
            // Its server has left it and has yet to seal it.
            None if self.live_run == Some(reader.header().run) => {}
            None => {
                report.state = State::Unsealed;
                report.tally.unsealed = 1;
                account.note(&mut report, "not sealed: the server was killed".to_owned());
            }
            Some(seal) => {
                report.state = State::Sealed;
                report.tally.suspect = u64::from(seal.suspect);
                if seal.suspect {
                    let what = "a sync failed while it was written; after a power loss it may lack \
                                clicks";
                    account.note(&mut report, what.to_owned());
                }
            }
        }
        account.finish(report);
    }
}

impl Current {
    /// Adds what was found to the tally, and says it if it is bad.
    fn count(&mut self, event: &Event, account: &mut Account) {
        if *event != Event::End {
            self.report.tally.files = 1;
        }
        if let Some(sentence) = self.report.tally.add(event) {
            self.notes += 1;
            if self.notes <= BAD_LINES_SHOWN {
                account.note(&mut self.report, sentence);
            }
        }
    }
}

/// Whether the file is still without a header.
fn is_blank(file: &File) -> io::Result<bool> {
    let mut page = [0; 512];
    let count = ReadAt::read_at(file, &mut page, 0)?;
    Ok(page[..count].iter().all(|&byte| byte == 0))
}

/// Whether a shard has begun to write the segment at `path`.
fn is_begun(path: &Path) -> bool {
    let reader = File::open(path).and_then(Reader::open);
    reader.is_ok_and(|reader| reader.is_ok_and(|reader| reader.is_begun()))
}
