//! A server under test: started on its CPU, asked whether it answers rightly,
//! tidied up after and ended by its process id.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};

use super::{peers, table};
use crate::machine;
use crate::reply::{Cut, cut};
use crate::requests::Requests;

/// A row of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServerKind {
    /// Parses nothing, on io_uring
    FloorIoUring,
    /// Parses nothing, on epoll
    FloorEpoll,
    /// carom on io_uring
    CaromIoUring,
    /// carom on epoll
    CaromEpoll,
    /// nginx with an access log
    Nginx,
    /// nginx without a log
    NginxNolog,
    /// haproxy with a log
    Haproxy,
}

impl ServerKind {
    pub const ALL: [Self; 7] = [
        Self::FloorIoUring,
        Self::FloorEpoll,
        Self::CaromIoUring,
        Self::CaromEpoll,
        Self::Nginx,
        Self::NginxNolog,
        Self::Haproxy,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::FloorIoUring => "floor, io_uring",
            Self::FloorEpoll => "floor, epoll",
            Self::CaromIoUring => "carom, io_uring",
            Self::CaromEpoll => "carom, epoll",
            Self::Nginx => "nginx",
            Self::NginxNolog => "nginx, no log",
            Self::Haproxy => "haproxy",
        }
    }

    pub fn is_floor(self) -> bool {
        matches!(self, Self::FloorIoUring | Self::FloorEpoll)
    }

    pub fn is_carom(self) -> bool {
        matches!(self, Self::CaromIoUring | Self::CaromEpoll)
    }
}

/// What servers are started with.
pub struct Setup {
    pub carom: PathBuf,
    /// Holds links.txt, and a folder for each server.
    pub work: PathBuf,
    pub links: usize,
    pub server_cpus: Vec<usize>,
    pub load_cpu: usize,
}

/// What the floor must know beforehand.
#[derive(Debug, Clone, Copy)]
pub struct FloorShape {
    pub request_bytes: usize,
    pub close: bool,
}

/// A running server; ended when dropped.
pub struct Server {
    pub kind: ServerKind,
    pub address: SocketAddr,
    folder: PathBuf,
    child: Child,
}

const START_TIME_MAX: Duration = Duration::from_secs(120);
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
const REPLY_TIME_MAX: Duration = Duration::from_secs(5);

impl Server {
    /// Starts a server and waits until it answers.
    pub fn start(
        kind: ServerKind,
        setup: &Setup,
        shape: FloorShape,
        probe: &[u8],
    ) -> anyhow::Result<Self> {
        let folder = setup.work.join(kind.name().replace(", ", "-").replace(' ', "-"));
        fs::create_dir_all(&folder)?;
        let address = free_address()?;
        let mut command = command(kind, setup, shape, &folder, address)?;
        // Appended to, so that it can be cut short while it is written.
        let log = |name: &str| File::options().create(true).append(true).open(folder.join(name));
        command.stdin(Stdio::null()).stdout(log("out.log")?).stderr(log("err.log")?);
        // A child runs where its parent's thread does.
        machine::pin(&setup.server_cpus)?;
        let spawned = command.spawn();
        machine::pin(&[setup.load_cpu])?;
        let child = spawned.with_context(|| format!("cannot start {}", kind.name()))?;
        let mut server = Self { kind, address, folder, child };
        server.wait_until_it_answers(probe)?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self, probe: &[u8]) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at start ({status}): {}", self.kind.name(), self.complaint());
            }
            match Client::connect(self.address).and_then(|mut client| client.ask(probe)) {
                Ok(_) => return Ok(()),
                Err(error) if began.elapsed() > START_TIME_MAX => {
                    bail!("{} does not answer: {error:#}: {}", self.kind.name(), self.complaint());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// The end of what it said on standard error.
    fn complaint(&self) -> String {
        let text = fs::read_to_string(self.folder.join("err.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }

    /// What it has said on standard error behind `words`, a line each.
    pub fn said(&self, words: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("err.log")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(words));
        lines.map(|(_, rest)| rest.to_owned()).collect()
    }

    /// Where carom records clicks.
    pub fn clicks(&self) -> PathBuf {
        self.folder.join("clicks")
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Asks for `count` links and holds the replies against the table.
    pub fn verify(&self, requests: &Requests, count: usize) -> anyhow::Result<()> {
        let step = (requests.count() / count).max(1);
        for index in (0..requests.count()).step_by(step) {
            let (request, _) = requests.batch(index, 1);
            let reply = Client::connect(self.address)?.ask(request)?;
            let path = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            let path = String::from_utf8_lossy(path);
            let expected = table::expected(&path);
            let right = self.kind.is_floor() || reply.location == expected;
            if reply.status != 302 || !right {
                bail!(
                    "{} answered {path} with {} to {:?}, not with 302 to {expected:?}",
                    self.kind.name(),
                    reply.status,
                    reply.location
                );
            }
        }
        Ok(())
    }

    /// Throws away what it has logged, so that disks neither fill nor go on
    /// writing while the next one is measured.
    pub fn tidy(&self) -> anyhow::Result<()> {
        for name in ["out.log", "access.log"] {
            if let Ok(file) = File::options().write(true).open(self.folder.join(name)) {
                file.set_len(0)?;
            }
        }
        let clicks = self.clicks();
        if !clicks.is_dir() {
            return Ok(());
        }
        let files = fs::read_dir(clicks)?.flatten().map(|entry| entry.path());
        let mut segments: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "clicks"))
            .collect();
        segments.sort();
        // The last are being written, or prepared.
        for path in segments.iter().take(segments.len().saturating_sub(SEGMENTS_KEPT)) {
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

const SEGMENTS_KEPT: usize = 4;

impl Drop for Server {
    fn drop(&mut self) {
        let pids = machine::tree_pids(self.pid());
        let _ = kill_process(self.pid(), Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < STOP_TIME_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        for pid in pids {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

fn command(
    kind: ServerKind,
    setup: &Setup,
    shape: FloorShape,
    folder: &Path,
    address: SocketAddr,
) -> anyhow::Result<Command> {
    let command = match kind {
        ServerKind::FloorIoUring | ServerKind::FloorEpoll => {
            let mut command = Command::new(std::env::current_exe()?);
            let engine = if kind == ServerKind::FloorEpoll { "epoll" } else { "io_uring" };
            command.args(["floor", "--engine", engine, "--listen", &address.to_string()]);
            command.args(["--request-bytes", &shape.request_bytes.to_string()]);
            command.args(shape.close.then_some("--close"));
            command
        }
        ServerKind::CaromIoUring | ServerKind::CaromEpoll => {
            let mut command = Command::new(&setup.carom);
            let engine = if kind == ServerKind::CaromEpoll { "epoll" } else { "io_uring" };
            command.arg("serve").arg(setup.work.join("links.txt"));
            command.args(["--engine", engine, "--listen", &address.to_string()]);
            let cpus: Vec<_> = setup.server_cpus.iter().map(usize::to_string).collect();
            // A comma makes a list of one; without it, it is a count.
            let comma = if cpus.len() == 1 { "," } else { "" };
            command.args(["--cores", &(cpus.join(",") + comma)]);
            command
                .args(["--fallback", table::FALLBACK])
                .arg("--clicks")
                .arg(folder.join("clicks"));
            command
        }
        ServerKind::Nginx => peers::nginx(folder, address, setup.links, true)?,
        ServerKind::NginxNolog => peers::nginx(folder, address, setup.links, false)?,
        ServerKind::Haproxy => peers::haproxy(folder, address, setup.links)?,
    };
    Ok(command)
}

/// An address that nobody listens on right now.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Asks one thing after another, without hurry.
struct Client(TcpStream);

struct Answer {
    status: u16,
    location: Option<String>,
}

impl Client {
    fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, REPLY_TIME_MAX)?;
        stream.set_read_timeout(Some(REPLY_TIME_MAX))?;
        Ok(Self(stream))
    }

    fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.0.write_all(request)?;
        let mut inbox = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let size = self.0.read(&mut buffer)?;
            inbox.extend_from_slice(&buffer[..size]);
            match cut(&inbox, false) {
                Cut::Whole(reply) | Cut::UntilEnd(reply) => {
                    let location =
                        reply.location.map(|it| String::from_utf8_lossy(it).into_owned());
                    return Ok(Answer { status: reply.status, location });
                }
                Cut::Partial if size > 0 => {}
                Cut::Partial => bail!("the connection ended before the reply did"),
                Cut::Bad(why) => bail!("a bad reply: {why}"),
            }
        }
    }
}
