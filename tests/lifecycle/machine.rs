//! What a machine refuses or bounds is said, with what to do about it.

use std::process::Command;

use carom::limits::CONNECTIONS_PER_SHARD_DEFAULT;
use rustix::io::Errno;

use crate::common::seccomp::where_refused;
use crate::common::{Engine, Server, Setup};
use crate::{LINKS, known_client};

/// Calls `start` where io_uring is refused, as in many containers.
fn where_io_uring_is_refused<T: Send>(start: impl FnOnce() -> T + Send) -> T {
    where_refused([(libc::SYS_io_uring_setup, Vec::new())], Errno::PERM, start)
}

/// It serves, and ends having said all these.
fn serves_and_says(mut server: Server, sentences: &[&str]) {
    known_client(&server);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    for sentence in sentences {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
}

#[test]
fn without_io_uring_auto_serves_with_epoll() {
    let server = where_io_uring_is_refused(|| Server::start(Engine::Auto, LINKS));
    assert_eq!(server.started["engine"], "epoll");
    assert_eq!(server.started["engine_reason"], "io_uring is refused");
    serves_and_says(
        server,
        &["warning: io_uring is refused here (", "seccomp", "Serving with epoll."],
    );
}

#[test]
fn without_io_uring_it_cannot_be_insisted_on() {
    let said = where_io_uring_is_refused(|| Setup::new(Engine::IoUring, LINKS).refusal());
    for words in ["error: --engine io_uring: io_uring is refused here (", "--engine auto"] {
        assert!(said.contains(words), "{words}\n{said}");
    }
}

#[test]
fn auto_takes_io_uring_where_it_is_allowed() {
    if let Err(why) = carom::engine::probe_io_uring() {
        return eprintln!("skipped: {why}");
    }
    let server = Server::start(Engine::Auto, LINKS);
    assert_eq!(server.started["engine"], "io_uring");
    serves_and_says(server, &["engine    io_uring (allowed here)"]);
}

/// A setup under one limit; `None`, with a message, where it cannot be set.
fn limited(engine: Engine, limit: &str) -> Option<Setup> {
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("skipped: prlimit is not here");
        return None;
    }
    Some(Setup::new(engine, LINKS).through(&["prlimit", limit]))
}

/// The warnings of the start line are those said.
fn warns(server: Server, words: &[&str]) {
    let listed = server.started["warnings"].to_string();
    for words in words {
        assert!(listed.contains(words), "{words}\n{listed}");
    }
    serves_and_says(server, words);
}

#[test]
fn too_little_locked_memory() {
    let Some(setup) = limited(Engine::Auto, "--memlock=65536") else { return };
    let server = setup.start();
    assert_eq!(server.started["engine"], "epoll");
    let remedy = "raise it to 524288 with LimitMEMLOCK= in the unit or `ulimit -l`";
    warns(server, &["RLIMIT_MEMLOCK 65536 bytes is too low for io_uring", remedy]);
}

#[test]
fn a_small_stack_is_enough() {
    let Some(setup) = limited(Engine::Epoll, "--stack=65536") else { return };
    serves_and_says(setup.start(), &["serving"]);
}

#[test]
fn a_limit_of_file_sizes_is_said() {
    let Some(setup) = limited(Engine::Epoll, "--fsize=1048576") else { return };
    let said = setup.segments("2MiB").refusal();
    assert!(said.contains("cannot make ") && said.contains("RLIMIT_FSIZE"), "{said}");
}

#[test]
fn too_few_descriptors() {
    let Some(setup) = limited(Engine::Epoll, "--nofile=300") else { return };
    let server = setup.flag("--cores", "1").start();
    assert_eq!(server.started["connections_per_core"], 300 - 64 - 16);
    let wished = CONNECTIONS_PER_SHARD_DEFAULT;
    let remedy =
        format!("raise it to {} with LimitNOFILE= in the unit or `ulimit -n`", wished + 64 + 16);
    let lack = format!("RLIMIT_NOFILE 300 is too low for {wished} connections");
    warns(server, &[&lack, &remedy]);
}

#[test]
fn far_too_few_descriptors() {
    let Some(setup) = limited(Engine::Epoll, "--nofile=70") else { return };
    let said = setup.flag("--cores", "1").refusal();
    let lack = "error: RLIMIT_NOFILE is 70, and more than 80 is needed for 1 core; raise it with ";
    assert!(said.contains(lack), "{said}");
}

#[test]
fn a_backlog_that_the_kernel_cuts() {
    let somaxconn = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    if somaxconn.trim().parse::<u64>().unwrap() >= 1_000_000 {
        return eprintln!("skipped: somaxconn is {somaxconn}");
    }
    let server = Setup::new(Engine::Epoll, LINKS).flag("--backlog", "1000000").start();
    warns(server, &["cuts the backlog of 1000000", "`sysctl -w net.core.somaxconn=1000000`"]);
}
