//! Links that change under load, and readers that know which answers are right at
//! each moment.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::{Client, Server};

/// Requests that a reader sends in one go.
const PIPELINED: usize = 16;
/// Connections of a reader, so that it meets every shard.
const CONNECTIONS: usize = 6;
/// A reader comes with a new connection after so many rounds.
const ROUNDS_A_CONNECTION: usize = 500;
/// Links that only every other state has.
const COMING_AND_GOING: u64 = 64;

/// Which states of the links may answer: numbers that only grow.
#[derive(Default)]
pub struct Truth {
    /// All that was acknowledged.
    low: AtomicU64,
    /// The latest that may be visible.
    high: AtomicU64,
}

impl Truth {
    pub fn new(state: u64) -> Self {
        Self { low: state.into(), high: state.into() }
    }

    /// The next state may be seen from now on.
    pub fn begin(&self, state: u64) {
        self.high.store(state, Ordering::SeqCst);
    }

    /// Nothing else may be seen any more.
    pub fn acknowledge(&self, state: u64) {
        self.low.store(state, Ordering::SeqCst);
    }

    fn low(&self) -> u64 {
        self.low.load(Ordering::SeqCst)
    }

    fn high(&self) -> u64 {
        self.high.load(Ordering::SeqCst)
    }
}

/// A table of so many links, and a few more, all of whose targets carry its `state`.
pub fn table(state: u64, links: u64) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(links as usize * 48);
    let parity = state % 2;
    for link in 0..links {
        writeln!(text, "/l/{link} https://t.example/{state}/{link}").unwrap();
    }
    for link in 0..COMING_AND_GOING {
        writeln!(text, "/{parity}/{link} https://t.example/{state}/{link}").unwrap();
    }
    text + &format!("/p/* https://t.example/{state}/:splat\n")
}

/// What a reader asks for.
#[derive(Clone, Copy)]
enum Question {
    Link(u64),
    /// One that only states of this parity have.
    Some(u64, u64),
    Prefix(u64),
}

impl Question {
    fn random(rng: &mut fastrand::Rng, links: u64) -> Self {
        match rng.u8(..10) {
            0 | 1 => Self::Some(rng.u64(..2), rng.u64(..COMING_AND_GOING)),
            2 => Self::Prefix(rng.u64(..links)),
            _ => Self::Link(rng.u64(..links)),
        }
    }

    fn request(self) -> String {
        let path = match self {
            Self::Link(link) => format!("/l/{link}"),
            Self::Some(parity, link) => format!("/{parity}/{link}"),
            Self::Prefix(link) => format!("/p/{link}"),
        };
        format!("GET {path} HTTP/1.1\r\nHost: go.example\r\n\r\n")
    }

    fn link(self) -> u64 {
        match self {
            Self::Link(link) | Self::Some(_, link) | Self::Prefix(link) => link,
        }
    }
}

/// What all readers of a test have seen.
pub struct Seen {
    /// When an answer from a state came for the first time.
    first: Vec<OnceLock<Instant>>,
    /// Answers from each.
    pub answers: Vec<AtomicU64>,
    /// Answers of 404.
    pub absent: AtomicU64,
    /// Of requests that came one at a time, how long the answer took, at three kinds of
    /// moments.
    pub times: [Mutex<Vec<Duration>>; 3],
}

impl Seen {
    /// Nothing yet of states up to `last`.
    pub fn new(last: u64) -> Self {
        Self {
            first: (0..=last).map(|_| OnceLock::new()).collect(),
            answers: (0..=last).map(|_| AtomicU64::new(0)).collect(),
            absent: AtomicU64::new(0),
            times: Default::default(),
        }
    }

    /// When an answer from this state came first.
    pub fn first(&self, state: u64) -> Option<Instant> {
        self.first[state as usize].get().copied()
    }

    /// An answer came that sends there; returns its state and what is behind it.
    pub fn note<'a>(&self, location: &'a str) -> (u64, &'a str) {
        let answer = location.strip_prefix("https://t.example/").and_then(|at| at.split_once('/'));
        let (state, rest) = answer.unwrap_or_else(|| panic!("an answer of no state: {location}"));
        let at: usize = state.parse().unwrap();
        self.first[at].get_or_init(Instant::now);
        self.answers[at].fetch_add(1, Ordering::Relaxed);
        (at as u64, rest)
    }

    pub fn total(&self) -> u64 {
        let answers = self.answers.iter().map(|count| count.load(Ordering::Relaxed));
        answers.sum::<u64>() + self.absent.load(Ordering::Relaxed)
    }
}

/// One of the connections of a reader. It meets one shard only, so no answer of it
/// may be older than one before.
struct Connection {
    client: Client,
    seen: u64,
    rounds: usize,
}

/// Asks for random links until `is_over`, and fails at the first answer that no state
/// may give at that moment.
pub fn read(server: &Server, links: u64, truth: &Truth, seen: &Seen, is_over: &AtomicBool) {
    let open = || Connection { client: Client::new(server.connect()), seen: 0, rounds: 0 };
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| open()).collect();
    let mut rng = fastrand::Rng::new();
    let mut at = 0;
    while !is_over.load(Ordering::Relaxed) {
        at = (at + 1) % CONNECTIONS;
        let connection = &mut connections[at];
        let questions: [Question; PIPELINED] =
            std::array::from_fn(|_| Question::random(&mut rng, links));
        let low = truth.low().max(connection.seen);
        let requests: String = questions.iter().map(|question| question.request()).collect();
        connection.client.send(requests.as_bytes());
        for question in questions {
            check(connection, question, low, truth, seen);
        }
        connection.rounds += 1;
        if connection.rounds == ROUNDS_A_CONNECTION {
            *connection = open();
        }
    }
}

fn check(connection: &mut Connection, question: Question, low: u64, truth: &Truth, seen: &Seen) {
    let reply = connection.client.reply().expect("an answer");
    let low = low.max(connection.seen);
    let high = truth.high();
    let asked = question.request();
    let Some(location) = reply.location else {
        assert_eq!(reply.status, 404, "{asked}");
        let Question::Some(parity, _) = question else { panic!("404 for {asked}") };
        let is_right = (low..=high).any(|state| state % 2 != parity);
        assert!(is_right, "404 for {asked}, where {low} to {high} have it");
        seen.absent.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let (state, link) = seen.note(&location);
    assert_eq!((reply.status, link), (302, &*question.link().to_string()), "{asked}");
    assert!((low..=high).contains(&state), "{location} for {asked}, where {low} to {high} may");
    if let Question::Some(parity, _) = question {
        assert_eq!(state % 2, parity, "{location} for {asked}");
    }
    connection.seen = state;
}

/// Says that it is over, however a thread ends: the others would wait without end.
pub struct OnDrop<'a>(pub &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The value below which this part of them is.
pub fn quantile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    let at = (times.len() as f64 * part) as usize;
    times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}
