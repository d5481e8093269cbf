//! `carom links convert`: link files of any format as those of another.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::counted;
use crate::cli::is_broken_pipe;
use crate::cli::progress::Progress;
use crate::cli::reading::ReadingArguments;
use crate::control::{LinkFiles, Sources};
use crate::links::{OnBadLine, Problem, Report, Written};

/// What `carom links convert` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct Convert {
    /// Link files; together they make one table. - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How they are read
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// Format to write
    #[arg(long, value_enum, default_value_t = To::Native)]
    pub to: To,
    /// File to write, whole or not at all [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When a line is bad: write nothing, or skip it and write the rest
    #[arg(long, default_value = "refuse", value_name = "refuse|skip")]
    pub on_bad_line: OnBadLine,
    /// Write no links, only say what would become of them
    #[arg(long)]
    pub dry_run: bool,
    /// Print the summary, with every changed and refused line, as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// One link a line
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
pub fn run(wish: &Convert) -> ExitCode {
    let (out, complaints) = (&mut io::stdout().lock(), &mut io::stderr().lock());
    ExitCode::from(match convert(wish, out, complaints) {
        Ok(code) => code,
        // Whoever stopped reading has seen enough.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            // There is nobody left to tell that nobody can be told.
            let _ = writeln!(complaints, "carom: {error:#}");
            2
        }
    })
}

fn convert(
    wish: &Convert,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<u8> {
    let sources = Sources {
        paths: wish.files.clone(),
        reading: wish.reading.plan(),
        on_bad_line: wish.on_bad_line,
    };
    let files = LinkFiles::read_here(&sources)?;
    let mut bar = Progress::new(Some(files.lines()));
    let mut lines = 0;
    let mut step = || {
        lines += 1;
        bar.step(|| lines);
    };
    let is_writing = !wish.dry_run;
    // A bad line may be the last, so links are written aside until all are read.
    let (report, is_written) = match &wish.output {
        Some(path) if is_writing => write_file(wish, path, &files, &mut step)?,
        None if is_writing => {
            let mut held = Vec::new();
            let report = write(wish, &mut held, &files, &mut step)?;
            let is_good = is_good(wish, &report);
            if is_good {
                out.write_all(&held)?;
            }
            (report, is_good)
        }
        _ => (files.tell(&mut |_| step()).report, false),
    };
    drop(bar);
    let summary = if wish.json { to_json(&report, is_written) } else { to_text(&report) };
    // Standard output has the links, if nothing else was wished.
    if wish.output.is_some() || wish.dry_run {
        out.write_all(summary.as_bytes())?;
    } else {
        complaints.write_all(summary.as_bytes())?;
    }
    if is_writing && !is_written {
        writeln!(
            complaints,
            "carom: nothing is written; mend the lines above, or pass --on-bad-line skip to leave them out"
        )?;
    }
    Ok(u8::from(!report.problems.is_empty() || !report.changed.is_empty()))
}

fn is_good(wish: &Convert, report: &Report) -> bool {
    wish.on_bad_line == OnBadLine::Skip || report.problems.is_empty()
}

/// Writes a file beside `path`, and puts it in its place if all is good.
fn write_file(
    wish: &Convert,
    path: &Path,
    files: &LinkFiles,
    step: &mut impl FnMut(),
) -> anyhow::Result<(Report, bool)> {
    let mut name = OsString::from(".");
    name.push(path.file_name().context("the output has no file name; name a file")?);
    name.push(format!(".{}", std::process::id()));
    let aside = path.with_file_name(name);
    let file =
        File::create(&aside).with_context(|| format!("cannot create {}", aside.display()))?;
    let mut out = BufWriter::new(file);
    let written = write(wish, &mut out, files, step).and_then(|report| {
        out.flush()?;
        let is_good = is_good(wish, &report);
        if is_good {
            out.get_ref().sync_all()?;
            fs::rename(&aside, path)?;
        }
        Ok((report, is_good))
    });
    if !matches!(written, Ok((_, true))) {
        let _ = fs::remove_file(&aside);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn write(
    wish: &Convert,
    out: &mut impl Write,
    files: &LinkFiles,
    step: &mut impl FnMut(),
) -> anyhow::Result<Report> {
    let mut writer = Writer::new(wish.to, out)?;
    let mut failed = None;
    let loaded = files.tell(&mut |link| {
        step();
        if failed.is_none() {
            failed = writer.write(link).err();
        }
    });
    match failed {
        Some(error) => Err(error),
        None => writer.finish().map(|()| loaded.report),
    }
}

/// Writes links in one format.
enum Writer<W: Write> {
    Native(W),
    Table(Box<csv::Writer<W>>),
    Ndjson(W),
}

impl<W: Write> Writer<W> {
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

    fn write(&mut self, link: &Written<'_>) -> anyhow::Result<()> {
        match self {
            Self::Native(out) => writeln!(out, "{link}")?,
            Self::Table(rows) => {
                let status = link.status().code().to_string();
                rows.write_record([link.key(), link.target(), status, link.options()])?;
            }
            Self::Ndjson(out) => {
                let mut object = json!({ "key": link.key(), "status": link.status().code() });
                for (name, text) in [("target", link.target()), ("options", link.options())] {
                    if !text.is_empty() {
                        object[name] = text.into();
                    }
                }
                writeln!(out, "{object}")?;
            }
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Native(mut out) | Self::Ndjson(mut out) => out.flush()?,
            Self::Table(mut rows) => rows.flush()?,
        }
        Ok(())
    }
}

fn to_text(report: &Report) -> String {
    let mut text = String::new();
    for line in &report.changed {
        text.push_str(&format!("changed: {line}\n"));
    }
    for line in &report.problems {
        text.push_str(&format!("refused: {line}\n"));
    }
    let others: usize = report.files.iter().map(|file| file.others).sum();
    text.push_str(&format!(
        "{} taken, {} changed in meaning, {} refused",
        counted(report.links(), "link"),
        counted(report.changed.len(), "line"),
        report.problems.len()
    ));
    if others > 0 {
        text.push_str(&format!(", {} passed over", counted(others, "other directive")));
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
        "is_written": is_written,
    });
    format!("{summary}\n")
}
