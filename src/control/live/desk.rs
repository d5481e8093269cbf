//! The desk: one thread that owns what is served, and does what it is asked, one
//! thing after the other.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context;
use crossbeam_channel::{Receiver, Sender, bounded, select_biased};

use super::generation::Generation;
use super::generations::{Generations, KeptGeneration, MadeBy, Recalled};
use super::journal::changes::deed_of;
use super::journal::{self, Deed, Journal, Recorded};
use super::look;
use super::opening::{Opening, next};
use super::reading::{self, Job, ReadDone, Then};
use super::sentences::{failed, names, nothing_staged, over, say_bad_lines};
use super::served::Served;
use super::stored;
use super::who::{How, Who};
use super::wish::{Asker, Done, NotDone, Wish};
use crate::control::shards::Shards;
use crate::links::Report;
use crate::machine::clock::unix_us;
use crate::say::say;
use crate::sources::watch::LastRead;
use crate::sources::{FileMark, Sources};

/// See the [module](self).
pub struct Desk {
    sources: Sources,
    /// The state folder.
    state: PathBuf,
    pub(super) journal: Journal,
    pub(super) shards: Shards,
    pub(super) served: Served,
    /// The link files, as they were last read.
    link_files: Vec<FileMark>,
    /// For whoever watches them.
    last_read: LastRead,
    pub(super) generation: u32,
    /// The generation that was the first to serve the table under the changes.
    pub(super) table: u32,
    pub(super) generations: Generations,
    /// The table that is being written for a rollback.
    storing: Option<(u32, JoinHandle<()>)>,
    /// It was said that tables cannot be written.
    has_said_unstored: bool,
    staged: Option<Served>,
    is_reading: bool,
    to_read: VecDeque<Job>,
    /// A wish that was taken out of turn.
    pub(super) put_off: Option<Wish>,
    pub(super) wishes: Receiver<Wish>,
    /// What ended, of that which the desk has others do.
    ended: Receiver<Ended>,
    tell_ended: Sender<Ended>,
}

/// Something that the desk has done by another thread has ended.
enum Ended {
    /// Link files were read.
    Reading(Box<ReadDone>),
    /// A table was written for a rollback, or why not.
    Storing { table: u32, result: Result<(), String> },
}

/// What happens next at the desk.
enum Next {
    Wish(Wish),
    Ended(Ended),
}

impl Desk {
    /// Goes on from the opening, which the shards serve. It runs until it is asked
    /// to stop.
    ///
    /// # Errors
    ///
    /// When its thread cannot be started.
    pub fn start(
        opening: Opening,
        sources: Sources,
        last_read: LastRead,
        shards: Shards,
        wishes: Receiver<Wish>,
    ) -> anyhow::Result<JoinHandle<()>> {
        let Opening { state, served, generation, journal, generations, table, link_files, .. } =
            opening;
        last_read.set(&link_files);
        // One reads and one writes at a time.
        let (tell_ended, ended) = bounded(2);
        let mut desk = Self {
            sources,
            state,
            journal,
            shards,
            link_files,
            last_read,
            served,
            generation,
            table,
            generations,
            storing: None,
            has_said_unstored: false,
            staged: None,
            is_reading: false,
            to_read: VecDeque::new(),
            put_off: None,
            wishes,
            ended,
            tell_ended,
        };
        desk.store();
        std::thread::Builder::new()
            .name("carom-links".to_owned())
            .spawn(move || desk.run())
            .context("cannot start a thread")
    }

    fn run(mut self) {
        loop {
            let wish = match self.next() {
                Next::Ended(Ended::Reading(done)) => {
                    self.have_read(*done);
                    continue;
                }
                Next::Ended(Ended::Storing { table, result }) => {
                    self.have_stored(table, result);
                    continue;
                }
                Next::Wish(wish) => wish,
            };
            match wish {
                Wish::Stop => return self.finish(),
                Wish::Reload { who, reply } => self.reload(who, reply),
                Wish::Stage { sources, who, reply } => {
                    self.read(Job { sources, who, then: Then::Stage(reply) });
                }
                Wish::Promote { who, reply } => answer(reply, self.promote(&who)),
                Wish::Discard { reply } => answer(reply, self.discard()),
                Wish::Rollback { to, who, reply } => answer(reply, self.roll_back(to, &who)),
                Wish::Edit { edit, who, reply } => self.edit(edit, who, reply),
                Wish::Export { reply } => {
                    look::export(self.served.editor(), self.generation, reply);
                }
                Wish::Show { url, reply } => {
                    answer(reply, look::show(&url, &self.served, self.generation));
                }
                Wish::Differences { reply } => self.staged_differences(reply),
                Wish::Generations { reply } => answer(reply, Ok(self.list())),
            }
        }
    }

    fn next(&mut self) -> Next {
        if let Some(wish) = self.put_off.take() {
            return Next::Wish(wish);
        }
        select_biased! {
            recv(self.ended) -> ended => Next::Ended(ended.expect("the desk has a sender itself")),
            // Without a server nobody wishes anything.
            recv(self.wishes) -> wish => Next::Wish(wish.unwrap_or(Wish::Stop)),
        }
    }

    fn reload(&mut self, who: Who, reply: Option<Asker>) {
        // One that has not begun reads what all who wait for it want.
        for job in &mut self.to_read {
            if let Then::Serve(replies) = &mut job.then {
                return replies.extend(reply);
            }
        }
        let then = Then::Serve(reply.into_iter().collect());
        self.read(Job { sources: self.sources.clone(), who, then });
    }

    fn read(&mut self, job: Job) {
        self.to_read.push_back(job);
        self.read_next();
    }

    fn read_next(&mut self) {
        if self.is_reading {
            return;
        }
        let Some(job) = self.to_read.pop_front() else { return };
        self.is_reading = true;
        let tell = self.tell_ended.clone();
        let started = reading::start(job, self.served.changes().clone(), move |done| {
            let _ = tell.send(Ended::Reading(Box::new(done)));
        });
        if let Err(failed) = started {
            let (job, error) = *failed;
            self.is_reading = false;
            self.not_read(
                job.then,
                NotDone::new(503, format_args!("cannot start a thread: {error}")),
            );
        }
    }

    fn have_read(&mut self, done: ReadDone) {
        self.is_reading = false;
        let ReadDone { job, result, took } = done;
        // What was changed meanwhile is laid over it, too.
        let read = result.and_then(|(mut served, report)| {
            served.lay(self.served.changes()).map_err(NotDone::clash)?;
            Ok((served, report))
        });
        match (read, job.then) {
            (Err(refusal), then) => self.not_read(then, refusal),
            (Ok((served, report)), Then::Stage(reply)) => {
                let staged = Done::Staged {
                    links: served.editor().len(),
                    left_out: report.problems.len(),
                    files: names(served.base()),
                    read_ms: took.as_millis() as u64,
                    changes: served.changes().len(),
                };
                self.staged = Some(served);
                answer(reply, Ok(staged));
            }
            (Ok((served, report)), Then::Serve(replies)) => {
                say_bad_lines(&report);
                let files = served.base().files.clone();
                let link_files = std::mem::replace(&mut self.link_files, files);
                match self.serve(served, How::Reload, None, &job.who) {
                    Ok(about) => {
                        self.last_read.set(&self.link_files);
                        let left_out = match report.problems.len() {
                            0 => String::new(),
                            count => format!(", {count} left out"),
                        };
                        say(format_args!(
                            "reloaded: generation {}, {} links{left_out}{}, read in {took:.0?}",
                            about.generation,
                            about.links,
                            over(about.changes)
                        ));
                        for reply in replies {
                            answer(reply, Ok(Done::Served(about.clone())));
                        }
                    }
                    Err(refusal) => {
                        self.link_files = link_files;
                        self.not_read(Then::Serve(replies), refusal);
                    }
                }
            }
        }
        self.read_next();
    }

    fn not_read(&self, then: Then, refusal: NotDone) {
        match then {
            Then::Stage(reply) => answer(reply, Err(refusal)),
            Then::Serve(replies) => {
                let why: &dyn std::fmt::Display = if refusal.problems.is_empty() {
                    &refusal
                } else {
                    let problems = refusal.problems.clone();
                    say_bad_lines(&Report { problems, ..Report::default() });
                    &"mend the lines above, or pass --on-bad-line skip"
                };
                say(format_args!("not reloaded, generation {} stays: {why}", self.generation));
                for reply in replies {
                    let problems = refusal.problems.clone();
                    answer(
                        reply,
                        Err(NotDone { problems, ..NotDone::new(refusal.status, &refusal) }),
                    );
                }
            }
        }
    }

    fn promote(&mut self, who: &Who) -> Result<Done, NotDone> {
        let Some(mut staged) = self.staged.take() else {
            return Err(nothing_staged());
        };
        staged.lay(self.served.changes()).map_err(NotDone::clash)?;
        let about = self.serve(staged, How::Staged, None, who)?;
        say(format_args!(
            "promoted by {who}: generation {}, {} links{}",
            about.generation,
            about.links,
            over(about.changes)
        ));
        Ok(Done::Served(about))
    }

    fn staged_differences(&mut self, reply: Asker) {
        let Some(mut staged) = self.staged.take() else {
            return answer(reply, Err(nothing_staged()));
        };
        // The changes of now would lie over it; if they cannot, it cannot be promoted.
        match staged.lay(self.served.changes()) {
            Err(why) => answer(reply, Err(NotDone::clash(why))),
            Ok(()) => {
                look::differences(&self.served, &staged, reply);
                self.staged = Some(staged);
            }
        }
    }

    fn discard(&mut self) -> Result<Done, NotDone> {
        match self.staged.take() {
            Some(staged) => Ok(Done::Discarded { links: staged.editor().len() }),
            None => Err(NotDone::new(409, "nothing is staged, so there is nothing to discard")),
        }
    }

    fn roll_back(&mut self, to: Option<u32>, who: &Who) -> Result<Done, NotDone> {
        let Some(number) = to.or_else(|| self.generations.previous()) else {
            return Err(NotDone::new(409, "there is no earlier generation to roll back to"));
        };
        if number == self.generation {
            return Err(NotDone::new(409, format_args!("generation {number} is being served")));
        }
        let Some(found) = self.generations.find(number, self.served.changes()) else {
            return Err(NotDone::new(
                404,
                format_args!(
                    "generation {number} is not kept; `carom links generations` lists those that \
                     are, and `serve --keep-generations N` keeps more"
                ),
            ));
        };
        let Recalled { table, files, held, changes } = found;
        let base = match held {
            Some(base) => base,
            None if table == self.table => self.served.base().clone(),
            None => Arc::new(stored::open(&self.state, table, files).map_err(|error| {
                NotDone::new(
                    500,
                    format_args!(
                        "generation {number} cannot be had again: {error:#}; nothing is changed. \
                         Roll back to another, or stage its files"
                    ),
                )
            })?),
        };
        let served = Served::new(base, &changes).map_err(NotDone::clash)?;
        let about = self.serve(served, How::Rollback, Some((number, table)), who)?;
        say(format_args!(
            "rolled back to generation {number} by {who}: generation {}, {} links{}",
            about.generation,
            about.links,
            over(about.changes)
        ));
        Ok(Done::Served(about))
    }

    fn list(&self) -> Done {
        Done::Generations {
            serving: self.generation,
            staged: self.staged.as_ref().map(|staged| staged.editor().len()),
            generations: self.generations.list(),
        }
    }

    /// Serves other links under the next number. They are in the journal before a shard
    /// has them. `again` is the generation they were before, and its table's number.
    fn serve(
        &mut self,
        served: Served,
        how: How,
        again: Option<(u32, u32)>,
        who: &Who,
    ) -> Result<Generation, NotDone> {
        let generation = next(self.generation);
        let replicas = self.shards.replicate(|| served.replicate(generation)).map_err(failed)?;
        let (from, table) = again.unzip();
        let table = table.unwrap_or(generation);
        let base = journal::TableServed {
            how,
            from,
            files: served.base().files.clone(),
            link_files: self.link_files.clone(),
            table,
            // A reload serves what stands in the link files.
            saved: (how != How::Reload).then_some(generation),
            links: served.editor().len(),
        };
        let at_us = unix_us();
        let record = |what| Recorded { generation, at_us, who: who.clone(), what };
        let mut records = vec![record(Deed::Base(base.clone()))];
        if served.changes() != self.served.changes() {
            let changes = served.changes().iter();
            records.push(record(Deed::ResetAll));
            records.extend(changes.map(|(key, change)| record(deed_of(key, Some(change)))));
        }
        self.write(&records)?;
        self.shards.swap(replicas, generation);

        let earlier = std::mem::replace(&mut self.served, served);
        self.generation = generation;
        self.table = table;
        let is_there = again.is_some() && stored::is_there(&self.state, table);
        let kept = KeptGeneration {
            generation,
            at_us,
            who: who.clone(),
            links: base.links,
            changes: self.served.changes().len(),
            table,
            files: Arc::new(base.files.clone()),
            held: (!is_there).then(|| self.served.base().clone()),
            made: MadeBy::Table {
                base,
                changes: Arc::new(self.served.changes().clone()),
                before: Arc::new(earlier.changes().clone()),
            },
        };
        let about = kept.about();
        self.generations.push(kept);
        self.store();
        Ok(about)
    }

    /// Writes the newest table that is not on the disk yet, so that its memory can be
    /// given back once it is no longer served, and removes those that are not kept.
    fn store(&mut self) {
        if self.storing.is_some() {
            return;
        }
        stored::clean(&self.state, |table| self.generations.has_table(table));
        if let Some((table, base)) = self.generations.unstored() {
            let tell = self.tell_ended.clone();
            let then = move |result| drop(tell.send(Ended::Storing { table, result }));
            match stored::write_aside(&self.state, table, base, then) {
                Ok(thread) => self.storing = Some((table, thread)),
                Err(error) => self.not_stored(table, &error),
            }
        }
    }

    fn have_stored(&mut self, table: u32, result: Result<(), String>) {
        self.storing = None;
        match result {
            Ok(()) => {
                self.has_said_unstored = false;
                self.generations.is_stored(table);
                self.store();
            }
            // It is tried again when another table is served.
            Err(error) => self.not_stored(table, &error),
        }
    }

    fn not_stored(&mut self, table: u32, error: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.has_said_unstored, true) {
            say(format_args!(
                "warning: generation {table} is kept in memory, and is gone after a restart: \
                 {error}. Free space in the state folder; with the next table that is served it \
                 is tried again"
            ));
        }
    }

    /// What was promoted is on the disk before the server ends.
    fn finish(mut self) {
        let stored = self.storing.take().map(|(table, thread)| {
            // It has said what went wrong, if anything did.
            let _ = thread.join();
            table
        });
        if stored != Some(self.table)
            && let Some((table, base)) = self.generations.unstored()
            && table == self.table
            && let Err(error) = stored::write(&self.state, table, &base)
        {
            self.not_stored(table, &format_args!("{error:#}"));
        }
    }

    pub(super) fn write(&mut self, records: &[Recorded]) -> Result<(), NotDone> {
        let all = || self.generations.records(self.served.changes(), self.generation);
        self.journal.append(records, all).map_err(|error| {
            NotDone::new(
                500,
                format_args!(
                    "the journal cannot be written: {error}; nothing is changed. Free space in the \
                     state folder, or mend its disk, and try again"
                ),
            )
        })
    }
}

pub(super) fn answer(reply: Asker, answer: Result<Done, NotDone>) {
    // Who asked may have gone.
    let _ = reply.send(answer);
}
