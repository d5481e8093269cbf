//! A crowd that takes all the room there is: clients that never read, and heads that
//! never end. Who asks for one link after the other beside it gets every answer.
//!
//! `CAROM_CROWD` sets how many never read; `scripts/endurance` takes thousands. With
//! `CAROM_CROWD_SMALL=1` they ask for a target of 20 bytes instead of 2,000.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::both_engines;
use crate::common::peers::{Deaf, talk};
use crate::common::process::{memory, raise_nofile, sockets};
use crate::common::scale::from_env;
use crate::common::{self, Client, Engine, PATIENCE, Server, Setup};
use crate::endurance::{alone, wait_until};

/// Clients that never read. One shard has room for some 4,000.
const CROWD: usize = 1_000;
/// Heads that never end, and how long they become: what is left of the room.
const HEADS: usize = 300;
const HEAD_BYTES: usize = 8 * 1024;
/// A piece of such a head. Room for less is left at most, so also less than a reply.
const PIECE: [u8; 64] = [b'x'; 64];
/// What the kernel keeps for a client that never reads, bytes.
const UNREAD_BYTES: usize = 2 * 1024;
/// Requests asked when the crowd has all that it can have.
const ASKED: usize = 500;
/// Ordinary requests on one connection.
const REQUESTS_A_CONNECTION: usize = 20;
/// Descriptors of this process that are none of the crowd's.
const OWN_DESCRIPTORS: usize = 200;
/// What may be kept of the memory that the crowd held, bytes: buffers for who comes next.
const KEPT_BYTES: u64 = 32 << 20;

both_engines!(
    /// Cut is who holds most, and never who asks for one thing at a time.
    a_crowd_takes_nothing_from_others,
    a_crowd_takes_nothing_from_others
);

fn a_crowd_takes_nothing_from_others(engine: Engine) {
    let _alone = alone();
    let room = raise_nofile() - OWN_DESCRIPTORS - HEADS;
    let count = from_env("CAROM_CROWD", CROWD).min(room);
    let links = Deaf::link() + "/* https://t.example/:splat\n";
    let setup = Setup::new(engine, &links).flag("--cores", "1").flag("--header-timeout", "60s");
    let server = setup.start();
    let (at_start, is_over) = (sockets(server.pid()), AtomicBool::new(false));
    let before = {
        Ordinary::default().ask(&server, ASKED); // it touches what it will use
        memory(server.pid()).anonymous
    };

    let asked = AtomicUsize::new(0);
    let (mut deaf, heads, ordinary) = std::thread::scope(|scope| {
        let ordinary = scope.spawn(|| Ordinary::run(&server, &asked, &is_over));
        let (deaf, heads) = (never_read(&server, count), never_end(&server));
        let (full, began) = (asked.load(Ordering::Relaxed), Instant::now());
        while asked.load(Ordering::Relaxed) < full + ASKED && began.elapsed() < PATIENCE {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        (deaf, heads, ordinary.join().unwrap())
    });
    let held = memory(server.pid()).anonymous.saturating_sub(before);
    for client in &mut deaf {
        client.talk();
    }
    let cut = deaf.iter().filter(|client| client.is_cut).count();
    let at_most = at_start + 1;
    drop((deaf, heads));
    let gone = Instant::now();
    wait_until("it closes them", || sockets(server.pid()) <= at_most);
    let closed = gone.elapsed();
    wait_until("their memory is given back", || {
        memory(server.pid()).anonymous.saturating_sub(before) <= KEPT_BYTES
    });
    eprintln!(
        "{}: {count} clients that never read, {cut} of them cut, and {HEADS} heads that never end: \
         {} of {} ordinary requests answered, the slowest in {:?}; {} MiB more held; all closed \
         {closed:?}, and their memory given back {:?} after they were gone",
        engine.name(),
        ordinary.answered,
        ordinary.asked,
        ordinary.worst,
        held >> 20,
        gone.elapsed(),
    );
    assert!(ordinary.answered * 1000 >= ordinary.asked * 999, "{ordinary:?}");
    assert_eq!(Client::new(server.connect()).get("t.example", "/a").unwrap().status, 302);
}

/// Clients that have asked for all they can and read nothing.
fn never_read(server: &Server, count: usize) -> Vec<Deaf> {
    let path = if from_env("CAROM_CROWD_SMALL", 0) > 0 { "/a" } else { "/long" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: t.example\r\n\r\n");
    let requests: Arc<[u8]> = request.repeat(1_000).into_bytes().into();
    // Each begins at once: the kernel keeps only so many connections that say nothing.
    let one = |_| {
        let mut client = Deaf::asking(server, requests.clone(), UNREAD_BYTES);
        client.talk();
        client
    };
    let mut deaf: Vec<_> = (0..count).map(one).collect();
    talk(&mut deaf);
    deaf
}

/// Clients that send the beginning of a head, piece by piece.
fn never_end(server: &Server) -> Vec<TcpStream> {
    let mut heads: Vec<_> = (0..HEADS).map(|_| server.connect()).collect();
    for head in &mut heads {
        let _ = head.write_all(b"GET /a HTTP/1.1\r\nHost: t.example\r\nPad: ");
    }
    for _ in 0..HEAD_BYTES / PIECE.len() {
        for head in &mut heads {
            let _ = head.write_all(&PIECE); // it may be cut
        }
    }
    heads
}

/// What somebody saw who asks for one thing at a time.
#[derive(Debug, Default)]
struct Ordinary {
    asked: usize,
    answered: usize,
    worst: Duration,
}

impl Ordinary {
    fn run(server: &Server, asked: &AtomicUsize, is_over: &AtomicBool) -> Self {
        let mut ordinary = Self::default();
        while !is_over.load(Ordering::Relaxed) {
            ordinary.ask(server, REQUESTS_A_CONNECTION);
            asked.store(ordinary.asked, Ordering::Relaxed);
        }
        ordinary
    }

    /// Asks `count` times, over as few connections as there may be.
    fn ask(&mut self, server: &Server, count: usize) {
        let mut client = None;
        for number in 0..count {
            if number % REQUESTS_A_CONNECTION == 0 {
                client = None;
            }
            let asked = Instant::now();
            let kept = client.take().unwrap_or_else(|| Client::new(server.connect()));
            client = self.ask_one(kept);
            self.worst = self.worst.max(asked.elapsed());
        }
    }

    /// Asks once. Gives the client back if it was answered.
    fn ask_one(&mut self, mut client: Client) -> Option<Client> {
        self.asked += 1;
        // The connection may be gone already; then there is no answer either.
        let request = b"GET /a HTTP/1.1\r\nHost: t.example\r\n\r\n";
        match (&mut client.stream()).write_all(request) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it takes no request"),
            _ => {}
        }
        client.reply().filter(|reply| reply.status == 302)?;
        self.answered += 1;
        Some(client)
    }
}
