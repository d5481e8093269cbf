//! Tables on the control side: read the link files, build, and hand every shard
//! its own replica.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::machine;
use super::say;
use crate::links::{
    self, Columns, Format, Help, Include, Included, Links, OnBadLine, Report, Source, Table,
};
use crate::mailbox::{Mailbox, Message};

/// Where links come from, as an operator wishes; read again on every reload.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The link files, in order.
    pub paths: Vec<PathBuf>,
    /// How they are read.
    pub reading: Reading,
    /// What becomes of the other links when a line is wrong.
    pub on_bad_line: OnBadLine,
}

/// How link files are read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Their format; `None`: as each file looks.
    pub format: Option<Format>,
    /// `https://host`, before targets that are only a path.
    pub base: Option<String>,
    /// Which columns of a table of values mean what; `None`: by their names.
    pub columns: Option<Columns>,
}

/// A table, and what was found while it was read.
pub struct Read {
    /// The table; `None` where a bad line refused all.
    pub table: Option<Table>,
    /// Files, links, and every bad line.
    pub report: Report,
    /// How long reading and building took.
    pub took: Duration,
}

impl Sources {
    /// Reads all files into one table of this generation.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; it is named.
    pub fn read(&self, generation: u32) -> anyhow::Result<Read> {
        let started = Instant::now();
        let mut texts = Vec::new();
        for path in &self.paths {
            let text = std::fs::read(path)
                .with_context(|| format!("cannot read the link file {}", path.display()))?;
            texts.push((path.display().to_string(), text));
        }
        let folders = self.paths.iter().map(|path| path.parent().unwrap_or(Path::new("")));
        let finders: Vec<_> =
            folders.map(|folder| move |pattern: &str| included(folder, pattern)).collect();
        let sources: Vec<Source<'_>> = texts
            .iter()
            .zip(&finders)
            .map(|((name, text), finder)| Source {
                name,
                text,
                format: self
                    .reading
                    .format
                    .unwrap_or_else(|| Format::detect(name, text, self.reading.columns.is_some())),
                help: Help {
                    base: self.reading.base.as_deref(),
                    columns: self.reading.columns.as_ref(),
                    include: Some(Include(finder)),
                },
            })
            .collect();
        let loaded = links::load(&sources, self.on_bad_line);
        let table = loaded.table.map(|table| table.with_generation(generation));
        Ok(Read { table, report: loaded.report, took: started.elapsed() })
    }
}

/// The files that `include pattern` names in a file of this folder, in the order
/// of their names; a pattern that fits none names none, as in nginx.
fn included(folder: &Path, pattern: &str) -> Included {
    let paths = if pattern.contains(['*', '?', '[']) {
        let folder = folder.to_str().ok_or("its folder's name is not UTF-8; rename the folder")?;
        let path = Path::new(&glob::Pattern::escape(folder)).join(pattern);
        glob::glob(&path.to_string_lossy())
            .map_err(|error| format!("its pattern cannot be read: {error}"))?
            .collect::<Result<_, _>>()
            .map_err(|error| format!("cannot read {}: {}", error.path().display(), error.error()))?
    } else {
        vec![folder.join(pattern)]
    };
    let read = |path: PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
        Ok((name, text))
    };
    paths.into_iter().map(read).collect()
}

/// Gives every shard its replica of the table; each swaps it in between two
/// batches. Replicas are made on the CPU they are for, so that their memory is
/// near it, and at low priority, so that requests go first.
///
/// # Errors
///
/// When a thread cannot be started; then no shard has the table.
pub fn hand_out(table: &Arc<Table>, shards: &[(usize, Arc<Mailbox>)]) -> anyhow::Result<()> {
    let replicas: Vec<_> = shards
        .iter()
        .map(|(cpu, _)| {
            let (cpu, table) = (*cpu, Arc::clone(table));
            std::thread::Builder::new().name("carom-replica".to_owned()).spawn(move || {
                machine::pin(cpu);
                // Refused, it only means that requests wait a little.
                let _ = rustix::process::nice(10);
                Links::replicate(&table)
            })
        })
        .collect::<Result<_, _>>()
        .context("cannot start a thread to copy the table")?;
    let replicas: Vec<Links> = replicas
        .into_iter()
        .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("copying the table panicked")))
        .collect::<Result<_, _>>()?;
    for ((_, mailbox), links) in shards.iter().zip(replicas) {
        mailbox.post(Message::Swap(Box::new(links)));
    }
    Ok(())
}

/// Reads the link files again and swaps the table, or says why the old one
/// stays. Returns the generation then in use.
pub fn reload(sources: &Sources, generation: u32, shards: &[(usize, Arc<Mailbox>)]) -> u32 {
    let next = generation.wrapping_add(1).max(1);
    let kept = |why: &dyn std::fmt::Display| {
        say(format_args!("not reloaded, generation {generation} stays: {why}"));
        generation
    };
    let read = match sources.read(next) {
        Ok(read) => read,
        Err(error) => return kept(&format_args!("{error:#}")),
    };
    let problems = read.report.problems.len();
    if problems > 0 {
        say(format_args!("{problems} bad lines:\n{}", read.report.to_string().trim_end()));
    }
    let Some(table) = read.table else {
        return kept(&"mend the lines above, or pass --on-bad-line skip");
    };
    let table = Arc::new(table);
    if let Err(error) = hand_out(&table, shards) {
        return kept(&format_args!("{error:#}"));
    }
    let left_out = if problems > 0 { format!(", {problems} left out") } else { String::new() };
    say(format_args!(
        "reloaded: generation {next}, {} links{left_out}, read in {:.0?}",
        table.len(),
        read.took
    ));
    next
}
