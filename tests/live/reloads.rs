//! Links reloaded under full load, every fourth time from a file that is bad: no
//! wrong, mixed or failed answer, and no memory kept.
//!
//! The suite does this small. `scripts/live-updates` does it at full scale
//! (`CAROM_LINKS`, `CAROM_RELOADS`), where the figures printed are worth something;
//! times are never asserted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carom::clicks::Ledger;
use rustix::process::Signal;

use crate::both_engines;
use crate::common::live::{OnDrop, Seen, Truth, quantile, read, table};
use crate::common::process::memory;
use crate::common::scale::from_env;
use crate::common::{self, Client, Engine, Server, Setup, carom, until};

/// Clients that send as fast as they are answered.
const READERS: usize = 2;
/// The client whose times are measured asks so often.
const EVERY: Duration = Duration::from_millis(1);
/// When a time is measured: nothing happens, the test writes the next links (which
/// costs the server its CPU), the server reloads them.
const QUIET: usize = 0;
const WRITING: usize = 1;
const RELOADING: usize = 2;
/// Memory that the allocator may keep, however small the table is.
const SLACK_BYTES: u64 = 16 << 20;

both_engines!(
    /// Each answer is of the table before or after, and of no other.
    link_files_reloaded_under_load,
    |engine| reloads_under_load(engine, Kind::Text)
);
both_engines!(
    /// The same, with tables that are mapped.
    compiled_tables_reloaded_under_load,
    |engine| reloads_under_load(engine, Kind::Compiled)
);

/// What the links are served from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Compiled,
}

impl Kind {
    /// Puts these links at `path`, in the place of those that are there.
    fn put(self, path: &Path, text: &str) {
        let source = path.with_extension("txt");
        fs::write(&source, text).unwrap();
        if self == Self::Compiled {
            let ran = carom([Path::new("links"), "compile".as_ref(), &source, "-o".as_ref(), path]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
    }

    /// The file that is served, in this folder.
    fn path(self, folder: &Path) -> PathBuf {
        match self {
            Self::Text => folder.join("links.txt"),
            Self::Compiled => folder.join("links.table"),
        }
    }
}

fn reloads_under_load(engine: Engine, kind: Kind) {
    let links = from_env("CAROM_LINKS", 10_000_u64);
    let reloads = from_env("CAROM_RELOADS", 8_u64);
    let mut setup = Setup::new(engine, "");
    setup.links = vec![kind.path(setup.folder.path())];
    kind.put(&setup.links[0], &table(1, links));
    let mut server = setup.segments("64MiB").start();
    let (truth, seen) = (Truth::new(1), Seen::new(reloads + 1));
    let (is_over, moment) = (AtomicBool::new(false), AtomicUsize::new(QUIET));
    let mut figures = Figures::default();
    std::thread::scope(|scope| {
        let over = OnDrop(&is_over);
        for _ in 0..READERS {
            scope.spawn(|| {
                let _over = OnDrop(&is_over);
                read(&server, links, &truth, &seen, &is_over);
            });
        }
        scope.spawn(|| {
            let _over = OnDrop(&is_over);
            measure(&server, &seen, &moment, &is_over);
        });
        let load = Load { server: &server, truth: &truth, seen: &seen, is_over: &is_over };
        load.answered(20_000);
        figures.before = memory(server.pid()).anonymous;
        let state = load.reload(kind, [reloads, links], &moment, &mut figures);
        load.answered(20_000);
        // Generations that are kept are files, written beside the serving.
        let newest = format!(".state/generations/{state}.table");
        let newest = server.setup.clicks_folder().join(newest);
        until("the tables are on the disk", || newest.exists());
        until("the memory of the tables that were replaced is given back", || {
            figures.after = memory(server.pid()).anonymous;
            figures.after <= figures.before + figures.before / 10 + SLACK_BYTES
        });
        drop(over);
    });
    let (code, said) = server.stop();
    assert_eq!(code, Some(0), "{said}");
    compare_clicks(&server, &seen);
    let (engine, refused) = (engine.name(), reloads / 4);
    let what = format!("{engine}: {kind:?}: {reloads} reloads of {links} links, {refused} of them");
    figures.print(&what, seen);
}

/// A server under load.
struct Load<'a> {
    server: &'a Server,
    truth: &'a Truth,
    seen: &'a Seen,
    is_over: &'a AtomicBool,
}

impl Load<'_> {
    /// Waits until clients have got so many more answers.
    fn answered(&self, more: u64) {
        let wanted = self.seen.total() + more;
        until("readers are answered", || {
            self.is_over.load(Ordering::Relaxed) || self.seen.total() >= wanted
        });
    }

    /// Reloads so often. Returns the last state of the links.
    fn reload(
        &self,
        kind: Kind,
        [reloads, links]: [u64; 2],
        moment: &AtomicUsize,
        figures: &mut Figures,
    ) -> u64 {
        let (server, mut state) = (self.server, 1);
        moment.store(WRITING, Ordering::Relaxed);
        for reload in 1..=reloads {
            if reload % 4 == 0 {
                refused(server, kind, state, links, reload / 4);
                continue;
            }
            kind.put(&server.setup.links[0], &table(state + 1, links));
            state += 1;
            self.truth.begin(state);
            let begun = Instant::now();
            moment.store(RELOADING, Ordering::Relaxed);
            server.signal(Signal::HUP);
            server.wait_until_said(&format!("reloaded: generation {state},"), 1);
            self.truth.acknowledge(state);
            moment.store(WRITING, Ordering::Relaxed);
            figures.to_every.push(begun.elapsed());
            let has_failed = || self.is_over.load(Ordering::Relaxed);
            let answers = || self.seen.first(state).is_some();
            until("the new table answers", || has_failed() || answers());
            assert!(!has_failed(), "a reader has failed");
            figures.to_first.push(self.seen.first(state).unwrap() - begun);
        }
        moment.store(QUIET, Ordering::Relaxed);
        state
    }
}

/// What is measured.
#[derive(Default)]
struct Figures {
    /// From a signal to the first answer of the new table.
    to_first: Vec<Duration>,
    /// And until every shard has it.
    to_every: Vec<Duration>,
    /// Memory of the server, before and after.
    before: u64,
    after: u64,
}

impl Figures {
    fn print(mut self, what: &str, seen: Seen) {
        let mut times = seen.times.map(|times| times.into_inner().unwrap());
        let [quiet, reloading] = [QUIET, RELOADING].map(|at| quantile(&mut times[at], 0.99));
        let total: u64 = seen.answers.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        eprintln!(
            "{what} refused: {total} redirects, all right; first answer from the new table after {:.0?} \
             (most {:.0?}), acknowledged after {:.0?}; p99 {quiet:.1?} without reloads, \
             {reloading:.1?} during; memory {} MiB before, {} MiB after",
            quantile(&mut self.to_first, 0.5),
            self.to_first.iter().max().unwrap(),
            quantile(&mut self.to_every, 0.5),
            self.before >> 20,
            self.after >> 20,
        );
    }
}

both_engines!(
    /// Tables that are much larger than what the allocator may keep.
    kept_generations_are_no_memory,
    |engine| {
        let links = |state: u64| -> String {
            let long = "x".repeat(1500);
            (0..10_000).map(|link| format!("/{link} https://t.example/{state}/{long}\n")).collect()
        };
        let server = Setup::new(engine, &links(1)).start();
        let stored = |state: u64| {
            let name = format!(".state/generations/{state}.table");
            let path = server.setup.clicks_folder().join(name);
            until("the table is on the disk", || path.exists());
        };
        stored(1);
        let before = memory(server.pid()).anonymous;
        for state in 2..=5 {
            fs::write(&server.setup.links[0], links(state)).unwrap();
            server.signal(Signal::HUP);
            server.wait_until_said(&format!("reloaded: generation {state},"), 1);
            stored(state);
        }
        until("one table is in memory, and not five", || {
            memory(server.pid()).anonymous <= before + before / 10 + SLACK_BYTES
        });
    }
);

/// Every answer has its click, of the generation that gave it.
fn compare_clicks(server: &Server, seen: &Seen) {
    let mut ledger = Ledger::open(&[server.setup.clicks_folder()], false).unwrap();
    let mut clicks = vec![0; seen.answers.len()];
    while let Some(entry) = ledger.next_click_by_shard().unwrap() {
        clicks[entry.click.generation as usize] += u64::from(entry.click.status == 302);
    }
    let lost = ledger.tally().lost;
    for (generation, answers) in seen.answers.iter().enumerate() {
        let (answers, clicks) = (answers.load(Ordering::Relaxed), clicks[generation]);
        let is_right = clicks <= answers && answers <= clicks + lost;
        assert!(is_right, "{answers} answers of {generation}, {clicks} clicks, {lost} lost");
    }
}

/// Reloads a file that is bad, for the `count`th time: it is told why, and the old
/// table stays.
fn refused(server: &Server, kind: Kind, state: u64, links: u64, count: u64) {
    let path: &Path = &server.setup.links[0];
    let words = match kind {
        Kind::Text => put_bad_lines(path, &table(u64::MAX, links)),
        Kind::Compiled => vec![put_damaged(path, count)],
    };
    server.signal(Signal::HUP);
    server.wait_until_said("not reloaded, generation", count as usize);
    server.wait_until_said(&format!("not reloaded, generation {state} stays"), 1);
    for words in words {
        server.wait_until_said(&words, 1);
    }
}

/// A line without a target, one with a status that no link has, a key twice. Returns
/// how each is told.
fn put_bad_lines(path: &Path, good: &str) -> Vec<String> {
    let middle = good[..good.len() / 2].rfind('\n').unwrap() + 1;
    let (before, after) = good.split_at(middle);
    let text =
        format!("/l/0 https://t.example/ 200\n{before}/bad\n{after}/l/1 https://t.example/\n");
    let (line, last) = (before.lines().count() + 2, text.lines().count());
    fs::write(path, text).unwrap();
    let told = [(1, "status 200"), (line, "/bad has no target"), (last, "/l/1 is already")];
    told.map(|(line, what)| format!("{}:{line}: {what}", path.display())).to_vec()
}

/// The table that is there with one byte changed, or without its end. Returns how it is
/// told.
fn put_damaged(path: &Path, count: u64) -> String {
    let mut bytes = fs::read(path).unwrap();
    let what = if count.is_multiple_of(2) {
        bytes.truncate(bytes.len() - 1);
        "it is cut short"
    } else {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        "it is damaged"
    };
    // Another file: the one that is served is mapped.
    let other = path.with_extension("damaged");
    fs::write(&other, bytes).unwrap();
    fs::rename(other, path).unwrap();
    what.to_owned()
}

/// Asks for one link at a time, at set times, and notes how long each answer takes
/// from the moment that it was due.
fn measure(server: &Server, seen: &Seen, moment: &AtomicUsize, is_over: &AtomicBool) {
    let mut client = Client::new(server.connect());
    let mut due = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        due += EVERY;
        while let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(wait);
        }
        let reply = client.get("go.example", "/l/7").expect("an answer");
        seen.note(&reply.location.expect("it is redirected"));
        let times = &seen.times[moment.load(Ordering::Relaxed)];
        times.lock().unwrap().push(due.elapsed());
    }
}
