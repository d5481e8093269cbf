//! The desk: one thread that owns what is served, and does what it is asked, one
//! thing after the other.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use anyhow::Context;
use jiff::Timestamp;

use super::ask::{Answer, Ask, Refusal, Reply};
use super::edits;
use super::kept::{Before, Generation, Generations, Kept};
use super::opening::{Opening, all_records, next};
use super::read::{self, Job, ReadDone, Then};
use super::saved;
use super::served::{Base, Served};
use super::shards::Shards;
use crate::clicks::files::unix_us;
use crate::control::journal::{self, FileMark, How, Journal, Record, What, Who};
use crate::control::{Sources, say};
use crate::links::Report;

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
    pub(super) generation: u32,
    /// What lies under the changes, as the journal tells it.
    base: Record,
    pub(super) generations: Generations,
    staged: Option<Served>,
    is_reading: bool,
    to_read: VecDeque<Job>,
    /// Asks that were taken out of turn.
    pub(super) waiting: VecDeque<Ask>,
    pub(super) asks: Receiver<Ask>,
    own: Sender<Ask>,
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
        keep: usize,
        shards: Shards,
        (own, asks): (Sender<Ask>, Receiver<Ask>),
    ) -> anyhow::Result<std::thread::JoinHandle<()>> {
        let Opening { state, served, generation, journal, base, from } = opening;
        let link_files = match &base.what {
            What::Base(base) => base.link_files.clone(),
            _ => Vec::new(),
        };
        let mut desk = Self {
            sources,
            state,
            journal,
            shards,
            link_files,
            served,
            generation,
            base,
            generations: Generations::new(keep),
            staged: None,
            is_reading: false,
            to_read: VecDeque::new(),
            waiting: VecDeque::new(),
            asks,
            own,
        };
        let about = desk.about(How::Start, from, &Who::itself("start"));
        let now = Arc::new(desk.served.changes().clone());
        desk.generations.push(Kept {
            about,
            base: desk.served.base().clone(),
            changes: Some(now.clone()),
            before: Before::All(now),
        });
        std::thread::Builder::new()
            .name("carom-links".to_owned())
            .spawn(move || desk.run())
            .context("cannot start a thread")
    }

    fn run(mut self) {
        loop {
            // It holds a sender itself, so there always is one.
            let next = self.waiting.pop_front().or_else(|| self.asks.recv().ok());
            let Some(ask) = next else { return };
            match ask {
                Ask::Stop => return,
                Ask::Reload { who, reply } => self.reload(who, reply),
                Ask::Stage { sources, who, reply } => {
                    self.read(Job { sources, who, then: Then::Stage(reply) });
                }
                Ask::Read(done) => self.have_read(*done),
                Ask::Promote { who, reply } => answer(reply, self.promote(&who)),
                Ask::Discard { reply } => answer(reply, self.discard()),
                Ask::Rollback { to, who, reply } => answer(reply, self.roll_back(to, &who)),
                Ask::Edit { edit, who, reply } => self.edit(edit, who, reply),
                Ask::Export { reply } => answer(reply, Ok(self.export())),
                Ask::Show { url, reply } => answer(reply, self.show(&url)),
                Ask::Differences { reply } => answer(reply, self.staged_differences()),
                Ask::Generations { reply } => answer(reply, Ok(self.list())),
            }
        }
    }

    fn reload(&mut self, who: Who, reply: Option<Reply>) {
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
        let started = read::start(job, self.served.changes().clone(), self.own.clone());
        if let Err(failed) = started {
            let (job, error) = *failed;
            self.is_reading = false;
            self.not_read(
                job.then,
                Refusal::new(503, format_args!("cannot start a thread: {error}")),
            );
        }
    }

    fn have_read(&mut self, done: ReadDone) {
        self.is_reading = false;
        let ReadDone { job, result, took } = done;
        // What was changed meanwhile is laid over it, too.
        let read = result.and_then(|(mut served, report)| {
            served.lay(self.served.changes()).map_err(Refusal::clash)?;
            Ok((served, report))
        });
        match (read, job.then) {
            (Err(refusal), then) => self.not_read(then, refusal),
            (Ok((served, report)), Then::Stage(reply)) => {
                let staged = Answer::Staged {
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
                            answer(reply, Ok(Answer::Served(about.clone())));
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

    fn not_read(&self, then: Then, refusal: Refusal) {
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
                        Err(Refusal { problems, ..Refusal::new(refusal.status, &refusal) }),
                    );
                }
            }
        }
    }

    fn promote(&mut self, who: &Who) -> Result<Answer, Refusal> {
        let Some(mut staged) = self.staged.take() else {
            return Err(nothing_staged());
        };
        staged.lay(self.served.changes()).map_err(Refusal::clash)?;
        let about = self.serve(staged, How::Staged, None, who)?;
        say(format_args!(
            "promoted by {who}: generation {}, {} links{}",
            about.generation,
            about.links,
            over(about.changes)
        ));
        Ok(Answer::Served(about))
    }

    fn staged_differences(&mut self) -> Result<Answer, Refusal> {
        let mut staged = self.staged.take().ok_or_else(nothing_staged)?;
        // The changes of now would lie over it; if they cannot, it cannot be promoted.
        staged.lay(self.served.changes()).map_err(Refusal::clash)?;
        let answer = self.differences(&staged);
        self.staged = Some(staged);
        Ok(answer)
    }

    fn discard(&mut self) -> Result<Answer, Refusal> {
        match self.staged.take() {
            Some(staged) => Ok(Answer::Discarded { links: staged.editor().len() }),
            None => Err(Refusal::new(409, "nothing is staged, so there is nothing to discard")),
        }
    }

    fn roll_back(&mut self, to: Option<u32>, who: &Who) -> Result<Answer, Refusal> {
        let Some(number) = to.or_else(|| self.generations.previous()) else {
            return Err(Refusal::new(409, "there is no earlier generation to roll back to"));
        };
        if number == self.generation {
            return Err(Refusal::new(409, format_args!("generation {number} is being served")));
        }
        let Some((base, changes)) = self.generations.find(number, self.served.changes()) else {
            return Err(Refusal::new(
                404,
                format_args!(
                    "generation {number} is not kept; `carom links generations` lists those that \
                     are, and `serve --keep-generations N` keeps more"
                ),
            ));
        };
        let served = Served::new(base, &changes).map_err(Refusal::clash)?;
        let about = self.serve(served, How::Rollback, Some(number), who)?;
        say(format_args!(
            "rolled back to generation {number} by {who}: generation {}, {} links{}",
            about.generation,
            about.links,
            over(about.changes)
        ));
        Ok(Answer::Served(about))
    }

    fn list(&self) -> Answer {
        Answer::Generations {
            serving: self.generation,
            staged: self.staged.as_ref().map(|staged| staged.editor().len()),
            generations: self.generations.list(),
        }
    }

    /// Serves other links under the next number. They are in the journal before a shard
    /// has them.
    fn serve(
        &mut self,
        served: Served,
        how: How,
        from: Option<u32>,
        who: &Who,
    ) -> Result<Generation, Refusal> {
        let generation = next(self.generation);
        let replicas = self.shards.replicate(&served, generation).map_err(failed)?;
        let files = served.base().files.clone();
        // A reload serves what stands in the link files.
        let saved = (how != How::Reload).then_some(generation);
        let link_files = self.link_files.clone();
        let base = journal::Base { how, from, files, link_files, saved };
        let record = |what| Record { generation, at_us: unix_us(), who: who.clone(), what };
        let base = record(What::Base(base));
        let mut records = vec![base.clone()];
        if served.changes() != self.served.changes() {
            let changes = served.changes().iter();
            records.push(record(What::ResetAll));
            records.extend(changes.map(|(key, change)| record(edits::what(key, Some(change)))));
        }
        self.write(&records)?;
        self.shards.swap(replicas, generation);
        if saved.is_some() {
            saved::save_aside(&self.state, generation, served.base());
        }

        let earlier = std::mem::replace(&mut self.served, served);
        self.base = base;
        self.generation = generation;
        let about = self.about(how, from, who);
        self.generations.push(Kept {
            about: about.clone(),
            base: self.served.base().clone(),
            changes: Some(Arc::new(self.served.changes().clone())),
            before: Before::All(Arc::new(earlier.changes().clone())),
        });
        Ok(about)
    }

    pub(super) fn about(&self, how: How, from: Option<u32>, who: &Who) -> Generation {
        let time = Timestamp::now().strftime("%FT%TZ").to_string();
        Generation {
            generation: self.generation,
            time,
            who: who.to_string(),
            how,
            from,
            links: self.served.editor().len(),
            changes: self.served.changes().len(),
            files: names(self.served.base()),
        }
    }

    pub(super) fn write(&mut self, records: &[Record]) -> Result<(), Refusal> {
        let all = || all_records(&self.base, self.served.changes(), self.generation);
        self.journal.append(records, all).map_err(|error| {
            Refusal::new(
                500,
                format_args!(
                    "the journal cannot be written: {error}; nothing is changed. Free space in the \
                     state folder, or mend its disk, and try again"
                ),
            )
        })
    }
}

pub(super) fn answer(reply: Reply, answer: Result<Answer, Refusal>) {
    // Who asked may have gone.
    let _ = reply.send(answer);
}

fn say_bad_lines(report: &Report) {
    let count = report.problems.len();
    if count > 0 {
        say(format_args!("{count} bad lines:\n{}", report.to_string().trim_end()));
    }
}

fn nothing_staged() -> Refusal {
    Refusal::new(409, "nothing is staged; stage link files first, with `carom links stage FILE…`")
}

fn names(base: &Base) -> Vec<String> {
    base.files.iter().map(|file| file.name.clone()).collect()
}

pub(super) fn failed(error: anyhow::Error) -> Refusal {
    Refusal::new(503, format_args!("{error:#}; nothing is changed"))
}

/// What lies over the files, in a sentence.
fn over(changes: usize) -> String {
    match changes {
        0 => String::new(),
        1 => ", 1 change over the files".to_owned(),
        count => format!(", {count} changes over the files"),
    }
}
