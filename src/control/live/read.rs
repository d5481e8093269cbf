//! Reading link files beside the serving.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SendError, Sender};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::ask::{Ask, Reply};
use super::includes::Includes;
use crate::control::journal::{FileMark, Who};
use crate::control::{Reading, Sources};
use crate::links::{
    Changes, Format, Help, Include, Loaded, OnBadLine, Report, Source, Written, load_over,
    load_telling,
};

/// Link files as they were read.
#[derive(Debug, Default)]
pub struct Files {
    texts: Vec<Text>,
    reading: Reading,
    on_bad_line: OnBadLine,
}

/// A link file, and what it includes.
#[derive(Debug)]
struct Text {
    name: String,
    format: Format,
    bytes: Vec<u8>,
    includes: Includes,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// When one cannot be read; it is named.
    pub fn read(sources: &Sources) -> anyhow::Result<Self> {
        Self::read_with(sources, |path| std::fs::read(path))
    }

    /// The same; - is standard input.
    ///
    /// # Errors
    ///
    /// When one cannot be read; it is named.
    pub fn read_here(sources: &Sources) -> anyhow::Result<Self> {
        Self::read_with(sources, |path| {
            if path != Path::new("-") {
                return std::fs::read(path);
            }
            let mut text = Vec::new();
            std::io::stdin().lock().read_to_end(&mut text)?;
            Ok(text)
        })
    }

    fn read_with(
        sources: &Sources,
        read: impl Fn(&Path) -> std::io::Result<Vec<u8>>,
    ) -> anyhow::Result<Self> {
        let mut texts = Vec::new();
        for path in &sources.paths {
            let text = read(path)
                .with_context(|| format!("cannot read the link file {}", path.display()))?;
            let name = path.display().to_string();
            let format = sources.reading.format_of(&name, &text);
            let includes = Includes::read(&Source::new(&name, &text, format));
            texts.push(Text { name, format, bytes: text, includes });
        }
        Ok(Self { texts, reading: sources.reading.clone(), on_bad_line: sources.on_bad_line })
    }

    /// Their table, with the changes over it.
    pub fn load(&self, changes: &Changes) -> Loaded {
        self.with_sources(|sources| load_over(sources, changes, self.on_bad_line))
    }

    /// Their table; every good link is handed to `tell` as it is read.
    pub fn tell(&self, tell: &mut dyn FnMut(&Written<'_>)) -> Loaded {
        self.with_sources(|sources| load_telling(sources, self.on_bad_line, tell))
    }

    /// How many lines they have, about.
    pub fn lines(&self) -> u64 {
        let lines = |text: &Text| memchr::memchr_iter(b'\n', &text.bytes).count() as u64;
        self.texts.iter().map(lines).sum()
    }

    fn with_sources(&self, load: impl FnOnce(&[Source<'_>]) -> Loaded) -> Loaded {
        let finders = self.texts.iter().map(|text| |pattern: &str| text.includes.get(pattern));
        let finders: Vec<_> = finders.collect();
        let sources: Vec<Source<'_>> = self
            .texts
            .iter()
            .zip(&finders)
            .map(|(text, finder)| Source {
                help: Help {
                    base: self.reading.base.as_deref(),
                    columns: self.reading.columns.as_ref(),
                    include: Some(Include(finder)),
                },
                ..Source::new(&text.name, &text.bytes, text.format)
            })
            .collect();
        load(&sources)
    }

    /// What is wrong with links that were set, as far as the files are to blame.
    pub fn set_problems(&self, report: &Report) -> Vec<String> {
        let set = report.problems.iter().filter(|problem| problem.file == report.files.len());
        set.map(|problem| problem.message.clone()).collect()
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.texts.iter().map(|text| text.name.clone()).collect()
    }

    /// By what they are known again.
    pub fn marks(&self) -> Vec<FileMark> {
        let mark = |name: &str, text: &[u8]| FileMark {
            name: name.to_owned(),
            size: text.len() as u64,
            crc: crc32c::crc32c(text),
        };
        let mut marks = Vec::new();
        for text in &self.texts {
            marks.push(mark(&text.name, &text.bytes));
            let mut included: Vec<_> = text.includes.files().collect();
            included.sort();
            included.dedup();
            marks.extend(included.into_iter().map(|(name, bytes)| mark(name, bytes)));
        }
        marks
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
    pub result: anyhow::Result<(Arc<Files>, Loaded)>,
    /// The number of changes there had been when these were taken over the files.
    pub edits: u64,
    pub took: Duration,
}

/// Reads on a thread of its own, and asks the desk to go on from there.
///
/// # Errors
///
/// The job, when the thread cannot be started.
pub fn start(
    job: Job,
    changes: Changes,
    edits: u64,
    desk: Sender<Ask>,
) -> Result<(), Box<(Job, std::io::Error)>> {
    let (hand_over, handed) = std::sync::mpsc::channel::<Job>();
    let spawned = std::thread::Builder::new().name("carom-reload".to_owned()).spawn(move || {
        let Ok(job) = handed.recv() else { return };
        // Refused, it only means that requests wait a little.
        let _ = rustix::process::nice(10);
        let started = Instant::now();
        let result = Files::read(&job.sources).map(|files| {
            let loaded = files.load(&changes);
            (Arc::new(files), loaded)
        });
        let took = started.elapsed();
        let _ = desk.send(Ask::Read(Box::new(ReadDone { job, result, edits, took })));
    });
    match spawned {
        // The thread waits for it.
        Ok(_) => {
            let back = |back: SendError<Job>| Box::new((back.0, std::io::ErrorKind::Other.into()));
            hand_over.send(job).map_err(back)
        }
        Err(error) => Err(Box::new((job, error))),
    }
}
