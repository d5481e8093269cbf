//! Reading link files beside the serving.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::served::Served;
use super::who::Who;
use super::wish::{Asker, NotDone};
use crate::links::{Changes, Report};
use crate::machine::background;
use crate::sources::Sources;

/// What is to be read.
pub struct Job {
    pub sources: Sources,
    pub who: Who,
    /// What becomes of it.
    pub then: Then,
}

/// What becomes of files that were read.
pub enum Then {
    /// They are served; everyone here is told.
    Serve(Vec<Asker>),
    /// They are staged.
    Stage(Asker),
}

/// What a reading came to.
pub struct ReadDone {
    pub job: Job,
    /// What is to be served, with the changes of then over it, and the bad lines that
    /// were left out.
    pub result: Result<(Served, Report), NotDone>,
    pub took: Duration,
}

/// Reads on a thread of its own, and hands over what that came to.
///
/// # Errors
///
/// The job, when the thread cannot be started.
pub fn start(
    job: Job,
    changes: Changes,
    then: impl FnOnce(ReadDone) + Send + 'static,
) -> Result<(), Box<(Job, io::Error)>> {
    let (hand_over, handed) = channel::<Job>();
    let spawned = std::thread::Builder::new().name("carom-reload".to_owned()).spawn(move || {
        let Ok(job) = handed.recv() else { return };
        background::begin();
        let started = Instant::now();
        let result = prepare(&job, &changes);
        let took = started.elapsed();
        then(ReadDone { job, result, took });
    });
    match spawned {
        // The thread waits for it.
        Ok(_) => {
            hand_over.send(job).map_err(|back| Box::new((back.0, io::ErrorKind::Other.into())))
        }
        Err(error) => Err(Box::new((job, error))),
    }
}

fn prepare(job: &Job, changes: &Changes) -> Result<(Served, Report), NotDone> {
    let (base, report) =
        job.sources.read_base().map_err(|error| NotDone::new(422, format_args!("{error:#}")))?;
    let Some(base) = base else {
        let so = match job.then {
            Then::Stage(_) => "nothing is staged",
            Then::Serve(_) => "the old links stay",
        };
        return Err(NotDone::bad_lines(report, so));
    };
    let served = Served::new(Arc::new(base), changes).map_err(NotDone::clash)?;
    Ok((served, report))
}
