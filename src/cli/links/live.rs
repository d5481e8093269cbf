//! `carom links stage`, `promote`, `set` and others: asking a running server.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answers;
use super::log::{self, LogArguments};
use super::server::ServerArguments;
use crate::cli::pipe::is_broken_pipe;
use crate::cli::reading::ReadingArguments;
use crate::cli::wishes::Said;
use crate::control::admin::{Client, Method};
use crate::disk::aside::Aside;
use crate::limits::{BAD_LINES_SHOWN, CHANGES_SHOWN};
use crate::links::{Columns, Defaults, Format, OnBadLine, Schemes, ZoneName};
use crate::say::say;
use crate::words::{counted, visible, visible_json, visible_lines};

/// What a running server is asked about its links.
#[derive(Clone, Debug, Subcommand)]
pub enum LiveCommand {
    /// Have a running server read link files, to be promoted
    ///
    /// The files are checked whole; with a bad line nothing is staged. What is
    /// served stays as it is until `carom links promote`.
    Stage(Box<Said<StageArguments>>),
    /// Show what `promote` would change; `links diff` without files.
    #[command(skip)]
    Diff(PlainArguments),
    /// Serve what is staged
    Promote(PlainArguments),
    /// Forget what is staged
    Discard(PlainArguments),
    /// Serve an earlier generation again, with the changes that were in force in it
    Rollback(RollbackArguments),
    /// Take back one change of single links: its keys are again what they were before it
    ///
    /// N is its number in `carom links log`. Where a key was changed again since, nothing is
    /// done. The undoing is a change like any other, and can be undone.
    Undo(UndoArguments),
    /// List the generations that can be rolled back to
    Generations(PlainArguments),
    /// List the changes in force: each key, what the files say of it and what it answers, who
    /// changed it and when
    Changes(ChangesArguments),
    /// Tell what was changed, by whom and when: all of it, or one key
    ///
    /// It is read from the journal in the state folder; no server has to run. With --limit or
    /// --since only the newest changes are told.
    Log(LogArguments),
    /// Print every link that a running server serves, as a link file
    Export(ExportArguments),
    /// Show which link of a running server answers a URL
    Show(ShowArguments),
    /// Have a running server read its link files again, as SIGHUP does
    Reload(ReloadArguments),
    /// Set one link, or many, in a running server
    ///
    /// What is set lies over the link files: it survives reloads, promotions and
    /// crashes until it is reset.
    Set(SetArguments),
    /// Take away the links of keys in a running server, whatever its files say
    Unset(UnsetArguments),
    /// Give keys back to the link files
    Reset(ResetArguments),
}

/// A command that has nothing to be told.
#[derive(Args, Clone, Debug)]
pub struct PlainArguments {
    #[command(flatten)]
    pub server: Said<ServerArguments>,
}

/// See [`LiveCommand::Reload`].
#[derive(Args, Clone, Debug)]
pub struct ReloadArguments {
    /// Also when more links are lost than the server lets a reload lose (`serve --max-loss`)
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Stage`].
#[derive(Args, Clone, Debug)]
pub struct StageArguments {
    /// Link files; together they make one table
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// When a line is bad: stage nothing, or skip it and take the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_parser = OnBadLine::NAMES)]
    on_bad_line: Option<String>,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Rollback`].
#[derive(Args, Clone, Debug)]
pub struct RollbackArguments {
    /// Number of the generation [default: the one before]
    #[arg(value_name = "N")]
    to: Option<u32>,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Undo`].
#[derive(Args, Clone, Debug)]
pub struct UndoArguments {
    /// Number of the change, as `carom links log` shows it
    #[arg(value_name = "N")]
    of: u32,
    /// Also where keys were changed again since
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Changes`].
#[derive(Args, Clone, Debug)]
pub struct ChangesArguments {
    /// Most changes to list; the rest are counted [default: 1000]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Export`].
#[derive(Args, Clone, Debug)]
pub struct ExportArguments {
    /// File to write, in place of what is there; it is whole or not there
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Show`].
#[derive(Args, Clone, Debug)]
pub struct ShowArguments {
    /// A URL, or a path on any host
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Set`].
#[derive(Args, Clone, Debug)]
pub struct SetArguments {
    /// KEY TARGET [STATUS] [NAME=VALUE …], as in a line of the native format
    #[arg(value_name = "KEY TARGET", num_args = 2.., required_unless_present = "from")]
    link: Vec<String>,
    /// File of such lines, all of them or none; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "link")]
    from: Option<PathBuf>,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Unset`].
#[derive(Args, Clone, Debug)]
pub struct UnsetArguments {
    /// Keys, as in a line of the native format
    #[arg(value_name = "KEY", required_unless_present = "from")]
    keys: Vec<String>,
    /// File with a key on each line, all of them or none; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    from: Option<PathBuf>,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// See [`LiveCommand::Reset`].
#[derive(Args, Clone, Debug)]
pub struct ResetArguments {
    /// Keys, as in a line of the native format
    #[arg(value_name = "KEY", required_unless_present_any = ["from", "all"])]
    keys: Vec<String>,
    /// File with a key on each line, all of them or none; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    from: Option<PathBuf>,
    /// Every key that was set or unset
    #[arg(long, conflicts_with_all = ["keys", "from"])]
    all: bool,
    #[command(flatten)]
    server: Said<ServerArguments>,
}

/// What is asked for all links.
const EXPORT: &str = "/links/export";

/// Runs the command.
#[must_use]
pub fn run(command: &LiveCommand) -> ExitCode {
    if let LiveCommand::Export(wish) = command {
        return export(wish);
    }
    if let LiveCommand::Log(wish) = command {
        return log::run(wish);
    }
    let server = command.server();
    let asked = command.request().and_then(|(method, path, body)| {
        Client::new(&server.state_folder()).ask(method, &path, body.as_ref())
    });
    match asked {
        Ok((200, answer)) => {
            let text = match server.json {
                true => visible_json(&answer) + "\n",
                false => visible_lines(&command.describe(&answer)).into_owned(),
            };
            // Whoever stopped reading has seen enough.
            let _ = io::stdout().lock().write_all(text.as_bytes());
            ExitCode::from(command.status(&answer))
        }
        Ok((status, answer)) => {
            if server.json {
                let _ = writeln!(io::stdout().lock(), "{}", visible_json(&answer));
            } else {
                complain(&answer);
            }
            let is_wrong = status == 422 && !matches!(command, LiveCommand::Diff(_));
            ExitCode::from(if is_wrong { 1 } else { 2 })
        }
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn export(wish: &ExportArguments) -> ExitCode {
    let state = wish.server.state_folder();
    let client = Client::new(&state);
    let exported = match &wish.output {
        None => client.fetch(EXPORT, &mut |piece| Ok(io::stdout().lock().write_all(piece)?)),
        Some(path) => export_to(path, &client),
    };
    match exported {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(answer)) => {
            complain(&answer);
            ExitCode::from(2)
        }
        // Whoever stopped reading has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Puts a whole export in the place of a file, or leaves that as it is.
fn export_to(path: &Path, client: &Client) -> anyhow::Result<Result<(), Value>> {
    let why = || format!("cannot write {}", path.display());
    let aside = Aside::create_shared(path, 0o666).with_context(why)?;
    let exported =
        client.fetch(EXPORT, &mut |piece| aside.file().write_all(piece).with_context(why))?;
    if exported.is_ok() {
        aside.sync().and_then(|synced| synced.name()).with_context(why)?;
    }
    Ok(exported)
}

/// A URL, so that it can be a parameter of another.
fn encoded(url: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    url.bytes().map(byte).collect()
}

/// Says why a server refused.
fn complain(answer: &Value) {
    let problems = answer["problems"].as_array().map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    for problem in problems.iter().take(BAD_LINES_SHOWN) {
        let message = problem["message"].as_str().unwrap_or_default();
        let file = problem["file"].as_str().unwrap_or_default();
        let (file, message) = (visible(file), visible(message));
        text.push_str(&format!("{file}:{}: {message}\n", problem["line"]));
    }
    if let Some(more @ 1..) = problems.len().checked_sub(BAD_LINES_SHOWN) {
        text.push_str(&format!(
            "… and {} (--json shows every one)\n",
            counted(more, "more bad line")
        ));
    }
    let _ = io::stderr().lock().write_all(text.as_bytes());
    say(format_args!("error: {}", answer["error"].as_str().unwrap_or("the server refused")));
}

impl LiveCommand {
    fn server(&self) -> &ServerArguments {
        match self {
            Self::Stage(wish) => &wish.server,
            Self::Rollback(wish) => &wish.server,
            Self::Set(wish) => &wish.server,
            Self::Unset(wish) => &wish.server,
            Self::Reset(wish) => &wish.server,
            Self::Export(wish) => &wish.server,
            Self::Show(wish) => &wish.server,
            Self::Promote(wish)
            | Self::Diff(wish)
            | Self::Discard(wish)
            | Self::Generations(wish) => &wish.server,
            Self::Reload(wish) => &wish.server,
            Self::Undo(wish) => &wish.server,
            Self::Changes(wish) => &wish.server,
            Self::Log(wish) => &wish.server,
        }
    }

    /// What the server is asked.
    fn request(&self) -> anyhow::Result<(Method, String, Option<Value>)> {
        let (path, body) = match self {
            Self::Generations(_) => {
                return Ok((Method::GET, "/links/generations".to_owned(), None));
            }
            Self::Diff(_) => return Ok((Method::GET, "/links/diff".to_owned(), None)),
            Self::Export(_) => return Ok((Method::GET, EXPORT.to_owned(), None)),
            Self::Show(wish) => {
                return Ok((Method::GET, format!("/links/show?url={}", encoded(&wish.url)), None));
            }
            Self::Changes(wish) => {
                let limit = wish.limit.unwrap_or(CHANGES_SHOWN);
                return Ok((Method::GET, format!("/links/changes?limit={limit}"), None));
            }
            // It asks no server.
            Self::Log(_) => return Ok((Method::GET, String::new(), None)),
            Self::Undo(wish) => {
                ("/links/undo", Some(json!({ "of": wish.of, "force": wish.force })))
            }
            Self::Promote(_) => ("/links/promote", None),
            Self::Discard(_) => ("/links/discard", None),
            Self::Reload(wish) if wish.force => ("/links/reload?force=true", None),
            Self::Reload(_) => ("/links/reload", None),
            Self::Rollback(wish) => ("/links/rollback", Some(json!({ "to": wish.to }))),
            Self::Stage(wish) => {
                let files = wish.files.iter().map(|file| absolute(file));
                let body = json!({
                    "files": files.collect::<anyhow::Result<Vec<_>>>()?,
                    "format": wish.reading.format.map(Format::name),
                    "base": wish.reading.base,
                    "columns": wish.reading.columns.as_ref().map(Columns::as_str),
                    "prefix": wish.reading.prefix,
                    "host": wish.reading.host,
                    "tz": wish.reading.tz.as_ref().map(ZoneName::to_string),
                    "sheet": wish.reading.sheet,
                    "defaults": wish.reading.defaults.as_ref().map(Defaults::to_string),
                    "schemes": wish.reading.schemes.as_ref().map(Schemes::to_string),
                    "on_bad_line": wish.on_bad_line.as_deref().unwrap_or(OnBadLine::default().name()),
                });
                ("/links/stage", Some(body))
            }
            Self::Set(wish) => {
                let (name, lines) = text(wish.from.as_deref(), || wish.link.join(" "))?;
                ("/links/set", Some(json!({ "name": name, "lines": lines })))
            }
            Self::Unset(wish) => {
                let (name, keys) = text(wish.from.as_deref(), || wish.keys.join("\n"))?;
                ("/links/unset", Some(json!({ "name": name, "keys": keys })))
            }
            Self::Reset(wish) if wish.all => ("/links/reset", Some(json!({ "all": true }))),
            Self::Reset(wish) => {
                let (name, keys) = text(wish.from.as_deref(), || wish.keys.join("\n"))?;
                ("/links/reset", Some(json!({ "name": name, "keys": keys })))
            }
        };
        Ok((Method::POST, path.to_owned(), body))
    }

    /// How it ends well: with 1 where links differ.
    fn status(&self, answer: &Value) -> u8 {
        let differs = |name: &&str| answer[*name] != 0;
        match self {
            Self::Diff(_) => u8::from(["added", "removed", "changed"].iter().any(differs)),
            _ => 0,
        }
    }

    /// What the server answered, for people.
    fn describe(&self, answer: &Value) -> String {
        match self {
            Self::Stage(_) => answers::staged(answer),
            Self::Discard(_) => answers::discarded(answer),
            Self::Promote(_) | Self::Rollback(_) | Self::Reload(_) => answers::serving(answer),
            Self::Set(_) | Self::Unset(_) | Self::Reset(_) | Self::Undo(_) => {
                answers::edited(answer)
            }
            Self::Changes(_) => answers::changes(answer),
            Self::Log(_) => String::new(),
            Self::Generations(_) => answers::generations(answer),
            Self::Export(_) => String::new(),
            Self::Diff(_) => answers::differences(answer),
            Self::Show(_) => match answer["link"].as_str() {
                Some(link) if answer["is_set"] == true => format!("{link}  # set\n"),
                Some(link) => format!("{link}\n"),
                None => match answer["built_in"].as_str() {
                    Some(words) => format!("{words}\n"),
                    None => "no link answers\n".to_owned(),
                },
            },
        }
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}

/// What is in the file (`-` is standard input), or else was typed; and what it is
/// called in messages.
fn text(from: Option<&Path>, typed: impl FnOnce() -> String) -> anyhow::Result<(String, String)> {
    match from {
        None => Ok(("command line".to_owned(), typed())),
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            Ok(("standard input".to_owned(), text))
        }
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Ok((path.display().to_string(), text))
        }
    }
}
