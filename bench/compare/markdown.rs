//! The results as a table for people.

use std::fmt::Write;

use super::results::{Measurement, Row, Section, Spread, ratio};
use super::server::ServerKind;
use crate::load::micros;

/// Above these, a row is not about the server alone; see `load`.
const GENERATOR_CPU_MAX: f64 = 0.95;
const GENERATOR_WAITED_MAX: f64 = 0.05;

/// One table a workload.
pub fn tables(sections: &[Section]) -> String {
    sections.iter().map(table).collect::<Vec<_>>().join("\n")
}

/// The table of one workload.
pub fn table(section: &Section) -> String {
    let mut lines = vec![HEAD.map(str::to_owned).to_vec()];
    lines.extend(section.rows.iter().map(|row| cells(row, section).to_vec()));
    let rate = section.rate.map(|rate| format!(", {rate:.0} a second")).unwrap_or_default();
    let (name, title) = (section.workload.name(), section.workload.title());
    format!("### {name}: {title}{rate}\n\n{}", grid(&lines))
}

const HEAD: [&str; 9] = [
    "server",
    "CPU µs a request",
    "÷ floor",
    "nginx ÷ it",
    "replies a second",
    "p50",
    "p99",
    "p99.9",
    "",
];

/// Lines of equally many cells as a table; the first is its head.
pub fn grid(lines: &[Vec<String>]) -> String {
    let mut text = String::new();
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0))
        .collect();
    for (at, cells) in lines.iter().enumerate() {
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
        if at == 0 {
            for width in &widths {
                let _ = write!(text, "|{:-<width$}", "", width = width + 2);
            }
            text.push_str("|\n");
        }
    }
    text
}

/// A median with its least and most.
pub fn figures(spread: Option<Spread>, digits: usize) -> String {
    spread.map_or_else(
        || "–".to_owned(),
        |it| format!("{:.digits$} ({:.digits$}–{:.digits$})", it.median, it.min, it.max),
    )
}

/// The median of a latency.
pub fn latency(row: &Row, figure: fn(&Measurement) -> f64) -> String {
    row.spread(figure).map_or_else(|| "–".to_owned(), |it| micros(it.median))
}

fn cells(row: &Row, section: &Section) -> [String; 9] {
    let to_floor = section.floor().and_then(|floor| ratio(row, floor));
    let nginx = section.row(ServerKind::Nginx).and_then(|nginx| ratio(nginx, row));
    [
        row.kind.name().to_owned(),
        figures(row.spread(Measurement::cpu_us), 2),
        figures(to_floor, 2),
        figures(nginx, 2),
        figures(row.spread(|sample| sample.rate), 0),
        latency(row, |sample| sample.p50_us),
        latency(row, |sample| sample.p99_us),
        latency(row, |sample| sample.p999_us),
        notes(row),
    ]
}

/// What makes a row doubtful.
pub fn notes(row: &Row) -> String {
    let mut notes = Vec::new();
    if row.errors() > 0 {
        notes.push(format!("{} errors", row.errors()));
    }
    if row.generator_cpu() >= GENERATOR_CPU_MAX {
        notes.push(format!("generator at {:.0} %", row.generator_cpu() * 100.0));
    }
    if row.generator_waited() >= GENERATOR_WAITED_MAX {
        notes.push(format!("disturbed, {:.0} %", row.generator_waited() * 100.0));
    }
    notes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_medians_spreads_and_doubts() {
        let mut section = super::super::results::tests::section();
        section.rows[2].samples[0].generator_cpu = 0.99;
        section.rows[3].samples[1].errors = 2;
        section.rows.push(Row { kind: ServerKind::Haproxy, samples: Vec::new() });
        let text = table(&section);
        println!("{text}");
        let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
        let carom = line("carom, io_uring");
        for part in [
            "8.80 (6.60–9.00)",
            "1.10 (1.10–1.50)",
            "1.82 (1.33–1.82)",
            "400 µs",
            "generator at 99 %",
        ] {
            assert!(carom.contains(part), "{part}: {carom}");
        }
        assert!(line("| nginx    ").contains("2 errors"));
        assert!(line("haproxy").contains("–"));
        let widths: Vec<_> = text.lines().skip(2).map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
    }
}
