//! `carom links test`: what a visitor would be answered, and why.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::server::ServerArguments;
use crate::cli::pipe::is_broken_pipe;
use crate::cli::places::PlaceArguments;
use crate::cli::reading::ReadingArguments;
use crate::cli::wishes::Said;
use crate::control::admin::{Client, Method};
use crate::control::testing::{self, TestGround, TestQuestion};
use crate::links::{Links, OnBadLine};
use crate::rules::SplitKey;
use crate::say::say;
use crate::shard::Builtins;
use crate::sources::{Reading, Sources};
use crate::visitor::Place;
use crate::words::{visible_json, visible_lines};

/// What `carom links test` is asked.
#[derive(Args, Clone, Debug)]
pub struct TestArguments {
    /// What is asked for: /path or http://host/path, with a query
    #[arg(value_name = "URL")]
    pub url: String,
    /// Link files to answer from, in place of a running server
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Address of the visitor [default: one that is made up]
    #[arg(long, value_name = "ADDRESS")]
    pub ip: Option<IpAddr>,
    /// User-Agent
    #[arg(long, value_name = "TEXT")]
    pub ua: Option<String>,
    /// Accept-Language
    #[arg(long, value_name = "TAGS")]
    pub language: Option<String>,
    /// Sec-CH-UA-Platform
    #[arg(long, value_name = "NAME")]
    pub platform: Option<String>,
    /// Country of the visitor [default: that of the address]
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// A list that the address is on; may be repeated [default: those that it is on]
    #[arg(long = "on-list", value_name = "NAME")]
    pub lists: Option<Vec<String>>,
    /// Query, as behind the ? of a URL
    #[arg(long, value_name = "QUERY")]
    pub query: Option<String>,
    /// Referer
    #[arg(long, value_name = "URL")]
    pub referer: Option<String>,
    /// When: 2026-12-01T22:00:00+01:00 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Which visitor of those that are made up, from 1
    #[arg(long, value_name = "N", conflicts_with = "ip")]
    pub visitor: Option<u64>,
    /// Make up so many visitors, and count which line answers how many
    #[arg(long, value_name = "N", conflicts_with = "ip")]
    pub repeat: Option<u64>,
    /// What tells of addresses, where files are named
    #[command(flatten)]
    pub places: PlaceArguments,
    /// How the files are read
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// The server that is asked, if no files are named
    #[command(flatten)]
    pub server: Said<ServerArguments>,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &TestArguments) -> ExitCode {
    let tested = match wish.files.is_empty() {
        true => ask(wish),
        false => test(wish),
    };
    let told = tested.and_then(|tested| {
        let text = match wish.server.json {
            true => visible_json(&tested) + "\n",
            false => visible_lines(&describe(&tested)).into_owned(),
        };
        Ok(io::stdout().lock().write_all(text.as_bytes())?)
    });
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

impl TestArguments {
    fn question(&self) -> TestQuestion {
        let url = match &self.query {
            None => self.url.clone(),
            Some(query) => {
                let mark = if self.url.contains('?') { '&' } else { '?' };
                format!("{}{mark}{}", self.url, query.trim_start_matches('?'))
            }
        };
        let text = |said: &Option<String>| said.clone().unwrap_or_default();
        TestQuestion {
            url,
            ip: self.ip,
            user_agent: text(&self.ua),
            language: text(&self.language),
            platform: text(&self.platform),
            country: self.country.clone(),
            lists: self.lists.clone(),
            referer: text(&self.referer),
            at: self.at.clone(),
            visitor: self.visitor,
            repeat: self.repeat,
        }
    }
}

fn ask(wish: &TestArguments) -> anyhow::Result<Value> {
    let client = Client::new(&wish.server.state_folder());
    let question = serde_json::to_value(wish.question())?;
    let (status, answer) = client.ask(Method::POST, "/links/test", Some(&question))?;
    if status != 200 {
        bail!("{}", answer["error"].as_str().unwrap_or("the server refused"));
    }
    Ok(answer)
}

/// The same of files. Their visitors are in parts of splits by a key of zeros, as a server
/// has its own.
fn test(wish: &TestArguments) -> anyhow::Result<Value> {
    let sources = Sources {
        paths: wish.files.clone(),
        reading: Reading { places: wish.places.names(), ..wish.reading.plan() },
        on_bad_line: OnBadLine::Refuse,
    };
    let read = sources.read_here()?;
    write!(io::stderr().lock(), "{}", read.report)?;
    let Some(table) = read.table else { bail!("nothing is tested; mend the lines above") };
    let files = wish.places.files();
    let known = if files.is_empty() { None } else { Some(files.read()?.places) };
    let place = |address: &[u8; 16]| match &known {
        Some(places) => places.of(address),
        None => Place::UNKNOWN,
    };
    let ground = TestGround {
        split_key: SplitKey([0; 16]),
        builtins: &Builtins::default(),
        place: &place,
        list_names: known.as_ref().map_or(&[], |places| places.names()),
        used: &|_, _, _, _| None,
    };
    let tested = testing::test(&Links::replicate(&table), &wish.question(), &ground);
    Ok(json!(tested.map_err(|refused| anyhow::anyhow!("{refused}"))?))
}

/// What was answered, for people.
fn describe(tested: &Value) -> String {
    let mut text = String::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let shares = list(&tested["shares"]);
    if !shares.is_empty() {
        let visitors = |share: &Value| share["visitors"].as_u64().unwrap_or_default();
        let all: u64 = shares.iter().map(visitors).sum();
        for share in &shares {
            let percent = visitors(share) as f64 * 100.0 / all as f64;
            let _ = writeln!(text, "{:>9} {percent:>6.2} %  {}", visitors(share), answer(share));
        }
        return text;
    }
    match tested["built_in"].as_str() {
        Some(words) => {
            let _ = writeln!(text, "{words}");
        }
        None => {
            let _ = writeln!(text, "{}", answer(tested));
        }
    }
    for key in list(&tested["keys"]) {
        let _ = writeln!(text, "\n{}", key["key"].as_str().unwrap_or_default());
        for line in list(&key["lines"]) {
            let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let sign = if line["answers"] == true { "→" } else { " " };
            let number = match line["line"].as_u64() {
                Some(0) | None => String::new(),
                Some(number) => format!("{number:>2}  "),
            };
            let _ = writeln!(text, "{sign} {number}{}\n       {}", word("text"), word("why"));
        }
    }
    text
}

fn answer(answer: &Value) -> String {
    let location = answer["location"].as_str().unwrap_or_default();
    let by = match (answer["line"].as_u64(), answer["is_else"] == true) {
        (Some(0) | None, true) => "  (else=)".to_owned(),
        (Some(0) | None, false) => String::new(),
        (Some(line), true) => format!("  (line {line}, else=)"),
        (Some(line), false) => format!("  (line {line})"),
    };
    format!("{} {location}{by}", answer["status"]).trim_end().to_owned()
}
