//! Reading link files beside the serving.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::knowing::ReadAgain;
use super::not_done::{NotDone, Reason};
use super::served::Served;
use super::who::Who;
use super::wish::Asker;
use crate::limits::CHANGES_LAID_SINGLY_MAX;
use crate::links::{Changes, Report, TableRoom, check_lay};
use crate::sources::Sources;

/// What is to be read.
pub struct Job {
    pub sources: Sources,
    /// Memory for them.
    pub room: TableRoom,
    pub who: Who,
    /// Also when most links are lost by that.
    pub is_forced: bool,
    /// What becomes of it.
    pub then: Then,
    /// Files of countries and lists that are read with them.
    pub places: Option<ReadAgain>,
}

/// What becomes of files that were read.
pub enum Then {
    /// They are served; everyone here is told.
    Serve(Vec<Asker>),
    /// They are staged.
    Stage(Asker),
}

/// Links that were read, and what is to be told of it.
pub struct WasRead {
    /// What is to be served, with the changes of then over it.
    pub served: Served,
    /// The bad lines that were left out.
    pub report: Report,
    pub took: Duration,
    /// Why countries and lists stay as they were, if they should not.
    pub places_stay: Option<String>,
}

/// Reads the files, and lays the changes over them.
pub fn read(job: &Job, changes: &Changes) -> Result<WasRead, NotDone> {
    let started = Instant::now();
    let (base, report) = job
        .sources
        .read_base(job.room)
        .map_err(|error| NotDone::new(Reason::Wrong, format_args!("{error:#}")))?;
    let Some(base) = base else {
        let so = match job.then {
            Then::Stage(_) => "nothing is staged",
            Then::Serve(_) => "the old links stay",
        };
        return Err(NotDone::bad_lines(report, so));
    };
    // What was read is there now, and lies below them.
    let room = job.room.beside(base.table.held_bytes(job.room.copies()));
    if changes.len() > CHANGES_LAID_SINGLY_MAX {
        check_lay(&base.table, changes, room)?;
    }
    let served = Served::new(Arc::new(base), changes).map_err(NotDone::clash)?;
    Ok(WasRead { served, report, took: started.elapsed(), places_stay: None })
}
