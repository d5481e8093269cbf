//! Stopping: what is under way is answered, and the click log is sealed.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{self, Client, Server, Setup, until};
use crate::{LINKS, both_engines, known_client, redirect};

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// Far less than any time the server would otherwise wait.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Waits for the end, which is a good one, with so many clicks and all of them
/// sealed. Returns what it said.
fn ends_well(server: &mut Server, clicks: usize) -> String {
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("carom: stopped: "), "{said}");
    let found = server.clicks();
    assert_eq!((found.code, found.rows.len()), (Some(0), clicks), "{}", found.said);
    assert!(found.said.ends_with("; nothing is missing\n"), "{}", found.said);
    for trouble in ["not sealed", "being written", "torn"] {
        assert!(!found.said.contains(trouble), "{}", found.said);
    }
    said
}

both_engines!(an_idle_server_stops_at_once, |engine| {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(engine, LINKS);
        let started = Instant::now();
        server.signal(signal);
        let said = ends_well(&mut server, 0);
        assert!(started.elapsed() < AT_ONCE, "{said}");
        assert!(!said.contains(" cut"), "{said}");
    }
});

both_engines!(half_sent_requests_are_still_answered, |engine| {
    let mut server = Server::start(engine, LINKS);
    let mut clients: Vec<_> = (1..REQUEST.len()).map(|cut| (cut, known_client(&server))).collect();
    for (cut, client) in &mut clients {
        client.send(&REQUEST[..*cut]);
    }
    server.signal(Signal::TERM);
    // Then every shard knows.
    server.wait_until_refused(server.address);
    let answers = 2 * clients.len();
    for (cut, mut client) in clients {
        client.send(&REQUEST[cut..]);
        assert_eq!(client.reply(), Some(redirect("https://a.example/", true)), "cut at {cut}");
        assert_eq!(client.reply(), None);
    }
    let said = ends_well(&mut server, answers);
    assert!(!said.contains(" cut"), "{said}");
});

/// Clients that wait to be accepted.
const WAITING: usize = 20;
/// Whether a shard first hears of them or of the signal is a matter of luck.
const ROUNDS: usize = 8;

/// Gathers connections in the kernel, each with these bytes, while the server is
/// stopped; then lets it go on with a SIGTERM.
fn signal_with_clients_waiting(server: &Server, bytes: &[u8]) -> Vec<Client> {
    server.signal(Signal::STOP);
    let stat = format!("/proc/{}/stat", server.pid().as_raw_nonzero());
    until("it is stopped", || std::fs::read_to_string(&stat).unwrap().contains(") T "));
    let mut clients: Vec<_> = (0..WAITING).map(|_| Client::new(server.connect())).collect();
    for client in &mut clients {
        client.send(bytes);
    }
    server.signal(Signal::TERM);
    server.signal(Signal::CONT);
    clients
}

both_engines!(whoever_waits_to_be_accepted_is_answered, |engine| {
    for _ in 0..ROUNDS {
        let mut server = Server::start(engine, LINKS);
        for mut client in signal_with_clients_waiting(&server, REQUEST) {
            // Whether it was before or after its shard knew of the signal.
            let reply = client.reply().expect("an answer");
            assert_eq!(reply, redirect("https://a.example/", reply.close));
        }
        ends_well(&mut server, WAITING);
    }
});

/// Asks until the last reply; how many there were.
fn hammer(mut client: Client) -> usize {
    let mut answers = 0;
    while let Some(reply) = client.get("h", "/a") {
        answers += 1;
        assert_eq!(reply, redirect("https://a.example/", reply.close));
        if reply.close {
            break;
        }
    }
    answers
}

both_engines!(under_load_every_answer_has_its_click, |engine| {
    let mut server = Setup::new(engine, LINKS).segments("16MiB").start();
    let mut first = known_client(&server);
    let clients: Vec<_> = (0..4).map(|_| known_client(&server)).collect();
    let clients: Vec<_> =
        clients.into_iter().map(|client| std::thread::spawn(move || hammer(client))).collect();
    (0..200).for_each(|_| assert!(first.get("h", "/a").is_some()));
    server.signal(Signal::TERM);
    let answers: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    drop(first);
    ends_well(&mut server, answers + 4 + 201);
});

both_engines!(idle_connections_do_not_hold_it_up, |engine| {
    let mut server = Server::start(engine, LINKS);
    let clients: Vec<_> = (0..20).map(|_| known_client(&server)).collect();
    let started = Instant::now();
    server.signal(Signal::TERM);
    for mut client in clients {
        assert_eq!(client.reply(), None);
    }
    let said = ends_well(&mut server, 20);
    assert!(started.elapsed() < AT_ONCE && !said.contains(" cut"), "{said}");
});

both_engines!(the_drain_timeout_cuts_who_never_finishes, |engine| {
    let mut server = Setup::new(engine, LINKS).flag("--drain-timeout", "500ms").start();
    let mut client = known_client(&server);
    client.send(b"GET /a HTTP/1.1\r\n");
    let started = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(client.reply(), None);
    let took = started.elapsed();
    let said = ends_well(&mut server, 1);
    assert!(took >= Duration::from_millis(500) && took < AT_ONCE, "{took:?}\n{said}");
    assert!(said.contains("; 1 connection cut"), "{said}");
});

both_engines!(without_time_to_drain_nobody_holds_it_up, |engine| {
    for _ in 0..ROUNDS {
        let mut server = Setup::new(engine, LINKS).flag("--drain-timeout", "0s").start();
        let started = Instant::now();
        // Some are accepted only after all connections were cut.
        let clients = signal_with_clients_waiting(&server, b"GET /a HTTP/1.1\r\n");
        ends_well(&mut server, 0);
        assert!(started.elapsed() < AT_ONCE);
        drop(clients);
    }
});

both_engines!(a_second_signal_ends_it_at_once, |engine| {
    let mut server = Setup::new(engine, LINKS).flag("--drain-timeout", "60s").start();
    let mut client = known_client(&server);
    client.send(b"GET /a HTTP/1.1\r\n");
    let started = Instant::now();
    server.signal(Signal::TERM);
    server.wait_until_said("stopping: ", 1);
    server.signal(Signal::INT);
    let said = ends_well(&mut server, 1);
    assert!(started.elapsed() < AT_ONCE, "{said}");
    assert!(said.contains("; 1 connection cut"), "{said}");
    assert_eq!(client.reply(), None);
});
