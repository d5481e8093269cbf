//! `carom-bench compare`: carom beside the floor and its peers, on the same links
//! and the same requests, in alternating rounds.

pub mod chart;
pub mod markdown;
pub mod measure;
pub mod peers;
pub mod report;
pub mod results;
pub mod server;
pub mod table;
mod workload;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use clap::Args;

use crate::keys::Keys;
use crate::load;
use crate::machine;
use crate::place::{Cpus, Place, stop_flag};
use crate::requests::{Headers, Requests, Style};
pub use measure::{Load, measure};
use results::{Measurement, Row, Section};
use server::{FloorShape, Server, ServerKind, Setup};
use workload::Workload;

const AFTER_HELP: &str = "\
Each server runs on one CPU and the load on another. In each round every server gets the same \
requests once, one after another (A B C, A B C), so that what disturbs the machine disturbs all. \
Everything that is started is ended again, also on Ctrl-C.

docs/benchmarks.md says how to read the figures. scripts/bench-setup installs nginx and haproxy.

Example: carom-bench compare --only keep64 --rounds 3 --seconds 2";

/// What `carom-bench compare` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct CompareArguments {
    /// Rounds for each workload
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// Seconds for each server in a round
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = load::seconds)]
    seconds: f64,

    /// Workload; may be repeated [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Workload>,

    /// Server; may be repeated [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    servers: Vec<ServerKind>,

    /// Links that every server holds
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    links: u32,

    /// Draw links by Zipf's law with this exponent [default: uniformly]
    #[arg(long, value_name = "S", value_parser = load::rate)]
    zipf: Option<f64>,

    /// Fields of a request
    #[arg(long, default_value = "chrome")]
    headers: Headers,

    /// Different requests made before a run
    #[arg(long, default_value_t = 65_536, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    distinct: u32,

    #[command(flatten)]
    cpus: Cpus,

    #[command(flatten)]
    place: Place,
}

const REPLIES_VERIFIED: usize = 200;

/// Compares.
pub fn command(arguments: &CompareArguments) -> anyhow::Result<ExitCode> {
    let carom = arguments.place.carom()?;
    arguments.cpus.check()?;
    let work = arguments.place.folders()?;
    let stop = stop_flag()?;
    table::write(&work.path().join("links.txt"), arguments.links as usize, "")?;
    let setup = Setup {
        carom,
        work: work.path().to_owned(),
        links: arguments.links as usize,
        server_cpus: vec![arguments.cpus.server_cpu],
        load_cpu: arguments.cpus.load_cpu,
    };
    machine::raise_open_files();
    machine::pin(&[arguments.cpus.load_cpu])?;
    let mut comparison =
        Comparison { arguments, setup, stop, servers: Vec::new(), absent: Vec::new() };
    let sections = comparison.run()?;
    if comparison.is_stopped() {
        crate::say("stopped; nothing is written");
        return Ok(ExitCode::FAILURE);
    }
    report::write(arguments, &sections)?;
    let complete = sections.iter().all(|section| {
        section.rows.iter().all(|row| row.samples.len() == arguments.rounds as usize)
    });
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl CompareArguments {
    fn workloads(&self) -> Vec<Workload> {
        let wanted = |one: &Workload| self.only.is_empty() || self.only.contains(one);
        Workload::ALL.into_iter().filter(wanted).collect()
    }

    fn kinds(&self) -> Vec<ServerKind> {
        let wanted = |one: &ServerKind| self.servers.is_empty() || self.servers.contains(one);
        ServerKind::ALL.into_iter().filter(wanted).collect()
    }
}

struct Comparison<'a> {
    arguments: &'a CompareArguments,
    setup: Setup,
    stop: Arc<AtomicBool>,
    servers: Vec<Server>,
    /// Could not be started, or answered wrongly; said once.
    absent: Vec<ServerKind>,
}

impl Comparison<'_> {
    fn run(&mut self) -> anyhow::Result<Vec<Section>> {
        let keys = Keys::read(&self.setup.work.join("links.txt"))?;
        let mut sections = Vec::new();
        for workload in self.arguments.workloads() {
            if self.is_stopped() {
                break;
            }
            let section = self.section(workload, &keys)?;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", markdown::table(&section))?;
            sections.push(section);
        }
        Ok(sections)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn requests(&self, keys: &Keys, close: bool) -> anyhow::Result<Requests> {
        let headers = self.arguments.headers;
        // One host of one length, whichever port a server has.
        let style = Style { host: "go.example".to_owned(), headers, close, cookie_bytes: 0 };
        Requests::drawn(keys, self.arguments.distinct as usize, self.arguments.zipf, 1, &style)
    }

    fn section(&mut self, workload: Workload, keys: &Keys) -> anyhow::Result<Section> {
        let requests = self.requests(keys, workload.closes())?;
        self.start_servers(workload, &requests)?;
        let mut rows: Vec<Row> = self
            .servers
            .iter()
            .map(|server| Row { kind: server.kind, samples: Vec::new() })
            .collect();
        let rate = self.rate(workload, &requests)?;
        for round in 1..=self.arguments.rounds {
            for (server, row) in self.servers.iter().zip(&mut rows) {
                if self.is_stopped() {
                    return Ok(Section { workload, rate, rows });
                }
                let sample = self.sample(server, workload, &requests, rate)?;
                crate::say(format_args!(
                    "{} round {round} of {}: {:<16} {:6.2} µs of CPU a request, {:.0} replies a second{}",
                    workload.name(),
                    self.arguments.rounds,
                    server.kind.name(),
                    sample.cpu_us(),
                    sample.rate,
                    if sample.errors > 0 {
                        format!(", {} errors", sample.errors)
                    } else {
                        String::new()
                    },
                ));
                // A run cut short by Ctrl-C is none.
                if !self.is_stopped() {
                    row.samples.push(sample);
                }
                server.tidy()?;
            }
        }
        Ok(Section { workload, rate, rows })
    }

    /// Floors are made for one workload; the others serve all of them.
    fn start_servers(&mut self, workload: Workload, requests: &Requests) -> anyhow::Result<()> {
        let request_bytes = requests
            .common_size()
            .context("the requests differ in size; the floor cannot count them")?;
        let shape = FloorShape { request_bytes, close: workload.closes() };
        let mut old = std::mem::take(&mut self.servers);
        old.retain(|server| !server.kind.is_floor());
        let (probe, _) = requests.batch(0, 1);
        for kind in self.arguments.kinds() {
            if let Some(at) = old.iter().position(|server| server.kind == kind) {
                self.servers.push(old.remove(at));
                continue;
            }
            if self.absent.contains(&kind) {
                continue;
            }
            if self.is_stopped() {
                return Ok(());
            }
            let started = Server::start(kind, &self.setup, shape, probe)
                .and_then(|server| server.verify(requests, REPLIES_VERIFIED).map(|()| server));
            match started {
                Ok(server) => self.servers.push(server),
                Err(error) => {
                    crate::say(format_args!("warning: without {}: {error:#}", kind.name()));
                    self.absent.push(kind);
                }
            }
        }
        if self.servers.is_empty() && !self.is_stopped() {
            bail!("no server could be started");
        }
        Ok(())
    }

    /// Half of what nginx, or else the first server, answers when it is asked for
    /// all it can.
    fn rate(&self, workload: Workload, requests: &Requests) -> anyhow::Result<Option<f64>> {
        let nginx = self.servers.iter().find(|server| server.kind == ServerKind::Nginx);
        let Some(server) = nginx.or(self.servers.first()).filter(|_| workload.is_open_loop())
        else {
            return Ok(None);
        };
        let peak = self.sample(server, workload, requests, None)?.rate;
        server.tidy()?;
        Ok(Some((peak / 2.0).max(1.0).round()))
    }

    fn sample(
        &self,
        server: &Server,
        workload: Workload,
        requests: &Requests,
        rate: Option<f64>,
    ) -> anyhow::Result<Measurement> {
        let load = Load {
            requests,
            connections: workload.connections(),
            pipeline: workload.pipeline(),
            new_connections: workload.closes(),
            rate,
            seconds: self.arguments.seconds,
            stop: &self.stop,
        };
        measure(server, &load)
    }
}
