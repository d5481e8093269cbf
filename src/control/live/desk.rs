//! The desk: one thread that owns what is served, and does what it is asked, one
//! thing after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use anyhow::Context;
use jiff::Timestamp;

use super::ask::{Answer, Ask, Refusal, Reply};
use super::edits;
use super::kept::{Before, Earlier, Generation, Generations, Kept};
use super::opening::{Opening, all_records, next};
use super::read::{self, Files, Job, ReadDone, Then};
use super::shards::Shards;
use crate::clicks::files::unix_us;
use crate::control::journal::{Base, FileMark, How, Journal, Record, What, Who};
use crate::control::{Sources, say};
use crate::links::{Changes, Loaded, Report, Table};

/// What becomes of an edit or a table that cannot be served.
pub(super) const NOT_CHANGED: &str = "nothing is changed";

struct Staged {
    files: Arc<Files>,
    table: Arc<Table>,
    /// Of the desk, when the changes were laid over it.
    edits: u64,
}

/// See the [module](self).
pub struct Desk {
    sources: Sources,
    pub(super) journal: Journal,
    pub(super) shards: Shards,
    pub(super) files: Arc<Files>,
    /// The link files, as they were last read.
    link_files: Vec<FileMark>,
    pub(super) changes: Changes,
    /// How often they were changed since the start.
    pub(super) edits: u64,
    pub(super) links: usize,
    pub(super) generation: u32,
    /// What lies under the changes, as the journal tells it.
    base: Record,
    pub(super) generations: Generations,
    staged: Option<Staged>,
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
        let Opening { table, files, over, journal, base, .. } = opening;
        let mut desk = Self {
            sources,
            journal,
            shards,
            link_files: files.marks(),
            files: files.clone(),
            changes: over,
            edits: 0,
            links: table.len(),
            generation: table.generation(),
            base,
            generations: Generations::new(keep),
            staged: None,
            is_reading: false,
            to_read: VecDeque::new(),
            waiting: VecDeque::new(),
            asks,
            own,
        };
        let about = desk.about(How::Start, None, &Who::itself("start"));
        let now = Arc::new(desk.changes.clone());
        desk.generations.push(Kept {
            about,
            files,
            table: Some(table),
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
        let started = read::start(job, self.changes.clone(), self.edits, self.own.clone());
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
        let ReadDone { job, result, edits, took } = done;
        let read = match result {
            Ok((files, loaded)) => {
                let fresh = edits == self.edits;
                let loaded = if fresh { loaded } else { files.load(&self.changes) };
                let so = match &job.then {
                    Then::Stage(_) => "nothing is staged".to_owned(),
                    Then::Serve(_) => format!("generation {} stays", self.generation),
                };
                check_read(&files, loaded, &so).map(|(table, report)| (files, table, report))
            }
            Err(error) => Err(Refusal::new(422, format_args!("{error:#}"))),
        };
        match (read, job.then) {
            (Err(refusal), then) => self.not_read(then, refusal),
            (Ok((files, table, report)), Then::Stage(reply)) => {
                let staged = Answer::Staged {
                    links: table.len(),
                    left_out: report.problems.len(),
                    files: files.names(),
                    read_ms: took.as_millis() as u64,
                    changes: self.changes.len(),
                };
                self.staged = Some(Staged { files, table, edits: self.edits });
                answer(reply, Ok(staged));
            }
            (Ok((files, table, report)), Then::Serve(replies)) => {
                say_bad_lines(&report);
                let link_files = std::mem::replace(&mut self.link_files, files.marks());
                match self.serve(files, table, How::Reload, None, None, &job.who) {
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
        let Some(staged) = &self.staged else {
            return Err(Refusal::new(
                409,
                "nothing is staged; stage link files first, with `carom links stage FILE…`",
            ));
        };
        let files = staged.files.clone();
        let table = match staged.edits == self.edits {
            true => staged.table.clone(),
            false => check_read(&files, files.load(&self.changes), NOT_CHANGED)?.0,
        };
        let about = self.serve(files, table, How::Staged, None, None, who)?;
        self.staged = None;
        say(format_args!(
            "promoted by {who}: generation {}, {} links{}",
            about.generation,
            about.links,
            over(about.changes)
        ));
        Ok(Answer::Served(about))
    }

    fn discard(&mut self) -> Result<Answer, Refusal> {
        match self.staged.take() {
            Some(staged) => Ok(Answer::Discarded { links: staged.table.len() }),
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
        let Some(earlier) = self.generations.find(number, &self.changes) else {
            return Err(Refusal::new(
                404,
                format_args!(
                    "generation {number} is not kept; `carom links generations` lists those that \
                     are, and `serve --keep-generations N` keeps more"
                ),
            ));
        };
        let Earlier { files, table, changes } = earlier;
        let table = match table {
            Some(table) => table,
            None => check_read(&files, files.load(&changes), NOT_CHANGED)?.0,
        };
        let about = self.serve(files, table, How::Rollback, Some(number), Some(changes), who)?;
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
            staged: self.staged.as_ref().map(|staged| staged.table.len()),
            generations: self.generations.list(),
        }
    }

    /// Serves a table under the next number, with other changes if there are some.
    /// It is in the journal before a shard has it.
    fn serve(
        &mut self,
        files: Arc<Files>,
        table: Arc<Table>,
        how: How,
        from: Option<u32>,
        changes: Option<Changes>,
        who: &Who,
    ) -> Result<Generation, Refusal> {
        let generation = next(self.generation);
        let replicas = self.shards.replicate(&table, generation).map_err(failed)?;
        let base = Base { how, from, files: files.marks(), link_files: self.link_files.clone() };
        let record = |what| Record { generation, at_us: unix_us(), who: who.clone(), what };
        let base = record(What::Base(base));
        let mut records = vec![base.clone()];
        if let Some(changes) = &changes {
            records.push(record(What::ResetAll));
            records.extend(changes.iter().map(|(key, c)| record(edits::what(key, Some(c)))));
        }
        self.write(&records)?;
        self.shards.swap(replicas, generation);

        let before = Arc::new(self.changes.clone());
        if let Some(changes) = changes {
            self.changes = changes;
            self.edits += 1;
        }
        self.base = base;
        self.generation = generation;
        self.links = table.len();
        self.files = files.clone();
        let about = self.about(how, from, who);
        self.generations.push(Kept {
            about: about.clone(),
            files,
            table: Some(table),
            changes: Some(Arc::new(self.changes.clone())),
            before: Before::All(before),
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
            links: self.links,
            changes: self.changes.len(),
            files: self.files.names(),
        }
    }

    pub(super) fn write(&mut self, records: &[Record]) -> Result<(), Refusal> {
        let all = || all_records(&self.base, &self.changes, self.generation);
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

/// The table, and the bad lines that were left out of it, unless they refuse it; `so`
/// is what is not done then.
pub(super) fn check_read(
    files: &Files,
    loaded: Loaded,
    so: &str,
) -> Result<(Arc<Table>, Report), Refusal> {
    match loaded.table.filter(|_| files.set_problems(&loaded.report).is_empty()) {
        Some(table) => Ok((Arc::new(table), loaded.report)),
        None => Err(Refusal::bad_lines(loaded.report, so)),
    }
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
