//! Many segments as one stream of clicks: per shard by number, the shards merged
//! by time. Also while a server is still writing them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::account::Account;
use super::compare::{FolderList, ListNote, Weight};
use super::entry::LedgerEntry;
use super::position::Position;
use super::stream::ShardStream;
use super::tally::{SegmentReport, Tally};
use crate::clicks::folder::{self, Listing, SegmentFile, Stray};
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::format::listed::Deletion;
use crate::clicks::list::known::DeletedSum;

/// Reads folders and files of segments, in memory bounded by the number of
/// shards.
#[derive(Debug)]
pub struct Ledger {
    streams: Vec<ShardStream>,
    /// The folders that are read.
    folders: Vec<PathBuf>,
    /// Those that are followed.
    followed: Vec<PathBuf>,
    /// What is called as a segment and is none: all of them, and those still to be
    /// told of.
    strays: BTreeSet<PathBuf>,
    untold: Vec<Stray>,
    /// Folders of whose stage it was said that it cannot be read.
    unstaged: BTreeSet<PathBuf>,
    /// Behind the click last returned.
    position: Option<Position>,
    account: Account,
    /// Streams before this one were read to their end, where they are not merged.
    at: usize,
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
            folders: Vec::new(),
            followed: Vec::new(),
            strays: BTreeSet::new(),
            untold: Vec::new(),
            unstaged: BTreeSet::new(),
            position: None,
            account: Account::default(),
            at: 0,
        };
        for path in paths {
            if is_folder(path).with_context(|| format!("cannot read {}", path.display()))? {
                ledger.add_folder(path, follow)?;
                ledger.folders.push(path.clone());
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

    fn tell_strays(&mut self) {
        for Stray { named, why } in self.untold.drain(..) {
            self.account.cannot_read(named.path.display().to_string(), &why);
        }
    }

    fn place(&self, folder: &Path, shard: u16) -> Option<usize> {
        self.streams.iter().position(|stream| stream.shard == shard && stream.folder == folder)
    }

    /// Takes up the segments of a folder that are not known yet.
    fn add_folder(&mut self, folder: &Path, is_followed: bool) -> anyhow::Result<()> {
        let Listing { segments, strays, unstaged } = folder::look(folder)
            .with_context(|| format!("cannot read the click folder {}", folder.display()))?;
        for stream in &mut self.streams {
            if stream.folder == folder {
                // Unused segments are deleted when a server stops.
                stream.waiting.clear();
            }
        }
        for stray in strays {
            if self.strays.insert(stray.named.path.clone()) {
                self.untold.push(stray);
            }
        }
        if let Some(why) = unstaged
            && self.unstaged.insert(folder.to_owned())
        {
            // It says how whole the ledger is, too: see `take_notes`.
            let (weight, sentence) = (Weight::Unproven, why.clone());
            self.account.list_notes.push(ListNote { weight, sentence });
            self.account.notes.push(why);
        }
        for file in segments {
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
            self.streams.push(ShardStream::new(folder, file.shard, is_followed));
            self.streams.len() - 1
        });
        let stream = &mut self.streams[at];
        if file.number > stream.opened || !stream.is_followed {
            stream.waiting.push_back(file);
        }
    }

    /// Compares what is read from folders with their lists of segments: what is gone and
    /// was not deleted by carom is missed, and what was changed is told of. `keys` are
    /// those of a folder, if they can be read.
    pub fn compare_with_lists(&mut self, mut keys: impl FnMut(&Path) -> Option<ListKeys>) {
        for folder in &self.folders {
            let Account { list_notes, tally, lists, .. } = &mut self.account;
            let (list, flaws) = FolderList::open(folder, keys(folder), list_notes);
            tally.list_flaws += flaws;
            for shard in list.shards() {
                let is_it = |it: &ShardStream| it.shard == shard && it.folder == *folder;
                if !self.streams.iter().any(is_it) {
                    let is_followed = self.followed.contains(folder);
                    let mut stream = ShardStream::new(folder.clone(), shard, is_followed);
                    stream.live_run = folder::live_run(folder);
                    self.streams.push(stream);
                }
            }
            lists.push(list);
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
    pub fn next_click(&mut self) -> anyhow::Result<Option<LedgerEntry<'_>>> {
        self.tell_strays();
        let mut first: Option<(u64, usize)> = None;
        for (index, stream) in self.streams.iter_mut().enumerate() {
            if stream.next.is_none() && !stream.is_done {
                stream.next = stream.advance(&mut self.account)?;
                stream.is_done = stream.next.is_none() && !stream.is_followed;
            }
            if let Some(next) = stream.next
                && first.is_none_or(|(earliest, _)| next.time_us < earliest)
            {
                first = Some((next.time_us, index));
            }
        }
        let Some((_, index)) = first else {
            return Ok(None);
        };
        let stream = &mut self.streams[index];
        let next = stream.next.take().expect("it was just found");
        self.position = Some(stream.behind(next));
        Ok(Some(stream.entry(next)))
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
    pub fn next_click_by_shard(&mut self) -> anyhow::Result<Option<LedgerEntry<'_>>> {
        self.tell_strays();
        let next = loop {
            let Some(stream) = self.streams.get_mut(self.at) else {
                return Ok(None);
            };
            match stream.advance(&mut self.account)? {
                Some(next) => break next,
                None => self.at += 1,
            }
        };
        Ok(Some(self.streams[self.at].entry(next)))
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
        let is_flaw = |note: &ListNote| note.weight == Weight::Flaw;
        let flaws = self.take_list_notes().into_iter().filter(is_flaw);
        let mut notes: Vec<_> = flaws.map(|note| note.sentence).collect();
        notes.append(&mut self.account.notes);
        notes
    }

    /// What is to be said of lists of segments, since the last time.
    pub fn take_list_notes(&mut self) -> Vec<ListNote> {
        std::mem::take(&mut self.account.list_notes)
    }

    /// What carom has deleted by rule of the folders that are compared with their lists.
    #[must_use]
    pub fn deleted_by_rule(&self) -> BTreeMap<Deletion, DeletedSum> {
        let mut sums = BTreeMap::<_, DeletedSum>::new();
        for (deletion, sum) in self.account.lists.iter().flat_map(FolderList::deleted_by_rule) {
            *sums.entry(deletion).or_default() += sum;
        }
        sums
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
        let sizes = files.filter_map(|file| Some(file.path.metadata().ok()?.len()));
        sizes.fold(0, u64::saturating_add)
    }

    /// How many of them were read or passed over.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        let read = |stream: &ShardStream| {
            let current = stream.current.as_ref().map_or(0, |current| current.reader.position());
            stream.passed_bytes.saturating_add(current)
        };
        self.streams.iter().map(read).fold(0, u64::saturating_add)
    }
}

/// Whether this is a folder; `false` also for a segment that stands in a stage alone.
fn is_folder(path: &Path) -> io::Result<bool> {
    let metadata = path.metadata();
    let name = path.file_name().and_then(|name| name.to_str());
    match (metadata, name.and_then(folder::parse_segment_name)) {
        (Err(error), Some((shard, number))) if error.kind() == io::ErrorKind::NotFound => {
            let file = SegmentFile { shard, number, path: path.to_owned() };
            file.open().map(|_| false).map_err(|_| error)
        }
        (metadata, _) => Ok(metadata?.is_dir()),
    }
}
