//! `carom links diff`: what differs between two sets of links.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::live::{self, LiveCommand, PlainArguments, ServerArguments};
use crate::cli::pipe::is_broken_pipe;
use crate::cli::reading::ReadingArguments;
use crate::cli::wishes::Said;
use crate::links::{
    DifferenceCounts, Format, LinkDifference, LinkSet, LinkText, OnBadLine, compare,
};
use crate::sources::Sources;

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
            // There is nobody left to tell that nobody can be told.
            let _ = writeln!(complaints, "carom: {error:#}");
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
    let mut old = read(wish, old, wish.reading.format, complaints)?;
    let mut new = read(wish, new, wish.new_format.or(wish.reading.format), complaints)?;
    let mut failed = None;
    let counts = compare(&mut old, &mut new, |difference| {
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

fn read(
    wish: &DiffArguments,
    path: &Path,
    format: Option<Format>,
    complaints: &mut impl Write,
) -> anyhow::Result<LinkSet> {
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
    Ok(LinkSet::of(&table))
}

fn print(
    difference: &LinkDifference<LinkText<'_>>,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    if json {
        return writeln!(out, "{}", to_json(difference));
    }
    match difference {
        LinkDifference::Added(LinkText { key, answer }) => writeln!(out, "+ {key} {answer}"),
        LinkDifference::Removed(LinkText { key, answer }) => writeln!(out, "- {key} {answer}"),
        LinkDifference::Changed { before, after } => {
            writeln!(out, "~ {} {} → {}", after.key, before.answer, after.answer)
        }
    }
}

fn to_json(difference: &LinkDifference<LinkText<'_>>) -> Value {
    match difference {
        LinkDifference::Added(LinkText { key, answer }) => json!({ "key": key, "after": answer }),
        LinkDifference::Removed(LinkText { key, answer }) => {
            json!({ "key": key, "before": answer })
        }
        LinkDifference::Changed { before, after } => {
            json!({ "key": after.key, "before": before.answer, "after": after.answer })
        }
    }
}
