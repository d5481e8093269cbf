//! Reads one segment, of which any byte may be wrong.
//!
//! A segment is `live` while a server is writing it: then a zero word means
//! "nothing more yet". Once nobody writes it, the same word must be followed by
//! nothing but zeros, or something was damaged.

mod resume;

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use super::damage::DamagedRanges;
use super::event::SegmentEvent;
use super::links::KnownLinks;
use super::source::{ReadAt, read_page, written_span};
use super::strings::ClickStrings;
use super::window::Window;
use crate::clicks::format::click::Click;
use crate::clicks::format::click_bytes::click_with;
use crate::clicks::format::frame::Flaw;
use crate::clicks::format::gap::Gap;
use crate::clicks::format::lengths::SHARED_AT;
use crate::clicks::format::link::LoggedLink;
use crate::clicks::format::record::{DecodedRecord, RecordBody, decode};
use crate::clicks::format::segment::{
    Header, LOST_AT, PageBlock, SEAL_AT, START_AT, Seal, SegmentRefused, StartBlock, read_lost,
};
use crate::clicks::format::text::{StringFields, text_of};
use crate::clicks::format::undelivered::Undelivered;
use crate::limits::SEGMENT_HEADER_BYTES;

/// How often a frame of a segment without a seal is read again before it is
/// damage: the first read may have met the writer, or the seal, halfway.
const REREADS_MAX: u32 = 3;

/// Reads one segment from its beginning, in bounded memory.
#[derive(Debug)]
pub struct SegmentReader<S> {
    source: S,
    header: Header,
    start: Option<StartBlock>,
    seal: Option<Seal>,
    is_begun: bool,
    /// What is left to be told before reading goes on.
    told: VecDeque<SegmentEvent>,
    window: Window,
    at: u64,
    /// Where records end at the latest.
    end: u64,
    /// The number that the next record should have; `None` before the first.
    expected: Option<u64>,
    /// The click last told of, in the window.
    click: Range<usize>,
    /// Its strings that stand elsewhere.
    strings: ClickStrings,
    links: KnownLinks,
    damaged: DamagedRanges,
    clicks: u64,
    is_whole: bool,
    ends_with_gap: bool,
    is_ended: bool,
}

impl<S: ReadAt> SegmentReader<S> {
    /// Begins to read.
    ///
    /// # Errors
    ///
    /// The outer one is the source's; the inner one says why it is no segment.
    pub fn open(source: S) -> io::Result<Result<Self, SegmentRefused>> {
        let mut page = read_page(&source)?;
        let header = match Header::read(&page) {
            Ok(header) => header,
            Err(refused) => return Ok(Err(refused)),
        };
        let mut reader = Self {
            source,
            header,
            start: None,
            seal: None,
            is_begun: false,
            told: VecDeque::new(),
            window: Window::default(),
            at: SEGMENT_HEADER_BYTES as u64,
            end: 0,
            expected: None,
            click: 0..0,
            strings: ClickStrings::default(),
            links: KnownLinks::default(),
            damaged: DamagedRanges::default(),
            clicks: 0,
            is_whole: true,
            ends_with_gap: false,
            is_ended: false,
        };
        let salt = header.salt;
        let is_damaged = |page: &[u8]| {
            matches!(StartBlock::read(page, salt), PageBlock::Damaged(_))
                || matches!(Seal::read(page, salt), PageBlock::Damaged(_))
        };
        if is_damaged(&page) {
            // The first read may have met the server while it sealed.
            page = read_page(&reader.source)?;
        }
        reader.note_blocks(&page);
        reader.find_end()?;
        Ok(Ok(reader))
    }

    /// What the segment says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where its bytes come from.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What its shard noted with the first record; `None` also if that is damaged.
    #[must_use]
    pub fn start(&self) -> Option<&StartBlock> {
        self.start.as_ref()
    }

    /// What it was sealed with; `None` while it is written, and after a kill.
    #[must_use]
    pub fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// Whether its shard has begun to write it.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Whether a record of these times (Unix µs) may be in it. `true` also where
    /// its first page does not tell: without a seal nobody has said yet whether the clock
    /// was set back meanwhile, or where the seal says that it was.
    #[must_use]
    pub fn may_hold(&self, times: &Range<u64>) -> bool {
        let (Some(start), Some(seal)) = (self.start, self.seal) else { return true };
        let is_in_order = !seal.set_back && start.first_us <= seal.last_us;
        !is_in_order || start.first_us < times.end && times.start <= seal.last_us
    }

    /// How far it was read, bytes.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The number that the record after the last one told of should have.
    #[must_use]
    pub fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// Says which number the first record should have, where the segment before
    /// this one in the same run is known.
    pub fn expect(&mut self, sequence: u64) {
        self.expected = Some(sequence);
    }

    /// The click that the last event told of. A string that damage has taken is
    /// empty, and flagged as cut.
    ///
    /// # Panics
    ///
    /// If the last event was not [`SegmentEvent::Click`].
    #[must_use]
    pub fn click(&self) -> Click<'_> {
        let record = self.window.get(self.click.clone());
        click_with(record, |kind| self.strings.get(kind)).expect("the last event was a click")
    }

    /// What a link was that clicks of this segment are of, as the records that were
    /// passed last said; `None` also if there is too much to keep, and behind damage.
    #[must_use]
    pub fn link(&self, link: u64, variant: u8) -> Option<LoggedLink<'_>> {
        self.links.get(link, variant)
    }

    /// What is known of links so far.
    pub(super) fn links(&self) -> &KnownLinks {
        &self.links
    }

    /// The next piece. `is_live` says whether a server may still be writing
    /// this segment; after [`SegmentEvent::End`] of a live one, ask again later.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn next(&mut self, is_live: bool) -> io::Result<SegmentEvent> {
        let mut rereads = 0;
        loop {
            if let Some(event) = self.told.pop_front() {
                return Ok(event);
            }
            if self.is_ended {
                return Ok(SegmentEvent::End);
            }
            let reason = match self.look()? {
                Look::Record { bytes, sequence, after, what } => {
                    let expected = self.expected.unwrap_or(sequence);
                    if sequence >= expected {
                        self.take(bytes, sequence, after, what)?;
                        continue;
                    }
                    Flaw::Sequence
                }
                Look::End | Look::Absent if is_live && self.seal.is_none() => {
                    self.refresh()?;
                    if self.seal.is_none() {
                        return Ok(SegmentEvent::End);
                    }
                    continue;
                }
                Look::End => {
                    self.finish()?;
                    continue;
                }
                Look::Absent if self.seal.is_none() && self.rest()?.is_none() => {
                    self.finish()?;
                    continue;
                }
                Look::Absent => Flaw::Hole,
                Look::Damaged(reason) => reason,
            };
            if (is_live || self.seal.is_none()) && rereads < REREADS_MAX {
                rereads += 1;
                self.refresh()?;
                continue;
            }
            if !self.resume(reason, is_live)? {
                return Ok(SegmentEvent::End);
            }
        }
    }

    /// The span of what is written from the present place on.
    fn rest(&self) -> io::Result<Option<(u64, u64)>> {
        written_span(&self.source, self.at, self.end)
    }

    /// Goes past a record that holds, and tells of it. The window stays as it is
    /// until all is told.
    fn take(&mut self, bytes: usize, sequence: u64, after: u64, what: Passed) -> io::Result<()> {
        let expected = self.expected.replace(after).unwrap_or(sequence);
        if sequence > expected {
            self.is_whole = false;
            self.links.forget();
            self.told
                .push_back(SegmentEvent::Missing { from: expected, count: sequence - expected });
        }
        let offset = self.at;
        let range = self.window.range(offset, bytes);
        match what {
            Passed::Click { time_us, fields } => {
                self.clicks += 1;
                self.ends_with_gap = false;
                self.click = range;
                self.find_strings(offset, &fields)?;
                self.told.push_back(SegmentEvent::Click { offset, sequence, time_us });
            }
            Passed::Gap(gap) => {
                self.ends_with_gap = true;
                self.told.push_back(SegmentEvent::Lost(gap));
            }
            Passed::Text => {
                let text = text_of(self.window.get(range)).expect("it is a text");
                self.strings.pass(offset, text);
            }
            Passed::Link => {
                let record = self.window.get(range);
                self.links.keep(&LoggedLink::of(record).expect("it is a link"), record);
                self.told.push_back(SegmentEvent::Link { offset });
            }
            Passed::Undelivered(it) => self.told.push_back(SegmentEvent::Undelivered(it)),
            Passed::Other => {}
        }
        self.at += bytes as u64;
        Ok(())
    }

    /// Finds the strings of the click at `offset`. One that is nowhere is told as
    /// damage of the click, if not as damage of its own.
    fn find_strings(&mut self, offset: u64, fields: &StringFields) -> io::Result<()> {
        self.strings.find(&self.source, &self.header, offset, fields)?;
        for (kind, field) in fields.iter().enumerate() {
            let Some(place) = field.place().filter(|_| self.strings.get(kind).is_none()) else {
                continue;
            };
            if !self.damaged.contain(place.offset()) {
                self.tell_damage(offset + (SHARED_AT + 4 * kind) as u64, 4, Flaw::Reference);
            }
        }
        Ok(())
    }

    /// What stands at `at`, and the bytes from there on, up to the longest record.
    fn record_at(&mut self, at: u64) -> io::Result<(DecodedRecord<'_>, &[u8])> {
        let bytes_max = self.header.record_bytes_max();
        let bytes = self.window.view(&self.source, at, bytes_max, self.end)?;
        Ok((decode(bytes, self.header.salt, bytes_max), bytes))
    }

    /// What stands at the present place.
    fn look(&mut self) -> io::Result<Look> {
        if self.at >= self.end {
            return Ok(Look::End);
        }
        let record = match self.record_at(self.at)?.0 {
            DecodedRecord::Whole(record) => record,
            DecodedRecord::Absent => return Ok(Look::Absent),
            DecodedRecord::Damaged(reason) => return Ok(Look::Damaged(reason)),
        };
        let (bytes, sequence, after) = (record.bytes, record.sequence, record.sequence_after());
        let what = match record.body {
            RecordBody::Click(click, fields) => Passed::Click { time_us: click.time_us, fields },
            RecordBody::Gap(gap) => Passed::Gap(gap),
            RecordBody::Text(_) => Passed::Text,
            RecordBody::Link(_) => Passed::Link,
            RecordBody::Undelivered(it) => Passed::Undelivered(it),
            RecordBody::Other(_) => Passed::Other,
        };
        Ok(Look::Record { bytes, sequence, after, what })
    }

    /// Looks for the next record that holds, and tells what was skipped.
    /// `false` if there is none and a live segment may still get one.
    fn resume(&mut self, reason: Flaw, is_live: bool) -> io::Result<bool> {
        let from = self.at;
        let (expected, bytes_max) = (self.expected.unwrap_or(0), self.header.record_bytes_max());
        let mut at = from + 8;
        while at < self.end {
            let (found, bytes) = self.record_at(at)?;
            match found {
                DecodedRecord::Whole(record) if record.sequence >= expected => {
                    self.at = at;
                    self.tell_damage(from, at - from, reason);
                    // One of them may have been told anew there.
                    self.links.forget();
                    return Ok(true);
                }
                DecodedRecord::Absent => {
                    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count() / 8 * 8;
                    at += zeros as u64;
                    if zeros == bytes_max {
                        at = self.source.data_from(at)?.unwrap_or(self.end) / 8 * 8;
                    }
                }
                _ => at += 8,
            }
        }
        if is_live && self.seal.is_none() {
            self.window.clear();
            return Ok(false);
        }
        let bytes = match self.seal {
            // It may have become shorter meanwhile.
            Some(_) => self.end.saturating_sub(from),
            None => self.rest()?.map_or(0, |(_, last)| last - from),
        };
        // The first word is stored last: where it is missing, and what follows
        // is no longer than a record, the writer was stopped halfway.
        let is_torn = reason == Flaw::Hole && bytes <= bytes_max as u64;
        if self.seal.is_none() && is_torn {
            self.told.push_back(SegmentEvent::TornTail { offset: from, bytes });
        } else {
            self.tell_damage(from, bytes, reason);
        }
        self.at = self.end;
        Ok(true)
    }

    /// Reads the first page again, and forgets what was read of the rest.
    fn refresh(&mut self) -> io::Result<()> {
        self.window.clear();
        if self.seal.is_none() {
            let page = read_page(&self.source)?;
            self.is_begun |= StartBlock::read(&page, self.header.salt) != PageBlock::Absent;
            if let PageBlock::Written(seal) = Seal::read(&page, self.header.salt) {
                self.seal = Some(seal);
            }
        }
        self.find_end()
    }

    /// Where records end at the latest.
    fn find_end(&mut self) -> io::Result<()> {
        let bytes = self.source.bytes()?;
        self.end = self.seal.map_or(bytes, |seal| seal.used_bytes.min(bytes));
        Ok(())
    }

    /// Takes start block and seal from the first page, and what is wrong there.
    fn note_blocks(&mut self, page: &[u8]) {
        let salt = self.header.salt;
        let start = StartBlock::read(page, salt);
        self.is_begun = start != PageBlock::Absent;
        match start {
            PageBlock::Written(start) => {
                self.start = Some(start);
                self.expected = Some(start.first_sequence);
            }
            PageBlock::Absent => {}
            PageBlock::Damaged(reason) => self.tell_damage(START_AT as u64, 24, reason),
        }
        match Seal::read(page, salt) {
            PageBlock::Written(seal) => self.seal = Some(seal),
            PageBlock::Absent => {}
            PageBlock::Damaged(reason) => self.tell_damage(SEAL_AT as u64, 64, reason),
        }
    }

    fn tell_damage(&mut self, offset: u64, bytes: u64, reason: Flaw) {
        self.is_whole = false;
        self.damaged.add(offset..offset.saturating_add(bytes));
        self.told.push_back(SegmentEvent::Damage { offset, bytes, reason });
    }

    /// The last words on a segment that nobody writes any more, unless it has
    /// just been sealed and is to be read on up to the seal.
    fn finish(&mut self) -> io::Result<()> {
        let here = self.source.bytes()?;
        if self.seal.is_none() {
            // The server may seal, and then cut, a segment that it has left.
            self.refresh()?;
            if self.seal.is_some() {
                return Ok(());
            }
        }
        self.is_ended = true;
        let should = self.seal.map_or(self.header.file_bytes, |seal| seal.used_bytes);
        if here < should {
            self.tell_damage(here, should - here, Flaw::Cut);
        }
        if let Some(seal) = self.seal {
            let expected = self.expected.unwrap_or(seal.first_sequence);
            if expected <= seal.last_sequence {
                self.is_whole = false;
                let count = seal.last_sequence - expected + 1;
                self.told.push_back(SegmentEvent::Missing { from: expected, count });
                self.expected = Some(seal.last_sequence.saturating_add(1));
            } else if self.is_whole && self.clicks != seal.clicks {
                self.tell_damage(SEAL_AT as u64, 64, Flaw::Count);
            }
        } else if !self.ends_with_gap {
            self.tell_lost()?;
        }
        Ok(())
    }

    /// Clicks that were lost just before a kill, which no record tells.
    fn tell_lost(&mut self) -> io::Result<()> {
        match read_lost(&read_page(&self.source)?, self.header.salt) {
            PageBlock::Written(count) => {
                self.expected = self.expected.map(|expected| expected.saturating_add(count));
                self.told.push_back(SegmentEvent::Lost(Gap { count, from_us: 0, to_us: 0 }));
            }
            PageBlock::Absent => {}
            PageBlock::Damaged(reason) => self.tell_damage(LOST_AT as u64, 8, reason),
        }
        Ok(())
    }
}

/// What stands at a place.
enum Look {
    /// A record: its length and number, and the number after it.
    Record {
        bytes: usize,
        sequence: u64,
        after: u64,
        what: Passed,
    },
    Absent,
    Damaged(Flaw),
    End,
}

/// What a record holds, as far as it concerns the way through the segment.
enum Passed {
    Click { time_us: u64, fields: StringFields },
    Gap(Gap),
    Text,
    Link,
    Undelivered(Undelivered),
    Other,
}
