//! Many connections that do little, clients that never read, and too few
//! descriptors: nobody else notices, and what it costs is said.
//!
//! The suite does this small and fast. `scripts/endurance` does it at full
//! scale, where the figures printed are worth something; times are never
//! asserted.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use carom::clicks::folder::list;
use carom::limits::{INBOX_BYTES_MAX, RECEIVE_BUFFER_BYTES, RECEIVE_BUFFERS};
use rustix::process::{Resource, Rlimit};

use crate::both_engines;
use crate::common::peers::{Active, Deaf, talk};
use crate::common::process::{cpu_share, descriptors, faults, memory, raise_nofile, sockets};
use crate::common::scale::from_env;
use crate::common::{self, Client, Engine, PATIENCE, Server, Setup};

const LINKS: &str = "/* https://t.example/:splat\n";
const REQUEST: &str = "GET /a HTTP/1.1\r\nHost: t.example\r\n\r\n";
/// Requests sent at once where many are needed.
const PIPELINED: usize = 32;
/// Descriptors of this process that are no connections.
const OWN_DESCRIPTORS: usize = 200;
/// Clients that never read.
const DEAF: usize = 100;
/// Connections that come at once.
const FLOOD: usize = 1_000;

both_engines!(
    /// They cost next to nothing, and an active client gets all its answers.
    idle_connections,
    idle_connections
);
both_engines!(
    /// They cost a bounded amount of memory, and others their answers nothing.
    clients_that_never_read,
    clients_that_never_read
);
both_engines!(
    /// What they held is free again after the send timeout.
    clients_that_never_read_are_cut_off,
    clients_that_never_read_are_cut_off
);
both_engines!(
    /// It gets all its answers, however much faster it sends than we answer.
    a_client_that_sends_much_at_once,
    a_client_that_sends_much_at_once
);
both_engines!(
    /// It holds as many connections as it has descriptors for; the rest wait.
    few_descriptors_from_the_start,
    few_descriptors_from_the_start
);
both_engines!(
    /// It waits until there are some again, without a busy loop.
    no_descriptor_left,
    no_descriptor_left
);
both_engines!(
    /// They make room for those that wait.
    idle_connections_give_way,
    idle_connections_give_way
);

both_engines!(
    /// What a shard writes to is there before it writes: no page fault, no wait.
    the_click_log_costs_no_page_faults,
    the_click_log_costs_no_page_faults
);

fn the_click_log_costs_no_page_faults(engine: Engine) {
    let _alone = alone();
    let clicks = from_env("CAROM_FAULT_CLICKS", 30_000);
    let setup = Setup::new(engine, LINKS).flag("--cores", "1");
    let mut server = setup.segments(&from_env("CAROM_FAULT_SEGMENT", "512KiB".to_owned())).start();
    let request = REQUEST.repeat(PIPELINED);
    let mut client = Client::new(server.connect());
    let mut ask = |clicks: usize| {
        for _ in 0..clicks / PIPELINED {
            client.send(request.as_bytes());
            (0..PIPELINED).for_each(|_| assert_eq!(client.reply().unwrap().status, 302));
        }
    };
    // The shard's own memory is touched for the first time, too: each receive buffer.
    ask(2 * RECEIVE_BUFFERS * PIPELINED);
    let before = faults(server.pid(), "carom-shard");
    assert!(before.threads > 0, "glommio adds one that does nothing");
    ask(clicks);
    let after = faults(server.pid(), "carom-shard");
    let (minor, major) = (after.minor - before.minor, after.major - before.major);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let segments = list(&server.setup.clicks_folder()).unwrap();
    let bytes: u64 = segments.iter().map(|file| file.path.metadata().unwrap().len()).sum();
    eprintln!(
        "{}: {clicks} clicks in {} segments: {minor} minor faults of the shard ({} for a million \
         clicks) and {major} major, where the log has {} pages",
        engine.name(),
        segments.len(),
        minor * 1_000_000 / clicks as u64,
        bytes / 4096,
    );
    assert!(segments.len() > 2, "it has rolled");
    assert!(minor + major < bytes / 4096 / 10, "{minor} minor faults, {major} major");
}

fn idle_connections(engine: Engine) {
    let _alone = alone();
    let window = window();
    let wished = from_env("CAROM_IDLE_CONNECTIONS", 500);
    let count = wished.min(raise_nofile() - OWN_DESCRIPTORS);
    let setup = Setup::new(engine, LINKS).flag("--idle-timeout", "1h");
    let mut server = with_room_for_clicks(setup).start();
    let pid = server.pid();
    let at_start = sockets(pid);
    // What the first requests touch (the receive buffers of each shard, one after
    // the other) is not what each connection takes.
    drop(ask(&server, 40, 100));
    wait_until("it closes them", || sockets(pid) <= at_start);
    let without = cpu_share(pid, window);

    let before = memory(pid);
    let mut idle = ask(&server, count, 1);
    let grown = memory(pid).anonymous.saturating_sub(before.anonymous);
    let with = cpu_share(pid, window);
    let each = grown / count as u64;
    eprintln!(
        "{}: {count} idle connections: {:.2} % of a CPU ({:.2} % without any), {each} bytes of \
         memory each",
        engine.name(),
        with * 100.0,
        without * 100.0
    );
    // Room for what the allocator keeps, and for buffers not touched before.
    let shards = std::thread::available_parallelism().unwrap().get();
    let buffers = shards * RECEIVE_BUFFERS * RECEIVE_BUFFER_BYTES;
    assert!(grown < (count * 4096 + buffers + (4 << 20)) as u64, "{grown} bytes more");

    let is_over = AtomicBool::new(false);
    let active = std::thread::scope(|scope| {
        let active = scope.spawn(|| Active::run(&server, &is_over));
        std::thread::sleep(window);
        is_over.store(true, Ordering::Relaxed);
        active.join().unwrap()
    });
    eprintln!("{}: beside them: {active}", engine.name());
    for client in &mut idle {
        assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    }
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let requests = (40 * 100 + 2 * count) as u64 + active.replies;
    let stopped = format!("stopped: {requests} requests, {requests} clicks recorded");
    assert!(said.contains(&stopped), "{stopped}, but {said}");
}

fn clients_that_never_read(engine: Engine) {
    let _alone = alone();
    raise_nofile();
    let server = Setup::new(engine, &(Deaf::link() + LINKS)).start();
    let pid = server.pid();
    let before = memory(pid).anonymous;
    let is_over = AtomicBool::new(false);
    let (deaf, active) = std::thread::scope(|scope| {
        let active = scope.spawn(|| Active::run(&server, &is_over));
        let mut deaf: Vec<_> = (0..DEAF).map(|_| Deaf::new(&server)).collect();
        talk(&mut deaf);
        is_over.store(true, Ordering::Relaxed);
        (deaf, active.join().unwrap())
    });
    let grown = memory(pid).anonymous.saturating_sub(before);
    let sent: u64 = deaf.iter().map(|client| client.sent).sum();
    eprintln!(
        "{}: {DEAF} clients that never read: the server holds {} KiB for each, of {} KiB sent; \
         beside them: {active}",
        engine.name(),
        grown / 1024 / DEAF as u64,
        sent / 1024 / DEAF as u64,
    );
    assert!(deaf.iter().all(|client| !client.is_cut), "the send timeout is 30 s");
    // The limits allow more, to a client that has been given more.
    let most = DEAF << 20;
    assert!(grown < most as u64, "{grown} bytes more");
}

fn clients_that_never_read_are_cut_off(engine: Engine) {
    let _alone = alone();
    raise_nofile();
    let links = Deaf::link() + LINKS;
    let server = Setup::new(engine, &links).flag("--send-timeout", "1s").start();
    let at_start = sockets(server.pid());
    let mut deaf: Vec<_> = (0..DEAF).map(|_| Deaf::new(&server)).collect();
    talk(&mut deaf);
    let (began, until) = (Instant::now(), Instant::now() + PATIENCE);
    while !deaf.iter().all(|client| client.is_cut) {
        assert!(Instant::now() < until, "they are not cut off");
        for client in &mut deaf {
            client.talk();
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    eprintln!("{}: the last was cut off {:?} after it was stuck", engine.name(), began.elapsed());
    wait_until("it closes them", || sockets(server.pid()) <= at_start);
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
}

fn a_client_that_sends_much_at_once(engine: Engine) {
    let _alone = alone();
    let mut server = with_room_for_clicks(Setup::new(engine, LINKS)).start();
    let mut client = Client::new(server.connect());
    assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
    // More than the server holds for a connection, and it reads all the while.
    let request = format!("GET /a HTTP/1.1\r\nHost: t.example\r\nPad: {}\r\n\r\n", "x".repeat(60));
    let requests = 2 * INBOX_BYTES_MAX / request.len();
    let mut stream = client.stream().try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stream.write_all(request.repeat(requests).as_bytes()).unwrap());
        for number in 0..requests {
            let reply = client.reply();
            assert!(reply.is_some_and(|reply| reply.status == 302), "reply {number}");
        }
    });
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{} clicks recorded", requests + 1)), "{said}");
}

fn few_descriptors_from_the_start(engine: Engine) {
    let _alone = alone();
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("skipped: prlimit (util-linux) is not here");
        return;
    }
    raise_nofile();
    let setup = Setup::new(engine, LINKS).flag("--cores", &cores());
    let mut server = setup.through(&["prlimit", "--nofile=256:256"]).start();
    let lines = flood(engine, &mut server);
    assert_eq!(lines, 0, "it knows its limit, and does not run into it");
}

fn no_descriptor_left(engine: Engine) {
    let _alone = alone();
    raise_nofile();
    let setup = Setup::new(engine, LINKS).flag("--cores", "1").flag("--max-connections", "200");
    let mut server = setup.start();
    let pid = server.pid();
    let (at_start, limit) = (sockets(pid), Some(descriptors(pid) as u64 + 50));
    // An accept that io_uring has keeps the limit that it began with. When there
    // are as many connections as may be it is taken back, and the next one meets
    // a limit that was lowered under the running server.
    let clients = come(&server);
    wait_until("it takes as many as it may", || sockets(pid) >= at_start + 200);
    let limit = Rlimit { current: limit, maximum: limit };
    rustix::process::prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    drop(clients);
    wait_until("it closes them", || sockets(pid) <= at_start);
    let lines = flood(engine, &mut server);
    assert!(lines > 0, "it says that it is out of descriptors");
}

/// [`FLOOD`] connections of which none ends a request, so that none can be
/// closed to make room.
fn come(server: &Server) -> Vec<TcpStream> {
    let mut clients: Vec<_> = (0..FLOOD).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.write_all(b"GET /a HT").unwrap();
    }
    clients
}

/// Comes with too many connections, goes again, and asks. Returns how many lines
/// the server said about descriptors.
fn flood(engine: Engine, server: &mut Server) -> usize {
    let (began, pid) = (Instant::now(), server.pid());
    let at_start = sockets(pid);
    let clients = come(server);
    let busy = cpu_share(pid, window().clamp(Duration::from_secs(1), Duration::from_secs(5)));
    let held = sockets(pid) - at_start;
    drop(clients);
    let gone = Instant::now();
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
    let waited = gone.elapsed();
    assert!(server.is_running());
    wait_until("it closes them", || sockets(pid) <= at_start);

    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let lines = said.lines().filter(|line| line.contains("out of descriptors")).count();
    assert!(lines as u64 <= began.elapsed().as_secs() + 1, "more than a line a second: {said}");
    eprintln!(
        "{}: {FLOOD} connections, of which it holds {held}: {:.2} % of a CPU, {lines} lines \
         about descriptors; afterwards a new client is answered within {waited:?}",
        engine.name(),
        busy * 100.0
    );
    lines
}

fn idle_connections_give_way(engine: Engine) {
    let _alone = alone();
    raise_nofile();
    let setup = Setup::new(engine, LINKS).flag("--cores", &cores());
    let server = setup.flag("--max-connections", "50").start();
    let began = Instant::now();
    let mut clients: Vec<_> = (0..FLOOD).map(|_| Client::new(server.connect())).collect();
    clients.iter_mut().for_each(|client| client.send(REQUEST.as_bytes()));
    for client in &mut clients {
        assert_eq!(client.reply().expect("an answer").status, 302);
    }
    eprintln!(
        "{}: {FLOOD} connections that stay open, 50 a core on {} cores: all answered within {:?}",
        engine.name(),
        cores(),
        began.elapsed()
    );
}

/// These tests measure, and use many descriptors: one at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A failure of one is no failure of the next.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long something is watched.
fn window() -> Duration {
    Duration::from_secs_f64(from_env("CAROM_SECONDS", 0.5))
}

/// Segments so large that making the next one is never late: the disk is not what
/// is tested here.
fn with_room_for_clicks(mut setup: Setup) -> Setup {
    setup.flags[1] = "64MiB".to_owned(); // the first flag is their size
    setup
}

/// As few cores as there may be, so that a shard has enough to do.
fn cores() -> String {
    std::thread::available_parallelism().unwrap().get().min(2).to_string()
}

/// Connections that have asked so often and stay open.
fn ask(server: &Server, connections: usize, requests: usize) -> Vec<Client> {
    let ask = |_| {
        let mut client = Client::new(server.connect());
        for _ in 0..requests {
            assert_eq!(client.get("t.example", "/a").unwrap().status, 302);
        }
        client
    };
    (0..connections).map(ask).collect()
}

pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "not so: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
