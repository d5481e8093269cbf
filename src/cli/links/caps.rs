//! `carom links caps`: how caps stand, and whether the click log says the same.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::server::ServerArguments;
use crate::cli::reading::ReadingArguments;
use crate::cli::wishes::Said;
use crate::control::admin::{Client, Method};
use crate::control::caps::{CapRow, Recounted, recount, rows_of_files};
use crate::links::OnBadLine;
use crate::say::say;
use crate::sources::Sources;
use crate::words::{counted, visible_json, visible_lines};

/// See [`LinksCommand::Caps`](super::LinksCommand::Caps).
#[derive(Args, Clone, Debug)]
pub struct CapsArguments {
    /// Link files whose caps are meant, where no server runs [default: those that it serves]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Count the clicks of each cap in the log, too, and compare
    #[arg(long)]
    recount: bool,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// A row with what the log says of it.
#[derive(Serialize)]
struct Compared {
    #[serde(flatten)]
    row: CapRow,
    /// Clicks in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    recounted: Option<u64>,
    /// Whether that is what is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    equal: Option<bool>,
}

/// Runs the command.
pub fn run(wish: &CapsArguments) -> ExitCode {
    match told(wish) {
        Ok((text, code)) => {
            // Whoever stopped reading has seen enough.
            let _ = io::stdout().lock().write_all(text.as_bytes());
            ExitCode::from(code)
        }
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn told(wish: &CapsArguments) -> anyhow::Result<(String, u8)> {
    let rows = rows(wish)?;
    if !wish.recount {
        let rows: Vec<_> =
            rows.into_iter().map(|row| Compared { row, recounted: None, equal: None }).collect();
        return Ok((text(wish, &rows, ""), 0));
    }
    let Recounted { clicks, read } = recount(&wish.server.clicks_folder(), &rows)?;
    // Clicks that came meanwhile may be counted or not.
    let after = self::rows(wish)?;
    let compare = |(row, clicks): (CapRow, u64)| {
        let is_same = |other: &&CapRow| (&other.key, other.line) == (&row.key, row.line);
        let later = after.iter().find(is_same).filter(|later| later.begins == row.begins);
        let most = later.map_or(u64::MAX, |later| later.used);
        let is_equal = (row.used..=most.max(row.used)).contains(&clicks);
        Compared { row, recounted: Some(clicks), equal: Some(is_equal) }
    };
    let rows: Vec<_> = rows.into_iter().zip(clicks).map(compare).collect();
    let differing = rows.iter().filter(|row| row.equal == Some(false)).count();
    let why = match (differing, read.has_deleted, read.tally.lost) {
        (0, ..) => String::new(),
        (_, true, _) => {
            "segments of the log were deleted, so older clicks are no longer in it".to_owned()
        }
        (_, _, lost @ 1..) => format!(
            "{} lost for want of space: such clicks use a cap, and are not in the log",
            counted(lost, "click was")
        ),
        _ => {
            "a line that answers without its cap for a while is not counted then. To have caps say \
              what the log says, stop the server, delete `caps` in its state folder, and start it"
                .to_owned()
        }
    };
    Ok((text(wish, &rows, &why), u8::from(differing > 0)))
}

fn text(wish: &CapsArguments, rows: &[Compared], why: &str) -> String {
    if wish.server.json {
        let mut all = json!({ "caps": rows });
        if !why.is_empty() {
            all["why"] = why.into();
        }
        return visible_json(&all) + "\n";
    }
    let mut text: String = rows.iter().map(line).collect();
    if rows.is_empty() {
        text.push_str("no line has a cap\n");
    }
    if !why.is_empty() {
        text.push_str(&format!("what differs: {why}\n"));
    }
    visible_lines(&text).into_owned()
}

fn line(Compared { row, recounted, equal }: &Compared) -> String {
    let CapRow { key, line, cap, tz, used, left, .. } = row;
    let zone = if tz == "UTC" { String::new() } else { format!(" tz={tz}") };
    let begins = row.begins.as_deref().max(row.since.as_deref());
    let since = begins.map_or(String::new(), |begins| format!(", since {begins}"));
    let ends = row.ends.as_deref().map_or(String::new(), |ends| format!(", anew {ends}"));
    let log = match (recounted, equal) {
        (Some(clicks), Some(true)) => format!(", {clicks} in the log"),
        (Some(clicks), _) => format!(", but {clicks} in the log"),
        _ => String::new(),
    };
    format!("{key} line {line} cap={cap}{zone}: {used} used{log}, {left} left{since}{ends}\n")
}

fn rows(wish: &CapsArguments) -> anyhow::Result<Vec<CapRow>> {
    let state = wish.server.state_folder();
    if wish.files.is_empty() {
        return match Client::new(&state).ask(Method::GET, "/links/caps", None)? {
            (200, Value::Object(mut answer)) => {
                let caps = answer.remove("caps").unwrap_or_default();
                serde_json::from_value(caps).context("the server answered something else")
            }
            (_, answer) => bail!("{}", answer["error"].as_str().unwrap_or("the server refused")),
        };
    }
    let sources = Sources {
        paths: wish.files.clone(),
        reading: wish.reading.plan(),
        on_bad_line: OnBadLine::Refuse,
    };
    let table = sources.read()?.table;
    let table = table
        .ok_or_else(|| anyhow!("the link files have bad lines; `carom links check` shows them"))?;
    let lines: Vec<_> = table.links().flat_map(|link| link.caps()).collect();
    rows_of_files(&state, &lines)
}
