//! Other links are served as a whole. What is ordered is made ready by a worker; what was
//! changed meanwhile is laid over it; then the journal has it, then the shards.

use std::sync::Arc;

use super::counting::ToCount;
use super::desk::Desk;
use super::generation::Generation;
use super::generations::{KeptGeneration, Recalled};
use super::journal::{KeyCounts, TableServed};
use super::knowing::ReadAgain;
use super::look;
use super::making::{From, Ready, Task, Unmade};
use super::not_done::{NotDone, Reason};
use super::opening::next;
use super::order::{Making, Order, Touched, Turn, What};
use super::reading::{Then, WasRead};
use super::sentences::{links_alone, nothing_staged, over, say_bad_lines, say_edited};
use super::served::Served;
use super::who::{How, Who};
use super::wish::{Done, answer};
use crate::limits::WISHES_WAITING_MAX;
use crate::machine::clock::unix_us;
use crate::mailbox::Message;
use crate::say::say;
use crate::words::counted;

impl Desk {
    /// Puts an order behind the others.
    pub(super) fn order(&mut self, order: Order) {
        if self.orders.len() < WISHES_WAITING_MAX {
            return self.orders.push_back(order);
        }
        match order {
            Order::Promote { reply, .. }
            | Order::Rollback { reply, .. }
            | Order::Edit { reply, .. }
            | Order::Restage { reply } => answer(reply, Err(NotDone::busy())),
            // The one is asked for once, the other as often as files are read.
            Order::Fold | Order::Read { .. } => self.orders.push_back(order),
        }
    }

    /// Whether room for changes is being made.
    pub(super) fn is_folding(&self) -> bool {
        matches!(&self.making, Some(Making { what: What::Fold, .. }))
            || self.orders.iter().any(|order| matches!(order, Order::Fold))
    }

    /// Begins with the next order that can be begun.
    pub(super) fn make_next(&mut self) {
        while self.making.is_none()
            && self.turn.is_none()
            && let Some(order) = self.orders.pop_front()
        {
            self.begin(order);
        }
    }

    fn begin(&mut self, order: Order) {
        let mut changes = self.served.changes().clone();
        let (mut edit, mut is_for_shards) = (None, true);
        let (what, who, from) = match order {
            Order::Read { read, who, replies } => {
                let WasRead { served, report, took, places_stay } = *read;
                (
                    What::Read { report, took, places_stay, replies },
                    who,
                    From::Served(Box::new(served)),
                )
            }
            Order::Promote { who, reply } => match self.take_staged() {
                Some(staged) => (What::Promote(reply), who, From::Served(Box::new(staged))),
                None => return answer(reply, Err(nothing_staged())),
            },
            Order::Restage { reply } => match self.take_staged() {
                Some(staged) => {
                    is_for_shards = false;
                    let who = Who::itself("diff");
                    (What::Restage(reply), who, From::Served(Box::new(staged)))
                }
                None => return answer(reply, Err(nothing_staged())),
            },
            Order::Rollback { to, who, reply } => match self.recall(to) {
                Ok((number, recalled)) => {
                    changes = recalled.changes;
                    let table = recalled.table;
                    let from = match recalled.held {
                        Some(base) => From::Table(base),
                        None if table == self.table => From::Table(self.served.base().clone()),
                        None => From::Kept { generation: number, table, files: recalled.files },
                    };
                    (What::Rollback { number, table, reply }, who, from)
                }
                Err(refusal) => return answer(reply, Err(refusal)),
            },
            Order::Edit { edit: checked, who, reply } => {
                let (verb, undone) = (checked.verb(), checked.undone());
                edit = Some(checked);
                let what = What::Edit { verb, undone, reply };
                (what, who, From::Table(self.served.base().clone()))
            }
            Order::Fold => {
                let from = From::Table(self.served.base().clone());
                (What::Fold, Who::itself("fold"), from)
            }
        };
        let bytes = match &from {
            From::Served(served) => self.bytes_of(served),
            From::Table(_) => self.bytes_of(&self.served),
            From::Kept { .. } => 0,
        };
        // What was read had room when it was. A rollback is never refused for it.
        let room = matches!(what, What::Edit { .. } | What::Fold).then(|| self.room());
        let (since, keys) = (Touched::default(), KeyCounts::default());
        let absent = Vec::new();
        self.making = Some(Making { what, who, since, changed: 0, keys, absent, bytes });
        self.workers.maker.hand(Task { from, changes, edit, is_for_shards, room });
    }

    /// Hands out what is staged, to be brought up to the changes of now.
    fn take_staged(&mut self) -> Option<Served> {
        let staged = self.staged.take();
        self.staged_away = staged.as_ref().map(|staged| staged.editor().len());
        staged
    }

    /// Has it back, unless other files were staged meanwhile.
    fn stage_again(&mut self, staged: Option<Served>) {
        self.staged_away = None;
        if self.staged.is_none() {
            self.staged = staged;
        }
    }

    /// The generation that is to be served again.
    fn recall(&self, to: Option<u32>) -> Result<(u32, Recalled), NotDone> {
        let refusal = |reason, message: String| Err(NotDone::new(reason, message));
        let Some(number) = to.or_else(|| self.generations.previous()) else {
            let message = "there is no earlier generation to roll back to";
            return refusal(Reason::NotNow, message.to_owned());
        };
        if number == self.generation {
            return refusal(Reason::NotNow, format!("generation {number} is being served"));
        }
        match self.generations.find(number) {
            Some(recalled) => Ok((number, recalled)),
            None => refusal(
                Reason::Unknown,
                format!(
                    "generation {number} is not kept; `carom links generations` lists those that \
                     are, and `serve --keep-generations N` keeps more"
                ),
            ),
        }
    }

    pub(super) fn have_made(&mut self, result: Result<Ready, Unmade>) {
        match (result, &mut self.making) {
            (Ok(ready), Some(making)) => {
                if matches!(making.what, What::Edit { .. }) && making.changed == 0 {
                    (making.changed, making.keys) = (ready.changed, ready.keys);
                    making.absent = ready.absent.clone();
                }
                self.made = Some(Box::new(ready));
            }
            (Err(unmade), making) => {
                if let Some(making) = making.take() {
                    self.not_made(making, unmade);
                }
            }
            (Ok(_), None) => {}
        }
    }

    /// Goes on with what is ready, once the journal is there.
    pub(super) fn turn_next(&mut self) {
        if self.journal.is_some()
            && let Some(ready) = self.made.take()
            && let Some(making) = self.making.take()
        {
            self.go_over(making, *ready);
        }
    }

    /// Lays over it what was changed meanwhile, and has it written and served.
    fn go_over(&mut self, mut making: Making, mut ready: Ready) {
        let changes = making.since.laid_over(ready.served.changes(), self.served.changes());
        if !ready.lay_singly(&changes).unwrap_or(false) {
            // The worker has room for all of them, or says what is wrong.
            let is_for_shards = !matches!(making.what, What::Restage(_));
            making.since = Touched::default();
            self.making = Some(making);
            let from = From::Served(Box::new(ready.served));
            return self.workers.maker.hand(Task {
                from,
                changes,
                edit: None,
                is_for_shards,
                room: None,
            });
        }
        match making.what {
            What::Restage(reply) => {
                look::differences(&self.served, &ready.served, reply);
                self.stage_again(Some(ready.served));
            }
            What::Fold => self.swap(ready, self.generation),
            What::Edit { reply, .. } if making.changed == 0 => {
                let (generation, changes) = (self.generation, self.served.changes().len());
                let (keys, absent) = (making.keys, making.absent);
                answer(reply, Ok(Done::Edited { generation, changed: 0, changes, keys, absent }));
            }
            _ => self.turn_to(making, ready),
        }
    }

    /// Nothing comes of it, and whoever asked is told. What was staged is so again.
    fn not_made(&mut self, making: Making, unmade: Unmade) {
        let Unmade { refusal, staged } = unmade;
        match making.what {
            What::Read { replies, .. } => self.not_read(Then::Serve(replies), refusal),
            What::Promote(reply) | What::Restage(reply) => {
                self.stage_again(staged.map(|staged| *staged));
                answer(reply, Err(refusal));
            }
            What::Rollback { reply, .. } | What::Edit { reply, .. } => answer(reply, Err(refusal)),
            // A change that finds no room has a whole new table made.
            What::Fold => say(format_args!("warning: no room for changes was made: {refusal}")),
        }
    }

    /// Has it written into the journal as the next generation.
    fn turn_to(&mut self, making: Making, ready: Ready) {
        let generation = next(self.generation);
        let files = ready.served.base().files.clone();
        let (how, from, table) = match making.what {
            What::Read { .. } => (How::Reload, None, generation),
            What::Rollback { number, table, .. } => (How::Rollback, Some(number), table),
            _ => (How::Staged, None, generation),
        };
        let is_table = !matches!(making.what, What::Edit { .. });
        let base = is_table.then(|| TableServed {
            how,
            from,
            link_files: if how == How::Reload { files.clone() } else { self.link_files.clone() },
            files,
            table,
            // A reload serves what stands in the link files.
            saved: (how != How::Reload).then_some(generation),
            links: ready.served.editor().len(),
        });
        let turn = Turn { making, ready, generation, at_us: unix_us(), base };
        if let Some(journal) = self.journal.take() {
            self.write(journal, Some(Box::new(turn)));
        }
    }

    /// The journal does not have it, so it is not served.
    pub(super) fn not_written(&mut self, turn: Turn, refusal: NotDone) {
        let staged = Some(Box::new(turn.ready.served));
        self.not_made(turn.making, Unmade { refusal, staged });
    }

    /// Every shard gets its replica.
    fn swap(&mut self, ready: Ready, generation: u32) {
        self.shards.make_room(ready.caps.into_iter());
        let replicas = ready.replicas.into_iter().map(|links| links.with_generation(generation));
        self.shards.swap(replicas, generation);
        self.served = ready.served;
    }

    /// Serves what the journal has.
    pub(super) fn serve(&mut self, turn: Turn) {
        let Turn { making, ready, generation, at_us, base } = turn;
        let before = base.is_some().then(|| self.served.editor());
        let before = before.map(|editor| (editor.snapshot(), editor.table().clone()));
        self.swap(ready, generation);
        self.generation = generation;
        let (table, files) = match &base {
            Some(base) => (base.table, Arc::new(base.files.clone())),
            None => (self.table, self.generations.files()),
        };
        self.table = table;
        let is_new = matches!(making.what, What::Read { .. } | What::Promote(_));
        let is_held = base.is_some() && (is_new || !self.workers.keeping.has(table));
        let kept = KeptGeneration {
            generation,
            at_us,
            who: making.who.clone(),
            links: self.served.editor().len(),
            table,
            files,
            held: is_held.then(|| self.served.base().clone()),
            changes: self.served.changes().clone(),
            base,
        };
        let about = kept.about();
        self.generations.push(kept);
        self.workers.keeping.go_on(&self.generations);
        let who = making.who.clone();
        self.tell(making, about);
        if let Some((before, table)) = before {
            let after = self.served.editor().snapshot();
            self.count(ToCount { generation, who, before, after, table });
        }
    }

    /// Serves countries and lists that were read again. Returns why not, if so.
    pub(super) fn have_read_places(&mut self, again: ReadAgain) -> Option<String> {
        match again.result() {
            Ok(None) => None,
            Ok(Some(known)) => {
                say(format_args!("addresses: read again, {}", known.told()));
                self.shards.post(|| Message::Places(known.places().clone()));
                self.places = Some(known);
                None
            }
            Err(why) => {
                say(format_args!("{why}\nso countries and lists of addresses stay as they were"));
                Some(why)
            }
        }
    }

    fn tell(&mut self, making: Making, about: Generation) {
        let Making { what, who, changed, keys, absent, .. } = making;
        let (links, over) = (about.links, over(about.changes));
        let served = format!("generation {}, {}", about.generation, counted(links, "link"));
        match what {
            What::Read { report, took, places_stay, replies } => {
                self.link_files.clone_from(&self.served.base().files);
                self.last_read.set(&self.link_files);
                say_bad_lines(&report);
                let left_out = match report.problems.len() {
                    0 => String::new(),
                    count => format!(", {count} left out"),
                };
                say(format_args!(
                    "reloaded: {served}{left_out}{over}, read in {took:.0?}, by {who}"
                ));
                for reply in replies {
                    let done = match &places_stay {
                        None => Ok(Done::Served(about.clone())),
                        Some(why) => Err(links_alone(about.generation, why)),
                    };
                    answer(reply, done);
                }
            }
            What::Promote(reply) => {
                self.staged_away = None;
                say(format_args!("promoted by {who}: {served}{over}"));
                answer(reply, Ok(Done::Served(about)));
            }
            What::Rollback { number, reply, .. } => {
                say(format_args!("rolled back to generation {number} by {who}: {served}{over}"));
                answer(reply, Ok(Done::Served(about)));
            }
            What::Edit { verb, reply, .. } => {
                let (generation, changes) = (about.generation, about.changes);
                say_edited(&verb, &who, changed, keys, generation, changes);
                answer(reply, Ok(Done::Edited { generation, changed, changes, keys, absent }));
            }
            What::Fold | What::Restage(_) => {}
        }
    }
}
