//! `carom-bench floor`: a server that parses nothing and answers one fixed reply
//! for so many bytes. What it costs is the kernel's share; no HTTP server can
//! cost less on this machine.

mod epoll;
mod io_uring;
mod listener;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

const AFTER_HELP: &str = "\
All requests must be of one size, as `carom-bench load` makes them from links of one length. It \
runs until it is killed, on one thread; pin it with taskset.

Example: taskset -c 0 carom-bench floor --engine epoll --request-bytes 51";

/// What `carom-bench floor` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct FloorArguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,

    /// What moves bytes
    #[arg(long, default_value = "io_uring")]
    engine: FloorEngine,

    /// One request a connection: accept, receive, reply, close
    #[arg(long)]
    close: bool,

    /// Size of a request: after so many bytes a reply is due
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    request_bytes: u32,

    /// Print where it listens as one line of JSON on standard output
    #[arg(long)]
    json: bool,
}

/// What moves bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FloorEngine {
    #[value(name = "io_uring", alias = "io-uring")]
    IoUring,
    Epoll,
}

/// The reply, of the size that carom's has for a target of 46 bytes.
const REPLY: &str = "HTTP/1.1 302 Found\r\n\
    Date: Sun, 22 Nov 2026 11:24:52 GMT\r\n\
    Content-Length: 0\r\n\
    Cache-Control: no-store\r\n\
    Location: https://store.example/p/0000000?ref=aff_000000\r\n\r\n";

/// Replies that go out in one send at most.
const REPLIES_MAX: usize = 64;

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 16 * 1024;

/// Serves until it is killed.
pub fn command(arguments: &FloorArguments) -> anyhow::Result<ExitCode> {
    let listener = listener::listen(arguments.listen)
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    if arguments.json {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", json!({"pid": std::process::id(), "addresses": [address]}))?;
        out.flush()?;
    } else {
        crate::say(format_args!("the floor answers on http://{address}; kill it with Ctrl-C"));
    }
    let replies = Replies::new();
    let request_bytes = arguments.request_bytes as usize;
    match arguments.engine {
        FloorEngine::IoUring => {
            io_uring::serve(&listener, &replies, request_bytes, arguments.close)?;
        }
        FloorEngine::Epoll => {
            epoll::serve(listener, &replies, request_bytes, arguments.close)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves as long as the program lives; `None` where io_uring is refused.
#[cfg(test)]
pub fn in_a_thread(engine: FloorEngine, request_bytes: usize, close: bool) -> Option<SocketAddr> {
    let any = "127.0.0.1:0".parse().expect("an address");
    let listener = listener::listen(any).expect("a free port");
    let address = listener.local_addr().expect("it listens");
    if engine == FloorEngine::IoUring && ::io_uring::IoUring::new(8).is_err() {
        return None;
    }
    std::thread::spawn(move || match engine {
        FloorEngine::IoUring => {
            io_uring::serve(&listener, &Replies::new(), request_bytes, close).expect("io_uring");
        }
        FloorEngine::Epoll => {
            epoll::serve(listener, &Replies::new(), request_bytes, close).expect("epoll");
        }
    });
    Some(address)
}

/// The reply as often as it may go out in one send.
struct Replies(Vec<u8>);

impl Replies {
    fn new() -> Self {
        Self(REPLY.repeat(REPLIES_MAX).into_bytes())
    }

    /// So many replies, or as many as go out in one send.
    fn take(&self, count: usize) -> &[u8] {
        &self.0[..count.min(REPLIES_MAX) * REPLY.len()]
    }
}
