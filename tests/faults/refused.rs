//! A kernel that refuses now and then what a server asks of it (`strace -e inject`): who can
//! be answered is, and nobody waits for a time-out. Skipped where there is no strace, or it
//! may not look at another process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::both_engines;
use crate::common::{self, Engine, Server, Setup};

/// Far below the time-outs of the server, far above what an answer takes.
const PATIENCE: Duration = Duration::from_secs(20);
const CLIENTS: usize = 25;

/// What clients see of a call that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing.
    Nothing,
    /// Some are cut off.
    Cuts,
}

/// What an error comes to.
type Refusal = (&'static str, &'static str, Seen);

/// Calls that both engines make. The ring makes some of epoll's calls itself, and nobody can
/// refuse those: then all are answered there.
const OF_BOTH: [Refusal; 8] = [
    ("recvfrom", "EINTR", Seen::Nothing),
    ("recvfrom", "ECONNRESET", Seen::Cuts),
    ("sendto", "EINTR", Seen::Nothing),
    ("sendto", "ENOBUFS", Seen::Nothing),
    ("sendto", "ENOMEM", Seen::Nothing),
    ("sendto", "EPIPE", Seen::Cuts),
    ("read", "EINTR", Seen::Nothing),
    ("write", "EINTR", Seen::Nothing),
];
const OF_EPOLL: [Refusal; 5] = [
    ("accept4", "EINTR", Seen::Nothing),
    ("accept4", "ECONNABORTED", Seen::Nothing),
    ("accept4", "ENOBUFS", Seen::Nothing),
    ("epoll_wait", "EINTR", Seen::Nothing),
    ("epoll_ctl", "ENOMEM", Seen::Cuts),
];
const OF_IO_URING: [Refusal; 3] = [
    ("io_uring_enter", "EINTR", Seen::Nothing),
    ("io_uring_enter", "EAGAIN", Seen::Nothing),
    ("io_uring_enter", "EBUSY", Seen::Nothing),
];

/// strace, which has every third of these calls of a process fail.
struct Refusing(Child);

impl Refusing {
    /// `None`, with a message, where that cannot be.
    fn begin(server: &Server, call: &str, errno: &str) -> Option<Self> {
        let pid = server.pid().as_raw_nonzero().to_string();
        let (trace, inject) =
            (format!("trace={call}"), format!("inject={call}:error={errno}:when=3+3"));
        let strace = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject, "-p", &pid])
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut strace) = strace else {
            eprintln!("skipped: strace is not here");
            return None;
        };
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // What more it says is of threads that begin and end.
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        let refusing = Self(strace);
        if line.contains("attached") {
            return Some(refusing);
        }
        eprintln!("skipped: {line}");
        None
    }
}

impl Drop for Refusing {
    /// Killed, it would leave the server stopped where it is.
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Asks twice on one connection, the second time with its end; how many answers came before
/// it was cut.
fn ask_twice(server: &Server) -> usize {
    let mut stream = server.connect();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answered = 0;
    for more in ["", "Connection: close\r\n"] {
        let request = format!("GET /a HTTP/1.1\r\nHost: t.example\r\n{more}\r\n");
        if stream.write_all(request.as_bytes()).is_err() || !is_answered(&mut stream) {
            break;
        }
        answered += 1;
    }
    answered
}

fn is_answered(stream: &mut TcpStream) -> bool {
    let (mut reply, mut room) = (Vec::new(), [0; 1024]);
    while !reply.ends_with(b"\r\n\r\n") {
        match stream.read(&mut room) {
            Ok(0) => return false,
            Ok(size) => reply.extend_from_slice(&room[..size]),
            Err(error) => {
                let waited = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                assert!(!waited, "it waits in vain, with {:?}", String::from_utf8_lossy(&reply));
                return false;
            }
        }
    }
    assert!(reply.starts_with(b"HTTP/1.1 302 "), "{:?}", String::from_utf8_lossy(&reply));
    true
}

both_engines!(
    /// Every call on the way of a request, each with the errors that it can have.
    nobody_waits_for_a_time_out,
    |engine| {
        let own = if engine == Engine::Epoll { &OF_EPOLL[..] } else { &OF_IO_URING[..] };
        for &(call, errno, seen) in OF_BOTH.iter().chain(own) {
            let mut server = Setup::new(engine, "/a https://a.example/\n")
                .flag("--cores", "1")
                .flag("--header-timeout", "60s")
                .flag("--send-timeout", "60s")
                // Also before its request is there.
                .flag("--defer-accept", "0s")
                .start();
            let Some(refusing) = Refusing::begin(&server, call, errno) else { return };
            let answers: usize = (0..CLIENTS).map(|_| ask_twice(&server)).sum();
            let what = format!("{call} {errno}: {answers} answers");
            assert!(seen == Seen::Cuts || answers == 2 * CLIENTS, "{what}");
            assert!(answers > CLIENTS / 2, "{what}");
            // A call that was just being refused would fail as unknown if strace went first,
            // and a signal to stop is lost if the call is refused that tells of it.
            server.kill();
            drop(refusing);
            let clicks = server.clicks();
            assert_eq!(clicks.code, Some(0), "{what}: {}", clicks.said);
            assert!(clicks.rows.len() >= answers, "{what}: {}", clicks.said);
        }
    }
);
