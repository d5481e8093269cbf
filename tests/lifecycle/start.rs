//! Starting: what is said, where it listens, and what it refuses.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use rustix::thread::{CpuSet, sched_getaffinity};
use serde_json::json;

use crate::common::{self, Client, Server, Setup, bare, connect};
use crate::{LINKS, both_engines, known_client, redirect};

both_engines!(one_line_of_json_says_what_is_served, |engine| {
    let mut server = Setup::new(engine, LINKS).flag("--fallback", "https://f.example/").start();
    let started = &server.started;
    assert_eq!(started["pid"], server.pid().as_raw_nonzero().get());
    assert_eq!(started["links"], 2);
    assert_eq!(started["bad_lines_left_out"], 0);
    assert_eq!(started["engine"], engine.name());
    assert_eq!(started["engine_reason"], "asked for");
    assert_eq!(started["addresses"], json!([server.address]));
    assert_eq!(started["clicks"], json!(server.setup.clicks_folder()));
    assert_eq!(started["fallback"], "https://f.example/");
    for field in ["read_ms", "table_bytes", "connections_per_core"] {
        assert!(started[field].as_f64().unwrap() > 0.0, "{field}: {started}");
    }
    let (_, said) = server.stop();
    for words in [
        "links     2 in ",
        "unknown   302 to https://f.example/",
        &format!("engine    {} (asked for)", engine.name()),
        &format!("listen    http://{}", server.address),
        &format!("kill -HUP {}", server.pid().as_raw_nonzero()),
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
});

both_engines!(a_fallback_answers_unknown_keys, |engine| {
    let mut server = Setup::new(engine, LINKS).flag("--fallback", "https://f.example/?x=1").start();
    let mut client = known_client(&server);
    assert_eq!(client.get("h", "/none"), Some(redirect("https://f.example/?x=1", false)));
    assert_eq!(client.get("h", "/gone").unwrap().status, 410);
    drop(client);
    assert_eq!(server.stop().0, Some(0));
    let clicks = server.clicks();
    let verdicts: Vec<_> = clicks.rows.iter().map(|click| click["verdict"].clone()).collect();
    assert_eq!(verdicts, ["redirect", "unknown", "gone"]);
});

both_engines!(every_address_is_served, |engine| {
    let mut setup = Setup::new(engine, LINKS).flag("--listen", "127.0.0.1:0").flag("--ip", "full");
    let ipv6 = TcpListener::bind("[::1]:0").is_ok();
    if ipv6 {
        setup = setup.flag("--listen", "[::1]:0");
    } else {
        eprintln!("skipped: this machine has no IPv6");
    }
    let mut server = setup.start();
    let addresses: Vec<SocketAddr> =
        serde_json::from_value(server.started["addresses"].clone()).unwrap();
    assert_eq!(addresses.len(), 2 + usize::from(ipv6));
    for (at, address) in addresses.iter().enumerate() {
        let mut client = Client::new(connect(*address));
        let reply = client.get(&format!("{at}.example"), "/a");
        assert_eq!(reply, Some(redirect("https://a.example/", false)), "{address}");
    }
    assert_eq!(server.stop().0, Some(0));
    let clicks = server.clicks().rows;
    assert_eq!(clicks.len(), addresses.len());
    for (at, address) in addresses.iter().enumerate() {
        let host = format!("{at}.example");
        let click = clicks.iter().find(|click| click["host"] == *host).unwrap();
        assert_eq!(click["ip"], address.ip().to_string());
    }
});

/// The CPUs that tests may use.
fn cpus() -> Vec<usize> {
    let allowed = sched_getaffinity(None).unwrap();
    (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect()
}

/// The shards that recorded clicks of many connections.
fn shards_of(mut server: Server) -> Vec<u64> {
    for _ in 0..64 {
        known_client(&server);
    }
    assert_eq!(server.stop().0, Some(0));
    let clicks = server.clicks().rows;
    assert_eq!(clicks.len(), 64);
    let mut shards: Vec<_> = clicks.iter().map(|click| click["shard"].as_u64().unwrap()).collect();
    shards.sort_unstable();
    shards.dedup();
    shards
}

both_engines!(a_count_of_cores_makes_so_many_shards, |engine| {
    let server = Setup::new(engine, LINKS).flag("--cores", "1").start();
    assert_eq!(server.started["cores"], cpus()[0].to_string());
    assert_eq!(shards_of(server), [0]);
});

both_engines!(a_list_of_cores_makes_a_shard_on_each, |engine| {
    let [first, second, ..] = cpus()[..] else {
        return eprintln!("skipped: there is one CPU");
    };
    let list = format!("{first},{second}");
    let server = Setup::new(engine, LINKS).flag("--cores", &list).start();
    let range = if second == first + 1 { format!("{first}-{second}") } else { list };
    assert_eq!(server.started["cores"], range);
    // That the kernel gives all 64 connections to one is not to be expected.
    assert_eq!(shards_of(server), [0, 1]);
});

#[test]
fn flags_can_be_variables() {
    let setup = Setup::new(common::Engine::Epoll, LINKS);
    let csv = setup.folder.path().join("more.txt");
    std::fs::write(&csv, "from,to\n/c,https://c.example/\n/bad,x\n").unwrap();
    let mut command = bare();
    command
        .arg("serve")
        .env("CAROM_LINKS", &csv)
        .env("CAROM_FORMAT", "csv")
        .env("CAROM_ON_BAD_LINE", "skip")
        .env("CAROM_LISTEN", "127.0.0.1:0,127.0.0.1:0")
        .env("CAROM_CORES", "1")
        .env("CAROM_ENGINE", "epoll")
        .env("CAROM_CLICKS", setup.clicks_folder())
        .env("CAROM_FALLBACK", "https://f.example/")
        .env("CAROM_MAX_CONNECTIONS", "7")
        .env("CAROM_SEGMENT_SIZE", "64KiB")
        .env("CAROM_JSON", "true");
    let mut server = setup.start_as(command);
    assert_eq!(server.started["engine"], "epoll");
    assert_eq!(server.started["links"], 1);
    assert_eq!(server.started["bad_lines_left_out"], 1);
    assert_eq!(server.started["cores"], cpus()[0].to_string());
    assert_eq!(server.started["connections_per_core"], 7);
    assert_eq!(server.started["fallback"], "https://f.example/");
    assert_eq!(server.started["addresses"].as_array().unwrap().len(), 2);
    let answer = Client::new(server.connect()).get("h", "/c");
    assert_eq!(answer, Some(redirect("https://c.example/", false)));
    assert_eq!(server.stop().0, Some(0));
    assert_eq!(server.clicks().rows.len(), 1);
}

/// Variables as unit and compose files have them: empty ones say nothing, yes is said in
/// several ways, and a comma parts the files of the one of links.
#[test]
fn variables_as_people_write_them() {
    let setup = Setup::new(common::Engine::Epoll, LINKS);
    let [a, b] = ["a.txt", "b.txt"].map(|name| setup.folder.path().join(name));
    std::fs::write(&a, "/a https://a.example/\n").unwrap();
    std::fs::write(&b, "/b https://b.example/\n").unwrap();
    let mut command = bare();
    command
        .arg("serve")
        .env("CAROM_LINKS", format!("{},{}", a.display(), b.display()))
        .env("CAROM_LISTEN", "localhost:0")
        .env("CAROM_CORES", "0,")
        .env("CAROM_ENGINE", "epoll")
        .env("CAROM_CLICKS", setup.clicks_folder())
        .env("CAROM_FALLBACK", "")
        .env("CAROM_STATE", "")
        .env("CAROM_WATCH", "off")
        .env("CAROM_JSON", "yes");
    let server = setup.start_as(command);
    assert_eq!(server.started["links"], 2);
    assert_eq!(server.started["fallback"], json!(null));
    assert_eq!(server.started["clicks_made"], true);
}

#[test]
fn a_path_with_a_comma_is_one_as_an_argument() {
    let mut setup = Setup::new(common::Engine::Epoll, LINKS);
    let path = setup.folder.path().join("a,b.txt");
    std::fs::write(&path, LINKS).unwrap();
    setup.links = vec![path];
    let mut server = setup.start();
    assert_eq!(server.started["links"], 2);
    assert_eq!(server.stop().0, Some(0));
    server.restart();
    assert_eq!(server.started["clicks_made"], false);
}

#[test]
fn a_click_folder_is_not_made_without_the_one_it_is_to_be_in() {
    let setup = Setup::new(common::Engine::Epoll, LINKS);
    let within = setup.folder.path().join("not-mounted");
    let clicks = within.join("clicks");
    let [links, clicks] = [&setup.links[0], &clicks].map(|path| path.to_str().unwrap());
    let ran = common::carom(["serve", links, "--clicks", clicks, "--listen", ":0"]);
    let sentence = format!("there is no folder {}. Mount its disk, or make it", within.display());
    assert!(ran.code == Some(1) && ran.err.contains(&sentence), "{ran:?}");
    assert!(!within.exists());
}

/// What it says when it does not start.
fn check_refusal(setup: Setup, words: &[&str]) {
    let said = setup.refusal();
    for words in words {
        assert!(said.contains(words), "{words}\n{said}");
    }
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::new(common::Engine::Epoll, LINKS).flag("--listen", &address);
    let sentence = format!("carom: error: cannot listen on {address}: Address already in use");
    let waits = format!("carom: {address} is in use; waiting a moment");
    check_refusal(setup, &[&waits, &sentence, "choose another address with --listen"]);
}

// The kernel may hold what a killed process listened on for a moment longer.
both_engines!(a_killed_server_is_followed_at_once_on_its_port, |engine| {
    // An address of its own, so that no other socket here is given its port.
    let own = if engine == common::Engine::Epoll { "127.77.0.1:0" } else { "127.77.0.2:0" };
    let address = TcpListener::bind(own).unwrap().local_addr().unwrap();
    let setup = Setup::new(engine, LINKS).segments("64KiB");
    let mut server = setup.flag("--listen", &address.to_string()).start();
    for _ in 0..20 {
        let mut clients: Vec<_> = (0..8).map(|_| Client::new(connect(address))).collect();
        for client in &mut clients {
            let reply = client.get("h", "/a");
            assert_eq!(reply, Some(redirect("https://a.example/", false)));
        }
        server.restart();
    }
    let clicks = server.clicks();
    assert_eq!(clicks.rows.len(), 20 * 8);
});

both_engines!(an_address_is_not_shared_with_another_carom, |engine| {
    let first = Server::start(engine, LINKS);
    let address = first.address.to_string();
    let setup = Setup::new(engine, LINKS).flag("--listen", &address);
    check_refusal(setup, &[&format!("cannot listen on {address}: Address already in use")]);
    known_client(&first);
});

both_engines!(a_click_folder_has_one_server, |engine| {
    let mut first = Server::start(engine, LINKS);
    let folder = first.setup.clicks_folder();
    let pid = first.pid().as_raw_nonzero();
    let second = Setup::new(engine, LINKS);
    std::os::unix::fs::symlink(&folder, second.clicks_folder()).unwrap();
    check_refusal(second, &["is held by another carom", &format!("process {pid}"), "--clicks"]);
    // The first is not disturbed.
    known_client(&first);
    assert_eq!(first.stop().0, Some(0));
    assert_eq!(first.clicks().rows.len(), 1);
});

#[test]
fn cores_that_are_not_there_are_refused() {
    let setup = Setup::new(common::Engine::Epoll, LINKS).flag("--cores", "1000");
    check_refusal(setup, &["--cores 1000: this process may use "]);
    let setup = Setup::new(common::Engine::Epoll, LINKS).flag("--cores", "1000-1001");
    check_refusal(setup, &["CPU 1000 is not one this process may use"]);
}

both_engines!(what_a_killed_server_left_is_told, |engine| {
    let mut server = Server::start(engine, LINKS);
    drop(known_client(&server));
    server.restart();
    let words = "was killed; what it left unsealed: 1 click in 1 segment";
    server.wait_until_said(words, 1);
    drop(known_client(&server));
    assert_eq!(server.stop().0, Some(0));
});

both_engines!(what_is_answered_without_a_link_can_be_chosen, |engine| {
    let folder = tempfile::tempdir().unwrap();
    let robots = folder.path().join("robots.txt");
    std::fs::write(&robots, "User-agent: *\nAllow: /\n").unwrap();
    let mut server = Setup::new(engine, LINKS)
        .flag("--robots", robots.to_str().unwrap())
        .flag("--favicon", "none")
        .flag("--health-path", "/healthz")
        .start();
    let answer = |method: &str, path: &str| {
        let mut stream = server.connect();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    };
    let reply = answer("GET", "/robots.txt");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.ends_with("\r\n\r\nUser-agent: *\nAllow: /\n"), "{reply}");
    let reply = answer("HEAD", "/robots.txt");
    assert!(reply.contains("Content-Length: 23\r\n") && reply.ends_with("\r\n\r\n"), "{reply}");
    let reply = answer("GET", "/healthz");
    assert!(reply.contains("Cache-Control: no-store\r\n") && reply.ends_with("\r\n\r\nok\n"));
    assert!(answer("GET", "/favicon.ico").starts_with("HTTP/1.1 404 "));
    assert_eq!(server.stop().0, Some(0));
    // The health path and robots are no clicks.
    assert_eq!(server.clicks().rows.len(), 1);
});

#[test]
fn what_is_answered_without_a_link_has_to_be_something() {
    let refused = |flag: &str, value: &str, words: &str| {
        let output = Setup::new(common::Engine::Epoll, LINKS).flag(flag, value).fail();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused("--robots", "/no/such/file", "No such file");
    refused("--favicon", "yes", "write none, or leave it out");
    refused("--health-path", "healthz", "write a path without a query, such as /healthz");
}
