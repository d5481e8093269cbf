//! `carom-bench reloads`: how long replies take while the whole link table is
//! replaced again and again, and without that.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Args, ValueEnum};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::compare::results::{Measurement, Row, Spread};
use crate::compare::server::{FloorShape, Server, ServerKind, Setup};
use crate::compare::{Load, markdown, measure, report, table};
use crate::keys::Keys;
use crate::load;
use crate::machine;
use crate::place::{Cpus, Place, stop_flag};
use crate::requests::{Headers, Requests, Style};

const AFTER_HELP: &str = "\
carom runs on one CPU and the load on another, 64 connections. In each round it is loaded as fast as it \
answers and at half of that rate, each first without reloads, then with one SIGHUP after the \
other. Latency at half of the rate counts from when a request was due.

Example: carom-bench reloads --tables compiled --rounds 3 --seconds 4";

/// What `carom-bench reloads` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct ReloadsArguments {
    /// Links in the table
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    links: u32,

    /// What links are served from [default: both]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    tables: Vec<ServedFrom>,

    /// Rounds for each engine and kind of table
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// Seconds of each load in a round
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = load::seconds)]
    seconds: f64,

    #[command(flatten)]
    cpus: Cpus,

    #[command(flatten)]
    place: Place,
}

/// What links are served from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ServedFrom {
    /// A link file
    Text,
    /// A compiled table
    Compiled,
}

impl ServedFrom {
    const ALL: [Self; 2] = [Self::Text, Self::Compiled];

    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Compiled => "compiled",
        }
    }

    /// Writes a table of `count` links.
    fn write(self, carom: &Path, path: &Path, count: usize) -> anyhow::Result<()> {
        if self == Self::Text {
            return Ok(table::write(path, count, "")?);
        }
        let text = path.with_extension("source");
        table::write(&text, count, "")?;
        let mut compile = Command::new(carom);
        compile.args(["links", "compile"]).arg(&text).arg("-o").arg(path);
        let status = compile.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        fs::remove_file(text)?;
        if !status.success() {
            bail!("`carom links compile` ended with {status}");
        }
        Ok(())
    }
}

/// One load on one server, without and with reloads, a sample of each in a round.
struct ReloadPair {
    kind: ServerKind,
    source: ServedFrom,
    load: &'static str,
    without: Row,
    with: Row,
    /// How long each reload took until every shard had the new table, milliseconds.
    reload_ms: Vec<f64>,
}

const FULL: &str = "as fast as it answers";
const HALF: &str = "half of that rate";
/// Two tables take turns, each with another number of links.
const TABLES: [&str; 2] = ["one", "other"];
const RELOAD_TIME_MAX: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Measures.
pub fn command(arguments: &ReloadsArguments) -> anyhow::Result<ExitCode> {
    let carom = arguments.place.carom()?;
    arguments.cpus.check()?;
    let work = arguments.place.folders()?;
    let stop = stop_flag()?;
    machine::raise_open_files();
    machine::pin(&[arguments.cpus.load_cpu])?;
    let wanted =
        |source: &ServedFrom| arguments.tables.is_empty() || arguments.tables.contains(source);
    let mut pairs = Vec::new();
    for source in ServedFrom::ALL.into_iter().filter(wanted) {
        for kind in [ServerKind::CaromIoUring, ServerKind::CaromEpoll] {
            let engine = if kind == ServerKind::CaromEpoll { "epoll" } else { "io_uring" };
            let folder = work.path().join(source.name()).join(engine);
            pairs.extend(serve(arguments, &carom, folder, kind, source, &stop)?);
            if stop.load(Ordering::Relaxed) {
                crate::say("stopped; nothing is written");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let text = text_of(&pairs);
    writeln!(std::io::stdout().lock(), "{text}")?;
    write(arguments, &pairs, &text)?;
    let errors: u64 = pairs.iter().map(|it| it.without.errors() + it.with.errors()).sum();
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes both tables and puts the first in its place. Returns what is asked.
fn prepared(
    arguments: &ReloadsArguments,
    carom: &Path,
    folder: &Path,
    source: ServedFrom,
) -> anyhow::Result<Requests> {
    fs::create_dir_all(folder)?;
    let count = arguments.links as usize;
    for (more, name) in TABLES.into_iter().enumerate() {
        source.write(carom, &folder.join(name), count + more)?;
    }
    put(folder, 0)?;
    let style = Style {
        host: "go.example".to_owned(),
        headers: Headers::Chrome,
        close: false,
        cookie_bytes: 0,
    };
    let keys = folder.join("keys");
    table::write(&keys, count, "")?;
    Requests::drawn(&Keys::read(&keys)?, 65_536, None, 1, &style)
}

/// All rounds of one server.
fn serve(
    arguments: &ReloadsArguments,
    carom: &Path,
    folder: PathBuf,
    kind: ServerKind,
    source: ServedFrom,
    stop: &AtomicBool,
) -> anyhow::Result<[ReloadPair; 2]> {
    let requests = prepared(arguments, carom, &folder, source)?;
    let setup = Setup {
        carom: carom.to_owned(),
        work: folder.clone(),
        links: arguments.links as usize,
        server_cpus: vec![arguments.cpus.server_cpu],
        load_cpu: arguments.cpus.load_cpu,
    };
    let shape = FloorShape { request_bytes: 1, close: false }; // of no floor
    let server = Server::start(kind, &setup, shape, requests.batch(0, 1).0)?;
    server.verify(&requests, 200)?;
    let row = || Row { kind, samples: Vec::new() };
    let pair = |load| ReloadPair {
        kind,
        source,
        load,
        without: row(),
        with: row(),
        reload_ms: Vec::new(),
    };
    let mut pairs = [pair(FULL), pair(HALF)];
    let mut reloads = Reloads { server: &server, folder: &folder, table: 0 };
    for round in 1..=arguments.rounds {
        let mut rate = None;
        for pair in &mut pairs {
            let load = Load {
                requests: &requests,
                connections: 64,
                pipeline: 1,
                new_connections: false,
                rate,
                seconds: arguments.seconds,
                stop,
            };
            let without = measure(&server, &load)?;
            let (with, reload_ms) = reloads.during(|| measure(&server, &load))?;
            crate::say(format_args!(
                "{}, {}, {}, round {round} of {}: p99 {} without reloads, {} with {}",
                kind.name(),
                source.name(),
                pair.load,
                arguments.rounds,
                load::micros(without.p99_us),
                load::micros(with.p99_us),
                reload_ms.len(),
            ));
            rate = Some(without.rate / 2.0);
            pair.without.samples.push(without);
            pair.with.samples.push(with);
            pair.reload_ms.extend(reload_ms);
            server.tidy()?;
            if stop.load(Ordering::Relaxed) {
                return Ok(pairs);
            }
        }
    }
    Ok(pairs)
}

/// Puts one of the two tables in the place of what is served, as a whole.
fn put(folder: &Path, table: usize) -> anyhow::Result<()> {
    let aside = folder.join("next");
    fs::hard_link(folder.join(TABLES[table]), &aside)?;
    Ok(fs::rename(aside, folder.join("links.txt"))?)
}

/// Replaces the links of a server.
struct Reloads<'a> {
    server: &'a Server,
    folder: &'a Path,
    table: usize,
}

impl Reloads<'_> {
    /// Reloads one time after the other while `work` is done. Returns what it returns,
    /// and how long each reload took, milliseconds.
    fn during(
        &mut self,
        work: impl FnOnce() -> anyhow::Result<Measurement>,
    ) -> anyhow::Result<(Measurement, Vec<f64>)> {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reloads = scope.spawn(|| {
                let mut took = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    took.push(self.once()?);
                }
                self.wait_for_generation()?;
                anyhow::Ok(took)
            });
            let sample = work();
            is_over.store(true, Ordering::Relaxed);
            let took = reloads.join().expect("it does not panic")?;
            Ok((sample?, took))
        })
    }

    fn once(&mut self) -> anyhow::Result<f64> {
        self.table = 1 - self.table;
        put(self.folder, self.table)?;
        let before = self.server.said("reloaded: generation ").len();
        let began = Instant::now();
        kill_process(self.server.pid(), Signal::HUP)?;
        until("a reload", || self.server.said("reloaded: generation ").len() > before)?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }

    /// Waits until the newest generation is kept on the disk and counted: nothing of a
    /// reload is left to do then.
    fn wait_for_generation(&self) -> anyhow::Result<()> {
        let said = self.server.said("reloaded: generation ");
        let number = said.last().and_then(|rest| rest.split(',').next()).unwrap_or("1");
        let kept = self.server.clicks().join(format!(".state/generations/{number}.table"));
        until("keeping a generation", || kept.exists())?;
        let counted = format!("generation {number}: ");
        until("counting what it changed", || {
            said.is_empty() || !self.server.said(&counted).is_empty()
        })
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > RELOAD_TIME_MAX {
            bail!("{what} took more than {} s", RELOAD_TIME_MAX.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// How many times as long the 99th percentile was with reloads, paired by round.
fn ratio(pair: &ReloadPair) -> Option<Spread> {
    let rounds = pair.with.samples.iter().zip(&pair.without.samples);
    Spread::of(rounds.map(|(with, without)| with.p99_us / without.p99_us))
}

fn text_of(pairs: &[ReloadPair]) -> String {
    let head = [
        "server",
        "table",
        "load",
        "p99 without, ms",
        "p99 during, ms",
        "÷",
        "p99.9 without, ms",
        "p99.9 during, ms",
        "a reload, ms",
        "reloads",
        "",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for pair in pairs {
        let samples = [&pair.without, &pair.with].into_iter().flat_map(|row| row.samples.clone());
        let all = Row { kind: pair.kind, samples: samples.collect() };
        let ms = |row: &Row, figure: fn(&Measurement) -> f64| {
            markdown::figures(row.spread(|sample| figure(sample) / 1e3), 2)
        };
        lines.push(vec![
            pair.kind.name().to_owned(),
            pair.source.name().to_owned(),
            pair.load.to_owned(),
            ms(&pair.without, |sample| sample.p99_us),
            ms(&pair.with, |sample| sample.p99_us),
            markdown::figures(ratio(pair), 2),
            ms(&pair.without, |sample| sample.p999_us),
            ms(&pair.with, |sample| sample.p999_us),
            markdown::figures(Spread::of(pair.reload_ms.clone()), 0),
            pair.reload_ms.len().to_string(),
            markdown::notes(&all),
        ]);
    }
    markdown::grid(&lines)
}

fn write(arguments: &ReloadsArguments, pairs: &[ReloadPair], text: &str) -> anyhow::Result<()> {
    let about = report::about();
    let word = |name: &str| about[name].as_str().unwrap_or("–").to_owned();
    let part = if arguments.tables.is_empty() { "" } else { "-part" };
    let name = report::file_name(&about, &format!("-reloads{part}"));
    let page = format!(
        "# Replies while links are reloaded\n\n{}, Linux {}; {} links, {} rounds of {} s, server and \
         load on a CPU each, loopback. Medians (least–most) of the rounds.\n\n{text}",
        word("cpu"),
        word("kernel"),
        arguments.links,
        arguments.rounds,
        arguments.seconds
    );
    let all = json!({"about": about, "rows": pairs.iter().map(json_of).collect::<Vec<_>>()});
    report::save_page(&arguments.place.out, &name, &all, &page)
}

fn json_of(pair: &ReloadPair) -> Value {
    let figures = |row: &Row| {
        json!({
            "replies_per_second": row.spread(|sample| sample.rate).map(Spread::json),
            "p50_us": row.spread(|sample| sample.p50_us).map(Spread::json),
            "p99_us": row.spread(|sample| sample.p99_us).map(Spread::json),
            "p99.9_us": row.spread(|sample| sample.p999_us).map(Spread::json),
            "errors": row.errors(),
        })
    };
    json!({
        "server": pair.kind.name(),
        "table": pair.source.name(),
        "load": pair.load,
        "without": figures(&pair.without),
        "with": figures(&pair.with),
        "p99_ratio": ratio(pair).map(Spread::json),
        "reload_ms": pair.reload_ms,
    })
}
