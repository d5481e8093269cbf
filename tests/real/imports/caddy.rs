//! A real Caddy, which answers for many files at once: its own adapter reads each, and the
//! servers that it makes of one listen at sockets of their own.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};

use super::compare::{Answer, answer, host_and_target};
use super::haproxy::installed;
use crate::common::until;

/// Where Caddy is; `None`, with a message, where it is not installed.
pub fn program() -> Option<PathBuf> {
    installed("caddy")
}

/// A running Caddy. Dropped, it is killed.
pub struct Caddy {
    child: Child,
    folder: PathBuf,
}

impl Caddy {
    /// One without a site, whose files are in a folder.
    pub fn start(program: &Path, folder: &Path) -> Self {
        let admin = folder.join("admin");
        let config = folder.join("caddy.json");
        fs::write(&config, json!({ "admin": own_admin(&admin) }).to_string()).unwrap();
        let mut command = Command::new(program);
        command.arg("run").arg("--config").arg(&config);
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, folder);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        until("Caddy listens, or ends", || {
            UnixStream::connect(&admin).is_ok() || child.try_wait().unwrap().is_some()
        });
        Self { child, folder: folder.to_owned() }
    }

    /// What its API answers to a document: the status, and a body.
    fn post(&self, path: &str, kind: &str, body: &str) -> (u16, String) {
        let mut stream = UnixStream::connect(self.folder.join("admin")).expect("Caddy runs");
        // Of 1.0, so that the answer ends with the connection.
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// The servers that it makes of a file; `None` where it refuses the file.
    pub fn servers(&self, file: &str) -> Option<Map<String, Value>> {
        let (status, body) = self.post("/adapt", "text/caddyfile", file);
        let adapted: Value = serde_json::from_str(&body).unwrap();
        let servers = adapted["result"]["apps"]["http"]["servers"].as_object().cloned();
        (status == 200).then(|| servers.unwrap_or_default())
    }

    /// Runs these servers of files, in place of those before, over plain HTTP.
    pub fn serve(&self, files: &[Map<String, Value>]) {
        let mut all = Map::new();
        for (number, servers) in files.iter().enumerate() {
            for (name, server) in servers {
                let mut server = server.clone();
                let ports = server["listen"].as_array().unwrap().iter();
                let listen = ports.map(|address| {
                    let port = address.as_str().unwrap().rsplit(':').next().unwrap();
                    format!("unix/{}", self.socket(number, port).display())
                });
                server["listen"] = listen.collect();
                server["automatic_https"] = json!({ "disable": true });
                server.as_object_mut().unwrap().remove("tls_connection_policies");
                all.insert(format!("{number}-{name}"), server);
            }
        }
        let admin = own_admin(&self.folder.join("admin"));
        let config = json!({ "admin": admin, "apps": { "http": { "servers": all } } });
        let (status, body) = self.post("/load", "application/json", &config.to_string());
        assert_eq!(status, 200, "{body}");
    }

    fn socket(&self, number: usize, port: &str) -> PathBuf {
        self.folder.join(format!("{number}-{port}"))
    }

    /// What it answers for the file of this number, to http and https at their own ports.
    pub fn ask(&self, number: usize, asks: &[String]) -> Vec<Answer> {
        let mut peers = ["80", "443"].map(|port| Peer::new(&self.socket(number, port)));
        let ask = |asked: &String| {
            let peer = &mut peers[usize::from(asked.starts_with("https:"))];
            peer.as_mut()?.ask(asked)
        };
        asks.iter().map(ask).collect()
    }
}

fn own_admin(socket: &Path) -> Value {
    let listen = format!("unix/{}", socket.display());
    json!({ "listen": listen, "origins": ["localhost"], "config": { "persist": false } })
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A kept connection to one of its servers.
struct Peer {
    stream: UnixStream,
    unread: Vec<u8>,
}

impl Peer {
    /// `None` where nothing listens.
    fn new(socket: &Path) -> Option<Self> {
        let stream = UnixStream::connect(socket).ok()?;
        Some(Self { stream, unread: Vec::new() })
    }

    fn ask(&mut self, asked: &str) -> Answer {
        let (host, target) = host_and_target(asked);
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut room = [0; 16 * 1024];
        loop {
            let end = self.unread.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(end) = end.map(|at| at + 4) {
                let head = String::from_utf8(self.unread[..end].to_vec()).unwrap();
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                let size = end + length.map_or(0, |length| length.parse::<usize>().unwrap());
                if self.unread.len() >= size {
                    self.unread.drain(..size);
                    return answer(head.as_bytes());
                }
            }
            let count = self.stream.read(&mut room).unwrap();
            assert_ne!(count, 0, "Caddy hung up");
            self.unread.extend_from_slice(&room[..count]);
        }
    }
}
