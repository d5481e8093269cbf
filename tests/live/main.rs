//! Changing links of a running server: staged tables, single links, and what is
//! left of them after a crash.

#[path = "../common/mod.rs"]
mod common;
mod edits;
mod history;
mod journal;
mod kept;
mod look;
mod memory;
mod places;
mod reloads;
mod scale;
mod sets;
mod socket;
mod tables;
mod watch;

use std::path::Path;

use common::{Client, Ran, Server, carom};
use serde_json::Value;

/// What `/a` and `/b` answer at first.
const LINKS: &str = "/a https://a.example/\n/b https://b.example/ 301\n";

/// `carom links WORDS…`, asked of this server.
fn links(server: &Server, words: &[&str]) -> Ran {
    let clicks = server.setup.clicks_folder();
    let clicks = clicks.to_str().unwrap();
    carom(["links"].iter().chain(words).chain(&["--clicks", clicks]))
}

/// The same where it is expected to go well: what it printed.
fn done(server: &Server, words: &[&str]) -> String {
    let ran = links(server, words);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{words:?} {ran:?}");
    ran.out
}

/// The same, with `--json`.
fn json(server: &Server, words: &[&str]) -> Value {
    serde_json::from_str(&done(server, &[words, &["--json"]].concat())).unwrap()
}

/// The same where it is expected to be refused: its exit code and what it said.
fn refused(server: &Server, words: &[&str]) -> (i32, String) {
    let ran = links(server, words);
    assert_eq!(ran.out, "", "{words:?}");
    (ran.code.unwrap(), ran.err)
}

/// Where `path` is sent, on a new connection; `None` for 404.
fn location(server: &Server, path: &str) -> Option<String> {
    Client::new(server.connect()).get("h.example", path).unwrap().location
}

/// Each path, and where it is sent.
fn check(server: &Server, want: &[(&str, Option<&str>)]) {
    for (path, target) in want {
        assert_eq!(location(server, path).as_deref(), *target, "{path}");
    }
}

/// A file beside the link file of the server.
fn file(server: &Server, name: &str, text: &str) -> String {
    let path = server.setup.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn state(server: &Server) -> std::path::PathBuf {
    server.setup.clicks_folder().join(".state")
}

/// Puts a file in the place of another, whole.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}
