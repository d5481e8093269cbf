//! What the rounds showed: samples, their medians and ratios, and how they are
//! kept.

use serde_json::{Value, json};

use super::server::ServerKind;
use super::workload::Workload;

/// What one server did in one round.
#[derive(Debug, Clone, Default)]
pub struct Measurement {
    /// Server CPU per reply, in user code and in the kernel.
    pub user_us: f64,
    pub system_us: f64,
    pub rate: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub replies: u64,
    pub errors: u64,
    pub generator_cpu: f64,
    pub generator_waited: f64,
}

impl Measurement {
    pub fn cpu_us(&self) -> f64 {
        self.user_us + self.system_us
    }
}

/// A row: one server under one workload, a sample a round.
#[derive(Debug, Clone)]
pub struct Row {
    pub kind: ServerKind,
    pub samples: Vec<Measurement>,
}

/// All rows under one workload, in the order they ran.
#[derive(Debug, Clone)]
pub struct Section {
    pub workload: Workload,
    /// Requests due a second, in an open loop.
    pub rate: Option<f64>,
    pub rows: Vec<Row>,
}

/// A median with what lies around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }

    /// For programs.
    pub fn json(self) -> Value {
        json!({"median": self.median, "min": self.min, "max": self.max})
    }
}

impl Row {
    /// The spread of one figure over the rounds.
    pub fn spread(&self, figure: impl Fn(&Measurement) -> f64) -> Option<Spread> {
        Spread::of(self.samples.iter().map(figure))
    }

    pub fn errors(&self) -> u64 {
        self.samples.iter().map(|sample| sample.errors).sum()
    }

    /// The generator's highest share of its CPU.
    pub fn generator_cpu(&self) -> f64 {
        self.samples.iter().map(|sample| sample.generator_cpu).fold(0.0, f64::max)
    }

    /// The highest share of a round that others had the generator's CPU.
    pub fn generator_waited(&self) -> f64 {
        self.samples.iter().map(|sample| sample.generator_waited).fold(0.0, f64::max)
    }
}

impl Section {
    /// The row of a server, if it was measured.
    pub fn row(&self, kind: ServerKind) -> Option<&Row> {
        self.rows.iter().find(|row| row.kind == kind && !row.samples.is_empty())
    }

    /// The floor that cost least: what ratios are taken of.
    pub fn floor(&self) -> Option<&Row> {
        let cost =
            |row: &Row| row.spread(Measurement::cpu_us).map_or(f64::MAX, |spread| spread.median);
        let floors = [ServerKind::FloorIoUring, ServerKind::FloorEpoll].map(|kind| self.row(kind));
        floors.into_iter().flatten().min_by(|a, b| cost(a).total_cmp(&cost(b)))
    }
}

/// How many times the CPU of `below` a reply of `above` cost, paired by round:
/// what disturbed one round disturbed both.
pub fn ratio(above: &Row, below: &Row) -> Option<Spread> {
    let pairs = above.samples.iter().zip(&below.samples);
    Spread::of(pairs.map(|(above, below)| above.cpu_us() / below.cpu_us()))
}

/// All of it, for programs.
pub fn json(sections: &[Section]) -> Value {
    sections
        .iter()
        .map(|section| {
            let floor = section.floor();
            let nginx = section.row(ServerKind::Nginx);
            let rows: Vec<Value> =
                section.rows.iter().map(|row| row_json(row, floor, nginx)).collect();
            json!({
                "workload": section.workload.name(),
                "title": section.workload.title(),
                "rate": section.rate,
                "floor": floor.map(|row| row.kind.name()),
                "servers": rows,
            })
        })
        .collect()
}

fn row_json(row: &Row, floor: Option<&Row>, nginx: Option<&Row>) -> Value {
    let spread = |figure: fn(&Measurement) -> f64| row.spread(figure).map(Spread::json);
    let ratio = |above: Option<&Row>, below: Option<&Row>| {
        above.zip(below).and_then(|(above, below)| ratio(above, below)).map(Spread::json)
    };
    let samples: Vec<Value> = row
        .samples
        .iter()
        .map(|sample| {
            json!({
                "user_us": sample.user_us,
                "system_us": sample.system_us,
                "replies": sample.replies,
                "replies_per_second": sample.rate,
                "p50_us": sample.p50_us,
                "p99_us": sample.p99_us,
                "p99.9_us": sample.p999_us,
                "errors": sample.errors,
                "generator_cpu": sample.generator_cpu,
                "generator_waited": sample.generator_waited,
            })
        })
        .collect();
    json!({
        "server": row.kind.name(),
        "cpu_us_per_request": spread(Measurement::cpu_us),
        "to_floor": ratio(Some(row), floor),
        "nginx_to_it": ratio(nginx, Some(row)),
        "replies_per_second": spread(|sample| sample.rate),
        "p50_us": spread(|sample| sample.p50_us),
        "p99_us": spread(|sample| sample.p99_us),
        "p99.9_us": spread(|sample| sample.p999_us),
        "errors": row.errors(),
        "rounds": samples,
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn row(kind: ServerKind, cpu_us: &[f64]) -> Row {
        let sample = |cpu_us: &f64| Measurement {
            user_us: cpu_us / 4.0,
            system_us: cpu_us * 3.0 / 4.0,
            rate: 100_000.0,
            p50_us: 400.0,
            p99_us: 1200.0,
            p999_us: 2400.0,
            replies: 500_000,
            ..Measurement::default()
        };
        Row { kind, samples: cpu_us.iter().map(sample).collect() }
    }

    pub fn section() -> Section {
        let rows = vec![
            row(ServerKind::FloorIoUring, &[7.0, 7.0, 7.0]),
            row(ServerKind::FloorEpoll, &[6.0, 8.0, 6.0]),
            row(ServerKind::CaromIoUring, &[6.6, 8.8, 9.0]),
            row(ServerKind::Nginx, &[12.0, 16.0, 12.0]),
        ];
        Section { workload: Workload::Keep64, rate: None, rows }
    }

    #[test]
    fn medians_of_odd_and_even_counts() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(spread(&[f64::NAN]), None);
    }

    #[test]
    fn ratios_are_paired_by_round() {
        let section = section();
        let floor = section.floor().unwrap();
        assert_eq!(floor.kind, ServerKind::FloorEpoll);
        let ratio = ratio(section.row(ServerKind::CaromIoUring).unwrap(), floor).unwrap();
        // Not the ratio of the medians, 8.8 / 6.0.
        assert!((ratio.median - 1.1).abs() < 1e-9, "{ratio:?}");
    }

    #[test]
    fn json_holds_medians_ratios_and_every_round() {
        let json = json(&[
            section(),
            Section { workload: Workload::Newconn, rate: None, rows: Vec::new() },
        ]);
        assert_eq!(json[0]["floor"], "floor, epoll");
        let nginx = &json[0]["servers"][3];
        assert_eq!(
            nginx["cpu_us_per_request"],
            serde_json::json!({"median": 12.0, "min": 12.0, "max": 16.0})
        );
        assert_eq!(nginx["to_floor"]["median"], 2.0);
        assert_eq!(nginx["nginx_to_it"]["median"], 1.0);
        assert_eq!(nginx["rounds"].as_array().unwrap().len(), 3);
        assert_eq!(json[1]["floor"], Value::Null);
    }
}
