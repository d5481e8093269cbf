//! `carom clicks cat` as a program that others read: rows as CSV, and where they go.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::common::{Client, Engine, Server, Setup, bare, carom, ended};

const LINKS: &str = "/a https://a.example/\n";

/// A server that has stopped after these requests.
fn after(requests: usize) -> Server {
    let mut server = Setup::new(Engine::Epoll, LINKS).segments("16MiB").start();
    let mut client = Client::new(server.connect());
    let agent = "x".repeat(200);
    let request =
        format!("GET /a?n=1,2 HTTP/1.1\r\nHost: h.example\r\nUser-Agent: {agent}\r\n\r\n");
    for _ in 0..requests / 50 {
        client.send(request.repeat(50).as_bytes());
        (0..50).for_each(|_| drop(client.reply().unwrap()));
    }
    drop(client);
    assert_eq!(server.stop().0, Some(0));
    server
}

#[test]
fn clicks_as_csv() {
    let server = after(50);
    let folder = server.setup.clicks_folder();
    let ran = carom([Path::new("clicks"), Path::new("cat"), &folder, Path::new("--format=csv")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err, "carom: 50 clicks in 1 segment; nothing is missing\n");
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 50);
    // The same as the other format says.
    let json = &server.clicks().rows[49];
    for (column, cell) in columns.iter().zip(&rows[49]) {
        let want = match &json[column] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        assert_eq!(cell, want, "{column}");
    }
    assert_eq!(columns.iter().filter(|column| *column == "query").count(), 1);
    assert_eq!(&rows[49][12], "n=1,2");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    // More than the buffers and the pipe hold together.
    let server = after(3_000);
    for format in ["--format=ndjson", "--format=csv"] {
        let mut command = bare();
        let mut child = command
            .args(["clicks", "cat", format])
            .arg(server.setup.clicks_folder())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let ran = ended(child);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{format}");
    }
}

#[test]
fn quiet_says_nothing() {
    let server = after(50);
    let folder = server.setup.clicks_folder();
    let ran = carom([Path::new("clicks"), Path::new("cat"), Path::new("-q"), &folder]);
    assert_eq!((ran.code, &*ran.err, ran.out.lines().count()), (Some(0), "", 50));
}
