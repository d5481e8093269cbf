//! `kill -9` under load over caps of 1 to 10,000: none lets one click too many through,
//! after each kill the file says what the click log says, and in the end each is used up
//! exactly. `CAROM_KILLS` says how many kills.
//!
//! Clients ask for a few keys at a time, each with a cap of its own and somewhere else to go
//! when it is used up. Then a new key takes its place, so caps of all sizes are met by a kill
//! at their beginning, near their end, and behind it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::both_engines;
use crate::common::scale::{from_env, seed};
use crate::common::{
    self, CAROM, Client, Engine, PATIENCE, Server, Setup, carom, cut_reply, until,
};

const CLIENTS: usize = 4;
/// Requests that a client sends in one go.
const PIPELINED: usize = 16;
/// Keys that are asked for at a time.
const ASKED: usize = 8;
/// Largest cap.
const LARGEST: u64 = 10_000;

both_engines!(
    /// Two shards count them together.
    no_cap_lets_one_too_many_through,
    kill_under_load
);

fn kill_under_load(engine: Engine) {
    let kills: usize = from_env("CAROM_KILLS", 5);
    let mut rng = fastrand::Rng::with_seed(seed());
    let mut caps: Vec<Cap> = (0..ASKED).map(|number| Cap::new(number, &mut rng)).collect();
    let mut asked: Vec<usize> = (0..ASKED).collect();
    let setup = Setup::new(engine, &links(&caps)).flag("--cores", "2").segments("16MiB");
    let mut server = setup.start();
    let folder = server.setup.clicks_folder();
    for _ in 0..kills {
        // As often within the first replies as after thousands.
        let most = 2 << rng.u32(0..15);
        let round = Round {
            address: server.address,
            pid: server.pid(),
            replies: rng.u64(1..=most),
            received: AtomicU64::new(0),
            is_killed: AtomicBool::new(false),
        };
        round.run(&caps, &asked, &mut rng);
        let (code, said) = server.wait();
        assert_eq!(code, None, "it ended by itself: {said}");
        for at in &mut asked {
            if caps[*at].is_over.load(Ordering::Relaxed) {
                *at = caps.len();
                caps.push(Cap::new(*at, &mut rng));
            }
        }
        fs::write(&server.setup.links[0], links(&caps)).unwrap();
        server.restart();
        check(&server, &folder, &caps);
    }
    // Where one was said to be over, another shard may have held the last of it.
    let rows = check(&server, &folder, &caps);
    for cap in caps.iter().filter(|cap| rows[&cap.key] < cap.count) {
        use_up(&server, &folder, &caps, cap);
    }
    let rows = check(&server, &folder, &caps);
    for cap in &caps {
        assert_eq!(rows[&cap.key], cap.count, "{} is used up, and no more", cap.key);
    }
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    // What the log says, in other words.
    let redirects = redirects(&folder);
    for cap in &caps {
        assert_eq!(redirects.get(&cap.key).copied().unwrap_or(0), cap.count, "{}", cap.key);
    }
    server.restart();
    assert_eq!(check(&server, &folder, &caps), rows, "an orderly stop loses nothing either");
    let received: u64 = caps.iter().map(|cap| cap.received.load(Ordering::Relaxed)).sum();
    let clicks: u64 = caps.iter().map(|cap| cap.count).sum();
    eprintln!(
        "{}: {kills} kills, {} caps used up by {clicks} clicks, {received} of them received",
        engine.name(),
        caps.len()
    );
}

struct Cap {
    key: String,
    count: u64,
    /// Redirects by its line that clients received.
    received: AtomicU64,
    /// A client was sent elsewhere.
    is_over: AtomicBool,
}

impl Cap {
    /// As many small ones as large ones.
    fn new(number: usize, rng: &mut fastrand::Rng) -> Self {
        let count = ((LARGEST as f64).powf(rng.f64()) as u64).clamp(1, LARGEST);
        Self {
            key: format!("/c{number}"),
            count,
            received: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    fn received(&self, target: &str) {
        if target.ends_with("/over") {
            self.is_over.store(true, Ordering::Relaxed);
        } else {
            let received = self.received.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(received <= self.count, "{}: {received} of {}", self.key, self.count);
        }
    }
}

fn links(caps: &[Cap]) -> String {
    let line = |Cap { key, count, .. }: &Cap| {
        format!("{key} https://t.example{key} cap={count}/total else=https://t.example{key}/over\n")
    };
    caps.iter().map(line).collect()
}

/// From the start of a server to its end.
struct Round {
    address: SocketAddr,
    pid: Pid,
    /// It is killed when clients have received so many replies.
    replies: u64,
    received: AtomicU64,
    is_killed: AtomicBool,
}

impl Round {
    fn run(&self, caps: &[Cap], asked: &[usize], rng: &mut fastrand::Rng) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let mut rng = rng.fork();
                scope.spawn(move || {
                    let error = self.ask(caps, asked, &mut rng).unwrap_err();
                    let is_killed = self.is_killed.load(Ordering::SeqCst);
                    assert!(is_killed, "failed before the kill: {error}");
                });
            }
        });
    }

    /// Asks until the server is gone.
    fn ask(&self, caps: &[Cap], asked: &[usize], rng: &mut fastrand::Rng) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut unread = Vec::new();
        loop {
            let wanted: Vec<_> = (0..PIPELINED).map(|_| &caps[asked[rng.usize(..ASKED)]]).collect();
            let request =
                |cap: &&Cap| format!("GET {} HTTP/1.1\r\nHost: t.example\r\n\r\n", cap.key);
            let requests: String = wanted.iter().map(request).collect();
            stream.write_all(requests.as_bytes())?;
            for cap in wanted {
                let target = self.receive(&mut stream, &mut unread)?;
                cap.received(&target);
            }
        }
    }

    fn receive(&self, stream: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<String> {
        loop {
            if let Some((reply, size)) = cut_reply(unread) {
                unread.drain(..size);
                if self.received.fetch_add(1, Ordering::Relaxed) + 1 == self.replies {
                    self.is_killed.store(true, Ordering::SeqCst);
                    kill_process(self.pid, Signal::KILL).unwrap();
                }
                return Ok(reply.location.expect("each key sends somewhere"));
            }
            let mut bytes = [0; 16 * 1024];
            match stream.read(&mut bytes)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                size => unread.extend_from_slice(&bytes[..size]),
            }
        }
    }
}

/// Has the caps told and counted anew, and compares with what clients received. Returns
/// what is used of each.
fn check(server: &Server, folder: &Path, caps: &[Cap]) -> BTreeMap<String, u64> {
    let folder = folder.to_str().unwrap();
    let ran = carom(["links", "caps", "--recount", "--json", "--clicks", folder]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    let rows: BTreeMap<_, _> = answer["caps"].as_array().unwrap().iter().map(row).collect();
    for cap in caps {
        let used = rows[&cap.key];
        let received = cap.received.load(Ordering::Relaxed);
        let range = received..=cap.count;
        assert!(range.contains(&used), "{}: {used} used, not in {range:?}", cap.key);
    }
    // The files say the same without the server.
    let links = server.setup.links[0].to_str().unwrap();
    let ran = carom(["links", "caps", links, "--json", "--clicks", folder]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    for row in answer["caps"].as_array().unwrap() {
        assert_eq!(row["used"], rows[row["key"].as_str().unwrap()], "{row}");
    }
    rows
}

fn row(row: &Value) -> (String, u64) {
    assert_eq!(row["used"], row["recounted"], "{row}");
    (row["key"].as_str().unwrap().to_owned(), row["used"].as_u64().unwrap())
}

/// Asks until none is left. What another shard still holds, it gives back soon.
fn use_up(server: &Server, folder: &Path, caps: &[Cap], cap: &Cap) {
    let mut client = Client::new(server.connect());
    until("it is used up", || {
        loop {
            let reply = client.get("t.example", &cap.key).unwrap();
            let target = reply.location.unwrap();
            cap.received(&target);
            if target.ends_with("/over") {
                return check(server, folder, caps)[&cap.key] == cap.count;
            }
        }
    });
}

/// How often each key sent to its target, by what `clicks cat` prints.
fn redirects(folder: &Path) -> BTreeMap<String, u64> {
    let paths: [PathBuf; 1] = [folder.to_owned()];
    let cat = Command::new(CAROM).args(["clicks", "cat"]).args(paths).output().unwrap();
    let mut counts = BTreeMap::new();
    for row in String::from_utf8(cat.stdout).unwrap().lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        if row["via"] != "else" {
            assert_eq!(
                (&row["verdict"], &row["variant"]),
                (&"redirect".into(), &1.into()),
                "{row}"
            );
            *counts.entry(row["path"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    counts
}
