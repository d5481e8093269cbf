//! What a link, and a range of addresses, takes in memory.

use std::io::Write;

use crate::places::{RANGES, places};
use crate::table::{TARGET_BYTES, build, build_with_rules};

const LINKS: usize = 1_000_000;

/// Prints bytes for each link, with one core and with two.
pub fn print() {
    let memory = build(LINKS).memory();
    let line = |name: &str, bytes: usize| {
        let mib = bytes as f64 / f64::from(1 << 20);
        format!("{name:<18} {mib:6.1} MiB {:7.1} bytes a link\n", bytes as f64 / LINKS as f64)
    };
    let text = [
        format!("memory of {LINKS} links\n"),
        line("1 core", memory.total(1)),
        line("2 cores", memory.total(2)),
        line("each further core", memory.index),
        format!(
            "a line of rules beside its target: {:.1} bytes\n",
            (build_with_rules(LINKS).memory().entries - memory.entries) as f64 / (LINKS * 3) as f64
                - TARGET_BYTES as f64
        ),
    ];
    let [v4, v6] = [true, false].map(|is_v4| places(is_v4).bytes() as f64 / f64::from(1 << 20));
    let of_places = format!(
        "memory of {RANGES} ranges of addresses, for all cores\nIPv4 {v4:6.1} MiB\nIPv6 {v6:6.1} MiB\n"
    );
    let text = [text.concat(), of_places];
    let _ = std::io::stdout().lock().write_all(text.concat().as_bytes());
}
