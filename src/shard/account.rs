//! From a decision to what is kept of it: a click for each that is one, and the
//! counts.

use std::time::Duration;

use super::decide::DecidedClick;
use super::facts::Facts;
use crate::clicks::{Click, ClickId, Flags, LinkName, Lost, Verdict, Writer};
use crate::http::Fixed;
use crate::mailbox::ShardCounts;

/// The clicks and the counts of a shard.
pub(super) struct ShardAccount {
    clicks: Writer,
    pub(super) counts: ShardCounts,
}

impl ShardAccount {
    /// Clicks wait so long for room at most.
    pub(super) fn new(clicks: Writer, patience: Duration) -> Self {
        let clicks = clicks.with_patience(patience);
        Self { clicks, counts: ShardCounts::default() }
    }

    /// The number that the next click has.
    pub(super) fn next_sequence(&self) -> u64 {
        self.clicks.next_sequence()
    }

    /// Does what the click log need not wait with for the next click.
    pub(super) fn tick(&mut self) {
        self.clicks.tick();
    }

    /// Whether there is room for another click; if not, it is waited for.
    #[inline]
    pub(super) fn has_room(&mut self) -> bool {
        if !self.clicks.is_full() {
            return true;
        }
        let is_waited_for = self.clicks.may_wait();
        self.counts.log_waits += u64::from(is_waited_for);
        is_waited_for && self.clicks.wait()
    }

    /// Counts a reply that is no click.
    pub(super) fn no_click(&mut self, fixed: Fixed) {
        match fixed {
            Fixed::Refused(_) => self.counts.refused += 1,
            Fixed::Unavailable => self.counts.unrecorded += 1,
            _ => {}
        }
    }

    /// Counts a reply that is a click, and writes the click down, and what its link is.
    ///
    /// # Errors
    /// [`Lost`] when there is no room for it.
    #[inline(always)]
    pub(super) fn click(
        &mut self,
        decided: &DecidedClick<'_>,
        facts: &Facts<'_>,
        generation: u32,
        name: Option<&impl LinkName>,
    ) -> Result<u64, Lost> {
        match decided.verdict {
            Verdict::REDIRECT => self.counts.redirects += 1,
            Verdict::UNKNOWN => self.counts.unknown += 1,
            Verdict::GONE => self.counts.gone += 1,
            _ => {} // only readers meet others
        }
        let click = Click {
            time_us: facts.unix_us,
            link: decided.link,
            generation,
            ip: facts.peer.kept,
            status: decided.status,
            verdict: decided.verdict,
            flags: facts.flags() | Flags::of_via(decided.via),
            variant: decided.variant,
            reason: decided.reason,
            signals: decided.signals,
            host: facts.host(),
            path: facts.path_and_query(),
            referer: facts.referer(),
            user_agent: facts.user_agent(),
            tag: decided.tag,
            ..Click::default()
        };
        let appended = self.clicks.append_named(&click, name);
        if appended.is_err() {
            self.counts.clicks_lost += 1;
        }
        appended
    }

    /// Counts clicks whose reply never left, and writes down how many those are.
    pub(super) fn undelivered(&mut self, count: u64, unix_us: u64) {
        self.counts.undelivered += count;
        self.clicks.note_undelivered(count, unix_us);
    }

    /// The id of the click that was just written down, or lost.
    pub(super) fn id(&self, appended: Result<u64, Lost>) -> ClickId {
        self.clicks.id(appended)
    }

    /// Retires the segment being written, on the way out.
    pub(super) fn close(self) {
        self.clicks.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::Via;
    use crate::connection::Peer;
    use crate::http::{Parsed, parse};
    use crate::limits::SEGMENT_BYTES_MIN;
    use crate::rehearsal::tape::Tape;
    use crate::shard::decide::DecidedReply;
    use crate::shard::found_name::FoundName;

    #[test]
    fn a_click_says_all_that_was_decided() {
        let bytes = b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n";
        let Parsed::Whole(request) = parse(bytes) else { panic!() };
        let peer = Peer { kept: [7; 16], ..Peer::NOBODY };
        let facts = Facts { request: &request, bytes, path: b"/a", peer: &peer, unix_us: 5 };
        let decided = DecidedClick {
            reply: DecidedReply::NotFound,
            status: 404,
            verdict: Verdict::GONE,
            via: Via::ELSE,
            link: 9,
            variant: 3,
            reason: 21,
            signals: 0x2001,
            tag: b"spring",
            target: b"https://t.example/",
        };
        let (tape, clicks) = Tape::new(SEGMENT_BYTES_MIN as usize);
        ShardAccount::new(clicks, Duration::ZERO)
            .click(&decided, &facts, 4, None::<&FoundName<'_>>)
            .unwrap();
        let click = Click {
            time_us: 5,
            link: 9,
            generation: 4,
            ip: [7; 16],
            status: 404,
            verdict: Verdict::GONE,
            flags: Flags::of_via(Via::ELSE),
            variant: 3,
            reason: 21,
            signals: 0x2001,
            host: b"x",
            path: b"/a?b",
            tag: b"spring",
            ..Click::default()
        };
        assert_eq!(tape.contents().clicks[0].click(), click);
    }
}
