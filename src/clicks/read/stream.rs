//! The segments of one shard, one after the other.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::account::Account;
use super::compare::{self, Compared, FolderList};
use super::entry::{EntryLink, LedgerEntry};
use super::event::SegmentEvent;
use super::position::Position;
use super::reader::SegmentReader;
use super::source::ReadAt;
use super::tally::{SegmentReport, SegmentState};
use crate::clicks::folder::{self, SegmentFile};
use crate::limits::BAD_LINES_SHOWN;

/// The segments of one shard of one folder.
#[derive(Debug)]
pub(super) struct ShardStream {
    pub(super) folder: PathBuf,
    pub(super) shard: u16,
    pub(super) waiting: VecDeque<SegmentFile>,
    pub(super) current: Option<Current>,
    /// Number of the last segment opened, so that it is not taken up again.
    pub(super) opened: u64,
    /// Run of the last segment, and the number that its next click should have.
    pub(super) before: Option<(u64, u64)>,
    /// The click that is next in this stream.
    pub(super) next: Option<NextClick>,
    /// Where its first segment is read from.
    pub(super) from: Option<Position>,
    /// Where it ends.
    pub(super) until: Option<Position>,
    /// The run whose server holds the folder.
    pub(super) live_run: Option<u64>,
    pub(super) is_followed: bool,
    /// There is nothing more, and nobody waits for more.
    pub(super) is_done: bool,
    /// Length of the segments that are done with, bytes.
    pub(super) passed_bytes: u64,
}

/// A click that was gone to, and not yet handed out.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextClick {
    pub(super) time_us: u64,
    pub(super) sequence: u64,
    pub(super) offset: u64,
}

#[derive(Debug)]
pub(super) struct Current {
    pub(super) reader: SegmentReader<File>,
    pub(super) report: SegmentReport,
    pub(super) is_live: bool,
    /// How many findings there are, shown or not.
    pub(super) notes: usize,
}

impl ShardStream {
    /// One without segments yet.
    pub(super) fn new(folder: PathBuf, shard: u16, is_followed: bool) -> Self {
        Self {
            folder,
            shard,
            waiting: VecDeque::new(),
            current: None,
            opened: 0,
            before: None,
            next: None,
            from: None,
            until: None,
            live_run: None,
            is_followed,
            is_done: false,
            passed_bytes: 0,
        }
    }

    /// Passes over what lies before this shard's position.
    pub(super) fn resume(&mut self, from: &[Position]) {
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

    fn reader(&self) -> &SegmentReader<File> {
        &self.current.as_ref().expect("a click comes from a segment").reader
    }

    /// The place behind the click that was just read.
    pub(super) fn behind(&self, click: NextClick) -> Position {
        Position {
            shard: self.shard,
            run: self.reader().header().run,
            segment: self.opened,
            offset: self.reader().position(),
            sequence: click.sequence.saturating_add(1),
        }
    }

    /// The click that was just read.
    pub(super) fn entry(&self, click: NextClick) -> LedgerEntry<'_> {
        let reader = self.reader();
        let header = reader.header();
        LedgerEntry {
            folder: &self.folder,
            shard: header.shard,
            sequence: click.sequence,
            node: header.node,
            segment: header.number,
            offset: click.offset,
            key: header.key,
            id: None,
            click: reader.click(),
            link: EntryLink::In(reader.links()),
        }
    }

    /// Goes to the next click.
    pub(super) fn advance(&mut self, account: &mut Account) -> anyhow::Result<Option<NextClick>> {
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
                SegmentEvent::Click { offset, sequence, time_us } => {
                    let next = NextClick { time_us, sequence, offset };
                    // Damage may have taken the one that was to be the last.
                    return Ok((!self.is_behind_end(offset)).then_some(next));
                }
                SegmentEvent::End if current.is_live && current.reader.seal().is_none() => {
                    if !self.is_left_behind() {
                        return Ok(None);
                    }
                    // Nobody writes it any more: the rest is read for good.
                    self.current.as_mut().expect("one is open").is_live = false;
                }
                SegmentEvent::End => self.close(account),
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

    /// Whether the server is done with the present segment: it has begun a later one,
    /// which need not be the next, or is gone.
    fn is_left_behind(&self) -> bool {
        let run = self.current.as_ref().map(|current| current.reader.header().run);
        self.live_run != run || self.waiting.iter().any(is_begun)
    }

    /// Whether a server may still change which segments there are.
    fn may_grow(&self) -> bool {
        self.is_followed || self.live_run.is_some()
    }

    /// Tells of the next segment before number `before` that should be there and is gone;
    /// `false` if there is none.
    fn miss_next(&mut self, before: u64, account: &mut Account) -> bool {
        let Some(list) = account.list(&self.folder) else { return false };
        let Some((number, known)) = list.gone(self.shard, self.opened, before) else {
            return false;
        };
        self.opened = number;
        let name = self.folder.join(folder::segment_name(self.shard, number));
        let mut report = SegmentReport::new(name.display().to_string(), SegmentState::Gone);
        if let Some(contents) = &known.contents {
            self.before = Some((known.run, contents.last.saturating_add(1)));
            (report.tally.missing, report.tally.lost) = (contents.clicks, contents.lost);
            report.tally.gaps = u64::from(contents.clicks > 0);
        }
        report.tally.gone = 1;
        account.note(&mut report, compare::sentence(&known));
        account.finish(report);
        true
    }

    /// Opens the next segment that a server has begun; `false` if there is none.
    fn open_next(&mut self, account: &mut Account) -> bool {
        loop {
            let before = self.waiting.front().map_or(u64::MAX, |next| next.number);
            if !self.miss_next(before, account)
                && let Some(is_open) = self.open_waiting(account)
            {
                return is_open;
            }
        }
    }

    /// The same of those that were there; `None` where one was passed over or is not there
    /// any more.
    fn open_waiting(&mut self, account: &mut Account) -> Option<bool> {
        while let Some(next) = self.waiting.front() {
            let name = next.path.display().to_string();
            let is_last = self.waiting.len() == 1;
            let opened = next.open().and_then(|file| {
                let is_blank = compare::is_blank(&file)?;
                Ok((SegmentReader::open(file)?, is_blank))
            });
            match opened {
                // A server is just making it.
                Ok((Err(_), true)) if is_last && self.may_grow() => return Some(false),
                Ok((Ok(reader), _)) => return self.take_up(reader, name, account),
                Ok((Err(refused), false)) => account.cannot_read(name, &refused),
                // The list knows whether that is right.
                Ok((Err(_), true)) => {
                    self.waiting.pop_front();
                    return None;
                }
                // Unused ones are deleted when a server stops, and the next run
                // gives the number to another. Sequence numbers tell of others.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.went_meanwhile(account);
                    return None;
                }
                Err(error) => account.cannot_read(name, &error),
            }
            self.opened = next.number;
            self.waiting.pop_front();
        }
        Some(false)
    }

    /// Goes to the first of those that wait, which was opened, if a server has begun it;
    /// `None` where it was passed over.
    fn take_up(
        &mut self,
        mut reader: SegmentReader<File>,
        name: String,
        account: &mut Account,
    ) -> Option<bool> {
        let number = self.waiting.front()?.number;
        let run = reader.header().run;
        // Asked again now that the file is open: the server that made
        // it may have started since the folder was looked at.
        if reader.seal().is_none() && self.live_run != Some(run) {
            self.live_run = folder::live_run(&self.folder);
        }
        let is_live = reader.seal().is_none() && self.live_run == Some(run);
        if is_live && !reader.is_begun() {
            if self.is_passed_over() {
                self.waiting.pop_front();
                return None;
            }
            return Some(false); // its server keeps it ready
        }
        let place = (self.shard, number);
        let is_ordinary = reader.seal().is_none() || self.live_run == Some(run);
        let is_strange = account.list(&self.folder).is_some_and(|list| {
            list.identify(place, reader.header(), is_ordinary) != Compared::Same
        });
        if let (Some(list), Some(_)) = (account.list(&self.folder), self.before)
            && list.has_deleted(self.shard, self.opened, number)
        {
            self.before = None;
        }
        let before = self.before.filter(|before| before.0 == run && !is_strange);
        if let Some((_, expected)) = before {
            reader.expect(expected);
        }
        if let Some(from) = self.from.take()
            && (from.segment, from.run) == (number, run)
            && let Err(error) = reader.resume_at(from.offset, from.sequence)
        {
            account.cannot_read(name, &error);
            self.opened = number;
            self.waiting.pop_front();
            return None;
        }
        let mut report = SegmentReport::new(name, SegmentState::Live);
        report.header = Some(*reader.header());
        report.is_strange = is_strange;
        self.opened = number;
        self.waiting.pop_front();
        let mut current = Current { reader, report, is_live, notes: 0 };
        if !current.reader.may_hold(&account.times) {
            self.pass_over(&mut current, before.map(|before| before.1), account);
            return None;
        }
        self.current = Some(current);
        Some(true)
    }

    /// Whether a live server will not begin the next segment any more: it has begun a
    /// later one, as it could use the disk of this one no longer.
    fn is_passed_over(&self) -> bool {
        let is_later_begun = self.waiting.iter().skip(1).any(is_begun);
        // It may have been begun, and filled, since it was looked at.
        is_later_begun && !self.waiting.front().is_some_and(is_begun)
    }

    /// The next segment is not there any more. If carom has just deleted it, its numbers
    /// are not missed.
    fn went_meanwhile(&mut self, account: &mut Account) {
        let Some(next) = self.waiting.pop_front() else { return };
        let list = account.list(&self.folder);
        if list.is_some_and(|list| list.was_deleted(next.shard, next.number)) {
            self.before = None;
        }
    }

    /// Goes past a segment without reading it. What is missing before it is known
    /// all the same.
    fn pass_over(&mut self, current: &mut Current, expected: Option<u64>, account: &mut Account) {
        if let (Some(from), Some(start)) = (expected, current.reader.start())
            && let Some(count @ 1..) = start.first_sequence.checked_sub(from)
        {
            current.count(&SegmentEvent::Missing { from, count }, account);
        }
        if !current.report.is_strange {
            let run = current.reader.header().run;
            let seal = current.reader.seal();
            self.before = seal.map(|seal| (run, seal.last_sequence.saturating_add(1)));
        }
        self.pass_bytes(&current.reader);
        current.report.tally.files = 0;
        current.report.tally.passed_over = 1;
        account.tally += current.report.tally;
    }

    fn pass_bytes(&mut self, reader: &SegmentReader<File>) {
        let bytes = reader.source().bytes().unwrap_or(0);
        self.passed_bytes = self.passed_bytes.saturating_add(bytes);
    }

    fn close(&mut self, account: &mut Account) {
        let Some(Current { reader, mut report, notes, .. }) = self.current.take() else {
            return;
        };
        // The numbers of what somebody put there say nothing of others.
        if let Some(expected) = reader.expected()
            && !report.is_strange
        {
            self.before = Some((reader.header().run, expected));
        }
        self.pass_bytes(&reader);
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
        self.compare(&reader, &mut report, account);
        match reader.seal() {
            // Its server has left it and has yet to seal it.
            None if self.live_run == Some(reader.header().run) => {}
            None => {
                report.state = SegmentState::Unsealed;
                report.tally.unsealed = 1;
                account.note(&mut report, "not sealed: the server was killed".to_owned());
                let list = account.list(&self.folder);
                let path = Path::new(&report.name);
                let is_over = self.live_run.is_none();
                let lacks = |list: &mut FolderList| {
                    is_over && list.lacks_image(self.shard, self.opened, path)
                };
                if list.is_some_and(lacks) {
                    report.tally.changed = 1;
                    let what = "its image in the stage was removed or emptied: clicks recorded in \
                                it after the last sync are gone, and nothing tells how many";
                    account.note(&mut report, what.to_owned());
                }
            }
            Some(seal) => {
                report.state = SegmentState::Sealed;
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

impl ShardStream {
    /// Compares a segment that was read to its end with the list of its folder.
    fn compare(
        &self,
        reader: &SegmentReader<File>,
        report: &mut SegmentReport,
        account: &mut Account,
    ) {
        let Some(list) = account.list(&self.folder) else {
            return account.miss_list(&self.folder, reader.header());
        };
        let place = (self.shard, self.opened);
        let is_ordinary = reader.seal().is_none() || self.live_run == Some(reader.header().run);
        let identified = list.identify(place, reader.header(), is_ordinary);
        let compared = match identified {
            Compared::Same => list.compare(place, reader.header(), reader.source(), &report.tally),
            strange => Ok(strange),
        };
        let is_in_spare = || Path::new(&report.name).parent() != Some(&*self.folder);
        let sentence = match compared {
            Ok(Compared::Same) => return,
            // It was made there while the disk of the list may have taken no line.
            Ok(Compared::Unlisted) if !list.has_keys() && is_in_spare() => return,
            Ok(Compared::Changed(how)) => {
                format!("it is not the segment that carom wrote: {how}. Put it back from a copy")
            }
            Ok(Compared::Unsigned) => {
                "carom's list of segments does not tell of it, and its header \
                                       is not signed: a carom from before there were lists wrote \
                                       it here, or somebody put it here"
                    .to_owned()
            }
            Ok(Compared::Unlisted) => "it was put here by somebody else: carom's list of segments \
                                       does not tell of it"
                .to_owned(),
            Err(error) => format!("it cannot be compared with the list of segments: {error}"),
        };
        report.tally.changed = 1;
        account.note(report, sentence);
    }
}

impl Current {
    /// Adds what was found to the tally, and says it if it is bad.
    fn count(&mut self, event: &SegmentEvent, account: &mut Account) {
        if *event != SegmentEvent::End {
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

/// Whether a shard has begun to write this segment.
fn is_begun(segment: &SegmentFile) -> bool {
    let reader = segment.open().and_then(SegmentReader::open);
    reader.is_ok_and(|reader| reader.is_ok_and(|reader| reader.is_begun()))
}
