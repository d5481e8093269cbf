//! `carom links log`: what was changed, by whom and when. It is read from the journal,
//! whether or not a server runs.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde_json::{Value, json};

use super::server::ServerArguments;
use crate::cli::clicks::filter::time;
use crate::cli::wishes::Said;
use crate::control::journal::{Entry, Happened, KeyChange, Log, Records};
use crate::control::{of_keys, time_of};
use crate::links::{Change, Defaults, read_keys};
use crate::say::say;
use crate::words::{counted, visible_json, visible_lines};

/// Keys of one change that are told, where no key is named.
const KEYS_TOLD: usize = 3;

/// See [`LiveCommand::Log`](super::live::LiveCommand::Log).
#[derive(Args, Clone, Debug)]
pub struct LogArguments {
    /// Only changes of this key, as in a line of the native format
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// Only changes of this time and later: RFC 3339, a date (UTC), today, yesterday, or so long
    /// ago, such as 15m, 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<u64>,
    /// Only so many, the newest
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    pub server: Said<ServerArguments>,
}

/// Runs the command.
pub fn run(wish: &LogArguments) -> ExitCode {
    match told(wish) {
        Ok(text) => {
            // Whoever stopped reading has seen enough.
            let _ = io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn told(wish: &LogArguments) -> anyhow::Result<String> {
    let key = wish.key.as_deref().map(read_key).transpose()?;
    let mut log = read(wish)?;
    let since = wish.since.unwrap_or(0);
    log.entries.retain(|entry| entry.at_us >= since);
    if let Some(key) = &key {
        for entry in &mut log.entries {
            entry.keys.retain(|change| *change.key == **key);
        }
        log.entries.retain(|entry| !entry.keys.is_empty());
    }
    if let Some(most) = wish.limit {
        let over = log.entries.len().saturating_sub(most);
        log.entries.drain(..over);
    }
    if wish.server.json {
        let entries: Vec<Value> = log.entries.iter().rev().map(object).collect();
        let all = json!({ "entries": entries, "is_cut": log.is_cut });
        return Ok(visible_json(&all) + "\n");
    }
    let keys_told = if key.is_some() { usize::MAX } else { KEYS_TOLD };
    let mut text: String = log.entries.iter().rev().map(|entry| lines(entry, keys_told)).collect();
    if log.is_cut && wish.limit.is_none_or(|most| log.entries.len() < most) && since == 0 {
        text.push_str("  older changes are no longer told\n");
    }
    Ok(visible_lines(&text).into_owned())
}

/// The one key that is meant, as the journal knows it.
fn read_key(key: &str) -> anyhow::Result<String> {
    let keys = read_keys("KEY", key, &Defaults::default()).map_err(|report| {
        let problem = report.problems.first().map(|problem| problem.message.as_str());
        anyhow!("{}", problem.unwrap_or_default())
    })?;
    keys.into_iter().next().ok_or_else(|| anyhow!("no key is named; write one such as /go"))
}

/// The whole log.
fn read(wish: &LogArguments) -> anyhow::Result<Log> {
    let state = wish.server.state_folder();
    let mut records = Records::open(&state).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!(
            "there is no journal of links in {}; name the folder of a server that ran with \
             --clicks DIR or --state DIR",
            state.display()
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "the journal of links in {} may be read only by the user that the server runs as; \
             become that user, or root",
            state.display()
        ),
        _ => anyhow!("cannot read the journal of links in {}: {error}", state.display()),
    })?;
    let mut log = Log::default();
    records.by_ref().for_each(|record| log.take(record));
    if records.rest() > 0 {
        say(format_args!(
            "warning: the journal ends in {} that are no whole record: a change that is being \
             made, or damage; what stands before is told",
            counted(records.rest(), "byte")
        ));
    }
    Ok(log)
}

/// What happened, in a word or few, and to what.
fn happened(entry: &Entry) -> (String, Vec<String>) {
    match &entry.what {
        Happened::Table(table) => {
            let from = table.from.map_or(String::new(), |from| format!(" to {from}"));
            let files = table.files.iter().map(|file| file.name.clone());
            let how = table.how.to_string();
            (if how == "staged" { "promote".to_owned() } else { how } + &from, files.collect())
        }
        Happened::Undo(of) => (format!("undo of {of}"), Vec::new()),
        Happened::Staged(files) => ("stage".to_owned(), files.clone()),
        Happened::Discarded => ("discard".to_owned(), Vec::new()),
        Happened::Edit => {
            let verb = match entry.keys.first().map(|change| &change.new) {
                Some(Some(Change::Unset)) => "unset",
                Some(None) => "reset",
                _ => "set",
            };
            (verb.to_owned(), Vec::new())
        }
    }
}

/// A change for people, a line and one for each key.
fn lines(entry: &Entry, keys_told: usize) -> String {
    let (verb, files) = happened(entry);
    let number = match entry.has_number() {
        true => entry.generation.to_string(),
        false => "-".to_owned(),
    };
    let mut parts = Vec::new();
    if !entry.keys.is_empty() && keys_told == KEYS_TOLD {
        parts.push(counted(entry.keys.len(), "key"));
    }
    parts.extend(entry.counts.map(of_keys));
    parts.extend(entry.links.map(|links| counted(links, "link")));
    let mut text = format!(
        "{number:>8}  {}  {verb:<12}  {}  by {}{}\n",
        time_of(entry.at_us),
        parts.join("; "),
        entry.who,
        if files.is_empty() { String::new() } else { format!("  {}", files.join(" ")) }
    );
    for change in entry.keys.iter().take(keys_told) {
        let (old, new) = (line(&change.old, &change.key), line(&change.new, &change.key));
        text.push_str(&format!("            {}: {old} → {new}\n", change.key));
    }
    if let Some(more @ 1..) = entry.keys.len().checked_sub(keys_told) {
        text.push_str(&format!("            … and {}\n", counted(more, "more key")));
    }
    text
}

/// What a key answered by a change, without the key.
fn line(change: &Option<Change>, key: &str) -> String {
    match change {
        None => "as the files say".to_owned(),
        Some(Change::Unset) => "unset".to_owned(),
        Some(Change::Set(line)) => {
            let path = key.strip_suffix(" nocase").unwrap_or(key);
            let answer =
                |line: &str| line.strip_prefix(path).unwrap_or(line).trim_start().to_owned();
            line.lines().map(answer).collect::<Vec<_>>().join(" | ")
        }
    }
}

/// A change for programs.
fn object(entry: &Entry) -> Value {
    let (what, files) = happened(entry);
    let keys = entry.keys.iter().map(
        |KeyChange { key, old, new }| json!({ "key": **key, "old": side(old), "new": side(new) }),
    );
    json!({
        "number": entry.has_number().then_some(entry.generation),
        "generation": entry.generation,
        "time": time_of(entry.at_us),
        "who": entry.who.name,
        "uid": entry.who.uid,
        "what": what,
        "files": files,
        "links": entry.links,
        "counts": entry.counts,
        "keys": keys.collect::<Vec<_>>(),
    })
}

/// A line, `"unset"`, or null: as the files say.
fn side(change: &Option<Change>) -> Value {
    match change {
        None => Value::Null,
        Some(Change::Unset) => json!("unset"),
        Some(Change::Set(line)) => json!(**line),
    }
}
