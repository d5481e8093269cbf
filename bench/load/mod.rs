//! `carom-bench load`: asks a server for redirects and says how that went.

mod connection;
mod generator;
mod outcome;

use std::io::{IsTerminal, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

pub use generator::{Limit, LoadPlan, Moment, run};
pub use outcome::{Outcome, micros};

use crate::keys::Keys;
use crate::requests::{Headers, Requests, Style};

const AFTER_HELP: &str = "\
Closed loop: each connection sends its next requests when all replies are there. It finds the \
highest rate, but a server that stalls is asked less: read latencies from an open loop.

Open loop (--rate): requests are due at a fixed rate, whatever the server does, and latency counts \
from when a request was due.

Exit code: 0 all went well, 1 there were errors, 2 an argument is not understood.

Example: carom-bench load 127.0.0.1:8080 --links links.txt --zipf 1.1 --rate 20000";

/// What `carom-bench load` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
pub struct LoadArguments {
    /// Where the server is: 127.0.0.1:8080, or http://host:port/path to ask for this path alone
    #[arg(value_name = "URL|ADDR")]
    target: String,

    /// Connections kept busy
    #[arg(long, short, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    connections: u32,

    /// Requests sent in one write; the next follow when all are answered
    #[arg(long, short, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pipeline: u16,

    /// How long
    #[arg(long, default_value_t = 10.0, value_name = "S", value_parser = seconds)]
    seconds: f64,

    /// How many requests, instead of a time
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    requests: Option<u64>,

    /// Seconds of load before anything counts
    #[arg(long, default_value_t = 0.0, value_name = "S", value_parser = seconds)]
    warm_up: f64,

    /// One request for each connection: connect, ask, read until the server closes
    #[arg(long, conflicts_with = "pipeline")]
    new_connections: bool,

    /// Requests due a second (open loop) [default: as many as are answered]
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,

    /// Link file in the native format, whose keys are asked for
    #[arg(long, value_name = "FILE")]
    links: Option<PathBuf>,

    /// Draw links by Zipf's law with this exponent [default: uniformly]
    #[arg(long, value_name = "S", value_parser = rate, requires = "links")]
    zipf: Option<f64>,

    /// Access log in the combined format: its requests in its order, with its referers and user agents
    #[arg(long, value_name = "FILE", conflicts_with = "links")]
    replay: Option<PathBuf>,

    /// Fields of a request
    #[arg(long, default_value = "minimal")]
    headers: Headers,

    /// Different requests made before the run
    #[arg(long, default_value_t = 65_536, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    distinct: u32,

    /// Which links are drawn depends on this number alone
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Status that is no error; may be repeated [default: any redirect]
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(200..=599))]
    expect: Vec<u16>,

    /// Seconds until a request without a whole reply has failed
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = seconds)]
    timeout: f64,

    /// Write the figures to this file as JSON; - for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Loads; the exit code says whether there were errors.
pub fn command(arguments: &LoadArguments) -> anyhow::Result<ExitCode> {
    crate::machine::raise_open_files();
    let target = ServerUrl::parse(&arguments.target)?;
    let requests = arguments.prepare(&target)?;
    drop(TcpStream::connect_timeout(&target.address, Duration::from_secs(5)).with_context(
        || format!("no server answers at {}; is it running, and on this port?", target.address),
    )?);
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, stop.clone())?;
    let plan = LoadPlan {
        target: target.address,
        requests: &requests,
        connections: arguments.connections as usize,
        pipeline: arguments.pipeline.into(),
        new_connections: arguments.new_connections,
        rate: arguments.rate,
        limit: match arguments.requests {
            Some(count) => Limit::Requests(count),
            None => Limit::Time(Duration::from_secs_f64(arguments.seconds)),
        },
        warm_up: Duration::from_secs_f64(arguments.warm_up),
        timeout: Duration::from_secs_f64(arguments.timeout),
        expect: &arguments.expect,
        stop: &stop,
    };
    let mut progress =
        Progress { is_shown: std::io::stderr().is_terminal(), ..Progress::default() };
    let outcome = run(&plan, &mut |moment| progress.observe(&moment))?;
    progress.clear();
    for warning in outcome.warnings() {
        crate::say(format_args!("warning: {warning}"));
    }
    let mut text = outcome.text();
    if let Some(path) = &arguments.json {
        let json = format!("{:#}\n", arguments.report(&plan, &outcome));
        if path == Path::new("-") {
            text = json;
        } else {
            std::fs::write(path, json)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if outcome.errors() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl LoadArguments {
    fn prepare(&self, target: &ServerUrl) -> anyhow::Result<Requests> {
        let style = Style {
            host: target.host.clone(),
            headers: self.headers,
            close: self.new_connections,
            cookie_bytes: 0,
        };
        if let Some(log) = &self.replay {
            let (requests, left_out) = Requests::replayed(log, &style)?;
            if left_out > 0 {
                crate::say(format_args!(
                    "{left_out} lines of {} are left out: no GET or HEAD in the combined format",
                    log.display()
                ));
            }
            return Ok(requests);
        }
        match &self.links {
            Some(links) => {
                let keys = Keys::read(links)?;
                Requests::drawn(&keys, self.distinct as usize, self.zipf, self.seed, &style)
            }
            None => Ok(Requests::fixed(&target.path, &style)),
        }
    }

    fn report(&self, plan: &LoadPlan<'_>, outcome: &Outcome) -> Value {
        let mut report = outcome.json();
        report["load"] = json!({
            "target": plan.target.to_string(),
            "connections": plan.connections,
            "pipeline": plan.pipeline,
            "new_connections": plan.new_connections,
            "rate": plan.rate,
            "different_requests": plan.requests.count(),
            "request_bytes": plan.requests.mean_size(),
            "zipf": self.zipf,
            "seed": self.seed,
        });
        report
    }
}

/// Where a server is, and what to ask it for.
#[derive(Debug, PartialEq, Eq)]
struct ServerUrl {
    address: SocketAddr,
    host: String,
    path: String,
}

impl ServerUrl {
    fn parse(text: &str) -> anyhow::Result<Self> {
        if text.starts_with("https://") {
            bail!("TLS is not spoken here; write http:// and the port without TLS");
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!(
                "the path {path} holds characters that a request line cannot; percent-encode them"
            );
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let with_port = if has_port { host.to_owned() } else { format!("{host}:80") };
        let address = with_port
            .to_socket_addrs()
            .map_err(|error| anyhow!("{host} is no address ({error}); write 127.0.0.1:8080"))?
            .next()
            .ok_or_else(|| anyhow!("{host} has no address"))?;
        Ok(Self { address, host: host.to_owned(), path: path.to_owned() })
    }
}

/// One line that is written over and over.
#[derive(Default)]
struct Progress {
    is_shown: bool,
    replies: u64,
    at: Duration,
}

impl Progress {
    fn observe(&mut self, moment: &Moment<'_>) {
        let Moment::Running(outcome, at) = moment else { return };
        let past = at.saturating_sub(self.at);
        if !self.is_shown || (*at > self.at && past < Duration::from_secs(1)) {
            return;
        }
        let rate =
            outcome.replies.saturating_sub(self.replies) as f64 / past.as_secs_f64().max(0.1);
        (self.replies, self.at) = (outcome.replies, *at);
        let mut err = std::io::stderr().lock();
        let _ = write!(
            err,
            "\r\x1b[K{:4.0} s  {rate:.0} replies a second  p99 {}  {} errors",
            at.as_secs_f64(),
            micros(outcome.latency_us(99.0)),
            outcome.errors()
        );
    }

    fn clear(&self) {
        if self.is_shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

pub fn seconds(text: &str) -> Result<f64, String> {
    let time = text.parse().ok().filter(|time| (0.0..=86_400.0).contains(time));
    time.ok_or_else(|| "write a number of seconds, at most a day: 10 or 0.5".to_owned())
}

pub fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "write a number above 0".to_owned())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod target_tests {
    use super::*;

    #[test]
    fn targets() {
        let check = |text: &str, address: &str, host: &str, path: &str| {
            let target = ServerUrl::parse(text).unwrap();
            let expected = ServerUrl {
                address: address.parse().unwrap(),
                host: host.to_owned(),
                path: path.to_owned(),
            };
            assert_eq!(target, expected, "{text}");
        };
        check("127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080", "/");
        check("http://127.0.0.1/go?x=1", "127.0.0.1:80", "127.0.0.1", "/go?x=1");
        check("http://[::1]:81/", "[::1]:81", "[::1]:81", "/");
        for text in ["https://127.0.0.1/", "127.0.0.1:99999", "http://127.0.0.1/a b"] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }
}
