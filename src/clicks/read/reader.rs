//! Reads one segment, of which any byte may be wrong.
//!
//! A segment is `live` while a server is writing it: then a zero word means
//! "nothing more yet". Once nobody writes it, the same word must be followed by
//! nothing but zeros, or something was damaged.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use super::source::{ReadAt, written_span};
use super::texts::KnownTexts;
use crate::clicks::format::frame::Flaw;
use crate::clicks::format::record::{
    Body, Click, Decoded, Gap, RECORD_BYTES_MAX, SHARED, SHARED_AT, SHARED_CUTS,
    TEXT_RECORD_BYTES_MAX, TextPlace, TextPlaces, click_of, decode, text_of,
};
use crate::clicks::format::segment::{
    Header, LOST_AT, PageBlock, SEAL_AT, START_AT, Seal, SegmentRefused, StartBlock, read_lost,
};
use crate::limits::SEGMENT_HEADER_BYTES;

/// How much is read in one go, bytes.
const WINDOW_BYTES: usize = 256 * 1024;
/// How often a frame of a segment without a seal is read again before it is
/// damage: the first read may have met the writer, or the seal, halfway.
const REREADS_MAX: u32 = 3;
/// How many damaged ranges are remembered one by one.
const DAMAGED_MAX: usize = 64;

/// What a segment holds, piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentEvent {
    /// A click; [`SegmentReader::click`] is what it says.
    Click {
        /// Where in the file.
        offset: u64,
        /// Its number.
        sequence: u64,
        /// When, Unix µs.
        time_us: u64,
    },
    /// Clicks that the server counted but had no room for. Times are 0 where
    /// it was killed before it could note them.
    Lost(Gap),
    /// Numbers that no record has: clicks that were recorded and are gone.
    Missing {
        /// The first such number.
        from: u64,
        /// How many.
        count: u64,
    },
    /// Bytes that should be a record, or a part of the first page, and are not.
    Damage {
        /// Where in the file.
        offset: u64,
        /// How many.
        bytes: u64,
        /// What is wrong where they begin.
        reason: Flaw,
    },
    /// The last record was being written when the server was killed. Its reply
    /// was never sent.
    TornTail {
        /// Where in the file.
        offset: u64,
        /// How many bytes of it were written.
        bytes: u64,
    },
    /// There is nothing more; in a live segment, nothing more yet.
    End,
}

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
    window: Vec<u8>,
    /// Where in the file the window begins.
    window_at: u64,
    at: u64,
    /// Where records end at the latest.
    end: u64,
    /// The number that the next record should have; `None` before the first.
    expected: Option<u64>,
    /// The click last told of, in the window.
    click: Range<usize>,
    /// Where its strings stand in `texts`, if they do; `None` also if they are
    /// nowhere.
    shared: [Option<Range<usize>>; SHARED],
    texts: KnownTexts,
    /// Where damage was told. Where there is too much, one range for the rest.
    damaged: Vec<Range<u64>>,
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
            window: Vec::new(),
            window_at: 0,
            at: SEGMENT_HEADER_BYTES as u64,
            end: 0,
            expected: None,
            click: 0..0,
            shared: Default::default(),
            texts: KnownTexts::default(),
            damaged: Vec::new(),
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
    /// its first page does not tell, or says that the clock was set back.
    #[must_use]
    pub fn may_hold(&self, times: &Range<u64>) -> bool {
        let first_us = self.start.map_or(0, |start| start.first_us);
        match self.seal {
            Some(seal) if seal.last_us < first_us => true,
            Some(seal) => first_us < times.end && times.start <= seal.last_us,
            None => first_us < times.end,
        }
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

    /// Begins at `offset`, where a record ends, instead of with the first one.
    /// The next record should have this number.
    pub fn resume_at(&mut self, offset: u64, sequence: u64) {
        self.at = offset;
        self.expected = Some(sequence);
        // The seal counts the clicks before it too.
        self.is_whole = false;
    }

    /// The click that the last event told of. A string that damage has taken is
    /// empty, and flagged as cut.
    ///
    /// # Panics
    ///
    /// If the last event was not [`SegmentEvent::Click`].
    #[must_use]
    pub fn click(&self) -> Click<'_> {
        let record = &self.window[self.click.clone()];
        let (mut click, places) = click_of(record).expect("the last event was a click");
        let mut strings = click.shared();
        for index in 0..SHARED {
            match &self.shared[index] {
                Some(range) => strings[index] = self.texts.get(range.clone()),
                None if places[index].is_some() => click.flags = click.flags | SHARED_CUTS[index],
                None => {}
            }
        }
        click.with_shared(strings)
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
    fn take(&mut self, bytes: usize, sequence: u64, after: u64, what: What) -> io::Result<()> {
        let expected = self.expected.replace(after).unwrap_or(sequence);
        if sequence > expected {
            self.is_whole = false;
            self.told
                .push_back(SegmentEvent::Missing { from: expected, count: sequence - expected });
        }
        let offset = self.at;
        let begin = (offset - self.window_at) as usize;
        match what {
            What::Click { time_us, places } => {
                self.clicks += 1;
                self.ends_with_gap = false;
                self.click = begin..begin + bytes;
                self.find_strings(offset, &places)?;
                self.told.push_back(SegmentEvent::Click { offset, sequence, time_us });
            }
            What::Gap(gap) => {
                self.ends_with_gap = true;
                self.told.push_back(SegmentEvent::Lost(gap));
            }
            What::Text if offset < TextPlace::END => {
                let text = text_of(&self.window[begin..begin + bytes]).expect("it is a text");
                self.texts.make_room();
                self.texts.keep(TextPlace::of(offset), text);
            }
            What::Text | What::Other => {}
        }
        self.at += bytes as u64;
        Ok(())
    }

    /// Finds the strings of the click at `offset`. One that is nowhere is told as
    /// damage of the click, if not as damage of its own.
    fn find_strings(&mut self, offset: u64, places: &TextPlaces) -> io::Result<()> {
        self.texts.make_room();
        for (index, place) in places.iter().enumerate() {
            self.shared[index] = None;
            let Some(place) = *place else {
                continue;
            };
            self.shared[index] = match self.texts.find(place) {
                Some(range) => Some(range),
                None => self.fetch(place, offset)?,
            };
            let is_told = || self.damaged.iter().any(|range| range.contains(&place.offset()));
            if self.shared[index].is_none() && !is_told() {
                let at = offset + (SHARED_AT + 4 * index) as u64;
                self.tell_damage(at, 4, Flaw::Reference);
            }
        }
        Ok(())
    }

    /// Reads a text that was not passed, such as one with a number that is out of
    /// order. `None` if there is none before `offset`.
    fn fetch(&mut self, place: TextPlace, offset: u64) -> io::Result<Option<Range<usize>>> {
        let at = place.offset();
        if !(SEGMENT_HEADER_BYTES as u64..offset).contains(&at) {
            return Ok(None);
        }
        let mut record = [0; TEXT_RECORD_BYTES_MAX];
        let want = TEXT_RECORD_BYTES_MAX.min((offset - at) as usize);
        let count = self.source.read_at(&mut record[..want], at)?;
        Ok(match decode(&record[..count], self.header.salt) {
            Decoded::Record(record) => match record.body {
                Body::Text(text) => Some(self.texts.keep(place, text)),
                _ => None,
            },
            _ => None,
        })
    }

    /// The bytes at `at`, up to the longest record or the end.
    fn view(&mut self, at: u64) -> io::Result<&[u8]> {
        let want = (RECORD_BYTES_MAX as u64).min(self.end.saturating_sub(at)) as usize;
        let window_end = self.window_at + self.window.len() as u64;
        if at < self.window_at || at + want as u64 > window_end {
            let bytes = (WINDOW_BYTES as u64).min(self.end - at) as usize;
            self.window.resize(bytes, 0);
            let count = self.source.read_at(&mut self.window, at)?;
            self.window.truncate(count);
            self.window_at = at;
        }
        let begin = (at - self.window_at) as usize;
        let bytes = &self.window[begin.min(self.window.len())..];
        Ok(&bytes[..want.min(bytes.len())])
    }

    /// What stands at the present place.
    fn look(&mut self) -> io::Result<Look> {
        let (at, salt) = (self.at, self.header.salt);
        if at >= self.end {
            return Ok(Look::End);
        }
        let record = match decode(self.view(at)?, salt) {
            Decoded::Record(record) => record,
            Decoded::Absent => return Ok(Look::Absent),
            Decoded::Damaged(reason) => return Ok(Look::Damaged(reason)),
        };
        let (bytes, sequence, after) = (record.bytes, record.sequence, record.sequence_after());
        let what = match record.body {
            Body::Click(click, places) => What::Click { time_us: click.time_us, places },
            Body::Gap(gap) => What::Gap(gap),
            Body::Text(_) => What::Text,
            Body::Other(_) => What::Other,
        };
        Ok(Look::Record { bytes, sequence, after, what })
    }

    /// Looks for the next record that holds, and tells what was skipped.
    /// `false` if there is none and a live segment may still get one.
    fn resume(&mut self, reason: Flaw, is_live: bool) -> io::Result<bool> {
        let from = self.at;
        let (salt, expected) = (self.header.salt, self.expected.unwrap_or(0));
        let mut at = from + 8;
        while at < self.end {
            let bytes = self.view(at)?;
            match decode(bytes, salt) {
                Decoded::Record(record) if record.sequence >= expected => {
                    self.at = at;
                    self.tell_damage(from, at - from, reason);
                    return Ok(true);
                }
                Decoded::Absent => {
                    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count() / 8 * 8;
                    at += zeros as u64;
                    if zeros == RECORD_BYTES_MAX {
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
            Some(_) => self.end - from,
            None => self.rest()?.map_or(0, |(_, last)| last - from),
        };
        // The first word is stored last: where it is missing, and what follows
        // is no longer than a record, the writer was stopped halfway.
        let is_torn = reason == Flaw::Hole && bytes <= RECORD_BYTES_MAX as u64;
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
        if self.damaged.len() < DAMAGED_MAX {
            self.damaged.push(offset..offset + bytes);
        } else if let Some(last) = self.damaged.last_mut() {
            last.end = last.end.max(offset + bytes);
        }
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
        what: What,
    },
    Absent,
    Damaged(Flaw),
    End,
}

/// What a record holds, as far as it concerns the way through the segment.
enum What {
    Click { time_us: u64, places: TextPlaces },
    Gap(Gap),
    Text,
    Other,
}

fn read_page(source: &impl ReadAt) -> io::Result<Vec<u8>> {
    let mut page = vec![0; SEGMENT_HEADER_BYTES];
    let count = source.read_at(&mut page, 0)?;
    page.truncate(count);
    Ok(page)
}
