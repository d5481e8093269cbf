//! What one core owns: its links, its connections, its clicks. It shares
//! nothing with its neighbours but the counts of caps, and never waits, locks, logs or opens a
//! file.
//!
//! ```text
//! arrivals ─ batch ─▶ questions ─ links.find ─▶ hit ┐
//!                         └ facts ──────────────────┴ decide ─▶ decision ─ reply ─▶ bytes to send
//!                                                                   └──── account ─▶ click, counts
//! ```

mod account;
mod batch;
mod builtins;
mod connections;
mod decide;
mod excess;
mod facts;
mod found_name;
mod reply;
mod rules;
#[cfg(test)]
mod tests;
mod undelivered;

use std::sync::Arc;
use std::time::Duration;

use crate::clicks::{Privacy, Via, Writer};
use crate::connection::{Connection, Peer, Sides, Step, Timeouts};
use crate::http::{Fixed, Keep, Refusal, Replies};
use crate::limits::DRAIN_IDLE_MS;
use crate::links::{Links, LookupScratch, Patch, Table, TooLong};
use crate::mailbox::Published;
use crate::rules::SplitKey;
use crate::rules::caps::ShardCaps;
use crate::visitor::{Place, Places};
use account::ShardAccount;
pub use batch::{Arrival, Received};
use batch::{Batch, Question, Wants};
pub use builtins::{Builtin, Builtins, Robots};
use connections::Connections;
use decide::{Decision, Standing, TOO_LONG, decide, settled};
use facts::Facts;
use found_name::FoundName;
use rules::{RuleDesk, Seeking};

/// The time of one engine turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Now {
    /// Microseconds since the Unix epoch: the time of clicks and dates.
    pub unix_us: u64,
    /// Milliseconds of a clock that never steps, wrapping: for deadlines.
    pub ms: u32,
}

/// What becomes of a request when there is no room for its click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It is answered; its click is counted as lost.
    Drop,
    /// It is refused with 503, which is no click.
    Refuse,
}

/// What an operator decides about every shard.
#[derive(Debug, Clone)]
pub struct Settings {
    /// See [`Timeouts`].
    pub timeouts: Timeouts,
    /// Most open connections.
    pub connections_max: usize,
    /// What is answered where no link says it.
    pub builtins: Builtins,
    /// How long requests are left where they are when there is no room for a click. Then
    /// they are answered by `when_full`, until there has been room again.
    pub wait_for_log: Duration,
    /// See [`WhenFull`].
    pub when_full: WhenFull,
    /// What clicks keep of an address.
    pub privacy: Privacy,
    /// What visitors are split by.
    pub split_key: SplitKey,
}

/// What one core owns.
pub struct Shard {
    links: Links,
    /// What addresses tell, if anything is known of them.
    places: Option<Arc<Places>>,
    scratch: LookupScratch,
    rules: RuleDesk,
    connections: Connections,
    batch: Batch,
    replies: Replies,
    account: ShardAccount,
    settings: Settings,
    now: Now,
    published: Arc<Published>,
    draining: Option<Now>,
    abandoned: bool,
    expired_at_ms: u32,
}

impl Shard {
    /// A shard with no connections, at time `now`.
    pub fn new(
        links: Links,
        clicks: Writer,
        settings: Settings,
        published: Arc<Published>,
        now: Now,
    ) -> Self {
        Self {
            links,
            places: None,
            scratch: LookupScratch::default(),
            rules: RuleDesk::new(settings.split_key, ShardCaps::in_memory()),
            connections: Connections::new(settings.timeouts, now.ms),
            batch: Batch::default(),
            replies: Replies::with_robots(unix_seconds(now), settings.builtins.robots_text()),
            account: ShardAccount::new(clicks, settings.wait_for_log),
            settings,
            now,
            published,
            draining: None,
            abandoned: false,
            expired_at_ms: now.ms,
        }
    }

    /// The same, with the caps that it counts together with others.
    #[must_use]
    pub fn with_caps(mut self, caps: ShardCaps) -> Self {
        self.rules.caps = caps;
        self
    }

    // ---- Turns of an engine ----

    /// Starts an engine turn at time `now`.
    pub fn tick(&mut self, now: Now) {
        self.now = now;
        self.replies.stamp(unix_seconds(now));
        self.account.tick();
        self.rules.caps.tick(now.ms);
        self.connections.tick(now.ms);
        self.expire();
    }

    /// Looks at every deadline, when it is time to.
    fn expire(&mut self) {
        let now_ms = self.now.ms;
        if now_ms.wrapping_sub(self.expired_at_ms) < self.expire_every_ms() {
            return;
        }
        self.expired_at_ms = now_ms;
        let idle_over =
            self.draining.is_some_and(|since| now_ms.wrapping_sub(since.ms) >= DRAIN_IDLE_MS);
        let late = |out: &mut Vec<u8>| {
            self.replies.fixed(Fixed::Refused(Refusal::Timeout), Keep::Close, out);
        };
        self.connections.expire(idle_over, &mut self.account.counts, late);
    }

    /// Milliseconds between looks at the deadlines: fine enough for the
    /// shortest timeout, and at most a second.
    pub fn expire_every_ms(&self) -> u32 {
        let Timeouts { head_ms, idle_ms, send_ms } = self.settings.timeouts;
        let shortest = head_ms.min(idle_ms).min(send_ms);
        let every = (shortest / 4).clamp(10, 1_000);
        if self.draining.is_some() { every.min(50) } else { every }
    }

    /// Ends an engine turn: what was counted can be seen from outside.
    pub fn publish(&mut self) {
        self.account.counts.connections = self.connections.len() as u64;
        self.account.counts.held = self.connections.held() as u64;
        self.published.store(&self.account.counts);
        self.published.store_generation(self.links.generation());
    }

    // ---- Requests ----

    /// Answers everything in `arrivals`, and input held back earlier that may
    /// now go on. Each connection's replies come in the order of its requests.
    pub fn answer(&mut self, arrivals: &[Arrival], received: &impl Received) {
        for (at, arrival) in arrivals.iter().enumerate() {
            if self.batch.is_full() {
                self.finish(arrivals, received);
            }
            let bytes = received.bytes(arrival);
            self.batch.take_in(at as u32, arrival, bytes, &mut self.connections, &self.links);
        }
        self.finish(arrivals, received);
        while let Some(mut round) = self.batch.next_round() {
            for id in round.drain(..) {
                if self.batch.is_full() {
                    self.finish(arrivals, received);
                }
                self.batch.go_on(id, &mut self.connections, &self.links);
            }
            self.batch.end_round(round);
            self.finish(arrivals, received);
        }
    }

    /// The second and third phase for all questions, then settles their connections.
    fn finish(&mut self, arrivals: &[Arrival], received: &impl Received) {
        let questions = self.batch.questions();
        for question in &questions {
            if let Wants::Link { ask, .. } = &question.wants {
                self.links.prefetch_entry(ask);
            }
        }
        for question in &questions {
            self.reply(question, arrivals, received);
        }
        self.batch.end(questions, &mut self.connections, &mut self.account.counts);
    }

    /// Answers one question: decides, writes the reply, and accounts for it.
    fn reply(&mut self, question: &Question, arrivals: &[Arrival], received: &impl Received) {
        self.account.counts.requests += 1;
        let Sides { peer, kept, replies: out } = self.connections.sides(question.connection());
        let (account, replies, keep) = (&mut self.account, &self.replies, question.keep);
        let no_click = |account: &mut ShardAccount, fixed, out: &mut Vec<u8>| {
            account.no_click(fixed);
            replies.fixed(fixed, keep, out);
        };
        let (request, ask, normalised) = match &question.wants {
            Wants::Fixed(fixed) => return no_click(account, *fixed, out),
            Wants::Link { request, ask, normalised } => (request, ask, *normalised),
        };
        let bytes = question.bytes(arrivals, received, kept);
        let path = self.batch.path(request, normalised, bytes);
        let facts = Facts { request, bytes, path, peer, unix_us: self.now.unix_us };
        let mut found = self.links.find(ask, path, facts.query(), &mut self.scratch);
        let has_room = account.has_room();
        let standing = Standing {
            builtins: &self.settings.builtins,
            refuses: !has_room && self.settings.when_full == WhenFull::Refuse,
        };
        let mut decision = decide(found, &facts, &standing);
        if let Decision::ByRules(hit) = decision {
            let mut seeking = Seeking {
                desk: &mut self.rules,
                links: &self.links,
                ask,
                scratch: &mut self.scratch,
                list_names: self.places.as_ref().map_or(&[], |places| places.names()),
                sequence: account.next_sequence(),
            };
            (found, decision) = settled(seeking.settle(hit, &facts), &facts, &standing);
        }
        let decided = match &decision {
            Decision::NoClick(fixed) => return no_click(account, *fixed, out),
            Decision::Click(decided) => decided,
            Decision::ByRules(_) => unreachable!("what they come to is settled"),
        };
        let unsigned = match reply::write(decided.reply, &facts, replies, keep, out) {
            Ok(unsigned) => unsigned,
            Err(TooLong) => {
                self.rules.caps.give_back(account.next_sequence());
                return no_click(account, TOO_LONG, out);
            }
        };
        let is_sent = decided.via != Via::UNTOLD;
        let name = FoundName { hit: found.as_ref(), links: &self.links, decided };
        let name = is_sent.then_some(name);
        let appended = account.click(decided, &facts, self.links.generation(), name.as_ref());
        if let Some(location) = unsigned {
            let id = account.id(appended).text();
            reply::sign(decided.reply, &facts, location, &id, out);
        }
    }

    // ---- Connections ----

    /// Whether another connection may be accepted.
    pub fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// How many more connections may be accepted.
    pub fn room(&self) -> usize {
        self.settings.connections_max.saturating_sub(self.connections.len())
    }

    /// Takes a new connection from `address` (IPv4 as v4-mapped IPv6). The whole address
    /// is in memory for as long as the connection; clicks have no more of it than they are
    /// to keep.
    pub fn open(&mut self, address: [u8; 16]) -> u32 {
        self.account.counts.accepted += 1;
        let place = self.places.as_ref().map_or(Place::UNKNOWN, |places| places.of(&address));
        let kept = self.settings.privacy.apply(address);
        let id = self.connections.open(Peer { kept, address, place });
        if self.abandoned {
            self.failed(id);
        }
        id
    }

    /// Counts an accept that was put off for want of descriptors.
    pub fn note_accept_refused(&mut self) {
        self.account.counts.accepts_refused += 1;
    }

    /// A connection by its number. A number that is vacant gives a connection
    /// that wants nothing.
    pub fn connection(&self, id: u32) -> &Connection {
        self.connections.get(id)
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// The next connection the engine has to look at, with what it has to do.
    pub fn next_step(&mut self) -> Option<(u32, Step)> {
        self.connections.next_step()
    }

    /// Whether there is a connection to look at.
    pub fn has_steps(&self) -> bool {
        self.connections.has_steps()
    }

    /// The engine has sent `size` more of the outgoing bytes.
    pub fn sent(&mut self, id: u32, size: usize) {
        if self.connections.sent(id, size, &mut self.account.counts) {
            self.batch.resume(id);
        }
    }

    /// The socket failed: nothing more can be sent or received.
    pub fn failed(&mut self, id: u32) {
        self.connections.fail(id);
    }

    /// The engine has closed the socket and uses none of its bytes any more.
    pub fn release(&mut self, id: u32) {
        let undelivered = self.connections.release(id);
        if undelivered > 0 {
            self.account.undelivered(undelivered, self.now.unix_us);
        }
    }

    /// Closes up to `count` connections that have been idle the longest, to
    /// make room for new ones. Returns whether there were any.
    pub fn evict_idle(&mut self, count: usize) -> bool {
        let evicted = self.connections.evict_idle(count);
        self.account.counts.evicted += evicted as u64;
        evicted > 0
    }

    // ---- What the control thread asks ----

    /// Takes a new table; the next batch is answered from it. Gives back the
    /// old one, to be dropped where time does not matter.
    pub fn swap(&mut self, links: Links) -> Links {
        std::mem::replace(&mut self.links, links)
    }

    /// Changes single links; the next batch is answered with the change.
    pub fn patch(&mut self, patch: &Patch) {
        self.links.apply(patch);
    }

    /// The table in use.
    pub fn table(&self) -> &Arc<Table> {
        self.links.table()
    }

    /// Takes what addresses tell of connections that come from now on. Gives back what
    /// was known before, to be dropped where time does not matter.
    pub fn set_places(&mut self, places: Arc<Places>) -> Option<Arc<Places>> {
        self.places.replace(places)
    }

    /// Takes another rule for the addresses of connections that come from now on.
    /// Those that are there keep what was kept of theirs.
    pub fn set_privacy(&mut self, privacy: Privacy) {
        self.settings.privacy = privacy;
    }

    /// Stops the shard: every further reply says `Connection: close`, and idle
    /// connections end after a moment for requests that are under way.
    pub fn drain(&mut self) {
        self.draining.get_or_insert(self.now);
        self.batch.drain();
        self.expired_at_ms = self.now.ms.wrapping_sub(1_000);
    }

    /// Ends every connection now, and at once those that are still to come: a
    /// listener may take a moment to close.
    pub fn abandon(&mut self) {
        self.abandoned = true;
        self.connections.fail_all();
    }

    /// Retires the segment being written, on the way out.
    pub fn close_clicks(self) {
        self.account.close();
    }
}

fn unix_seconds(now: Now) -> i64 {
    (now.unix_us / 1_000_000) as i64
}
