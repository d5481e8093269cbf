//! A real haproxy that looks keys up in many maps.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use carom::links::HaproxyMatch;

use super::compare::{Answer, answer};
use crate::common::until;

/// Where haproxy is; `None`, with a message, where it is not installed.
pub fn program() -> Option<PathBuf> {
    installed("haproxy")
}

/// Where a program is, under which name its package has it, too; `None`, with a message, where
/// it is not installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let program = folders.map(|at| at.join(name)).find(|file| file.is_file());
    if program.is_none() {
        eprintln!("skipped: {name} is not installed (the package {name})");
    }
    program
}

fn converter(how: HaproxyMatch) -> &'static str {
    match how {
        HaproxyMatch::Str => "map_str",
        HaproxyMatch::Beg => "map_beg",
        HaproxyMatch::Dom => "map_dom",
        HaproxyMatch::End => "map_end",
        HaproxyMatch::Reg => "map_reg",
    }
}

const CONFIG: &str = "
    defaults
        mode http
        timeout client 30s
        timeout server 30s
        timeout connect 30s
    frontend maps
        bind unix@{folder}/socket
        http-request set-var(txn.key) req.hdr(x-key)
";

/// A running haproxy. Dropped, it is killed.
pub struct Haproxy {
    child: Child,
    stream: UnixStream,
}

impl Haproxy {
    /// One with these maps, by their numbers.
    pub fn start(program: &Path, folder: &Path, maps: &[(HaproxyMatch, &str)]) -> Self {
        let mut config = CONFIG.replace("{folder}", folder.to_str().unwrap());
        for (number, (how, text)) in maps.iter().enumerate() {
            let map = folder.join(format!("{number}.map"));
            fs::write(&map, text).unwrap();
            let look = format!("var(txn.key),{}({})", converter(*how), map.display());
            writeln!(
                config,
                "http-request return status 302 hdr location \"%[{look}]\" \
                 if {{ req.hdr(x-map) {number} }} {{ {look} -m found }}"
            )
            .unwrap();
        }
        config.push_str("http-request return status 404\n");
        let path = folder.join("haproxy.cfg");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&path).stdin(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stream = None;
        until("haproxy listens, or ends", || {
            stream = UnixStream::connect(folder.join("socket")).ok();
            stream.is_some() || child.try_wait().unwrap().is_some()
        });
        Self { child, stream: stream.expect("haproxy starts") }
    }

    /// What the map with this number has for the keys.
    pub fn ask(&mut self, map: usize, keys: &[String]) -> Vec<Answer> {
        let request =
            |key| format!("GET / HTTP/1.1\r\nHost: h\r\nx-map: {map}\r\nx-key: {key}\r\n\r\n");
        let requests: String = keys.iter().map(request).collect();
        self.stream.write_all(requests.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let mut answers = Vec::new();
        let mut room = [0; 16 * 1024];
        while answers.len() < keys.len() {
            let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
            match end {
                Some(end) => {
                    let head: Vec<u8> = bytes.drain(..end + 4).collect();
                    let found = answer(&head);
                    answers.push(found.filter(|(_, location)| !location.is_empty()));
                }
                None => {
                    let count = self.stream.read(&mut room).unwrap();
                    assert_ne!(count, 0, "haproxy hung up");
                    bytes.extend_from_slice(&room[..count]);
                }
            }
        }
        answers
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
