//! The writer: the end of the ledger that a shard holds.
//!
//! It works on memory alone. When a segment is full and the keeper has none
//! ready, clicks are counted instead of written, and the count becomes a gap
//! record for which each segment keeps room.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::dictionary::Dictionary;
use super::handover::{ClickCounts, Handover, Retired, Segment};
use super::map::SegmentMap;
use super::names::{LinkName, NamedLinks, Naming};
use crate::clicks::format::click::Click;
use crate::clicks::format::click_bytes::{click_room, encode};
use crate::clicks::format::frame::Salt;
use crate::clicks::format::gap::Gap;
use crate::clicks::format::id::{ClickId, ClickKeys, Signer};
use crate::clicks::format::lengths::{
    CLICK_ROOM_MAX, GAP_BYTES, LINK_BYTES_MIN, UNDELIVERED_BYTES,
};
use crate::clicks::format::link::LoggedLink;
use crate::clicks::format::scratch::RecordScratch;
use crate::clicks::format::segment::{
    LOST_AT, START_AT, Seal, SealReason, StartBlock, encode_lost,
};
use crate::clicks::format::text::{StringField, TextPlace, encode_text};
use crate::clicks::format::undelivered::Undelivered;
use crate::limits::{
    CLICK_INLINE_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENT_HEADER_BYTES, WAIT_FOR_LOG_LOOK_US,
};

/// After so many bytes the keeper is asked to fault in more.
const WAKE_BYTES: usize = 1024 * 1024;

/// No segment was ready: the click was counted, but is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no segment was ready; the click was counted as lost")
    }
}

impl std::error::Error for Lost {}

/// Of a link that nobody names.
enum NoName {}

impl LinkName for NoName {
    fn target(&self) -> &[u8] {
        match *self {}
    }

    fn key(&self) -> String {
        match *self {}
    }

    fn key_bytes_max(&self) -> usize {
        match *self {}
    }
}

/// Writes the clicks of one shard. Dropping it is closing it.
#[derive(Debug)]
pub struct Writer {
    handover: Arc<Handover>,
    segment: Arc<Segment>,
    /// Where the next record goes, bytes.
    at: usize,
    /// Where records end, bytes: 0 once the segment's map is broken.
    end: usize,
    /// Where the keeper is asked to fault in more, bytes.
    wake_at: usize,
    /// What is in `segment`; `None` before its first record.
    seal: Option<Seal>,
    /// The next click's number. Lost clicks have numbers too, so what is
    /// missing between two records is always known exactly.
    sequence: u64,
    /// Lost clicks that no record tells yet. While there are any, the segment
    /// is full and only a new one ends the loss.
    gap: Option<Gap>,
    /// Clicks whose reply never left, which no record tells yet.
    undelivered: Option<Undelivered>,
    /// The strings that stand in `segment`.
    dictionary: Dictionary,
    /// The links that `segment` names.
    names: NamedLinks,
    scratch: Box<RecordScratch>,
    signer: Signer,
    /// How long it waits for room at most.
    patience: Duration,
    /// It was waited for room in vain, and there has been none since: when it may be
    /// waited for again.
    wait_again: Option<Instant>,
}

impl Writer {
    /// A writer that begins with `segment` and then takes what is ready in
    /// `handover`. `signer` is asked for ids alone.
    #[must_use]
    pub fn new(handover: Arc<Handover>, segment: Arc<Segment>, signer: Signer) -> Self {
        Self {
            handover,
            end: segment.map().bytes(),
            segment,
            at: SEGMENT_HEADER_BYTES,
            wake_at: SEGMENT_HEADER_BYTES + WAKE_BYTES,
            seal: None,
            sequence: 1,
            gap: None,
            undelivered: None,
            dictionary: Dictionary::new(),
            names: NamedLinks::new(),
            scratch: Box::default(),
            signer,
            patience: Duration::ZERO,
            wait_again: None,
        }
    }

    /// The same, but it waits so long for room, where it waits.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Appends one click, as [`append_named`](Self::append_named), whose link has no name.
    ///
    /// # Errors
    ///
    /// [`Lost`], as there.
    pub fn append(&mut self, click: &Click<'_>) -> Result<u64, Lost> {
        self.append_named(click, None::<&NoName>)
    }

    /// Appends one click, and before it those of its strings that are new to the
    /// segment, and the `name` of its link if that is. Never opens, locks or logs, and
    /// allocates only to name a link; once in a MiB and once in a segment it wakes the
    /// keeper. It [waits](Self::wait) only where the disk of its
    /// segment goes away just then.
    ///
    /// When this returns `Ok`, the click survives the end of the process, so
    /// the reply may be handed to the kernel. It returns where in its segment
    /// the click stands, bytes, of which [`id`](Self::id) makes an id.
    ///
    /// # Errors
    ///
    /// [`Lost`] when the segment is full, or its disk is gone, and no other is ready.
    /// The click has been counted; go on with the reply.
    #[inline]
    pub fn append_named(
        &mut self,
        click: &Click<'_>,
        name: Option<&impl LinkName>,
    ) -> Result<u64, Lost> {
        // Hardly any is too long, and a copy of all others is not made.
        let cut;
        let click = if click.is_over() {
            cut = click.cut();
            &cut
        } else {
            click
        };
        let (offset, bytes) = loop {
            // Enough for the click and its strings, so both land in one segment.
            // And that its link is not what was named before.
            let room = click_room(click) + LINK_BYTES_MIN;
            while self.gap.is_some() || !self.has_room(room) {
                if !self.roll() {
                    self.lose(click.time_us);
                    return Err(Lost);
                }
            }
            if self.seal.is_none() {
                self.begin(self.sequence, click.time_us);
            }
            if let Some(name) = name
                && !self.names.passes(click, name.target(), self.at)
                && !self.names.knows(click, name.target())
            {
                self.name(click, name);
            }
            // One by one: an array of them would be copied to be walked along.
            let fields = [
                self.field(0, click.host),
                self.field(1, click.referer),
                self.field(2, click.user_agent),
                self.field(3, click.tag),
            ];
            let salt = self.segment.salt;
            let record = encode(click, &fields, self.sequence, salt, &mut self.scratch);
            self.segment.put(self.at, record);
            if !self.segment.map().is_broken() {
                break (self.at as u64, record.len());
            }
            // It may be in no file. It is put again where there is one.
            self.give_up();
            self.wait();
        };
        self.at += bytes;
        self.segment.set_used(self.at);
        let seal = self.seal.as_mut().expect("it was begun");
        seal.clicks += 1;
        seal.last_sequence = self.sequence;
        seal.set_back |= click.time_us < seal.last_us;
        seal.last_us = click.time_us;
        seal.used_bytes = self.at as u64;
        self.sequence += 1;
        ClickCounts::add_one(&self.handover.counts.clicks);
        if self.at >= self.wake_at {
            self.wake_at += WAKE_BYTES;
            self.handover.wake();
        }
        Ok(offset)
    }

    /// The number that the next click has, be it recorded or lost.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.sequence
    }

    /// The id of the click that was just appended. One that is lost has an id
    /// too, which says so.
    #[must_use]
    pub fn id(&self, appended: Result<u64, Lost>) -> ClickId {
        self.signer.sign(self.segment.number, appended.unwrap_or(0))
    }

    /// Whether there is no room for a click, however long, here or in a segment that
    /// is ready. While this is `false`, [`append`](Self::append) takes the next one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let has_room = self.gap.is_none() && self.has_room(CLICK_ROOM_MAX + LINK_BYTES_MIN);
        !has_room && self.handover.ready.is_empty()
    }

    /// Whether [`wait`](Self::wait) waits at all. Once there was no room in time, it does
    /// not as long as the keeper cannot make a segment: a disk that is full holds everybody
    /// up only once. Where the keeper is merely late, half of the time is waited.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        if self.patience.is_zero() {
            return false;
        }
        let is_stuck = self.handover.is_stuck.load(Ordering::Relaxed);
        self.wait_again.is_none_or(|again| !is_stuck && Instant::now() >= again)
    }

    /// Waits until there is room for a click, but no longer than it may. Meanwhile the
    /// keeper, which may want this very CPU, has it. Returns whether there is room.
    #[cold]
    pub fn wait(&mut self) -> bool {
        if !self.may_wait() {
            return false;
        }
        let deadline = Instant::now() + self.patience;
        self.handover.wake();
        while self.is_full() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_micros(WAIT_FOR_LOG_LOOK_US));
        }
        let is_full = self.is_full();
        self.wait_again = is_full.then(|| Instant::now() + self.patience);
        !is_full
    }

    /// Notes that the replies of so many clicks never left, as their connection ended at
    /// `time_us`. A record says so with the next [tick](Self::tick) for which there is
    /// room in a segment that has a click.
    pub fn note_undelivered(&mut self, count: u64, time_us: u64) {
        let none = Undelivered { count: 0, from_us: time_us, to_us: time_us };
        let undelivered = self.undelivered.get_or_insert(none);
        undelivered.count += count;
        undelivered.to_us = time_us;
    }

    /// Does what need not wait for the next click: goes on in another segment when
    /// the keeper asks for it, and writes down what is lost, as soon as one is ready,
    /// and what was not delivered.
    pub fn tick(&mut self) {
        self.write_undelivered();
        let leave = self.handover.leave.load(Ordering::Relaxed);
        if self.gap.is_some() || self.end == 0 || leave >= self.segment.number {
            self.roll();
        }
    }

    /// Takes the segment for full, as what is stored there may be in no file.
    #[cold]
    fn give_up(&mut self) {
        self.end = 0;
        self.handover.wake();
    }

    /// What the click says of `string`, the one of this kind. A string that is new to
    /// the segment is written now, unless it is to stand in the click.
    #[inline]
    fn field(&mut self, kind: usize, string: &[u8]) -> StringField {
        if string.len() <= CLICK_INLINE_BYTES_MAX {
            return StringField::here(string.len());
        }
        match self.dictionary.last(kind, string) {
            Some(place) => StringField::at(place),
            None => self.field_of_another(kind, string),
        }
    }

    /// The same for a string that may be in the dictionary, and is not the last one of
    /// this kind.
    fn field_of_another(&mut self, kind: usize, string: &[u8]) -> StringField {
        let next = TextPlace::of(self.at as u64);
        let Some(place) = self.dictionary.place(kind, string, next) else {
            return StringField::here(string.len());
        };
        if place == next {
            let salt = self.segment.salt;
            let record = encode_text(string, self.sequence, salt, &mut self.scratch);
            self.segment.put(self.at, record);
            self.at += record.len();
        }
        StringField::at(place)
    }

    /// Writes down what the link of this click is, if the segment does not name it so and
    /// has room for both. Where it names the link otherwise and lacks that room, it says
    /// only that this is no longer known. Allocates only what is written.
    #[cold]
    fn name(&mut self, click: &Click<'_>, name: &impl LinkName) {
        let target = name.target();
        let naming = self.names.look(click, target);
        let (Naming::New(place) | Naming::Changed(place)) = naming else { return };
        let bytes_max = LINK_BYTES_MIN + name.key_bytes_max() + target.len();
        let is_told = self.names.allow(bytes_max, self.at)
            && self.has_room(click_room(click) + bytes_max.next_multiple_of(8));
        if !is_told && matches!(naming, Naming::New(_)) {
            return;
        }
        let key = if is_told { name.key() } else { String::new() };
        let record = LoggedLink {
            link: click.link,
            variant: click.variant,
            generation: click.generation,
            key: key.as_bytes(),
            target: if is_told { target } else { b"" },
            is_key_cut: !is_told,
            is_target_cut: !is_told,
        }
        .encode(self.sequence, self.segment.salt, &mut self.scratch);
        self.segment.put(self.at, record);
        self.names.note(place, click, is_told.then_some(target), record.len());
        self.at += record.len();
    }

    /// Clicks recorded and lost so far. Shared, for metrics.
    #[must_use]
    pub fn handover(&self) -> &Arc<Handover> {
        &self.handover
    }

    /// Ends the shard's part: what is lost is written down and the segment goes
    /// back to the keeper, which seals it.
    pub fn close(self) {
        drop(self);
    }

    /// Whether a record of `bytes` fits and leaves room for a gap.
    fn has_room(&self, bytes: usize) -> bool {
        self.at + bytes + GAP_BYTES <= self.end
    }

    /// Goes on in the next segment, if one is ready.
    fn roll(&mut self) -> bool {
        let Some(next) = self.handover.ready.pop() else {
            return false;
        };
        self.write_gap();
        let full = std::mem::replace(&mut self.segment, next);
        self.retire(full, SealReason::Rolled);
        self.wait_again = None;
        self.dictionary.clear();
        self.names.clear();
        (self.at, self.end) = (SEGMENT_HEADER_BYTES, self.segment.map().bytes());
        self.wake_at = SEGMENT_HEADER_BYTES + WAKE_BYTES;
        // What could not be written into the one before.
        self.write_gap();
        true
    }

    /// Counts a click that cannot be written.
    fn lose(&mut self, time_us: u64) {
        let gap = self.gap.get_or_insert(Gap { count: 0, from_us: time_us, to_us: time_us });
        gap.count += 1;
        gap.to_us = time_us;
        // Kept in the full segment too: if the process is killed before there
        // is space for a gap record, this is all that tells of the loss.
        self.segment.put(LOST_AT, &encode_lost(gap.count, self.segment.salt));
        self.sequence += 1;
        ClickCounts::add_one(&self.handover.counts.lost);
    }

    /// Writes down what is lost, in the room kept for it. Where the map is broken, the
    /// next segment is to tell of it.
    fn write_gap(&mut self) {
        let Some(gap) = self.gap else {
            return;
        };
        let first = self.sequence - gap.count;
        if self.seal.is_none() {
            self.begin(first, gap.from_us);
        }
        self.segment.put(self.at, &gap.encode(first, self.segment.salt));
        if self.segment.map().is_broken() {
            return;
        }
        self.gap = None;
        self.at += GAP_BYTES;
        self.segment.set_used(self.at);
        let seal = self.seal.as_mut().expect("it was begun");
        seal.lost += gap.count;
        seal.last_sequence = self.sequence - 1;
        seal.set_back |= gap.from_us.min(gap.to_us) < seal.last_us;
        seal.last_us = gap.to_us;
        seal.used_bytes = self.at as u64;
    }

    /// Writes down what was not delivered, if there is room.
    fn write_undelivered(&mut self) {
        if self.gap.is_some() || !self.has_room(UNDELIVERED_BYTES) {
            return;
        }
        // One without a click yet has no account that the record could stand in.
        let Some(seal) = &mut self.seal else { return };
        let Some(undelivered) = self.undelivered.take() else { return };
        let record = undelivered.encode(self.sequence, self.segment.salt);
        self.segment.put(self.at, &record);
        self.at += UNDELIVERED_BYTES;
        self.segment.set_used(self.at);
        seal.used_bytes = self.at as u64;
    }

    /// Begins the account of the segment, and writes its start block.
    fn begin(&mut self, first_sequence: u64, first_us: u64) {
        let start = StartBlock { first_sequence, first_us };
        self.segment.put(START_AT, &start.encode(self.segment.salt));
        self.seal = Some(Seal {
            used_bytes: SEGMENT_HEADER_BYTES as u64,
            clicks: 0,
            lost: 0,
            first_sequence,
            last_sequence: first_sequence,
            last_us: first_us,
            reason: SealReason::Stopped,
            suspect: false,
            set_back: false,
        });
    }

    fn retire(&mut self, segment: Arc<Segment>, reason: SealReason) {
        // A broken one may have been begun, and hold nothing.
        let seal = self.seal.take().filter(|seal| seal.clicks + seal.lost > 0);
        let seal = seal.map(|seal| Seal { reason, ..seal });
        let refused = self.handover.retired.push(Retired { segment, seal });
        assert!(refused.is_ok(), "there are no more segments than have room here");
        self.handover.wake();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.write_undelivered();
        self.write_gap();
        let segment = self.segment.clone();
        self.retire(segment, SealReason::Stopped);
    }
}

mod nowhere;
#[cfg(test)]
mod tests;
