//! The desk: one thread that owns what is served. It does at once what is quickly done;
//! what takes long, workers make ready beside it, and it stays free to answer.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context;
use crossbeam_channel::{Receiver, Sender, bounded, select_biased};

use super::counting::ToCount;
use super::editing::CheckedEdit;
use super::generations::Generations;
use super::journal::{Deed, Journal, Recorded};
use super::knowing::{KnownPlaces, ReadAgain};
use super::look;
use super::making::Ready;
use super::not_done::{NotDone, Reason};
use super::opening::Opening;
use super::order::{Making, Order, Turn};
use super::reading::{Job, Then, WasRead};
use super::sentences::{names, nothing_staged, over, say_bad_lines, too_few};
use super::served::Served;
use super::undoing::{self, Over};
use super::who::Who;
use super::wish::{Asker, Done, Wish, answer};
use super::workers::{Ended, Workers};
use super::writing::{Past, ToWrite, Written};
use crate::control::shards::Shards;
use crate::limits::{LOOKS_AT_ONCE_MAX, READINGS_WAITING_MAX, WISHES_WAITING_MAX};
use crate::links::{Report, Table, TableRoom};
use crate::rules::SplitKey;
use crate::say::say;
use crate::shard::Builtins;
use crate::sources::watch::LastRead;
use crate::sources::{FileMark, Sources};
use crate::words::counted;

/// What is not gone over.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Memory for all tables.
    pub room: TableRoom,
    /// Links that a reload may lose, per cent of those that it replaces.
    pub loss_percent_max: u8,
    /// What the server answers by itself.
    pub builtins: Builtins,
    /// What visitors are split by.
    pub split_key: SplitKey,
}

/// See the [module](self).
pub struct Desk {
    sources: Sources,
    /// What is known of addresses, if anything is.
    pub(super) places: Option<KnownPlaces>,
    loss_percent_max: u8,
    builtins: Builtins,
    split_key: SplitKey,
    pub(super) shards: Shards,
    /// Memory for all tables.
    pub(super) room: TableRoom,
    pub(super) served: Served,
    /// The link files, as they were last read.
    pub(super) link_files: Vec<FileMark>,
    /// For whoever watches them.
    pub(super) last_read: LastRead,
    pub(super) generation: u32,
    /// The generation that was the first to serve the table under the changes.
    pub(super) table: u32,
    pub(super) generations: Generations,
    pub(super) staged: Option<Served>,
    /// How many links are staged, while a worker has them.
    pub(super) staged_away: Option<usize>,
    /// Not there while a worker writes into it.
    pub(super) journal: Option<Journal>,
    /// What is being made ready, and behind it what was ordered later.
    pub(super) making: Option<Making>,
    pub(super) orders: VecDeque<Order>,
    /// It is ready.
    pub(super) made: Option<Box<Ready>>,
    /// What is served as soon as the journal has it.
    pub(super) turn: Option<Box<Turn>>,
    /// The table that is being compared with the one that came behind it, and which are to
    /// be compared next.
    pub(super) counting: Option<Arc<Table>>,
    pub(super) to_count: Option<ToCount>,
    /// What the log is to be told as soon as the journal is there.
    pub(super) notes: Vec<Recorded>,
    /// The state folder.
    state: PathBuf,
    /// For threads beside it.
    tell: Sender<Ended>,
    reading: bool,
    to_read: VecDeque<Job>,
    /// Wishes that wait for the journal, or for what is staged.
    waiting: VecDeque<Wish>,
    /// Wishes that come before those that were not heard yet.
    again: VecDeque<Wish>,
    wishes: Receiver<Wish>,
    ended: Receiver<Ended>,
    pub(super) workers: Workers,
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
    /// When a thread cannot be started.
    pub fn start(
        opening: Opening,
        sources: Sources,
        places: Option<KnownPlaces>,
        Bounds { room, loss_percent_max, builtins, split_key }: Bounds,
        last_read: LastRead,
        shards: Shards,
        wishes: Receiver<Wish>,
    ) -> anyhow::Result<JoinHandle<()>> {
        let Opening { state, served, generation, journal, generations, table, link_files, .. } =
            opening;
        last_read.set(&link_files);
        // One of each worker, and of each look at the journal.
        let (tell, ended) = bounded(5 + LOOKS_AT_ONCE_MAX);
        let mut workers = Workers::start(state.clone(), &shards, &tell)?;
        workers.keeping.go_on(&generations);
        let desk = Self {
            sources,
            places,
            loss_percent_max,
            builtins,
            split_key,
            shards,
            room,
            served,
            link_files,
            last_read,
            generation,
            table,
            generations,
            staged: None,
            staged_away: None,
            journal: Some(journal),
            making: None,
            orders: VecDeque::new(),
            made: None,
            turn: None,
            counting: None,
            to_count: None,
            notes: Vec::new(),
            state,
            tell,
            reading: false,
            to_read: VecDeque::new(),
            waiting: VecDeque::new(),
            again: VecDeque::new(),
            wishes,
            ended,
            workers,
        };
        std::thread::Builder::new()
            .name("carom-links".to_owned())
            .spawn(move || desk.run())
            .context("cannot start a thread")
    }

    fn run(mut self) {
        loop {
            match self.next() {
                Next::Wish(Wish::Stop) => return self.finish(),
                Next::Wish(wish) => self.take(wish),
                Next::Ended(ended) => {
                    self.have_ended(ended);
                    // Each finds out anew whether it still has to wait.
                    self.again.append(&mut self.waiting);
                }
            }
            self.read_next();
            self.turn_next();
            self.make_next();
        }
    }

    fn next(&mut self) -> Next {
        if let Some(wish) = self.again.pop_front() {
            return Next::Wish(wish);
        }
        select_biased! {
            recv(self.ended) -> ended => Next::Ended(ended.expect("the workers have senders")),
            // Without a server nobody wishes anything.
            recv(self.wishes) -> wish => Next::Wish(wish.unwrap_or(Wish::Stop)),
        }
    }

    /// The next wish, if there is one already.
    pub(super) fn next_wish(&mut self) -> Option<Wish> {
        self.again.pop_front().or_else(|| self.wishes.try_recv().ok())
    }

    /// Has a wish be the next.
    pub(super) fn put_back(&mut self, wish: Wish) {
        self.again.push_front(wish);
    }

    fn have_ended(&mut self, ended: Ended) {
        match ended {
            Ended::Reading(done) => self.have_read(*done),
            Ended::Making(result) => self.have_made(*result),
            Ended::Writing(written) => self.have_written(*written),
            Ended::Counting(counted) => self.have_counted(counted),
            Ended::Undoing { undo, who, reply } => match undo {
                Ok(undo) => self.edit(CheckedEdit::Undo(undo), who, reply),
                Err(refusal) => answer(reply, Err(refusal)),
            },
            Ended::Keeping { table, result } => {
                self.workers.keeping.have_kept(table, result, &mut self.generations);
            }
        }
    }

    /// Does what is wished, or begins with it.
    fn take(&mut self, wish: Wish) {
        match wish {
            Wish::Stop => unreachable!("it ends the loop"),
            Wish::Reload { who, is_forced, reply } => self.reload(who, is_forced, reply),
            Wish::Stage { sources, who, reply } => {
                let (then, mut sources) = (Then::Stage(reply), *sources);
                sources.reading = sources.reading.or(&self.sources.reading);
                let room = self.room;
                self.read(Job { sources, room, who, is_forced: false, then, places: None });
            }
            Wish::Promote { who, reply } => self.order(Order::Promote { who, reply }),
            Wish::Rollback { to, who, reply } => self.order(Order::Rollback { to, who, reply }),
            Wish::Discard { .. } | Wish::Differences { .. } if self.staged_away.is_some() => {
                self.wait(wish);
            }
            Wish::Discard { who, reply } => {
                let discarded = self.discard(who);
                answer(reply, discarded);
            }
            Wish::Differences { reply } => self.staged_differences(reply),
            Wish::Edit { edit, who, reply } => self.edit(edit, who, reply),
            Wish::Export { to } => look::export(self.served.editor(), self.generation, to),
            Wish::Show { url, reply } => {
                answer(reply, look::show(&url, &self.served, &self.builtins, self.generation));
            }
            Wish::Test { question, reply } => {
                let ground = look::Ground {
                    builtins: self.builtins.clone(),
                    split_key: self.split_key,
                    places: self.places.as_ref().map(|known| known.places().clone()),
                    caps: self.shards.caps().clone(),
                };
                look::test(self.served.editor(), self.generation, *question, ground, reply);
            }
            Wish::Caps { reply } => {
                look::caps(self.served.editor(), self.shards.caps().clone(), reply);
            }
            Wish::Generations { reply } => answer(reply, Ok(self.list())),
            Wish::Undo { of, is_forced, who, reply } => self.undo(of, is_forced, who, reply),
            Wish::Changes { most, reply } => {
                let (over, state) = (Over::of(&self.served, self.generation), self.state.clone());
                look::aside(move || answer(reply, over.list(&state, most)));
            }
        }
    }

    /// Has a wish wait until a worker is done.
    pub(super) fn wait(&mut self, wish: Wish) {
        if self.waiting.len() < WISHES_WAITING_MAX {
            self.waiting.push_back(wish);
        } else if let Wish::Edit { reply, .. }
        | Wish::Discard { reply, .. }
        | Wish::Differences { reply } = wish
        {
            answer(reply, Err(NotDone::busy()));
        }
    }

    fn reload(&mut self, who: Who, is_forced: bool, reply: Option<Asker>) {
        // One that has not begun reads what all who wait for it want.
        for job in &mut self.to_read {
            if let Then::Serve(replies) = &mut job.then {
                job.is_forced |= is_forced;
                if replies.len() < WISHES_WAITING_MAX {
                    replies.extend(reply);
                } else if let Some(reply) = reply {
                    answer(reply, Err(NotDone::busy()));
                }
                return;
            }
        }
        let then = Then::Serve(reply.into_iter().collect());
        // Those of the server itself are never too many: one waits at most.
        let (sources, room) = (self.sources.clone(), self.room);
        self.to_read.push_back(Job { sources, room, who, is_forced, then, places: None });
    }

    fn read(&mut self, job: Job) {
        if self.to_read.len() < READINGS_WAITING_MAX {
            self.to_read.push_back(job);
        } else {
            self.not_read(job.then, NotDone::busy());
        }
    }

    fn read_next(&mut self) {
        if !self.reading
            && let Some(job) = self.to_read.pop_front()
        {
            self.reading = true;
            let places = match job.then {
                Then::Serve(_) => self.places.clone(),
                Then::Stage(_) => None,
            };
            let places = places.map(|known| ReadAgain::new(known, self.loss_percent_max));
            let job = Job { room: self.room(), places, ..job };
            self.workers.reader.hand((job, self.served.changes().clone()));
        }
    }

    fn have_read(&mut self, (job, result): (Job, Result<WasRead, NotDone>)) {
        self.reading = false;
        let places_stay = job.places.and_then(|again| self.have_read_places(again));
        match (result, job.then) {
            (Err(refusal), then) => self.not_read(then, refusal),
            (Ok(read), Then::Stage(reply)) => {
                let WasRead { served, report, took, .. } = read;
                let staged = Done::Staged {
                    links: served.editor().len(),
                    left_out: report.problems.len(),
                    files: names(served.base()),
                    read_ms: took.as_millis() as u64,
                    changes: served.changes().len(),
                };
                let (files, links) = (names(served.base()), served.editor().len());
                say(format_args!(
                    "staged by {}: {}, {}{}; generation {} stays",
                    job.who,
                    files.join(", "),
                    counted(links, "link"),
                    over(served.changes().len()),
                    self.generation
                ));
                self.staged = Some(served);
                self.write_down(job.who, Deed::Staged { files, links });
                answer(reply, Ok(staged));
            }
            (Ok(read), Then::Serve(replies)) => {
                if let Some(refusal) = self.loses_most(&read).filter(|_| !job.is_forced) {
                    return self.not_read(Then::Serve(replies), refusal);
                }
                let read = Box::new(WasRead { places_stay, ..read });
                self.orders.push_back(Order::Read { read, who: job.who, replies });
            }
        }
    }

    /// What is said where serving what was read loses more links than a reload may lose.
    fn loses_most(&self, read: &WasRead) -> Option<NotDone> {
        let [before, after] = [&self.served, &read.served].map(|it| it.base().table.len());
        let (lost, percent) = (before.saturating_sub(after), self.loss_percent_max);
        let is_most = lost as u128 * 100 > before as u128 * u128::from(percent);
        is_most.then(|| too_few(before, after, percent))
    }

    pub(super) fn not_read(&self, then: Then, refusal: NotDone) {
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
                    answer(reply, Err(refusal.clone()));
                }
            }
        }
    }

    /// Finds in the journal what takes a change back, beside the serving, and does it then.
    fn undo(&self, of: u32, is_forced: bool, who: Who, reply: Asker) {
        let (state, tell) = (self.state.clone(), self.tell.clone());
        look::aside(move || {
            let undo = undoing::find(&state, of, is_forced);
            // The desk may be gone.
            drop(tell.send(Ended::Undoing { undo, who, reply }));
        });
    }

    fn discard(&mut self, who: Who) -> Result<Done, NotDone> {
        match self.staged.take() {
            Some(staged) => {
                let links = staged.editor().len();
                say(format_args!(
                    "discarded by {who}: {} that were staged",
                    counted(links, "link")
                ));
                self.write_down(who, Deed::Discarded);
                Ok(Done::Discarded { links })
            }
            None => {
                let message = "nothing is staged, so there is nothing to discard";
                Err(NotDone::new(Reason::NotNow, message))
            }
        }
    }

    fn staged_differences(&mut self, reply: Asker) {
        match &self.staged {
            None => answer(reply, Err(nothing_staged())),
            Some(staged) if staged.changes() == self.served.changes() => {
                look::differences(&self.served, staged, reply);
            }
            // The changes of now would lie over it; if they cannot, it cannot be promoted.
            Some(_) => self.order(Order::Restage { reply }),
        }
    }

    fn list(&self) -> Done {
        Done::Generations {
            serving: self.generation,
            staged: self.staged.as_ref().map(|it| it.editor().len()).or(self.staged_away),
            generations: self.generations.list(),
        }
    }

    /// Has the journal written by a worker: what `turn` says, if anything, and before it
    /// all anew if that is due.
    pub(super) fn write(&mut self, journal: Journal, turn: Option<Box<Turn>>) {
        let past = Past {
            generations: self.generations.clone(),
            changes: self.served.changes().clone(),
            last: self.generation,
        };
        let more = turn.as_ref().map(|turn| turn.told(self.served.changes()));
        self.turn = turn;
        self.workers.writer.hand(ToWrite { journal, past, more });
    }

    fn have_written(&mut self, Written { journal, result }: Written) {
        let is_usable = !journal.is_suspect();
        self.journal = Some(journal);
        self.have_written_result(result, is_usable);
        self.write_notes();
    }

    fn have_written_result(&mut self, result: Result<(), NotDone>, is_usable: bool) {
        match (self.turn.take(), result) {
            (Some(turn), Ok(())) => self.serve(*turn),
            (Some(turn), Err(refusal)) => self.not_written(*turn, refusal),
            (None, Ok(())) => {}
            (None, Err(refusal)) if is_usable => {
                say(format_args!("warning: the journal cannot be made shorter: {refusal}"));
            }
            (None, Err(refusal)) => {
                for wish in std::mem::take(&mut self.waiting) {
                    match wish {
                        Wish::Edit { reply, .. } => answer(reply, Err(refusal.clone())),
                        other => self.waiting.push_back(other),
                    }
                }
            }
        }
    }

    /// What was promoted is on the disk before the server ends.
    fn finish(mut self) {
        // What is in the journal is told, too.
        while self.turn.is_some() {
            match self.ended.recv() {
                Ok(ended) => self.have_ended(ended),
                Err(_) => break,
            }
        }
        self.workers.keeping.finish(self.table, &self.generations);
    }
}
