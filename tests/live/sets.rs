//! Single links set and unset under full load: each answer is right at its moment, on
//! every shard, also while the link files are reloaded below.
//!
//! The suite does this small. `scripts/live-updates` does it at full scale
//! (`CAROM_LINKS`, `CAROM_SETS`), where the figures printed are worth something.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::both_engines;
use crate::common::admin::Admin;
use crate::common::live::{OnDrop, quantile};
use crate::common::process::memory;
use crate::common::scale::{from_env, seed};
use crate::common::{self, Client, Engine, Server, Setup, until};

/// Keys that are set and unset; half of them are in the link files.
const KEYS: usize = 200;
/// Links changed at once, at most.
const AT_ONCE: usize = 4;
/// Clients that send as fast as they are answered.
const READERS: usize = 2;
/// Connections of each, so that it meets every shard.
const CONNECTIONS: usize = 6;
/// Requests that a reader sends in one go.
const PIPELINED: usize = 16;

/// Memory that the allocator may keep, however small the table is.
const SLACK_BYTES: u64 = 16 << 20;

both_engines!(
    /// Each answer is of the links before or after, and of no others.
    sets_under_load,
    sets_under_load
);

/// What a key answers from a change on: the number of the change whose target it has;
/// `None` where it has none.
type History = Vec<(u64, Option<u64>)>;

/// Which changes may be visible, and what each key answers by them.
struct Truth {
    keys: Vec<Mutex<History>>,
    /// The last change that was acknowledged.
    low: AtomicU64,
    /// The last that may be visible.
    high: AtomicU64,
}

impl Truth {
    fn new() -> Self {
        let first = |key| Mutex::new(vec![(0, is_in_files(key).then_some(0))]);
        Self { keys: (0..KEYS).map(first).collect(), low: 0.into(), high: 0.into() }
    }

    /// Whether a key may answer that, when changes from `low` to `high` may be the
    /// last that is seen.
    fn allows(&self, key: usize, answer: Option<u64>, low: u64, high: u64) -> bool {
        let history = self.keys[key].lock().unwrap();
        // That of the last change up to `low`, and all between.
        let begin = history.partition_point(|(change, _)| *change <= low) - 1;
        let end = history.partition_point(|(change, _)| *change <= high);
        history[begin..end].iter().any(|(_, then)| *then == answer)
    }
}

fn is_in_files(key: usize) -> bool {
    key.is_multiple_of(2)
}

fn line(key: usize, change: u64) -> String {
    format!("/s/{key} https://t.example/{change}/{key}\n")
}

fn sets_under_load(engine: Engine) {
    let links = from_env("CAROM_LINKS", 5_000_u64);
    let sets = from_env("CAROM_SETS", 300_u64);
    let mut text: String =
        (0..KEYS).filter(|&key| is_in_files(key)).map(|key| line(key, 0)).collect();
    text.extend((0..links).map(|link| format!("/l/{link} https://t.example/l/{link}\n")));
    // What is kept to be taken back is memory by wish.
    let setup = Setup::new(engine, &text).flag("--keep-generations", "1");
    let mut server = setup.segments("64MiB").start();
    let (truth, answers, is_over) = (Truth::new(), AtomicU64::new(0), AtomicBool::new(false));
    let mut rng = fastrand::Rng::with_seed(seed());
    let (mut times, mut before, mut after) = (Vec::new(), 0, 0);
    std::thread::scope(|scope| {
        let over = OnDrop(&is_over);
        for _ in 0..READERS {
            scope.spawn(|| {
                let _over = OnDrop(&is_over);
                read(&server, &truth, &answers, &is_over);
            });
        }
        let answered = |more: u64| {
            let now = || answers.load(Ordering::Relaxed);
            let wanted = now() + more;
            until("readers are answered", || is_over.load(Ordering::Relaxed) || now() >= wanted);
        };
        answered(10_000);
        before = memory(server.pid()).anonymous;
        let mut admin = Admin::of(&server);
        let mut done = 0;
        let mut change = 0;
        while done < sets && !is_over.load(Ordering::Relaxed) {
            change += 1;
            let keys = some_keys(&mut rng);
            times.push(edit(&mut admin, &truth, change, &keys, rng.u8(..4) > 0));
            let quarter = done * 4 / sets;
            done += keys.len() as u64;
            if done * 4 / sets > quarter {
                admin.done("/links/reload", &json!({}));
            }
        }
        answered(10_000);
        after = memory(server.pid()).anonymous;
        drop(over);
    });
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    eprintln!(
        "{}: {sets} links set or unset over {links}: {} answers, all right; visible on every \
         shard after {:.1?} (p99 {:.1?}); memory {} MiB before, {} MiB after",
        engine.name(),
        answers.into_inner(),
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.99),
        before >> 20,
        after >> 20,
    );
    assert!(after <= before + before / 10 + SLACK_BYTES, "{before} bytes, then {after}");
}

fn some_keys(rng: &mut fastrand::Rng) -> Vec<usize> {
    let mut keys: Vec<usize> = (0..rng.usize(1..=AT_ONCE)).map(|_| rng.usize(..KEYS)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Sets these keys, or unsets them, as the change of that number; returns how long it
/// took until that was acknowledged.
fn edit(admin: &mut Admin, truth: &Truth, change: u64, keys: &[usize], sets: bool) -> Duration {
    for &key in keys {
        truth.keys[key].lock().unwrap().push((change, sets.then_some(change)));
    }
    truth.high.store(change, Ordering::SeqCst);
    let begun = Instant::now();
    if sets {
        let lines: String = keys.iter().map(|&key| line(key, change)).collect();
        admin.done("/links/set", &json!({ "lines": lines }));
    } else {
        let keys: String = keys.iter().map(|key| format!("/s/{key}\n")).collect();
        admin.done("/links/unset", &json!({ "keys": keys }));
    }
    truth.low.store(change, Ordering::SeqCst);
    begun.elapsed()
}

/// Asks for keys until `is_over`, and fails at the first answer that is wrong.
fn read(server: &Server, truth: &Truth, answers: &AtomicU64, is_over: &AtomicBool) {
    // Each meets one shard only, which has seen a change if an answer was of it.
    let mut connections: Vec<_> =
        (0..CONNECTIONS).map(|_| (Client::new(server.connect()), 0)).collect();
    let mut rng = fastrand::Rng::new();
    let mut at = 0;
    while !is_over.load(Ordering::Relaxed) {
        at = (at + 1) % CONNECTIONS;
        let (client, seen) = &mut connections[at];
        let keys: [usize; PIPELINED] = std::array::from_fn(|_| rng.usize(..KEYS));
        let low = truth.low.load(Ordering::SeqCst);
        let request = |key| format!("GET /s/{key} HTTP/1.1\r\nHost: go.example\r\n\r\n");
        client.send(keys.map(request).concat().as_bytes());
        for key in keys {
            let reply = client.reply().expect("an answer");
            let (low, high) = (low.max(*seen), truth.high.load(Ordering::SeqCst));
            let answer = reply.location.as_ref().map(|location| {
                let numbers = location.strip_prefix("https://t.example/").unwrap();
                let (change, of) = numbers.split_once('/').unwrap();
                assert_eq!((reply.status, of), (302, &*key.to_string()));
                change.parse::<u64>().unwrap()
            });
            let is_right = truth.allows(key, answer, low, high);
            assert!(is_right, "{reply:?} for /s/{key} at change {low} to {high}");
            *seen = (*seen).max(answer.unwrap_or(0));
        }
        answers.fetch_add(PIPELINED as u64, Ordering::Relaxed);
    }
}
