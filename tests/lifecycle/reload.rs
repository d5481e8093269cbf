//! SIGHUP: the link files are read again, and no request notices but by its
//! answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{self, Client, Server, Setup, until};
use crate::{LINKS, both_engines, redirect};

const RELOADS: u64 = 20;
const CLIENTS: usize = 3;
/// Requests that are under way together on each connection.
const PIPELINED: usize = 4;
/// Answers of one table to a client before the next reload.
const ENOUGH: usize = 200;
/// Answers of one table to a client after which it slows down.
const FULL_SPEED: usize = 1_000;

/// Two tables of one key, told apart by their status: clicks have that too.
const TABLES: [(u16, &str); 2] = [(307, "https://even.example/"), (301, "https://odd.example/")];

/// The table of a generation; the first is number 1.
fn table(generation: u64) -> (u16, &'static str) {
    TABLES[(generation % 2) as usize]
}

fn links(generation: u64) -> String {
    let (status, target) = table(generation);
    format!("/a {target} {status}\n")
}

/// Replaces the links as one should: whole, by a rename.
fn replace(server: &Server, links: &str) {
    let path = &server.setup.links[0];
    let new = path.with_extension("new");
    std::fs::write(&new, links).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// Asks until told to stop. Returns the statuses of all answers, in order.
fn hammer(server: &Server, host: &str, seen: &AtomicU16, stop: &AtomicBool) -> Vec<u16> {
    let mut client = Client::new(server.connect());
    let request = format!("GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(PIPELINED);
    let mut statuses = Vec::new();
    let mut of_this_table = 0;
    while !stop.load(Ordering::Relaxed) {
        // However slow the machine is, clicks shall not outrun its disk.
        if of_this_table > FULL_SPEED {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        client.send(request.as_bytes());
        for _ in 0..PIPELINED {
            let reply = client.reply().expect("no request fails");
            let known = TABLES.iter().any(|(status, target)| {
                reply.status == *status && reply.location.as_deref() == Some(target)
            });
            assert!(known && !reply.close, "{reply:?}");
            of_this_table =
                if statuses.last() == Some(&reply.status) { of_this_table + 1 } else { 0 };
            statuses.push(reply.status);
            if of_this_table == ENOUGH {
                seen.store(reply.status, Ordering::Relaxed);
            }
        }
    }
    statuses
}

/// Stops the clients also where the test fails: they are waited for.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

both_engines!(under_load_each_answer_is_of_one_table, |engine| {
    let mut server = Setup::new(engine, &links(1)).segments("16MiB").start();
    let stop = AtomicBool::new(false);
    let seen: [AtomicU16; CLIENTS] = Default::default();
    let hosts: [String; CLIENTS] = std::array::from_fn(|at| format!("client-{at}.example"));
    let answers: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let (server, stop, seen) = (&server, &stop, &seen);
        let stop_at_end = StopAtEnd(stop);
        let clients: Vec<_> = hosts
            .iter()
            .zip(seen)
            .map(|(host, seen)| scope.spawn(move || hammer(server, host, seen, stop)))
            .collect();
        for generation in 1..=RELOADS + 1 {
            if generation > 1 {
                replace(server, &links(generation));
                server.signal(Signal::HUP);
                server.wait_until_said(&format!("reloaded: generation {generation}, 1 link"), 1);
            }
            // So each client has answers of each generation, in plenty.
            let (status, _) = table(generation);
            let all_see = || seen.iter().all(|seen| seen.load(Ordering::Relaxed) == status);
            until("all clients have seen enough of the table", all_see);
        }
        drop(stop_at_end);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");

    let clicks = server.clicks();
    assert_eq!(clicks.code, Some(0), "{}", clicks.said);
    assert_eq!(clicks.rows.len(), answers.iter().map(Vec::len).sum::<usize>());
    for (host, statuses) in hosts.iter().zip(&answers) {
        check_clicks(clicks.rows.iter().filter(|click| click["host"] == **host), statuses);
    }
    eprintln!("{} answers over {RELOADS} reloads", clicks.rows.len());
});

/// The clicks of one connection are its answers; their generations grow, and
/// each is that of the table that answered.
fn check_clicks<'a>(clicks: impl Iterator<Item = &'a Value>, statuses: &[u16]) {
    let clicks: Vec<_> = clicks.collect();
    assert_eq!(clicks.len(), statuses.len());
    let mut generations = BTreeSet::new();
    for (click, status) in clicks.into_iter().zip(statuses) {
        let generation = click["generation"].as_u64().unwrap();
        assert_eq!(
            (click["status"].as_u64(), *status),
            (Some((*status).into()), table(generation).0)
        );
        assert!(generations.last().is_none_or(|last| *last <= generation), "{click}");
        generations.insert(generation);
    }
    assert_eq!(generations, (1..=RELOADS + 1).collect());
}

both_engines!(many_signals_at_once_end_with_the_newest_links, |engine| {
    let mut server = Server::start(engine, &links(1));
    let mut client = Client::new(server.connect());
    for generation in 2..=9 {
        replace(&server, &links(generation));
        server.signal(Signal::HUP);
    }
    replace(&server, "/a https://last.example/\n");
    server.signal(Signal::HUP);
    until("the newest links are served", || {
        client.get("h", "/a").expect("an answer").location.as_deref()
            == Some("https://last.example/")
    });
    drop(client);
    assert_eq!(server.stop().0, Some(0));
});

both_engines!(a_bad_line_keeps_the_old_links, |engine| {
    let mut server = Server::start(engine, LINKS);
    let mut client = Client::new(server.connect());
    let mut check = |target: &str| {
        assert_eq!(client.get("h", "/a"), Some(redirect(target, false)));
    };
    check("https://a.example/");

    replace(&server, "/a https://new.example/\n/b nowhere\n");
    server.signal(Signal::HUP);
    server.wait_until_said("not reloaded, generation 1 stays", 1);
    check("https://a.example/");

    std::fs::remove_file(&server.setup.links[0]).unwrap();
    server.signal(Signal::HUP);
    server.wait_until_said("not reloaded, generation 1 stays", 2);
    check("https://a.example/");

    replace(&server, "/a https://new.example/\n");
    server.signal(Signal::HUP);
    server.wait_until_said("reloaded: generation 2, 1 link,", 1);
    until("the new links are served", || {
        client.get("h", "/a").unwrap().location.as_deref() == Some("https://new.example/")
    });
    drop(client);

    let path = server.setup.links[0].display().to_string();
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let bad = format!("{path}:2: the target `nowhere` is not absolute; write https://host/path");
    let missing = format!("cannot read the link file {path}: No such file");
    for sentence in [bad, missing, "mend the lines above".to_owned()] {
        assert!(said.contains(&sentence), "{sentence}\n{said}");
    }
});

both_engines!(a_bad_line_is_left_out_where_that_is_wished, |engine| {
    let server = Setup::new(engine, LINKS).flag("--on-bad-line", "skip").start();
    replace(&server, "/a https://new.example/\n/b nowhere\n");
    server.signal(Signal::HUP);
    server.wait_until_said("reloaded: generation 2, 1 link, 1 left out", 1);
    server.wait_until_said("links.txt:2: ", 1);
});
