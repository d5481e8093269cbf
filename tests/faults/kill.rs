//! `kill -9` under load: every redirect that a client received in full has its
//! click, exactly once, and at most one torn tail for each shard is left.
//!
//! One click folder is kept over all kills, so that each start also finds what
//! the kills before it left. Segments are as small as they may be, so that the
//! next one is begun all the time, and with it everything that a kill can
//! interrupt. `CAROM_KILLS` says how many kills (`scripts/endurance` has 200).
//!
//! Such segments can be filled faster than new ones are made. Then the server
//! counts clicks as lost, and what is under test is that this count covers every
//! click that is not there. So that it is the exception, clicks are kept in
//! memory where that can be (`CAROM_KILL_FOLDER`): what a killed process has
//! written stays either way. On a disk, larger segments give it the time
//! (`CAROM_KILL_SEGMENT_KIB`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use carom::clicks::SegmentReader;
use carom::clicks::folder::{SegmentFile, list};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::both_engines;
use crate::common::scale::{from_env, seed};
use crate::common::{self, CAROM, Client, Engine, PATIENCE, Setup, cut_reply};

const LINKS: &str = "/go/* https://t.example/:splat\n";
/// Requests that a pipelining client sends in one go.
const PIPELINED: u64 = 24;

/// How the clients of a round ask.
const CLIENTS: [Manner; 6] = [
    Manner::Kept,
    Manner::Kept,
    Manner::Pipelined,
    Manner::Pipelined,
    Manner::Fresh,
    Manner::Fresh,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// One connection, one request at a time.
    Kept,
    /// One connection, many requests at a time.
    Pipelined,
    /// A new connection for each request.
    Fresh,
}

both_engines!(every_redirect_that_was_received_has_its_click, |engine| kill_under_load(
    engine,
    setup(engine),
    None
));
both_engines!(
    /// What is written is almost never on the disk when the kill comes.
    with_a_stage_too,
    |engine| {
        let stage = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let setup = setup(engine).flag("--clicks-stage", stage.path().to_str().unwrap());
        kill_under_load(engine, setup.flag("--sync-interval", "1m"), Some(stage.path()));
    }
);

fn kill_under_load(engine: Engine, setup: Setup, stage: Option<&Path>) {
    let kills: usize = from_env("CAROM_KILLS", 5);
    let largest: u32 = from_env("CAROM_KILL_SEGMENT_KIB", 256);
    let mut rng = fastrand::Rng::with_seed(seed());
    let mut model = Model::default();
    let mut server = setup.start();
    let folder = server.setup.clicks_folder();
    for round in 0..kills {
        // The first flag is the size of segments.
        server.setup.flags[1] = format!("{}KiB", rng.u32(64..=largest));
        let begun = Instant::now();
        server.restart();
        // As often within the first replies as after thousands.
        let most = 2 << rng.u32(0..16);
        let round = Round {
            number: round,
            address: server.address,
            pid: server.pid(),
            replies: rng.u64(1..=most),
            delay: Duration::from_micros(rng.u64(0..1_000)),
            received: AtomicU64::new(0),
            answered: OnceLock::new(),
            is_killed: AtomicBool::new(false),
        };
        let loads = round.run();
        let answered = *round.answered.get().expect("a reply was waited for");
        model.slowest_start = model.slowest_start.max(answered - begun);
        let (code, said) = server.wait();
        assert_eq!(code, None, "it ended by itself: {said}");
        let is_trouble = |line: &str| {
            line.contains("this is a bug")
                || line.contains("carom: clicks:") && !line.ends_with(" from its stage to the disk")
        };
        assert!(!said.lines().any(is_trouble), "{said}");
        model.rounds.push(loads);
        model.check_last(&folder);
    }

    // What is left of all that can be opened once more, and closed in order.
    let unsealed = model.unsealed.clone();
    server.restart();
    let mut load = Load::new(kills, 0);
    Client::new(server.connect()).get("t.example", &load.path(0)).unwrap();
    load.sent = 1;
    load.received = 1;
    // All that was left is taken in, but for the segment of this click.
    common::until("it is taken in", || common::proof(&folder).0["open"] == 1);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    model.rounds.push(vec![load]);
    let left = stage.map_or(0, |stage| stage.read_dir().unwrap().count());
    assert_eq!(left, 0, "a stop leaves nothing in the stage");
    model.check(std::slice::from_ref(&folder));
    model.check_proof(&folder);
    assert_eq!(model.unsealed, unsealed, "a stop leaves sealed segments only");
    eprintln!("{}: {kills} kills: {}", engine.name(), model.figures());
}

/// A server whose clicks are kept in memory, where there is such a folder.
fn setup(engine: Engine) -> Setup {
    let mut setup = Setup::new(engine, LINKS);
    let parent: PathBuf = from_env("CAROM_KILL_FOLDER", "/dev/shm".into());
    if let Ok(folder) = tempfile::tempdir_in(parent) {
        let links = folder.path().join("links.txt");
        fs::write(&links, LINKS).unwrap();
        setup.links = vec![links];
        setup.folder = folder;
    }
    setup
}

/// From the start of a server to its end.
struct Round {
    number: usize,
    address: SocketAddr,
    pid: Pid,
    /// It is killed when the clients have received so many replies,
    replies: u64,
    /// and this has passed, so that it is not always the client that asked last
    /// who waits.
    delay: Duration,
    received: AtomicU64,
    /// When the first of them came.
    answered: OnceLock<Instant>,
    is_killed: AtomicBool,
}

impl Round {
    fn run(&self) -> Vec<Load> {
        std::thread::scope(|scope| {
            let start = |(client, &manner)| {
                scope.spawn(move || {
                    let mut load = Load::new(self.number, client);
                    let error = load.run(self, manner).unwrap_err();
                    let is_killed = self.is_killed.load(Ordering::SeqCst);
                    assert!(is_killed, "{manner:?}: failed before the kill: {error}");
                    load
                })
            };
            let threads: Vec<_> = CLIENTS.iter().enumerate().map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// Counts a reply; who receives the last one kills.
    fn count(&self) {
        self.answered.get_or_init(Instant::now);
        if self.received.fetch_add(1, Ordering::Relaxed) + 1 == self.replies {
            let until = Instant::now() + self.delay;
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            self.is_killed.store(true, Ordering::SeqCst);
            kill_process(self.pid, Signal::KILL).unwrap();
        }
    }
}

/// What one client asked for in one round: `/go/<round>-<client>-<number>`, by
/// number. Replies come in that order.
struct Load {
    round: usize,
    client: usize,
    sent: u64,
    /// Those of them whose reply came, whole.
    received: u64,
}

impl Load {
    fn new(round: usize, client: usize) -> Self {
        Self { round, client, sent: 0, received: 0 }
    }

    fn path(&self, number: u64) -> String {
        format!("/go/{}-{}-{number}", self.round, self.client)
    }

    /// Asks until the server is gone.
    fn run(&mut self, round: &Round, manner: Manner) -> io::Result<()> {
        let (batch, last) = match manner {
            Manner::Kept => (1, ""),
            Manner::Pipelined => (PIPELINED, ""),
            Manner::Fresh => (1, "Connection: close\r\n"),
        };
        let mut stream = open(round.address)?;
        let mut unread = Vec::new();
        loop {
            let mut requests = String::new();
            for number in self.sent..self.sent + batch {
                let path = self.path(number);
                requests += &format!("GET {path} HTTP/1.1\r\nHost: t.example\r\n{last}\r\n");
            }
            // Before they go: of a write that fails the server may have a part.
            self.sent += batch;
            stream.write_all(requests.as_bytes())?;
            while self.received < self.sent {
                self.receive(&mut stream, &mut unread, round)?;
            }
            if manner == Manner::Fresh {
                stream = open(round.address)?;
            }
        }
    }

    /// Reads once, and counts all replies that are whole by then.
    fn receive(
        &mut self,
        stream: &mut TcpStream,
        unread: &mut Vec<u8>,
        round: &Round,
    ) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        match stream.read(&mut bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            size => unread.extend_from_slice(&bytes[..size]),
        }
        while let Some((reply, size)) = cut_reply(unread) {
            unread.drain(..size);
            let target = self.path(self.received).replace("/go/", "https://t.example/");
            assert_eq!((reply.status, reply.location), (302, Some(target)));
            self.received += 1;
            round.count();
        }
        Ok(())
    }
}

/// Like `common::connect`, where a refusal is an answer.
fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// What the click folder must and may hold.
#[derive(Default)]
struct Model {
    /// The longest time from the beginning of a restart to the first answer.
    slowest_start: Duration,
    /// The run of the last server.
    run: u64,
    /// What each client of each round asked.
    rounds: Vec<Vec<Load>>,
    /// Segments with a torn tail, and without a seal.
    torn: BTreeSet<Segment>,
    unsealed: BTreeSet<Segment>,
    clicks: u64,
    /// Clicks that the server says it could not record.
    lost: u64,
}

/// A segment by its shard and number.
type Segment = (u16, u64);

/// The part of a click that is looked at.
#[derive(Deserialize)]
struct Row<'a> {
    shard: u16,
    seq: u64,
    status: u16,
    verdict: &'a str,
    path: &'a str,
}

impl Model {
    /// Holds what the last server left against what its clients know. What was
    /// there before it is read again at the end, all at once.
    fn check_last(&mut self, folder: &Path) {
        let run = |file: &SegmentFile| match file.open() {
            // The last of them may have been killed while it was made. In a stage it has a
            // name then, and nothing that belongs to it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            file => {
                let reader = file.and_then(SegmentReader::open).unwrap();
                reader.map_or(0, |reader| reader.header().run)
            }
        };
        let files = list(folder).unwrap().into_iter().map(|file| (run(&file), file.path));
        let new: Vec<_> = files.filter(|(run, _)| *run > self.run).collect();
        self.run = new.iter().map(|(run, _)| *run).max().expect("it had segments");
        let mut last =
            Self { rounds: self.rounds.split_off(self.rounds.len() - 1), ..Self::default() };
        last.check(&new.into_iter().map(|(_, path)| path).collect::<Vec<_>>());
        self.rounds.append(&mut last.rounds);
        self.torn.append(&mut last.torn);
        self.unsealed.append(&mut last.unsealed);
    }

    /// Reads folders or files as an operator would, and holds them against what
    /// the clients know.
    fn check(&mut self, paths: &[PathBuf]) {
        let cat = Command::new(CAROM).args(["clicks", "cat"]).args(paths).output().unwrap();
        let said = String::from_utf8(cat.stderr).unwrap();
        self.check_said(&said);
        assert_eq!(cat.status.code(), Some(i32::from(self.lost > 0)), "{said}");
        self.check_clicks(std::str::from_utf8(&cat.stdout).unwrap());
        let plural = if self.clicks == 1 { "" } else { "s" };
        assert!(said.contains(&format!("carom: {} click{plural} in", self.clicks)), "{said}");
    }

    fn check_clicks(&mut self, rows: &str) {
        self.clicks = 0;
        let mut seen: BTreeMap<(usize, usize), Vec<bool>> = BTreeMap::new();
        for load in self.rounds.iter().flatten() {
            seen.insert((load.round, load.client), vec![false; load.sent as usize]);
        }
        // Every start begins to count anew in every shard.
        let mut last: BTreeMap<(usize, u16), u64> = BTreeMap::new();
        let mut skipped = 0;
        for row in rows.lines() {
            let row: Row<'_> = serde_json::from_str(row).unwrap();
            let Row { shard, seq, path, .. } = row;
            assert_eq!((row.status, row.verdict), (302, "redirect"), "{path}");
            let [round, client, number] = numbers(path);
            let seen = seen.get_mut(&(round, client)).and_then(|seen| seen.get_mut(number));
            let seen = seen.unwrap_or_else(|| panic!("nobody asked for {path}"));
            assert!(!std::mem::replace(seen, true), "{path} is there twice");
            let last = last.entry((round, shard)).or_default();
            assert!(seq > *last, "shard {shard} goes back before {path}");
            skipped += seq - *last - 1;
            *last = seq;
            self.clicks += 1;
        }
        assert!(skipped <= self.lost, "{skipped} numbers have no click");
        let mut missing = Vec::new();
        for load in self.rounds.iter().flatten() {
            let seen = &seen[&(load.round, load.client)];
            let unseen = (0..load.received).filter(|&number| !seen[number as usize]);
            missing.extend(unseen.map(|number| load.path(number)));
        }
        assert!(
            missing.len() as u64 <= self.lost,
            "{} redirects were received and have no click, {} are counted as lost; such as {:?}",
            missing.len(),
            self.lost,
            missing.first()
        );
    }

    /// What was said must be what a kill leaves, and nothing else.
    fn check_said(&mut self, said: &str) {
        let torn_before = std::mem::take(&mut self.torn);
        self.unsealed.clear();
        self.lost = 0;
        let mut lines: Vec<_> = said.lines().collect();
        // Lines of a segment are cut off after a few, the totals are not.
        let totals = lines.pop().unwrap();
        if let Some((before, _)) = totals.split_once(" clicks lost for want of space") {
            self.lost = before.rsplit(' ').next().unwrap().parse().unwrap();
        }
        for line in lines {
            let (path, sentence) = line.split_once(": ").unwrap().1.split_once(": ").unwrap();
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            let segment = carom::clicks::folder::parse_segment_name(name).unwrap();
            if sentence.starts_with("the server was killed while it wrote the record") {
                assert!(self.torn.insert(segment), "one torn tail a segment: {said}");
            } else if sentence == "not sealed: the server was killed" {
                self.unsealed.insert(segment);
            } else {
                let is_loss = sentence.contains(" lost for want of");
                assert!(is_loss || sentence.ends_with(" more such findings"), "{said}");
            }
        }
        assert!(self.torn.is_superset(&torn_before), "torn tails do not heal: {said}");
        let new: Vec<_> = self.torn.difference(&torn_before).map(|segment| segment.0).collect();
        let shards: BTreeSet<_> = new.iter().collect();
        assert_eq!(new.len(), shards.len(), "one torn tail a shard and kill: {said}");
    }

    /// The page that accounts for every click says the same.
    fn check_proof(&self, folder: &Path) {
        let (page, code) = common::proof(folder);
        let rows = page["rows"].as_array().unwrap();
        let sum = |name: &str| rows.iter().map(|row| row[name].as_u64().unwrap()).sum::<u64>();
        assert_eq!([sum("recorded"), sum("lost"), sum("missing")], [self.clicks, self.lost, 0]);
        assert_eq!((sum("answered"), code), (self.clicks + self.lost, Some(0)), "{page}");
    }

    fn figures(&self) -> String {
        let sum = |count: fn(&Load) -> u64| self.rounds.iter().flatten().map(count).sum::<u64>();
        format!(
            "{} redirects received, {} asked for, {} clicks and {} lost, {} segments unsealed, \
             {} torn tails, first answer {:.3} s after a restart at the latest",
            sum(|load| load.received),
            sum(|load| load.sent),
            self.clicks,
            self.lost,
            self.unsealed.len(),
            self.torn.len(),
            self.slowest_start.as_secs_f64()
        )
    }
}

/// The numbers in `/go/1-2-3`.
fn numbers(path: &str) -> [usize; 3] {
    let numbers = path.strip_prefix("/go/").unwrap().split('-');
    let numbers: Vec<_> = numbers.map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}
