//! The admin socket itself: who may use it, and what it says.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

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

/// What is answered to a request with this first line and body: status, JSON.
fn ask(server: &Server, line: &str, body: &str) -> (u16, Value) {
    let mut stream = UnixStream::connect(state(server).join("admin.sock")).unwrap();
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
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
