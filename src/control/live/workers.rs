//! The threads beside the desk that do the long work, and what they tell it.

use std::path::PathBuf;

use crossbeam_channel::Sender;

use super::counting::{Counted, ToCount, count};
use super::editing::Undo;
use super::keeping::Keeping;
use super::making::{Ready, Task, Unmade, make};
use super::not_done::NotDone;
use super::reading::{self, Job, WasRead};
use super::who::Who;
use super::wish::Asker;
use super::worker::Worker;
use super::writing::{self, ToWrite, Written};
use crate::control::shards::Shards;
use crate::links::Changes;

/// What does the long work. Each has one job at a time.
pub struct Workers {
    pub reader: Worker<(Job, Changes)>,
    pub maker: Worker<Task>,
    pub writer: Worker<ToWrite>,
    pub counter: Worker<ToCount>,
    pub keeping: Keeping,
}

/// A worker is done with its job.
pub enum Ended {
    /// Link files were read.
    Reading(Box<(Job, Result<WasRead, NotDone>)>),
    /// Links were made ready.
    Making(Box<Result<Ready, Unmade>>),
    /// The journal was written.
    Writing(Box<Written>),
    /// Two tables were compared.
    Counting(Counted),
    /// It was found what takes a change back.
    Undoing { undo: Result<Undo, NotDone>, who: Who, reply: Asker },
    /// A table was written for a rollback, or why not.
    Keeping { table: u32, result: Result<(), String> },
}

impl Workers {
    /// Starts them; what each has done is told there.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started.
    pub fn start(state: PathBuf, shards: &Shards, tell: &Sender<Ended>) -> anyhow::Result<Self> {
        // There is room for what each of them tells, and the desk may be gone.
        let teller = || {
            let tell = tell.clone();
            move |ended| drop(tell.send(ended))
        };
        let (read, made, written, kept) = (teller(), teller(), teller(), teller());
        let compared = teller();
        let (folder, shards) = (state.clone(), shards.clone());
        Ok(Self {
            reader: Worker::start("carom-reload", move |(mut job, changes): (Job, Changes)| {
                if let Some(places) = &mut job.places {
                    places.read(job.is_forced);
                }
                let result = reading::read(&job, &changes);
                read(Ended::Reading(Box::new((job, result))));
            })?,
            maker: Worker::start("carom-make", move |task| {
                made(Ended::Making(Box::new(make(task, &folder, &shards))));
            })?,
            writer: Worker::start("carom-journal", move |to_write| {
                written(Ended::Writing(Box::new(writing::write(to_write))));
            })?,
            counter: Worker::start("carom-count", move |to_count| {
                compared(Ended::Counting(count(to_count)));
            })?,
            keeping: Keeping::start(state, move |table, result| {
                kept(Ended::Keeping { table, result });
            })?,
        })
    }
}
