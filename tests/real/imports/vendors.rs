//! Programs of Netlify, Cloudflare, Vercel and Firebase, in one process of Node.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use carom::links::Format;
use fastrand::Rng;
use serde_json::{Value, json};

use super::batches;
use super::compare::{Answer, Campaign, Case, Own, SITE, Tally};
use crate::common::scale::seed;

/// The folder with the packages; `None`, with a message, where they or Node are not there.
fn packages() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/node");
    let has_node = Command::new("node").arg("--version").output().is_ok();
    let parts = ["wrangler", "node_modules/netlify-redirector", "node_modules/superstatic"];
    if has_node && parts.iter().all(|part| folder.join(part).is_dir()) {
        return Some(folder);
    }
    eprintln!(
        "skipped: no node, or no target/node with the programs of Netlify, Cloudflare, Vercel and \
         Firebase; scripts/test gets them from npm"
    );
    None
}

/// Files at a time.
const BATCH: usize = 500;

/// Compares random files, of which one question in `share` has an answer of which nothing is
/// said.
pub fn check(format: Format, share: usize, make: impl Fn(Rng) -> Case) {
    let Some(packages) = packages() else { return };
    let mut rng = Rng::with_seed(seed());
    let mut campaign = Campaign::default();
    for count in batches(BATCH) {
        let cases: Vec<Case> = (0..count).map(|_| make(rng.fork())).collect();
        let mut own: Vec<_> = cases.iter().map(Case::own).collect();
        let theirs = ask(&packages, &cases, &mut own);
        for ((case, own), theirs) in cases.iter().zip(&own).zip(&theirs) {
            campaign.judge(case, own, theirs);
        }
    }
    campaign.done(&format!("{format:?}"), share);
}

/// Compares hand-made files.
pub fn judge(cases: &[Case]) {
    let Some(packages) = packages() else { return };
    let mut own: Vec<_> = cases.iter().map(Case::own).collect();
    let theirs = ask(&packages, cases, &mut own);
    for ((case, own), theirs) in cases.iter().zip(&own).zip(&theirs) {
        if let Err(message) = case.judge(own, theirs, &mut Tally::default()) {
            panic!("{message}");
        }
    }
}

/// What they answer to each of `cases`, with carom's answers spelled alike.
fn ask(packages: &Path, cases: &[Case], own: &mut [Own]) -> Vec<Vec<Answer>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/imports/vendors/main.mjs");
    let mut command = Command::new("node");
    command
        .arg("--no-deprecation")
        .arg(script)
        .arg(packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
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
    let dialect = match case.format {
        Format::Netlify => "netlify",
        Format::NetlifyToml => "netlifyToml",
        Format::Pages => "pages",
        Format::Vercel => "vercel",
        Format::Firebase => "firebase",
        other => panic!("no program of {other:?} is a package of Node"),
    };
    json!({ "dialect": dialect, "text": case.text, "site": SITE, "asks": case.asks, "own": locations })
}

fn answer(value: &Value) -> Answer {
    Some((value[0].as_u64()? as u16, value[1].as_str()?.to_owned()))
}
