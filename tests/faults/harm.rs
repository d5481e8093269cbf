//! Something is done to a server's click folder while it is under load. It lives, says
//! what it found, and every redirect has its click or is counted.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use carom::clicks::SegmentReader;
use carom::clicks::folder::list;

use crate::common::{Client, Server, connect, until};

/// Requests that a client has under way.
const PIPELINED: u64 = 32;
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: t.example\r\nUser-Agent: load/1.0\r\n\r\n";
/// Redirects before and after the harm, at least.
const SERVED_MIN: u64 = 2_000;
pub const LINKS: &str = "/a https://a.example/\n/b https://b.example/\n";

/// How a server came through.
#[derive(Debug)]
pub struct Outcome {
    /// Redirects that clients received.
    pub served: u64,
    /// Counted by the server: not recorded, and recorded where they may be gone.
    pub lost: u64,
    pub doubtful: u64,
    pub said: String,
}

impl Outcome {
    /// Of what was served, everything is among the `recorded`, or counted. Nothing is
    /// recorded twice.
    pub fn judge(&self, recorded: u64) {
        let Self { served, lost, doubtful, said } = self;
        eprintln!("{served} served, {recorded} recorded, {lost} lost, {doubtful} may be gone");
        assert!(recorded <= *served && *served <= recorded + lost + doubtful, "{said}");
    }
}

/// The segment that the first shard is writing; none where there is no folder.
pub fn live_segment(folder: &Path) -> Option<PathBuf> {
    let files = list(folder).ok()?.into_iter().filter(|file| file.shard == 0);
    let mut live = files.filter(|segment| {
        let reader = segment.open().and_then(SegmentReader::open);
        reader.is_ok_and(|it| it.is_ok_and(|it| it.is_begun() && it.seal().is_none()))
    });
    live.next_back().map(|segment| segment.path)
}

/// Waits until the shard writes a later segment than `before`, and returns that.
pub fn left(folder: &Path, before: &Path) -> PathBuf {
    let mut now = None;
    until("it writes another segment", || {
        now = live_segment(folder).filter(|now| now.file_name() > before.file_name());
        now.is_some()
    });
    now.unwrap()
}

fn load(address: SocketAddr, request: &[u8], is_over: &AtomicBool, served: &AtomicU64) {
    let mut client = Client::new(connect(address));
    while !is_over.load(Ordering::Relaxed) {
        client.send(&request.repeat(PIPELINED as usize));
        for _ in 0..PIPELINED {
            assert_eq!(client.reply().expect("an answer").status, 302);
            served.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Ends the load when dropped, also when an assertion fails.
struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `harm` to a server under load, waits until it has said all of `words`, and
/// stops it after it has served on. The last request is for `/b`.
pub fn under_load(server: &mut Server, harm: impl FnOnce(&Path), words: &[&str]) -> Outcome {
    under_load_of(REQUEST, server, harm, words)
}

/// The same once the shard writes a segment of this size. Requests are long, so that it is
/// full sooner.
pub fn with_a_large_segment(
    bytes: u64,
    server: &mut Server,
    harm: impl FnOnce(&Path),
    words: &[&str],
) -> Outcome {
    let query = "q".repeat(480);
    let request = format!("GET /a?{query} HTTP/1.1\r\nHost: t.example\r\n\r\n");
    let bytes_of = |path: PathBuf| path.metadata().map_or(0, |file| file.len());
    let harm = |folder: &Path| {
        until("it writes a large segment", || live_segment(folder).map(bytes_of) == Some(bytes));
        harm(folder);
    };
    under_load_of(request.as_bytes(), server, harm, words)
}

fn under_load_of(
    request: &[u8],
    server: &mut Server,
    harm: impl FnOnce(&Path),
    words: &[&str],
) -> Outcome {
    let (is_over, served) = (AtomicBool::new(false), AtomicU64::new(0));
    let folder = server.setup.clicks_folder();
    std::thread::scope(|scope| {
        let stopper = Stopper(&is_over);
        for _ in 0..2 {
            scope.spawn(|| load(server.address, request, &is_over, &served));
        }
        let serve_on = || {
            let enough = served.load(Ordering::Relaxed) + SERVED_MIN;
            until("more is served", || served.load(Ordering::Relaxed) >= enough);
        };
        serve_on();
        harm(&folder);
        words.iter().for_each(|words| server.wait_until_said(words, 1));
        serve_on();
        drop(stopper);
    });
    assert_eq!(Client::new(server.connect()).get("t.example", "/b").unwrap().status, 302);
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    let stopped = said.lines().find(|line| line.contains("stopped: ")).unwrap();
    let before = |words: &str| {
        let (before, _) = stopped.split_once(words)?;
        before.rsplit_once(' ')?.1.parse().ok()
    };
    let (lost, doubtful) = (before(" lost").unwrap(), before(" of those recorded may be gone"));
    Outcome { served: served.into_inner() + 1, lost, doubtful: doubtful.unwrap_or(0), said }
}
