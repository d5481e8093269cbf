//! Reading link files beside the serving.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::ask::{Ask, Refusal, Reply};
use super::served::{Base, Served};
use crate::control::Sources;
use crate::control::journal::{FileMark, Who};
use crate::links::{Changes, Format, Report, Source, load};

/// Reads link files: their table, unless a bad line refuses it, and what was wrong.
///
/// # Errors
///
/// When one cannot be read; it is named.
pub fn read(sources: &Sources) -> anyhow::Result<(Option<Base>, Report)> {
    let mut texts = Vec::new();
    for path in &sources.paths {
        let text = std::fs::read(path)
            .with_context(|| format!("cannot read the link file {}", path.display()))?;
        texts.push((path.display().to_string(), text));
    }
    let parts: Vec<Source<'_>> = texts
        .iter()
        .map(|(name, text)| Source {
            name,
            text,
            format: sources.format.unwrap_or_else(|| Format::of(name)),
        })
        .collect();
    let loaded = load(&parts, sources.on_bad_line);
    let mark = |(name, text): &(String, Vec<u8>)| FileMark {
        name: name.clone(),
        size: text.len() as u64,
        crc: crc32c::crc32c(text),
    };
    let files = texts.iter().map(mark).collect();
    let base = loaded.table.map(|table| Base { table: Arc::new(table), files });
    Ok((base, loaded.report))
}

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
    Serve(Vec<Reply>),
    /// They are staged.
    Stage(Reply),
}

/// What a reading came to.
pub struct ReadDone {
    pub job: Job,
    /// What is to be served, with the changes of then over it, and the bad lines that
    /// were left out.
    pub result: Result<(Served, Report), Refusal>,
    pub took: Duration,
}

/// Reads on a thread of its own, and asks the desk to go on from there.
///
/// # Errors
///
/// The job, when the thread cannot be started.
pub fn start(job: Job, changes: Changes, desk: Sender<Ask>) -> Result<(), (Job, io::Error)> {
    let (hand_over, handed) = channel::<Job>();
    let spawned = std::thread::Builder::new().name("carom-reload".to_owned()).spawn(move || {
        let Ok(job) = handed.recv() else { return };
        // Refused, it only means that requests wait a little.
        let _ = rustix::process::nice(10);
        let started = Instant::now();
        let result = prepare(&job, &changes);
        let took = started.elapsed();
        let _ = desk.send(Ask::Read(Box::new(ReadDone { job, result, took })));
    });
    match spawned {
        // The thread waits for it.
        Ok(_) => hand_over.send(job).map_err(|back| (back.0, io::ErrorKind::Other.into())),
        Err(error) => Err((job, error)),
    }
}

fn prepare(job: &Job, changes: &Changes) -> Result<(Served, Report), Refusal> {
    let (base, report) =
        read(&job.sources).map_err(|error| Refusal::new(422, format_args!("{error:#}")))?;
    let Some(base) = base else {
        let so = match job.then {
            Then::Stage(_) => "nothing is staged",
            Then::Serve(_) => "the old links stay",
        };
        return Err(Refusal::bad_lines(report, so));
    };
    let served = Served::new(Arc::new(base), changes).map_err(Refusal::clash)?;
    Ok((served, report))
}
