//! `carom links convert`: link files of any format as those of another.
//!
//! It holds one table; while that is read, the text of the files, too; and the report of
//! bad lines. The table is needed: a key that stands twice, however it is spelled, is found
//! among all lines before it, and a bad last line lets nothing be written. Links leave
//! the table one by one.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::pipe::is_broken_pipe;
use crate::cli::places::PlaceArguments;
use crate::cli::progress::Progress;
use crate::cli::reading::ReadingArguments;
use crate::cli::wishes::default_name;
use crate::disk::aside::Aside;
use crate::links::{Listed, OnBadLine, Problem, Report, Table};
use crate::say::say_to;
use crate::sources::{Contents, Reading, Sources};
use crate::words::{counted, visible_json};

/// What `carom links convert` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct ConvertArguments {
    /// Link files; together they make one table. - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What tells of addresses
    #[command(flatten)]
    pub places: PlaceArguments,
    /// How they are read
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// Format to write
    #[arg(long, value_enum, default_value = default_name::<To>())]
    pub to: Option<To>,
    /// File to write, whole or not at all [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When a line is bad: write nothing, or skip it and write the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    pub on_bad_line: Option<OnBadLine>,
    /// Write no links, only say what would become of them
    #[arg(long)]
    pub dry_run: bool,
    /// List every directive that was passed over
    #[arg(long)]
    pub verbose: bool,
    /// Print the summary, with every changed and refused line, as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A format that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// One link a line
    #[default]
    Native,
    /// Comma-separated values: key, target, status, options
    Csv,
    /// The same with tabs
    Tsv,
    /// The same as a JSON object a line
    Ndjson,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &ConvertArguments) -> ExitCode {
    let (out, complaints) = (&mut io::stdout().lock(), &mut io::stderr().lock());
    ExitCode::from(match convert(wish, out, complaints) {
        Ok(code) => code,
        // Whoever stopped reading has seen enough.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say_to(complaints, format_args!("{error:#}"));
            2
        }
    })
}

fn convert(
    wish: &ConvertArguments,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<u8> {
    let sources = Sources {
        paths: wish.files.clone(),
        reading: Reading { places: wish.places.names(), ..wish.reading.plan() },
        on_bad_line: wish.on_bad_line.unwrap_or_default(),
    };
    let Contents { table, report, .. } = sources.read_here()?;
    let to = wish.to.unwrap_or_default();
    let mut is_written = false;
    if let Some(table) = table.filter(|_| !wish.dry_run) {
        match &wish.output {
            Some(path) => write_file(to, path, &table)?,
            None => write(to, &mut *out, &table)?,
        }
        is_written = true;
    }
    let summary =
        if wish.json { to_json(&report, is_written) } else { to_text(&report, wish.verbose) };
    // Standard output has the links, if nothing else was wished.
    if wish.output.is_some() || wish.dry_run {
        out.write_all(summary.as_bytes())?;
    } else {
        complaints.write_all(summary.as_bytes())?;
    }
    if !wish.dry_run && !is_written {
        writeln!(
            complaints,
            "carom: nothing is written; mend the lines above, or pass --on-bad-line skip to leave them out"
        )?;
    }
    Ok(u8::from(!report.problems.is_empty() || !report.changed.is_empty()))
}

/// Writes a file beside `path`, and puts it in its place when all is in it.
fn write_file(to: To, path: &Path, table: &Table) -> anyhow::Result<()> {
    ensure!(path.file_name().is_some(), "the output has no file name; name a file");
    let aside = Aside::create_shared(path, 0o666)
        .with_context(|| format!("cannot create {}", path.display()))?;
    let written = write(to, &mut aside.file(), table).and_then(|()| Ok(aside.sync()?.name()?));
    written.map(drop).with_context(|| format!("cannot write {}", path.display()))
}

fn write(to: To, out: &mut impl Write, table: &Table) -> anyhow::Result<()> {
    let mut bar = Progress::new(Some(table.memory().entries as u64));
    let mut written = 0;
    let mut writer = LinkWriter::new(to, BufWriter::new(out))?;
    for link in table.links() {
        written += writer.write(&link)? as u64;
        bar.step(|| written);
    }
    writer.finish()
}

/// Writes links in one format.
enum LinkWriter<W: Write> {
    Native(W),
    Table(Box<csv::Writer<W>>),
    Ndjson(W),
}

impl<W: Write> LinkWriter<W> {
    fn new(to: To, out: W) -> anyhow::Result<Self> {
        let delimiter = match to {
            To::Native => return Ok(Self::Native(out)),
            To::Ndjson => return Ok(Self::Ndjson(out)),
            To::Csv => b',',
            To::Tsv => b'\t',
        };
        let mut rows = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
        rows.write_record(["key", "target", "status", "options"])?;
        Ok(Self::Table(Box::new(rows)))
    }

    /// Writes a link, and returns about how many bytes it took. Of one with rules each line
    /// is a row.
    fn write(&mut self, link: &Listed<'_>) -> anyhow::Result<usize> {
        if let Self::Native(out) = self {
            let line = link.to_string();
            writeln!(out, "{line}")?;
            return Ok(line.len() + 1);
        }
        let key = link.key().to_string();
        let mut size = 0;
        for (target, status, options) in link.parts_of_lines() {
            let (target, status) = (String::from_utf8_lossy(target), status.code());
            size += key.len() + target.len() + options.len();
            match self {
                Self::Table(rows) => {
                    rows.write_record([&*key, &*target, &*status.to_string(), &*options])?;
                }
                Self::Native(out) | Self::Ndjson(out) => {
                    let mut object = json!({ "key": key, "status": status });
                    for (name, text) in [("target", &*target), ("options", &*options)] {
                        if !text.is_empty() {
                            object[name] = text.into();
                        }
                    }
                    writeln!(out, "{}", visible_json(&object))?;
                }
            }
        }
        Ok(size)
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Native(mut out) | Self::Ndjson(mut out) => out.flush()?,
            Self::Table(mut rows) => rows.flush()?,
        }
        Ok(())
    }
}

fn to_text(report: &Report, verbose: bool) -> String {
    let mut text = String::new();
    for line in &report.changed {
        text.push_str(&format!("changed: {line}\n"));
    }
    for line in &report.problems {
        text.push_str(&format!("refused: {line}\n"));
    }
    for line in &report.notes {
        text.push_str(&format!("note: {line}\n"));
    }
    if verbose {
        for line in &report.passed {
            text.push_str(&format!("passed over: {line}\n"));
        }
    }
    let others: usize = report.files.iter().map(|file| file.others).sum();
    text.push_str(&format!(
        "{} taken, {} of them changed in meaning, {} refused",
        counted(report.links(), "link"),
        report.changed.len(),
        counted(report.problems.len(), "line")
    ));
    if others > 0 {
        let how = if verbose { "" } else { " (--verbose lists them)" };
        text.push_str(&format!(", {} passed over{how}", counted(others, "other directive")));
    }
    text.push('\n');
    text
}

fn to_json(report: &Report, is_written: bool) -> String {
    let list = |lines: &[Problem]| -> Vec<_> {
        let line = |line: &Problem| json!({ "file": line.file_name, "line": line.line, "message": line.message });
        lines.iter().map(line).collect()
    };
    let summary = json!({
        "taken": report.links(),
        "changed": list(&report.changed),
        "refused": list(&report.problems),
        "passed_over": list(&report.passed),
        "notes": list(&report.notes),
        "is_written": is_written,
    });
    visible_json(&summary) + "\n"
}
