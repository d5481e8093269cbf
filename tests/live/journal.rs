//! What is left of changes after a restart or a crash.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{self, Engine, Server, Setup, scale, until};
use crate::{LINKS, both_engines, check, done, file, json, location, replace, state};

const NEW: &str = "https://new.example/";

both_engines!(a_restart_keeps_changes, |engine| {
    let mut server = Server::start(engine, LINKS);
    done(&server, &["set", "/a", NEW]);
    done(&server, &["unset", "/b"]);
    server.restart();
    assert_eq!((&server.started["changes"], &server.started["generation"]), (&2.into(), &4.into()));
    check(&server, &[("/a", Some(NEW)), ("/b", None)]);
    done(&server, &["reset", "--all"]);
    server.restart();
    assert_eq!((&server.started["changes"], &server.started["generation"]), (&0.into(), &6.into()));
    check(&server, &[("/a", Some("https://a.example/")), ("/b", Some("https://b.example/"))]);
});

both_engines!(a_restart_serves_what_was_promoted, |engine| {
    let mut server = Server::start(engine, LINKS);
    let staged = file(&server, "staged.txt", "/a https://staged.example/\n");
    done(&server, &["stage", &staged]);
    done(&server, &["promote"]);
    done(&server, &["set", "/new", NEW]);
    // Twice, and what it was staged from may be gone. The kill comes when the table is
    // written, as docs/admin.md has it.
    std::fs::remove_file(&staged).unwrap();
    let table = state(&server).join("generations/2.table");
    until("the table is written", || table.exists());
    for _ in 0..2 {
        server.restart();
        assert_eq!(server.started["promoted"], 2);
        let want = [("/a", Some("https://staged.example/")), ("/b", None), ("/new", Some(NEW))];
        check(&server, &want);
    }
    let list = json(&server, &["generations"]);
    assert_eq!(list["generations"].as_array().unwrap().last().unwrap()["from"], 2);
    // Newer link files win.
    replace(&server.setup.links[0], "/a https://newer.example/\n");
    server.restart();
    server
        .wait_until_said("warning: the link files were changed after generation 2 was promoted", 1);
    check(&server, &[("/a", Some("https://newer.example/")), ("/new", Some(NEW))]);
});

both_engines!(a_restart_after_a_reload_serves_the_files, |engine| {
    let mut server = Server::start(engine, LINKS);
    let staged = file(&server, "staged.txt", "/a https://staged.example/\n");
    done(&server, &["stage", &staged]);
    done(&server, &["promote"]);
    done(&server, &["reload"]);
    server.restart();
    assert!(server.started["promoted"].is_null());
    check(&server, &[("/a", Some("https://a.example/"))]);
});

/// A server that was stopped after `/a` and then `/b` were set, and its journal.
fn stopped() -> (Setup, Vec<u8>) {
    let mut server = Server::start(Engine::Epoll, LINKS);
    done(&server, &["set", "/a", NEW]);
    done(&server, &["set", "/b", NEW]);
    assert_eq!(server.stop().0, Some(0));
    let journal = std::fs::read(state(&server).join("links.journal")).unwrap();
    let unused = Setup::new(Engine::Epoll, "");
    (std::mem::replace(&mut server.setup, unused), journal)
}

fn journal_path(setup: &Setup) -> std::path::PathBuf {
    setup.clicks_folder().join(".state/links.journal")
}

#[test]
fn a_torn_tail_is_cut_and_said() {
    let (setup, journal) = stopped();
    std::fs::write(journal_path(&setup), &journal[..journal.len() - 3]).unwrap();
    let server = setup.start();
    server.wait_until_said("warning: the journal of links ended in ", 1);
    check(&server, &[("/a", Some(NEW)), ("/b", Some("https://b.example/"))]);
}

#[test]
fn damage_in_the_middle_refuses_to_start() {
    let (setup, mut journal) = stopped();
    let middle = journal.len() / 2;
    journal[middle] ^= 4;
    std::fs::write(journal_path(&setup), &journal).unwrap();
    let said = setup.refusal();
    for words in
        ["error: the journal of links ", "links.journal is damaged at byte ", "move it away"]
    {
        assert!(said.contains(words), "{words}\n{said}");
    }
}

both_engines!(a_journal_that_another_removed_is_written_anew, |engine| {
    let mut server = Server::start(engine, LINKS);
    let path = journal_path(&server.setup);
    done(&server, &["set", "/a", NEW]);
    std::fs::remove_file(&path).unwrap();
    done(&server, &["set", "/b", NEW]);
    server.wait_until_said("links.journal was removed, replaced or changed by another", 1);
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"garbage").unwrap();
    done(&server, &["set", "/new", NEW]);
    server.restart();
    check(&server, &[("/a", Some(NEW)), ("/b", Some(NEW)), ("/new", Some(NEW))]);
});

/// Keys that are set and unset until the server is killed.
const KEYS: u8 = 12;

/// What the server was asked last of each key: where it sends, or that it is not.
type Asked = BTreeMap<u8, Option<String>>;

/// Sets and unsets keys until the server is gone: what it acknowledged, and the one
/// thing that it did not.
fn edit_until_killed(socket: &Path, seed: u64, count: &AtomicUsize) -> (Asked, Asked) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut acknowledged = Asked::new();
    let mut stream = UnixStream::connect(socket).unwrap();
    loop {
        let key = random.u8(..KEYS);
        let target = random.bool().then(|| format!("https://k.example/{}", random.u64(..)));
        let (verb, body) = match &target {
            Some(target) => ("set", serde_json::json!({ "lines": format!("/k{key} {target}") })),
            None => ("unset", serde_json::json!({ "keys": format!("/k{key}") })),
        };
        match ask(&mut stream, verb, &body.to_string()) {
            Some(200) => acknowledged.insert(key, target),
            Some(status) => panic!("{verb} was answered {status}"),
            None => return (acknowledged, [(key, target)].into()),
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks on a connection that is kept: the status of the answer; `None` when the
/// connection ends instead.
fn ask(stream: &mut UnixStream, verb: &str, body: &str) -> Option<u16> {
    let head = format!("POST /links/{verb} HTTP/1.1\r\nHost: h\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).ok()?;
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ")?.1.lines().next()?;
            if body.len() >= length.parse().unwrap() {
                return Some(head[9..12].parse().unwrap());
            }
        }
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(size @ 1..) => answer.extend_from_slice(&bytes[..size]),
            Ok(0) | Err(_) => return None,
        }
    }
}

/// Kills servers in the middle of random edits; `CAROM_KILLS` says how many.
#[test]
fn a_kill_leaves_what_was_acknowledged() {
    let kills: usize = scale::from_env("CAROM_KILLS", 4);
    let mut random = fastrand::Rng::with_seed(scale::seed());
    let mut server = Server::start(Engine::Epoll, LINKS);
    let mut truth = Asked::new();
    let mut edits = 0;
    for round in 0..kills {
        let (socket, seed) = (state(&server).join("admin.sock"), random.u64(..));
        let (count, most) = (AtomicUsize::new(0), random.usize(1..40));
        let (acknowledged, last) = std::thread::scope(|scope| {
            let edits = scope.spawn(|| edit_until_killed(&socket, seed, &count));
            let enough = || count.load(Ordering::Relaxed) >= most || edits.is_finished();
            until("edits are acknowledged", enough);
            server.kill();
            edits.join().unwrap()
        });
        edits += count.into_inner();
        truth.extend(acknowledged);
        server.restart();
        let log = json(&server, &["log"])["entries"].as_array().unwrap().clone();
        let numbers: Vec<u64> = log.iter().filter_map(|entry| entry["number"].as_u64()).collect();
        assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
        for key in 0..KEYS {
            let found = location(&server, &format!("/k{key}"));
            // What was not acknowledged may be there, whole, or not.
            let is_right = Some(&found) == truth.get(&key).or(Some(&None));
            assert!(is_right || last.get(&key) == Some(&found), "round {round}, {key}: {found:?}");
            // The log tells of what is there.
            let mut changes = log.iter().flat_map(|entry| entry["keys"].as_array().unwrap());
            let newest = changes.find(|change| change["key"] == format!("/k{key}"));
            let line = found.as_ref().map(|target| format!("/k{key} {target}"));
            let told = newest.and_then(|change| change["new"].as_str().map(str::to_owned));
            assert_eq!(told.filter(|told| told != "unset"), line, "round {round}, {key}");
            truth.insert(key, found);
        }
    }
    eprintln!("{edits} edits acknowledged before {kills} kills; each is there");
}
