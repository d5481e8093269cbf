//! A client of the admin socket that keeps its connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use super::{PATIENCE, Server};

/// A kept connection to the admin socket of a server.
pub struct Admin(BufReader<UnixStream>);

impl Admin {
    pub fn of(server: &Server) -> Self {
        let path = server.setup.clicks_folder().join(".state/admin.sock");
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Posts `body`: status and answer.
    pub fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: carom\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all((head + &body).as_bytes()).unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut size = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end().to_ascii_lowercase().split_once(": ") {
                Some(("content-length", length)) => size = length.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; size];
        self.0.read_exact(&mut answer).unwrap();
        (status, serde_json::from_slice(&answer).unwrap())
    }

    /// Posts what is to be done: its answer.
    pub fn done(&mut self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.post(path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}
