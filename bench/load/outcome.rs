//! What a run showed, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// What can go wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection came about.
    Connect,
    /// The connection was reset.
    Reset,
    /// The connection ended before the reply did.
    EarlyEnd,
    /// What came is no reply, or a redirect without a Location.
    BadReply,
    /// A reply, but not with a status that was expected.
    UnexpectedStatus,
    /// No whole reply in time.
    Timeout,
}

const FAILURES: [(Failure, &str); 6] = [
    (Failure::Connect, "connect"),
    (Failure::Reset, "reset"),
    (Failure::EarlyEnd, "early_end"),
    (Failure::BadReply, "bad_reply"),
    (Failure::UnexpectedStatus, "unexpected_status"),
    (Failure::Timeout, "timeout"),
];

/// Above this the generator is what is being measured.
const GENERATOR_CPU_MAX: f64 = 0.95;
/// Above this, other processes are part of what is being measured.
const GENERATOR_WAITED_MAX: f64 = 0.05;
/// Latencies are kept to this many digits.
const DIGITS: u8 = 3;
const LATENCY_NS_MAX: u64 = 600_000_000_000;

/// Counts and latencies of a run.
pub struct Outcome {
    pub elapsed: Duration,
    pub replies: u64,
    pub bytes: u64,
    pub statuses: Vec<u64>,
    failures: [u64; FAILURES.len()],
    latency_ns: Histogram<u64>,
    /// Connections made again because the server had ended one, as it may.
    pub reconnects: u64,
    /// Due, but not even sent when the run was over.
    pub unsent: u64,
    /// CPU time of the generator's thread, as a share of the run.
    pub generator_cpu: f64,
    /// Time it was ready to run and other processes had its CPU, likewise.
    pub generator_waited: f64,
}

impl Outcome {
    pub fn new() -> Self {
        Self {
            elapsed: Duration::ZERO,
            replies: 0,
            bytes: 0,
            statuses: vec![0; 1000],
            failures: [0; FAILURES.len()],
            latency_ns: Histogram::new_with_bounds(1, LATENCY_NS_MAX, DIGITS)
                .expect("constant bounds are good"),
            reconnects: 0,
            unsent: 0,
            generator_cpu: 0.0,
            generator_waited: 0.0,
        }
    }

    pub fn replied(&mut self, status: u16, latency_ns: u64) {
        self.replies += 1;
        self.statuses[usize::from(status).min(999)] += 1;
        self.latency_ns.saturating_record(latency_ns);
    }

    pub fn failed(&mut self, failure: Failure, count: u64) {
        self.failures[failure as usize] += count;
    }

    pub fn errors(&self) -> u64 {
        self.failures.iter().sum()
    }

    /// Replies a second.
    pub fn rate(&self) -> f64 {
        self.replies as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// The latency in µs that `percent` of the replies did not exceed.
    pub fn latency_us(&self, percent: f64) -> f64 {
        self.latency_ns.value_at_percentile(percent) as f64 / 1e3
    }

    /// What makes these figures doubtful.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.generator_cpu >= GENERATOR_CPU_MAX {
            warnings.push(format!(
                "the generator used {:.0} % of its CPU: this measures the generator, not the server",
                self.generator_cpu * 100.0
            ));
        }
        if self.generator_waited >= GENERATOR_WAITED_MAX {
            warnings.push(format!(
                "other processes had the generator's CPU for {:.0} % of the run: rate and latency \
                 are not the server's alone",
                self.generator_waited * 100.0
            ));
        }
        if self.unsent > 0 {
            warnings.push(format!(
                "{} requests were due but had no free connection until the end: the server, \
                 or --connections, is too small for this rate",
                self.unsent
            ));
        }
        warnings
    }

    /// Errors by kind, only those there were.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = FAILURES.iter().map(|(failure, name)| (*name, self.failures[*failure as usize]));
        all.filter(|(_, count)| *count > 0)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} replies in {:.2} s: {:.0} a second, {:.1} MB\n",
            self.replies,
            self.elapsed.as_secs_f64(),
            self.rate(),
            self.bytes as f64 / 1e6
        );
        let _ = writeln!(
            text,
            "latency  p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
            micros(self.latency_us(50.0)),
            micros(self.latency_us(90.0)),
            micros(self.latency_us(99.0)),
            micros(self.latency_us(99.9)),
            micros(self.latency_us(100.0)),
        );
        let statuses: Vec<_> =
            self.seen_statuses().map(|(status, count)| format!("{status}: {count}")).collect();
        let _ = writeln!(text, "status   {}", statuses.join("  "));
        let failures: Vec<_> =
            self.failures().map(|(name, count)| format!("{name}: {count}")).collect();
        let none = if failures.is_empty() { "none" } else { "" };
        let _ = writeln!(text, "errors   {none}{}", failures.join("  "));
        if self.reconnects > 0 {
            let _ =
                writeln!(text, "the server ended {} connections between replies", self.reconnects);
        }
        let _ = writeln!(text, "generator used {:.0} % of its CPU", self.generator_cpu * 100.0);
        text
    }

    fn seen_statuses(&self) -> impl Iterator<Item = (usize, u64)> {
        self.statuses.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let latency: serde_json::Map<String, Value> =
            [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("max", 100.0)]
                .into_iter()
                .map(|(name, percent)| (name.to_owned(), json!(self.latency_us(percent))))
                .collect();
        json!({
            "seconds": self.elapsed.as_secs_f64(),
            "replies": self.replies,
            "replies_per_second": self.rate(),
            "bytes": self.bytes,
            "latency_us": latency,
            "statuses": self.seen_statuses()
                .map(|(status, count)| (status.to_string(), json!(count)))
                .collect::<serde_json::Map<_, _>>(),
            "errors": self.failures()
                .map(|(name, count)| (name.to_owned(), json!(count)))
                .collect::<serde_json::Map<_, _>>(),
            "reconnects": self.reconnects,
            "unsent": self.unsent,
            "generator_cpu": self.generator_cpu,
            "generator_waited": self.generator_waited,
            "warnings": self.warnings(),
        })
    }
}

/// A time in µs, in the unit that reads best.
pub fn micros(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{us:.0} µs"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_out_as_they_went_in() {
        let mut outcome = Outcome::new();
        outcome.elapsed = Duration::from_secs(2);
        for us in 1..=1000_u64 {
            outcome.replied(302, us * 1000);
        }
        outcome.failed(Failure::Timeout, 3);
        outcome.generator_cpu = 0.96;
        assert_eq!(outcome.rate(), 500.0);
        assert!((outcome.latency_us(99.0) - 990.0).abs() < 2.0);
        let json = outcome.json();
        assert_eq!(json["statuses"], json!({"302": 1000}));
        assert_eq!(json["errors"], json!({"timeout": 3}));
        assert!(outcome.text().contains("errors   timeout: 3\n"), "{}", outcome.text());
        assert!(outcome.warnings()[0].contains("this measures the generator"));
    }

    #[test]
    fn times_are_written_in_the_unit_that_reads_best() {
        assert_eq!([999.4, 1500.0, 2.5e6].map(micros), ["999 µs", "1.50 ms", "2.50 s"]);
    }
}
