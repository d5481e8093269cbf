//! Netlify's and Cloudflare's own programs, in one process of Node.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use carom::links::Format;
use serde_json::{Value, json};

use super::compare::{Answer, Case, Own, SITE};

/// The folder with the packages; `None`, with a message, where they or Node are not there.
pub fn packages() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/node");
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if has_node && folder.join("wrangler").is_dir() && folder.join("node_modules").is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no node, or no target/node with the programs of Netlify and Cloudflare; \
         scripts/test gets them from npm"
    );
    None
}

/// What they answer to each of `cases`, with carom's answers spelled alike.
pub fn ask(packages: &Path, cases: &[Case], own: &mut [Own]) -> Vec<Vec<Answer>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/imports/vendors.mjs");
    let mut command = Command::new("node");
    command.arg(script).arg(packages).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = command.spawn().unwrap();
    let (mut into, out) = (node.stdin.take().unwrap(), node.stdout.take().unwrap());
    let questions: Vec<Value> =
        cases.iter().zip(&*own).map(|(case, own)| question(case, own)).collect();
    let answers = thread::scope(|scope| {
        scope.spawn(move || {
            for question in questions {
                if writeln!(into, "{question}").is_err() {
                    return;
                }
            }
        });
        let lines = BufReader::new(out).lines();
        let read = |(line, own): (std::io::Result<String>, &mut Own)| {
            let value: Value = serde_json::from_str(&line.unwrap()).unwrap();
            for (answer, spelled) in own.answers.iter_mut().zip(value["own"].as_array().unwrap()) {
                if let Some((_, location)) = answer {
                    *location = spelled.as_str().unwrap().to_owned();
                }
            }
            value["answers"].as_array().unwrap().iter().map(answer).collect()
        };
        lines.zip(own.iter_mut()).map(read).collect::<Vec<Vec<Answer>>>()
    });
    assert!(node.wait().unwrap().success() && answers.len() == cases.len());
    answers
}

fn question(case: &Case, own: &Own) -> Value {
    let locations: Vec<_> =
        own.answers.iter().map(|it| it.as_ref().map(|(_, location)| location)).collect();
    let dialect = if case.format == Format::Pages { "pages" } else { "netlify" };
    json!({ "dialect": dialect, "text": case.text, "site": SITE, "asks": case.asks, "own": locations })
}

fn answer(value: &Value) -> Answer {
    Some((value[0].as_u64()? as u16, value[1].as_str()?.to_owned()))
}
