//! Reading link files beside the serving.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::ask::{Ask, Refusal, Reply};
use super::includes::Includes;
use super::served::{Base, Served};
use crate::control::journal::{FileMark, Who};
use crate::control::{Sources, table_file};
use crate::links::compiled::checksum;
use crate::links::{Changes, FileReport, Format, Help, Include, Report, Source, load};
use crate::machine::background;

/// A link file, and what it includes.
struct Text {
    name: String,
    format: Format,
    bytes: Vec<u8>,
    includes: Includes,
}

/// How a link file is read.
pub type Open<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Reads link files: their table, unless a bad line refuses it, and what was wrong.
///
/// # Errors
///
/// When one cannot be read; it is named.
pub fn read(sources: &Sources) -> anyhow::Result<(Option<Base>, Report)> {
    read_with(sources, &background::read)
}

/// The same, with another way to read a file.
///
/// # Errors
///
/// When one cannot be read; it is named.
pub fn read_with(sources: &Sources, open: Open<'_>) -> anyhow::Result<(Option<Base>, Report)> {
    if let Some(compiled) = read_compiled(sources)? {
        return Ok(compiled);
    }
    let mut texts = Vec::new();
    for path in &sources.paths {
        let bytes =
            open(path).with_context(|| format!("cannot read the link file {}", path.display()))?;
        let name = path.display().to_string();
        let format = sources.reading.format_of(&name, &bytes);
        let includes = Includes::read(&Source::new(&name, &bytes, format));
        texts.push(Text { name, format, bytes, includes });
    }
    let finders = texts.iter().map(|text| |pattern: &str| text.includes.get(pattern));
    let finders: Vec<_> = finders.collect();
    let parts: Vec<Source<'_>> = texts
        .iter()
        .zip(&finders)
        .map(|(text, finder)| Source {
            help: Help {
                base: sources.reading.base.as_deref(),
                columns: sources.reading.columns.as_ref(),
                include: Some(Include(finder)),
            },
            ..Source::new(&text.name, &text.bytes, text.format)
        })
        .collect();
    let loaded = load(&parts, sources.on_bad_line);
    let files = texts.iter().flat_map(Text::marks).collect();
    let base = loaded.table.map(|table| Base { table: Arc::new(table), files, about: None });
    Ok((base, loaded.report))
}

/// A compiled table in place of link files, if there is one.
fn read_compiled(sources: &Sources) -> anyhow::Result<Option<(Option<Base>, Report)>> {
    for path in &sources.paths {
        if !table_file::is_compiled(path)? {
            continue;
        }
        if sources.paths.len() > 1 {
            bail!(
                "{} is a compiled table, which stands alone; compile all files into one, or name \
                 only link files",
                path.display()
            );
        }
        let name = path.display().to_string();
        let (compiled, mark) = table_file::open(path)?;
        let table = Arc::new(compiled.table);
        let file = FileReport { name: name.clone(), links: table.len(), ..FileReport::default() };
        let report = Report { files: vec![file], ..Report::default() };
        let files = vec![FileMark { name, size: mark.size, crc: mark.crc }];
        let about = Some(String::from_utf8_lossy(&compiled.about).into_owned());
        return Ok(Some((Some(Base { table, files, about }), report)));
    }
    Ok(None)
}

impl Text {
    /// By what it and the files it includes are known again.
    fn marks(&self) -> Vec<FileMark> {
        let mark = |name: &str, text: &[u8]| FileMark {
            name: name.to_owned(),
            size: text.len() as u64,
            crc: checksum(text),
        };
        let mut included: Vec<_> = self.includes.files().collect();
        included.sort();
        included.dedup();
        let included = included.into_iter().map(|(name, bytes)| mark(name, bytes));
        std::iter::once(mark(&self.name, &self.bytes)).chain(included).collect()
    }
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
pub fn start(job: Job, changes: Changes, desk: Sender<Ask>) -> Result<(), Box<(Job, io::Error)>> {
    let (hand_over, handed) = channel::<Job>();
    let spawned = std::thread::Builder::new().name("carom-reload".to_owned()).spawn(move || {
        let Ok(job) = handed.recv() else { return };
        background::begin();
        let started = Instant::now();
        let result = prepare(&job, &changes);
        let took = started.elapsed();
        let _ = desk.send(Ask::Read(Box::new(ReadDone { job, result, took })));
    });
    match spawned {
        // The thread waits for it.
        Ok(_) => {
            hand_over.send(job).map_err(|back| Box::new((back.0, io::ErrorKind::Other.into())))
        }
        Err(error) => Err(Box::new((job, error))),
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
