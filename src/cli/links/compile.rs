//! `carom links compile`: link files made into one file that `serve` maps.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use bytesize::ByteSize;
use clap::Args;
use serde_json::{Value, json};

use super::bad_lines::bad_lines;
use crate::cli::pipe::is_broken_pipe;
use crate::cli::places::PlaceArguments;
use crate::cli::reading::ReadingArguments;
use crate::links::{OnBadLine, Report};
use crate::say::say;
use crate::sources::{Reading, Sources, table_file};
use crate::words::{counted, visible, visible_json};

/// What `carom links compile` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct CompileArguments {
    /// Link files; together they make one table
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The compiled table; what is there is replaced
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// What tells of addresses
    #[command(flatten)]
    pub places: PlaceArguments,
    /// How they are read
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// When a line is bad: refuse all links, or skip it and take the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    pub on_bad_line: Option<OnBadLine>,
    /// Print what was written as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &CompileArguments) -> ExitCode {
    let ran = compile(wish, &mut io::stdout().lock(), &mut io::stderr().lock());
    match ran {
        Ok(status) => ExitCode::from(status),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn compile(
    wish: &CompileArguments,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<u8> {
    let output = wish.output.display();
    let is_output = |file: &&PathBuf| match (file.canonicalize(), wish.output.canonicalize()) {
        (Ok(file), Ok(output)) => file == output,
        _ => false,
    };
    if let Some(file) = wish.files.iter().find(is_output) {
        bail!("{} is read and written; give --output another name", file.display());
    }
    let sources = Sources {
        paths: wish.files.clone(),
        reading: Reading { places: wish.places.names(), ..wish.reading.plan() },
        on_bad_line: wish.on_bad_line.unwrap_or_default(),
    };
    let read = sources.read()?;
    let bad = read.report.problems.len();
    complaints.write_all(bad_lines(&read.report, false).as_bytes())?;
    let Some(table) = read.table else {
        let bad = counted(bad, "bad line");
        say(format_args!(
            "nothing is written: {bad}; mend the lines, or pass --on-bad-line skip to leave them out"
        ));
        return Ok(1);
    };
    let started = Instant::now();
    let about = json!({
        "carom": env!("CARGO_PKG_VERSION"),
        "compiled": jiff::Timestamp::now().to_string(),
        "files": files(&wish.files, &read.report),
    });
    let size = table_file::write(&wish.output, &table, about.to_string().as_bytes())?;
    let took = started.elapsed();
    if wish.json {
        let written = json!({
            "output": output.to_string(),
            "bytes": size,
            "links": table.len(),
            "bad_lines": bad,
            "files": about["files"],
            "read_ms": read.took.as_secs_f64() * 1e3,
            "write_ms": took.as_secs_f64() * 1e3,
        });
        writeln!(out, "{}", visible_json(&written))?;
        return Ok(0);
    }
    for file in &read.report.files {
        writeln!(out, "{}: {}", visible(&file.name), counted(file.links, "link"))?;
    }
    let left_out =
        if bad > 0 { format!(", {} left out", counted(bad, "bad line")) } else { String::new() };
    writeln!(
        out,
        "wrote {}: {}{left_out}, {}\nread in {:.1?}, written in {took:.1?}",
        visible(&output.to_string()),
        counted(table.len(), "link"),
        ByteSize::b(size),
        read.took,
    )?;
    Ok(0)
}

/// The files that a table was made of, for people.
fn files(paths: &[PathBuf], report: &Report) -> Vec<Value> {
    let about = |path: &Path| {
        let about = std::fs::metadata(path).ok()?;
        let modified = jiff::Timestamp::try_from(about.modified().ok()?).ok()?;
        Some((about.len(), modified.to_string()))
    };
    let files = paths.iter().zip(&report.files).map(|(path, file)| {
        let (bytes, modified) = about(path).unzip();
        json!({ "file": file.name, "bytes": bytes, "modified": modified, "links": file.links })
    });
    files.collect()
}
