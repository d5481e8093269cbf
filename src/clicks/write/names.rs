//! Which links the segment that is being written names already.
//!
//! All its memory is taken once for each writer. A link that finds no place is not named,
//! as none is ever taken out of a segment.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use crate::clicks::format::click::Click;
use crate::clicks::format::lengths::LINK_BYTES_MIN;
use crate::limits::{NAMED_LINKS_BYTES_FREE, NAMED_LINKS_PER_SEGMENT_MAX, NAMED_LINKS_SHARE};

/// Slots that are looked at for one link.
const SEARCHED: usize = 4;

const _: () = assert!(NAMED_LINKS_PER_SEGMENT_MAX.is_power_of_two());

/// What a link is called and where it sends, for whoever writes that down. Its key is
/// asked for only where the segment does not name the link yet, and has room to.
pub trait LinkName {
    /// Where it sends now, as it was written; empty for nowhere.
    fn target(&self) -> &[u8];
    /// Its key, as a link file has it.
    fn key(&self) -> String;
    /// That has no more bytes than so.
    fn key_bytes_max(&self) -> usize;
}

/// One link, if `round` is that of the segment; else free.
#[derive(Clone, Copy, Debug, Default)]
struct NameSlot {
    link: u64,
    /// Where its target lay when it was last looked at; 0 where the segment says that
    /// nothing is known of it any more.
    seen: u64,
    generation: u32,
    round: u16,
    variant: u8,
    /// Hash of the target that it was named with.
    target: u64,
}

/// What is to be done about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Nothing: the segment names it so, or there is no place for it.
    Done,
    /// It is to be named, in this place.
    New(usize),
    /// The segment names it otherwise, from this place: that must not stay.
    Changed(usize),
}

/// The links that one segment names.
#[derive(Debug)]
pub struct NamedLinks {
    seed: RandomState,
    slots: Box<[NameSlot]>,
    /// For each slot of this round a byte of its link's hash, else 0: so few that they stay
    /// in the first cache, where the slots do not.
    tags: Box<[u8]>,
    round: u16,
    /// Bytes of records that were written.
    bytes: usize,
}

impl NamedLinks {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seed: RandomState::default(),
            slots: vec![NameSlot::default(); NAMED_LINKS_PER_SEGMENT_MAX].into(),
            tags: vec![0; NAMED_LINKS_PER_SEGMENT_MAX].into(),
            round: 1,
            bytes: 0,
        }
    }

    /// Another segment begins.
    pub fn clear(&mut self) {
        self.bytes = 0;
        self.tags.fill(0);
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            self.slots.fill(NameSlot::default());
            1
        });
    }

    /// Whether nothing has to be done about the link of this click, which has its target
    /// there.
    #[inline]
    #[must_use]
    pub fn knows(&self, click: &Click<'_>, target: &[u8]) -> bool {
        let slot = &self.slots[begin(click.link)];
        let known = (slot.seen, slot.generation) == (seen(target), click.generation);
        known && self.is_of(slot, click)
    }

    /// Whether it is passed over, as there is no room for a name with this target where `used`
    /// bytes of the segment are, and it has none that would have to be taken back. So it is for most clicks
    /// where far more links are asked for than names have room, which is why it is looked at
    /// before anything is asked about the link.
    #[inline]
    #[must_use]
    pub fn passes(&self, click: &Click<'_>, target: &[u8], used: usize) -> bool {
        !self.allow(LINK_BYTES_MIN + target.len(), used)
            && !self.places(click).any(|place| self.tags[place] == tag(click.link))
    }

    #[inline]
    fn places(&self, click: &Click<'_>) -> impl Iterator<Item = usize> + Clone + use<> {
        let (begin, count) = (begin(click.link), self.slots.len());
        (0..SEARCHED).map(move |step| (begin + step) % count)
    }

    /// What is to be done about it. Never allocates.
    #[must_use]
    pub fn look(&mut self, click: &Click<'_>, target: &[u8]) -> Naming {
        let mut places = self.places(click);
        let Some(place) = places.clone().find(|&place| self.is_of(&self.slots[place], click))
        else {
            let free = places.find(|&place| self.slots[place].round != self.round);
            return free.map_or(Naming::Done, Naming::New);
        };
        let slot = self.slots[place];
        if slot.seen == 0 {
            return Naming::New(place);
        }
        let now = (seen(target), click.generation);
        if (slot.seen, slot.generation) != now {
            if slot.target != self.seed.hash_one(target) {
                return Naming::Changed(place);
            }
            (self.slots[place].seen, self.slots[place].generation) = now;
        }
        Naming::Done
    }

    /// Whether a record of so many bytes may be written, where `used` bytes of the segment
    /// are.
    #[inline]
    #[must_use]
    pub fn allow(&self, bytes: usize, used: usize) -> bool {
        self.bytes + bytes <= NAMED_LINKS_BYTES_FREE + used / NAMED_LINKS_SHARE
    }

    /// A record of so many bytes names the link in its place; without a `target` it says
    /// that nothing is known of it.
    pub fn note(&mut self, place: usize, click: &Click<'_>, target: Option<&[u8]>, bytes: usize) {
        self.bytes += bytes;
        self.tags[place] = tag(click.link);
        self.slots[place] = NameSlot {
            link: click.link,
            seen: target.map_or(0, seen),
            generation: click.generation,
            round: self.round,
            variant: click.variant,
            target: target.map_or(0, |target| self.seed.hash_one(target)),
        };
    }

    #[inline]
    fn is_of(&self, slot: &NameSlot, click: &Click<'_>) -> bool {
        (slot.link, slot.round, slot.variant) == (click.link, self.round, click.variant)
    }
}

/// Operators choose the numbers of some links.
#[inline]
fn mixed(link: u64) -> u64 {
    link.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where a link is looked for first.
#[inline]
fn begin(link: u64) -> usize {
    (mixed(link) >> 32) as usize % NAMED_LINKS_PER_SEGMENT_MAX
}

/// A byte of its hash, never 0.
#[inline]
fn tag(link: u64) -> u8 {
    (mixed(link) >> 56) as u8 | 1
}

/// Tells apart where targets of one table lie, in which none ever moves; never 0.
/// Addresses have 48 bits.
#[inline]
fn seen(target: &[u8]) -> u64 {
    target.as_ptr() as usize as u64 ^ (target.len() as u64) << 48
}

#[cfg(test)]
mod tests {
    use super::*;

    fn click(link: u64, generation: u32) -> Click<'static> {
        Click { link, generation, ..Click::default() }
    }

    /// What is to be done about link 7 in this generation, which is done then.
    fn name(named: &mut NamedLinks, generation: u32, target: &[u8]) -> &'static str {
        let click = click(7, generation);
        let (naming, place) = match named.look(&click, target) {
            Naming::Done => return "done",
            Naming::New(place) => ("new", place),
            Naming::Changed(place) => ("changed", place),
        };
        named.note(place, &click, Some(target), 100);
        naming
    }

    #[test]
    fn a_link_is_named_once_and_again_when_it_sends_elsewhere() {
        let mut named = NamedLinks::new();
        let target = b"https://a.example/".to_vec();
        assert!(!named.knows(&click(7, 1), &target));
        assert_eq!(name(&mut named, 1, &target), "new");
        assert!(named.knows(&click(7, 1), &target) && !named.knows(&click(7, 2), &target));
        assert!(!named.knows(&Click { variant: 1, ..click(7, 1) }, &target));
        // The same in a later table, where it lies elsewhere.
        let same = target.clone();
        assert_eq!(name(&mut named, 2, &same), "done");
        assert!(named.knows(&click(7, 2), &same));
        assert_eq!(name(&mut named, 2, b""), "changed");
        assert_eq!(name(&mut named, 2, &target), "changed");
        named.clear();
        assert!(!named.knows(&click(7, 2), &target));
        assert_eq!(name(&mut named, 2, &target), "new");
    }

    #[test]
    fn what_is_known_no_more_is_named_anew() {
        let mut named = NamedLinks::new();
        assert_eq!(name(&mut named, 1, b"a"), "new");
        let Naming::Changed(place) = named.look(&click(7, 2), b"b") else { panic!("it changed") };
        named.note(place, &click(7, 2), None, 40);
        assert!(!named.knows(&click(7, 2), b"b"));
        assert_eq!(named.look(&click(7, 2), b"a"), Naming::New(place));
        assert_eq!(name(&mut named, 2, b"b"), "new");
    }

    /// A slot that is free does not hide the one behind it.
    #[test]
    fn links_of_one_place_are_told_apart() {
        let mut named = NamedLinks::new();
        let alike = (1_u64..).filter(|&link| begin(link) == begin(7) && link != 7);
        let links: Vec<_> = [7].into_iter().chain(alike.take(SEARCHED)).collect();
        for &link in &links[..SEARCHED] {
            let Naming::New(place) = named.look(&click(link, 1), b"t") else { panic!("{link}") };
            named.note(place, &click(link, 1), Some(b"t"), 100);
        }
        for &link in &links {
            assert_eq!(named.look(&click(link, 1), b"t"), Naming::Done);
        }
    }

    #[test]
    fn names_take_a_share_of_the_segment() {
        let mut named = NamedLinks::new();
        let mut new = |used| {
            let mut count = 0;
            for number in 0..2 * NAMED_LINKS_PER_SEGMENT_MAX as u64 {
                let click = click(number << 32, 1);
                if let Naming::New(place) = named.look(&click, b"t")
                    && named.allow(100, used)
                {
                    named.note(place, &click, Some(b"t"), 100);
                    count += 1;
                }
            }
            named.clear();
            count
        };
        assert_eq!(new(0), NAMED_LINKS_BYTES_FREE / 100);
        assert_eq!(new(40_000), (NAMED_LINKS_BYTES_FREE + 40_000 / NAMED_LINKS_SHARE) / 100);
        assert!(new(1 << 30) <= NAMED_LINKS_PER_SEGMENT_MAX);
    }

    #[test]
    fn the_number_of_segments_may_wrap() {
        let mut named = NamedLinks::new();
        named.round = u16::MAX;
        assert_eq!(name(&mut named, 1, b"t"), "new");
        named.clear();
        assert_eq!(named.round, 1);
        assert_eq!(name(&mut named, 1, b"t"), "new");
    }
}
