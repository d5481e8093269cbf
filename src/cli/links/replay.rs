//! `carom links replay`: a real access log, answered with the links of now and with
//! those that are to come, and every request whose answer is another one.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;

use crate::cli::pipe::is_broken_pipe;
use crate::cli::progress::Progress;
use crate::limits::REPLAY_LISTED_DEFAULT;
use crate::links::{self, Format, OnBadLine, Table};
use crate::replay::{LogFile, LogFormat, Rerun, RerunOptions, Sample, Totals};
use crate::say::say_to;
use crate::shard::Now;
use crate::sources::{Reading, Sources};
use crate::words::visible;

/// What `carom links replay` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct ReplayArguments {
    /// Access log, as it is or in gzip; - reads standard input
    #[arg(value_name = "ACCESS_LOG")]
    pub log: PathBuf,
    /// Format of the log
    #[arg(long, help = format_help(), default_value = AUTO, hide_default_value = true, value_name = "NAME", value_parser = log_format)]
    pub log_format: Option<Told>,
    /// Link files as they are; give it once for each
    #[arg(long, required = true, value_name = "FILE")]
    pub old: Vec<PathBuf>,
    /// Link files as they are to be
    #[arg(long, required = true, value_name = "FILE")]
    pub new: Vec<PathBuf>,
    /// Format of the old link files [default: told from the file]
    #[arg(long, value_name = "FORMAT")]
    pub old_format: Option<Format>,
    /// Format of the new link files [default: told from the file]
    #[arg(long, value_name = "FORMAT")]
    pub new_format: Option<Format>,
    /// Put before targets that are only a path, as nginx and Netlify allow
    #[arg(long, value_name = "https://HOST", value_parser = links::base)]
    pub base: Option<String>,
    /// When a line of a link file is bad: do nothing, or skip it and take the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    pub on_bad_line: Option<OnBadLine>,
    /// Host of the requests whose line names none
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub host: Option<String>,
    /// Take only so many lines, or such a share (0.5%), from the whole log; the same each
    /// time
    #[arg(long, value_name = "N|PERCENT")]
    pub sample: Option<Sample>,
    /// List each line whose answer differs, as it comes, not each distinct request once
    #[arg(long)]
    pub all: bool,
    /// List at most so many
    #[arg(long, help = limit_help(), value_name = "N")]
    pub limit: Option<usize>,
    /// Print each difference, and then the totals, as a JSON object of one line
    #[arg(long)]
    pub json: bool,
}

fn limit_help() -> String {
    format!(
        "List at most so many [default: {REPLAY_LISTED_DEFAULT} distinct requests; with --all, \
         every line]"
    )
}

/// The format of a log, if it was told: not `auto`.
#[derive(Clone, Copy, Debug)]
pub struct Told(Option<LogFormat>);

const AUTO: &str = "auto";

fn log_format(name: &str) -> Result<Told, String> {
    if name == AUTO { Ok(Told(None)) } else { name.parse().map(|format| Told(Some(format))) }
}

fn format_help() -> String {
    let mut text = format!("Format of the log: {AUTO} has each line tell [default: {AUTO}]\n");
    for (name, about) in LogFormat::all() {
        text.push_str(&format!("- {name}: {about}\n"));
    }
    text
}

/// A host as a field can hold it.
fn host(text: &str) -> Result<String, String> {
    let is_host = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_host.then(|| text.to_owned()).ok_or_else(|| "it is no host".to_owned())
}

/// Runs the command.
#[must_use]
pub fn run(wish: &ReplayArguments) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(replay(wish, out, &mut io::stderr()))
}

/// Prints differences to `out`, and what goes wrong to `complaints`; returns the exit
/// status.
pub fn replay(wish: &ReplayArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    let mut read = |paths: &[PathBuf], format| read_table(wish, paths, format, complaints);
    let tables = read(&wish.old, wish.old_format)
        .and_then(|old| read(&wish.new, wish.new_format).map(|new| [old, new]));
    let ran = tables.and_then(|tables| rerun(wish, tables, out, complaints));
    match ran {
        // Nothing was compared, which is no success.
        Ok(totals) if totals.is_nothing_read() => 2,
        Ok(totals) => u8::from(totals.different > 0),
        // Whoever stopped reading has seen what they wanted: a difference.
        Err(error) if is_broken_pipe(&error) => 1,
        Err(error) => {
            say_to(complaints, format_args!("{error:#}"));
            2
        }
    }
}

fn read_table(
    wish: &ReplayArguments,
    paths: &[PathBuf],
    format: Option<Format>,
    complaints: &mut impl Write,
) -> anyhow::Result<Arc<Table>> {
    let reading = Reading { format, base: wish.base.clone(), ..Reading::default() };
    let sources = Sources {
        paths: paths.to_vec(),
        reading,
        on_bad_line: wish.on_bad_line.unwrap_or_default(),
    };
    let read = sources.read()?;
    write!(complaints, "{}", read.report)?;
    let Some(table) = read.table else {
        bail!("mend the lines above, or pass --on-bad-line skip to leave them out");
    };
    Ok(table)
}

/// Answers the log; returns what was counted.
fn rerun(
    wish: &ReplayArguments,
    tables: [Arc<Table>; 2],
    out: impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<Totals> {
    let options = RerunOptions {
        log: visible(&wish.log.display().to_string()).into_owned(),
        format: wish.log_format.and_then(|Told(format)| format),
        host: wish.host.clone(),
        sample: wish.sample,
        all: wish.all,
        limit: wish.limit,
        json: wish.json,
    };
    // Both answer at one time: this one.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let unix_us = since.context("the clock stands before 1970")?.as_micros() as u64;
    let mut rerun = Rerun::new(&options, tables, Now { unix_us, ms: 0 }, out);
    let wrong = || format!("cannot read the access log {}", wish.log.display());
    let mut log = LogFile::open(&wish.log).with_context(wrong)?;
    let mut progress = Progress::new(log.bytes());
    while let Some(line) = log.next_line().with_context(wrong)? {
        if rerun.offer(line) {
            progress.aside(|| rerun.answer())?;
        }
        progress.step(|| log.read_bytes());
    }
    drop(progress);
    Ok(rerun.finish(complaints)?)
}
