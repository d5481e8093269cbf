//! `carom links diff`: what differs between two sets of links.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::live::{self, LiveCommand, PlainArguments};
use super::server::ServerArguments;
use crate::cli::pipe::is_broken_pipe;
use crate::cli::reading::ReadingArguments;
use crate::cli::wishes::Said;
use crate::links::{
    DifferenceCounts, Format, LinkDifference, Listed, OnBadLine, Snapshot, Status, Table, compare,
};
use crate::say::say_to;
use crate::sources::{Shelved, Sources};
use crate::words::{visible, visible_json};

/// What `carom links diff` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct DiffArguments {
    /// Link file as it is
    #[arg(value_name = "OLD", requires = "new")]
    pub old: Option<PathBuf>,
    /// Link file as it is to be; - is standard input
    #[arg(value_name = "NEW")]
    pub new: Option<PathBuf>,
    /// How they are read
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// Format of the new file, where it is another
    #[arg(long, value_name = "FORMAT")]
    pub new_format: Option<Format>,
    /// When a line is bad: compare nothing, or skip it and compare the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    pub on_bad_line: Option<OnBadLine>,
    /// The server whose staged links are compared, if no files are named
    #[command(flatten)]
    pub server: Said<ServerArguments>,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &DiffArguments) -> ExitCode {
    let (Some(old), Some(new)) = (&wish.old, &wish.new) else {
        return live::run(&LiveCommand::Diff(PlainArguments { server: wish.server.clone() }));
    };
    let (out, complaints) = (BufWriter::new(io::stdout().lock()), &mut io::stderr().lock());
    ExitCode::from(match diff(wish, [old, new], out, complaints) {
        Ok(counts) => u8::from(!counts.are_none()),
        // Whoever stopped reading has seen what they wanted: a difference.
        Err(error) if is_broken_pipe(&error) => 1,
        Err(error) => {
            say_to(complaints, format_args!("{error:#}"));
            2
        }
    })
}

fn diff(
    wish: &DiffArguments,
    [old, new]: [&Path; 2],
    mut out: impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<DifferenceCounts> {
    let old = Old::of(read(wish, old, wish.reading.format, complaints)?)?;
    let new = read(wish, new, wish.new_format.or(wish.reading.format), complaints)?.0;
    let (old, new) = (Snapshot::from(old.table()?), Snapshot::from(new));
    let mut failed = None;
    let counts = compare(&old, &new, |difference| {
        if failed.is_none() {
            failed = print(&difference, wish.server.json, &mut out).err();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let DifferenceCounts { added, removed, changed, same } = counts;
    match wish.server.json {
        true => writeln!(
            out,
            "{}",
            json!({ "added": added, "removed": removed, "changed": changed, "same": same })
        )?,
        false => {
            writeln!(out, "{added} added, {removed} removed, {changed} changed, {same} the same")?;
        }
    }
    out.flush()?;
    Ok(counts)
}

/// The old links while the new ones are read, which takes more memory than both.
enum Old {
    /// They are used where they lie in a compiled table.
    Compiled(Arc<Table>),
    Shelved(Shelved),
}

impl Old {
    fn of((table, is_compiled): (Arc<Table>, bool)) -> anyhow::Result<Old> {
        match is_compiled {
            true => Ok(Old::Compiled(table)),
            false => Shelved::put(&table).map(Old::Shelved),
        }
    }

    fn table(self) -> anyhow::Result<Arc<Table>> {
        match self {
            Old::Compiled(table) => Ok(table),
            Old::Shelved(shelved) => shelved.take().map(Arc::new),
        }
    }
}

/// The links of a file, and whether it is a compiled table.
fn read(
    wish: &DiffArguments,
    path: &Path,
    format: Option<Format>,
    complaints: &mut impl Write,
) -> anyhow::Result<(Arc<Table>, bool)> {
    let mut reading = wish.reading.plan();
    reading.format = format;
    let sources = Sources {
        paths: vec![path.to_owned()],
        reading,
        on_bad_line: wish.on_bad_line.unwrap_or_default(),
    };
    let read = sources.read_here()?;
    write!(complaints, "{}", read.report)?;
    let Some(table) = read.table else {
        bail!("nothing is compared; mend the lines above, or pass --on-bad-line skip");
    };
    Ok((table, read.about.is_some()))
}

/// A link as its native line says it, in two parts: its key, and what it answers; of one
/// with rules each line does.
fn parts(link: &Listed<'_>) -> (String, String) {
    let answer = |(target, status, options): (&[u8], Status, String)| {
        let mut words = vec![String::from_utf8_lossy(target).into_owned()];
        words.push(if status == Status::Found { String::new() } else { status.code().to_string() });
        words.push(options);
        words.retain(|word| !word.is_empty());
        words.join(" ")
    };
    let answers: Vec<_> = link.parts_of_lines().into_iter().map(answer).collect();
    (link.key().name(), answers.join(" | "))
}

fn print(
    difference: &LinkDifference<Listed<'_>>,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let (sign, link, before) = match difference {
        LinkDifference::Added(after) => ("+", after, None),
        LinkDifference::Removed(before) => ("-", before, None),
        LinkDifference::Changed { before, after } => ("~", after, Some(parts(before).1)),
    };
    let (key, answer) = parts(link);
    match (json, before) {
        (true, Some(before)) => {
            let object = json!({ "key": key, "before": before, "after": answer });
            writeln!(out, "{}", visible_json(&object))
        }
        (true, None) => {
            let side = if sign == "+" { "after" } else { "before" };
            writeln!(out, "{}", visible_json(&json!({ "key": key, side: answer })))
        }
        (false, Some(before)) => {
            writeln!(out, "{}", visible(&format!("{sign} {key} {before} → {answer}")))
        }
        (false, None) => writeln!(out, "{}", visible(&format!("{sign} {key} {answer}"))),
    }
}
