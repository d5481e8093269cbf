//! `carom-bench grow`: what a request costs carom as the work grows. Flat is the
//! goal.

mod series;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use serde_json::{Value, json};

use crate::compare::chart::{self, Bar, Panel};
use crate::compare::results::{Measurement, Row, ratio};
use crate::compare::server::{FloorShape, Server, ServerKind, Setup};
use crate::compare::{Load, markdown, measure, report, table};
use crate::keys::Keys;
use crate::load;
use crate::machine;
use crate::place::{Place, WorkFolder, stop_flag};
use crate::requests::{Headers, Requests, Style};
use series::{Point, Series};

const AFTER_HELP: &str = "\
Servers of all steps of a series run at the same time and take turns, as in `compare`. 10 million \
links want about 3 GB of memory and of disk.

Example: carom-bench grow --only connections,pipeline --rounds 3 --seconds 2";

/// What `carom-bench grow` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct GrowArguments {
    /// What grows; may be repeated [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Series>,

    /// Rounds for each series
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// Seconds for each step in a round
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = load::seconds)]
    seconds: f64,

    /// Steps with more links are left out
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    links_max: u32,

    /// Measure the epoll engine instead of io_uring
    #[arg(long)]
    epoll: bool,

    /// Different requests made for each step
    #[arg(long, default_value_t = 65_536, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    distinct: u32,

    #[command(flatten)]
    place: Place,
}

/// A step with what it needs.
struct GrowStep {
    label: String,
    point: Point,
    requests: Requests,
    /// Steps with the same links and shards share a server.
    server: usize,
    row: Row,
}

/// Measures.
pub fn command(arguments: &GrowArguments) -> anyhow::Result<ExitCode> {
    let carom = arguments.place.carom()?;
    let work = arguments.place.folders()?;
    let stop = stop_flag()?;
    machine::raise_open_files();
    let cpus = machine::cpus();
    let load_cpu = *cpus.get(1).unwrap_or(&cpus[0]);
    machine::pin(&[load_cpu])?;
    let mut growth = Growth { arguments, carom, work, cpus, load_cpu, stop };
    let mut done = Vec::new();
    for series in Series::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&series) {
            continue;
        }
        let steps = growth.series(series)?;
        if growth.is_stopped() {
            crate::say("stopped; nothing is written");
            return Ok(ExitCode::FAILURE);
        }
        writeln!(std::io::stdout().lock(), "{}", table_of(series, &steps))?;
        done.push((series, steps));
    }
    write(arguments, &done)?;
    Ok(ExitCode::SUCCESS)
}

struct Growth<'a> {
    arguments: &'a GrowArguments,
    carom: PathBuf,
    work: WorkFolder,
    cpus: Vec<usize>,
    load_cpu: usize,
    stop: Arc<AtomicBool>,
}

impl Growth<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn series(&mut self, series: Series) -> anyhow::Result<Vec<GrowStep>> {
        let mut servers: Vec<((usize, usize), Server)> = Vec::new();
        let mut steps: Vec<GrowStep> = Vec::new();
        for point in series.points(self.arguments.links_max as usize, self.cpus.len()) {
            if self.is_stopped() {
                return Ok(steps);
            }
            steps.push(self.step(series, point, &mut servers)?);
        }
        for round in 1..=self.arguments.rounds {
            for step in &mut steps {
                if self.is_stopped() {
                    return Ok(steps);
                }
                let server = &servers[step.server].1;
                let sample = measure(server, &self.load(step))?;
                crate::say(format_args!(
                    "{} round {round} of {}: {:>10} {:6.2} µs of CPU a request, {:.0} replies a second",
                    series.name(),
                    self.arguments.rounds,
                    step.label,
                    sample.cpu_us(),
                    sample.rate
                ));
                step.row.samples.push(sample);
                server.tidy()?;
            }
        }
        Ok(steps)
    }

    fn load<'b>(&'b self, step: &'b GrowStep) -> Load<'b> {
        Load {
            requests: &step.requests,
            connections: step.point.connections,
            pipeline: step.point.pipeline,
            new_connections: false,
            rate: None,
            seconds: self.arguments.seconds,
            stop: &self.stop,
        }
    }

    /// Makes the requests of a step, and starts its server unless it runs.
    fn step(
        &self,
        series: Series,
        point: Point,
        servers: &mut Vec<((usize, usize), Server)>,
    ) -> anyhow::Result<GrowStep> {
        let wanted = (point.links, point.shards);
        let folder =
            self.work.path().join(format!("{}-{}-{}", series.name(), point.links, point.shards));
        let links = folder.join("links.txt");
        let known = servers.iter().position(|(shape, _)| *shape == wanted);
        if known.is_none() {
            std::fs::create_dir_all(&folder)?;
            table::write(&links, point.links, "")?;
        }
        let style = Style {
            host: "go.example".to_owned(),
            headers: Headers::Minimal,
            close: false,
            cookie_bytes: point.cookie_bytes,
        };
        let distinct = self.arguments.distinct as usize;
        let requests = Requests::drawn(&Keys::read(&links)?, distinct, None, 1, &style)?;
        let kind =
            if self.arguments.epoll { ServerKind::CaromEpoll } else { ServerKind::CaromIoUring };
        let server = match known {
            Some(at) => at,
            None => {
                let setup = Setup {
                    carom: self.carom.clone(),
                    work: folder,
                    links: point.links,
                    server_cpus: self.cpus[..point.shards].to_vec(),
                    load_cpu: self.load_cpu,
                };
                let shape = FloorShape { request_bytes: 1, close: false }; // of no floor
                let (probe, _) = requests.batch(0, 1);
                let server = Server::start(kind, &setup, shape, probe)?;
                server.verify(&requests, 100)?;
                servers.push((wanted, server));
                servers.len() - 1
            }
        };
        let label = series.label(&point, requests.mean_size() as usize);
        Ok(GrowStep { label, point, requests, server, row: Row { kind, samples: Vec::new() } })
    }
}

fn table_of(series: Series, steps: &[GrowStep]) -> String {
    let head =
        [series.title(), "CPU µs a request", "÷ first", "replies a second", "p50", "p99", ""];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for step in steps {
        let row = &step.row;
        lines.push(vec![
            step.label.clone(),
            markdown::figures(row.spread(Measurement::cpu_us), 2),
            markdown::figures(ratio(row, &steps[0].row), 2),
            markdown::figures(row.spread(|sample| sample.rate), 0),
            markdown::latency(row, |sample| sample.p50_us),
            markdown::latency(row, |sample| sample.p99_us),
            markdown::notes(row),
        ]);
    }
    format!("### {}\n\n{}", series.title(), markdown::grid(&lines))
}

fn write(arguments: &GrowArguments, done: &[(Series, Vec<GrowStep>)]) -> anyhow::Result<()> {
    let about = report::about();
    let word = |name: &str| about[name].as_str().unwrap_or("–").to_owned();
    let engine = if arguments.epoll { "epoll" } else { "io_uring" };
    let caption = format!(
        "carom on {engine}, {}, {} CPUs, Linux {}; {} rounds of {} s, loopback. Unless they grow: 1 \
         million links, 64 connections, requests of about 630 bytes, no pipelining, 1 shard",
        word("cpu"),
        about["cpus"],
        word("kernel"),
        arguments.rounds,
        arguments.seconds
    );
    let tables: Vec<_> = done.iter().map(|(series, steps)| table_of(*series, steps)).collect();
    let panels: Vec<_> = done.iter().map(|(series, steps)| panel(*series, steps)).collect();
    let series: Vec<Value> = done.iter().map(|(series, steps)| json_of(*series, steps)).collect();
    let part = if arguments.only.is_empty() { "" } else { "-part" };
    let name = report::file_name(&about, &format!("-grow-{engine}{part}"));
    let text = format!(
        "# How carom's cost grows\n\n{caption}.\n\n![chart]({name}.svg)\n\n{}",
        tables.join("\n")
    );
    let all = json!({"about": about, "engine": engine, "series": series});
    report::save(&arguments.place.out, &name, &all, &text, &chart::svg(&panels, &caption))
}

fn panel(series: Series, steps: &[GrowStep]) -> Panel {
    let bar = |step: &GrowStep| Bar { label: step.label.clone(), row: step.row.clone() };
    Panel { title: series.title().to_owned(), bars: steps.iter().map(bar).collect() }
}

fn json_of(series: Series, steps: &[GrowStep]) -> Value {
    let step = |step: &GrowStep| {
        json!({
            "step": step.label,
            "links": step.point.links,
            "connections": step.point.connections,
            "pipeline": step.point.pipeline,
            "shards": step.point.shards,
            "request_bytes": step.requests.mean_size(),
            "cpu_us_per_request": step.row.spread(Measurement::cpu_us).map(|spread| spread.json()),
            "to_first": ratio(&step.row, &steps[0].row).map(|spread| spread.json()),
            "replies_per_second": step.row.spread(|sample| sample.rate).map(|it| it.json()),
            "errors": step.row.errors(),
        })
    };
    json!({"series": series.name(), "steps": steps.iter().map(step).collect::<Vec<_>>()})
}
