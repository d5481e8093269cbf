//! A running `carom serve` for a test: its own folder, a free port, and an end.

#![allow(dead_code, missing_docs, unused_imports)] // each test uses its part

pub mod admin;
pub mod ledger;
pub mod live;
pub mod peers;
pub mod process;
pub mod scale;
pub mod seccomp;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

mod program;
mod said;
pub mod unshare;
pub mod urls;

pub use program::{Ran, bare, carom, ended};
pub use said::Said;

/// The program under test.
pub const CAROM: &str = env!("CARGO_BIN_EXE_carom");

/// How long anything here may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    IoUring,
    Epoll,
    /// Whichever the program picks by itself.
    Auto,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::IoUring => "io_uring",
            Self::Epoll => "epoll",
            Self::Auto => "auto",
        }
    }
}

/// One test, as two: over `io_uring` (skipped with a message where the kernel
/// refuses it) and over `epoll`.
#[macro_export]
macro_rules! both_engines {
    ($(#[doc = $doc:literal])* $name:ident, $body:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[doc = $doc])*
            #[test]
            fn io_uring() {
                if let Err(why) = carom::engine::probe_io_uring() {
                    eprintln!("skipped: {why}");
                    return;
                }
                let body: fn(common::Engine) = $body;
                body(common::Engine::IoUring);
            }

            $(#[doc = $doc])*
            #[test]
            fn epoll() {
                let body: fn(common::Engine) = $body;
                body(common::Engine::Epoll);
            }
        }
    };
}

/// How to start a server.
pub struct Setup {
    pub engine: Engine,
    pub links: Vec<PathBuf>,
    pub flags: Vec<String>,
    pub folder: tempfile::TempDir,
    pub program: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl Setup {
    /// A server of these links (native format), with segments of 1 MiB.
    pub fn new(engine: Engine, links: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links.txt");
        std::fs::write(&path, links).unwrap();
        Self {
            engine,
            links: vec![path],
            flags: ["--segment-size", "1MiB"].map(str::to_owned).to_vec(),
            folder,
            program: vec![CAROM.to_owned()],
            environment: Vec::new(),
        }
    }

    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// Segments of another size.
    pub fn segments(mut self, size: &str) -> Self {
        let at = self.flags.iter().position(|flag| flag == "--segment-size").unwrap();
        self.flags[at + 1] = size.to_owned();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the program through another, such as `prlimit --nofile=256`.
    pub fn through(mut self, program: &[&str]) -> Self {
        self.program.splice(0..0, program.iter().map(|&word| word.to_owned()));
        self
    }

    pub fn clicks_folder(&self) -> PathBuf {
        self.folder.path().join("clicks")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program[0]);
        program::forget_variables(&mut command);
        command
            .args(&self.program[1..])
            .arg("serve")
            .args(&self.links)
            .args(["--listen", "127.0.0.1:0", "--json", "--engine", self.engine.name()])
            .arg("--clicks")
            .arg(self.clicks_folder())
            .args(&self.flags)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it, and waits until it serves.
    pub fn start(self) -> Server {
        let command = self.command();
        self.start_as(command)
    }

    /// Starts this command in its place.
    pub fn start_as(self, mut command: Command) -> Server {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        // What it says is kept, and read on, so that it never waits for us.
        let said = Said::by(child.stderr.take().unwrap());
        let Ok(started) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            panic!("it did not start: {line}{}", said.join());
        };
        let address = started["addresses"][0].as_str().unwrap().parse().unwrap();
        Server { child, address, started, said: Some(said), setup: self }
    }

    /// Starts it where it is expected to fail: what it said, and its exit code.
    pub fn fail(self) -> Output {
        let child = self.command().spawn().unwrap();
        child.wait_with_output().unwrap()
    }

    /// The sentence it fails with.
    pub fn refusal(&self) -> String {
        let ran = ended(self.command().spawn().unwrap());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_eq!(ran.out, "");
        ran.err
    }
}

/// A running server. Dropped, it is killed.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// What `--json` said.
    pub started: Value,
    said: Option<Said>,
    pub setup: Setup,
}

impl Server {
    pub fn start(engine: Engine, links: &str) -> Self {
        Setup::new(engine, links).start()
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Sends SIGTERM and waits for the end: exit code, and what it said.
    pub fn stop(&mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for the end: exit code, and what it said.
    pub fn wait(&mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > until => panic!("it does not end"),
                None => std::thread::park_timeout(Duration::from_millis(2)),
            }
        };
        let said = self.said.take().map(Said::join).unwrap_or_default();
        (status.code(), said)
    }

    /// Waits until it has said `words` that many `times`.
    pub fn wait_until_said(&self, words: &str, times: usize) {
        self.said.as_ref().expect("it runs").wait_for(words, times);
    }

    /// Whether it has said `words`.
    pub fn has_said(&self, words: &str) -> bool {
        self.said.as_ref().expect("it runs").so_far().contains(words)
    }

    /// Waits until no shard listens on `address` any more.
    pub fn wait_until_refused(&self, address: SocketAddr) {
        until("connections are refused", || TcpStream::connect(address).is_err());
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it and starts it again, over the same click folder.
    pub fn restart(&mut self) {
        self.kill();
        let unused = Setup::new(self.setup.engine, "");
        *self = std::mem::replace(&mut self.setup, unused).start();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn clicks(&self) -> Clicks {
        clicks(&self.setup.clicks_folder())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if let (true, Some(said)) = (std::thread::panicking(), &self.said) {
            eprintln!("the server said:\n{}", said.so_far());
        }
    }
}

/// What `carom clicks cat` says of a folder.
pub struct Clicks {
    pub rows: Vec<Value>,
    pub said: String,
    pub code: Option<i32>,
}

pub fn clicks(folder: &Path) -> Clicks {
    let output = Command::new(CAROM).args(["clicks", "cat"]).arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Clicks {
        rows: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}

/// What the page of `carom clicks prove` says, and the exit status.
pub fn proof(folder: &Path) -> (Value, Option<i32>) {
    let output = Command::new(CAROM).args(["clicks", "prove", "--json"]).arg(folder).output();
    let output = output.unwrap();
    let mut said: Value = serde_json::from_slice(&output.stdout).unwrap();
    (said["page"].take(), output.status.code())
}

/// Asks again and again, until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// One reply, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub location: Option<String>,
    pub close: bool,
}

/// A client of one kept connection.
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, unread: Vec::new() }
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next reply; `None` when the connection ends instead.
    pub fn reply(&mut self) -> Option<Reply> {
        loop {
            if let Some((reply, size)) = cut_reply(&self.unread) {
                self.unread.drain(..size);
                return Some(reply);
            }
            let mut bytes = [0; 64 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(size @ 1..) => self.unread.extend_from_slice(&bytes[..size]),
                // The end of a ring of this thread (that of the probe) interrupts it.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no answer"),
                Ok(0) | Err(_) => return None,
            }
        }
    }

    pub fn get(&mut self, host: &str, target: &str) -> Option<Reply> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        self.reply()
    }
}

/// Cuts a reply from the front of what came, with its body.
pub fn cut_reply(bytes: &[u8]) -> Option<(Reply, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("replies are ASCII");
    let field =
        |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let body: usize = field("Content-Length").map_or(0, |length| length.parse().unwrap());
    if bytes.len() < end + body {
        return None;
    }
    let reply = Reply {
        status: head[9..12].parse().unwrap(),
        location: field("Location").map(str::to_owned),
        close: field("Connection") == Some("close"),
    };
    Some((reply, end + body))
}

/// The folder of real data; `None`, with a message, where it is absent.
pub fn shared_data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: ../shared/data is not here");
    None
}

/// Begins to read what a program says on standard error.
pub fn said_by(child: &mut Child) -> Said {
    Said::by(child.stderr.take().unwrap())
}
