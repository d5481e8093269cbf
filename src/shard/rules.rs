//! Which line of a key's rules answers, or what does where none is for who asks: as if
//! the key were not there.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use super::facts::Facts;
use crate::http::Method;
use crate::limits::PAST_MAX;
use crate::links::{Hit, LinkAnswer, Links, Lookup, LookupScratch, Picked, Picking, Status};
use crate::rules::caps::ShardCaps;
use crate::rules::{Asked, Cap, Known, SplitKey, Splits, Zones};

/// What a shard keeps for rules from request to request.
pub(super) struct RuleDesk {
    pub(super) splits: Splits,
    pub(super) zones: Zones,
    pub(super) caps: ShardCaps,
}

impl RuleDesk {
    pub(super) fn new(key: SplitKey, caps: ShardCaps) -> Self {
        // Another number for each shard, and each start.
        let begin = RandomState::default().hash_one(0);
        Self { splits: Splits::new(key, begin), zones: Zones::default(), caps }
    }
}

/// One request's look-up, to be gone on with where rules are for others.
pub(super) struct Seeking<'s, 'a> {
    pub(super) desk: &'s mut RuleDesk,
    pub(super) links: &'a Links,
    pub(super) ask: &'s Lookup,
    pub(super) scratch: &'s mut LookupScratch,
    pub(super) list_names: &'s [String],
    /// The number that the shard's next click has.
    pub(super) sequence: u64,
}

/// What rules come to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Settled<'a> {
    /// A line of this link answers, by its number.
    Line(Hit<'a>, u8, LinkAnswer<'a>),
    /// Some line of it is for who asks, but not now.
    NotNow(Hit<'a>),
    /// Another link answers, or none does. It has no rules.
    Other(Option<Hit<'a>>),
}

impl<'a> Seeking<'_, 'a> {
    /// What the rules of a link come to, and of those that are found behind it.
    pub(super) fn settle(&mut self, found: Hit<'a>, facts: &Facts<'_>) -> Settled<'a> {
        let find_fields = || facts.head_fields();
        let asked = Asked {
            address: facts.peer.address,
            place: facts.peer.place,
            list_names: self.list_names,
            user_agent: facts.user_agent(),
            referer: facts.referer(),
            query: facts.query(),
            unix_us: facts.unix_us,
            find_fields: &find_fields,
            known: Known::default(),
        };
        let (mut past, mut count) = ([0; PAST_MAX], 0);
        let mut hit = found;
        loop {
            match self.pick(&hit, &asked, facts) {
                Picked::Line(number, answer) => return Settled::Line(hit, number, answer),
                Picked::NotNow => return Settled::NotNow(hit),
                Picked::Nobody if count == PAST_MAX => return Settled::Other(None),
                Picked::Nobody => {}
            }
            past[count] = hit.place();
            count += 1;
            let (path, query) = (facts.path, facts.query());
            match self.links.find_past(self.ask, path, query, self.scratch, &past[..count]) {
                Some(next) if next.has_rules() => hit = next,
                other => return Settled::Other(other),
            }
        }
    }

    fn pick(&mut self, hit: &Hit<'a>, asked: &Asked<'_>, facts: &Facts<'_>) -> Picked<'a> {
        let RuleDesk { splits, zones, caps } = &mut *self.desk;
        let (unix_us, sequence) = (facts.unix_us, self.sequence);
        let mut pick = |splits: &mut Splits, take: &mut dyn FnMut(u8, &Cap, &[u8]) -> bool| {
            let mut picking = Picking { link: hit.id, splits, zones, take };
            hit.pick(&mut picking, asked, &mut |_, _| {})
        };
        // What will be refused takes nothing from a cap.
        if facts.method() == Method::Changing {
            let mut same_rolls = *splits;
            let mut look =
                |line: u8, cap: &Cap, zone: &[u8]| caps.is_open(hit.id, line, cap, zone, unix_us);
            if let Picked::Line(_, answer) = pick(&mut same_rolls, &mut look)
                && !keeps_method(answer.status)
            {
                return Picked::Line(0, answer);
            }
        }
        pick(splits, &mut |line, cap, zone| caps.take(hit.id, line, cap, zone, unix_us, sequence))
    }
}

/// Whether a redirect is followed with the same method and body (RFC 9110 §15.4.8,
/// §15.4.9).
pub(super) fn keeps_method(status: Status) -> bool {
    matches!(status, Status::TemporaryRedirect | Status::PermanentRedirect)
}
