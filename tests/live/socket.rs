//! The admin socket itself: who may use it, and what it says.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::limits::{ADMIN_BODY_BYTES_MAX, ADMIN_CONNECTIONS_MAX, ADMIN_LARGE_BODY_BYTES};
use serde_json::Value;

use crate::common::{Engine, Server, Setup, carom};
use crate::{LINKS, done, state};

#[test]
fn only_its_owner_may_use_it_and_it_goes_with_the_server() {
    let mut server = Server::start(Engine::Epoll, LINKS);
    let socket = state(&server).join("admin.sock");
    assert_eq!(server.started["admin_socket"], socket.to_str().unwrap());
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(server.stop().0, Some(0));
    assert!(!socket.exists());
}

#[test]
fn the_socket_of_a_dead_server_is_replaced() {
    let mut server = Server::start(Engine::Epoll, LINKS);
    server.kill();
    assert!(state(&server).join("admin.sock").exists());
    server.restart();
    done(&server, &["generations"]);
}

#[test]
fn a_state_folder_has_one_server() {
    let first = Server::start(Engine::Epoll, LINKS);
    let shared = state(&first).display().to_string();
    let said = Setup::new(Engine::Epoll, LINKS).flag("--state", &shared).refusal();
    assert!(
        said.contains(&format!("error: the state folder {shared} is used by another")),
        "{said}"
    );
    assert!(said.contains("folder of its own with --state"), "{said}");
    done(&first, &["generations"]);
}

#[test]
fn a_state_folder_elsewhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("state");
    let server = Setup::new(Engine::Epoll, LINKS).flag("--state", folder.to_str().unwrap()).start();
    let ran = carom(["links", "generations", "--state", folder.to_str().unwrap()]);
    assert!(ran.code == Some(0) && ran.out.starts_with("*      1  "), "{ran:?}");
    assert!(!state(&server).join("admin.sock").exists());
    assert!(folder.join("links.journal").exists());
}

#[test]
fn without_a_server_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let ran = carom(["links", "promote", "--clicks", folder.path().to_str().unwrap()]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""));
    for words in
        ["error: no server is running here: nobody answers at ", ".state/admin.sock", "--state DIR"]
    {
        assert!(ran.err.contains(words), "{words}\n{ran:?}");
    }
}

fn connect(server: &Server) -> UnixStream {
    UnixStream::connect(state(server).join("admin.sock")).unwrap()
}

/// What is answered to a request with this first line and body: status, JSON.
fn ask(server: &Server, line: &str, body: &str) -> (u16, Value) {
    let mut stream = connect(server);
    begin(&mut stream, line, body.len());
    stream.write_all(body.as_bytes()).unwrap();
    answer(stream)
}

/// The head of a request whose body is that long.
fn begin(stream: &mut UnixStream, line: &str, length: usize) {
    let head =
        format!("{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}");
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).unwrap();
}

fn answer(mut stream: UnixStream) -> (u16, Value) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

/// Refused with this status, and a sentence that has these words.
fn check(server: &Server, line: &str, body: &str, status: u16, words: &str) {
    let (found, answer) = ask(server, line, body);
    let error = answer["error"].as_str().unwrap();
    assert!(found == status && error.contains(words), "{line} {body}: {found} {answer}");
    assert!(answer["problems"].is_array(), "{answer}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let server = Server::start(Engine::Epoll, LINKS);
    check(&server, "GET /nothing", "", 404, "there is no /nothing; docs/admin.md");
    check(&server, "GET /links/promote", "", 405, "/links/promote is not asked with GET; use POST");
    check(&server, "POST /links/promote", "", 409, "nothing is staged");
    check(&server, "POST /links/set", "{", 400, "the body is not what is expected here");
    check(&server, "POST /links/set", "{}", 400, "missing field `lines`");
    check(&server, "POST /links/set", r#"{"lines":"","extra":1}"#, 400, "unknown field `extra`");
    check(&server, "POST /links/set", r#"{"lines":" "}"#, 400, "no link is named");
    check(&server, "POST /links/set", r#"{"lines":"/a nowhere"}"#, 422, "1 bad line, so nothing");
    check(&server, "POST /links/stage", r#"{"files":[]}"#, 400, "no file is named");
    check(&server, "POST /links/stage", r#"{"files":["a.txt"]}"#, 400, "`a.txt` is relative");
    check(&server, "POST /links/rollback", r#"{"to":9}"#, 404, "generation 9 is not kept");
    check(&server, "POST /links/rollback", "", 409, "there is no earlier generation");
    let (status, answer) = ask(&server, "POST /links/set", r#"{"lines":"/a 410"}"#);
    assert_eq!((status, &answer["generation"], &answer["changed"]), (200, &2.into(), &1.into()));
}

/// Nothing is answered as long as nothing else is done.
fn waits(stream: &mut UnixStream) {
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_read_timeout(None).unwrap();
}

#[test]
fn one_connection_too_many_waits() {
    let server = Server::start(Engine::Epoll, LINKS);
    let mut open: Vec<_> = (0..ADMIN_CONNECTIONS_MAX).map(|_| connect(&server)).collect();
    let mut more = connect(&server);
    begin(&mut more, "GET /links/generations", 0);
    waits(&mut more);
    open.pop();
    assert_eq!(answer(more).0, 200);
}

#[test]
fn large_bodies_come_one_after_the_other_and_hold_up_no_small_one() {
    let server = Server::start(Engine::Epoll, LINKS);
    let comment = "#".repeat(ADMIN_LARGE_BODY_BYTES);
    let body = |key: &str| format!(r#"{{"lines":"{comment}\n{key} https://large.example/"}}"#);
    let bodies = [body("/first"), body("/second")];
    let mut streams = [connect(&server), connect(&server)];
    begin(&mut streams[0], "POST /links/set", bodies[0].len());
    // It has the room once it takes what no buffer between would.
    streams[0].write_all(&bodies[0].as_bytes()[..ADMIN_LARGE_BODY_BYTES]).unwrap();
    let [mut first, mut second] = streams;
    begin(&mut second, "POST /links/set", bodies[1].len());
    waits(&mut second);
    assert_eq!(ask(&server, "POST /links/set", r#"{"lines":"/small 410"}"#).0, 200);
    first.write_all(&bodies[0].as_bytes()[ADMIN_LARGE_BODY_BYTES..]).unwrap();
    assert_eq!(answer(first).0, 200);
    second.write_all(bodies[1].as_bytes()).unwrap();
    let (status, said) = answer(second);
    assert_eq!((status, &said["changes"]), (200, &3.into()));
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let server = Server::start(Engine::Epoll, LINKS);
    let mut stream = connect(&server);
    begin(&mut stream, "POST /links/set", ADMIN_BODY_BYTES_MAX + 1);
    let (status, said) = answer(stream);
    assert!(status == 413 && said["error"].as_str().unwrap().contains("in parts"), "{said}");
}

#[test]
fn a_body_in_chunks_is_one() {
    let server = Server::start(Engine::Epoll, LINKS);
    let mut stream = connect(&server);
    let head =
        "POST /links/set HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked";
    let body = "B\r\n{\"lines\":\"/\r\n7\r\nc 410\"}\r\n0\r\n\r\n";
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
    assert_eq!(answer(stream).0, 200);
}
