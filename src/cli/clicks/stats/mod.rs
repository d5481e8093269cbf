//! `carom clicks stats`: clicks counted, as a table, as JSON or as CSV.

mod arguments;
mod by;
mod json;
mod table;
mod text;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use super::folders::folders;
use super::reading::{ReadClicks, ended, read_clicks};
use super::totals::tally_to_json;
use crate::clicks::{Breakdown, ClickCounter, Facets};
use crate::limits::STATS_ROWS_DEFAULT;
use crate::words::visible_json;

pub use arguments::{StatsArguments, StatsFormat};

/// Runs the command.
#[must_use]
pub fn run(wish: &StatsArguments) -> ExitCode {
    let out = io::stdout().lock();
    let bars = wish.bars || out.is_terminal();
    let wish = StatsArguments { bars, ..wish.clone() };
    ExitCode::from(stats(&wish, BufWriter::new(out), &mut io::stderr().lock()))
}

/// Prints counts to `out`, and what is wrong to `complaints`; returns the exit
/// status.
pub fn stats(wish: &StatsArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    let read = match &wish.by {
        Some(facets) => print_by(wish, facets, out),
        None => print_all(wish, out),
    };
    ended(read, &wish.filter.filter(), wish.quiet, complaints)
}

/// Counts by all that is counted where nothing is said.
fn print_all(wish: &StatsArguments, mut out: impl Write) -> anyhow::Result<ReadClicks> {
    if wish.format() == StatsFormat::Csv {
        bail!(
            "CSV is one table; say by what clicks are counted, as in `--by day` or `--by day,key`"
        );
    }
    let mut counter = ClickCounter::new(wish.filter.zone());
    let filter = wish.filter.filter();
    let key = wish.click_key.as_deref();
    let read = read_clicks(&folders(&wish.paths), key, &filter, |entry| counter.add(entry))?;
    let (stats, rows) = (counter.finish(), wish.top.unwrap_or(STATS_ROWS_DEFAULT));
    if wish.format() == StatsFormat::Json {
        let mut counts = json::all(&stats, rows);
        counts["ledger"] = tally_to_json(&read.tally);
        writeln!(out, "{}", visible_json(&counts))?;
    } else {
        let page = text::Page { bars: wish.bars, zone: wish.filter.zone_name() };
        out.write_all(page.all(&stats, rows).as_bytes())?;
    }
    out.flush()?;
    Ok(read)
}

/// Counts by what was named.
fn print_by(
    wish: &StatsArguments,
    facets: &Facets,
    mut out: impl Write,
) -> anyhow::Result<ReadClicks> {
    let mut breakdown = Breakdown::new(facets.clone(), wish.filter.zone());
    let filter = wish.filter.filter();
    let key = wish.click_key.as_deref();
    let mut read = read_clicks(&folders(&wish.paths), key, &filter, |entry| breakdown.add(entry))?;
    match wish.format() {
        StatsFormat::Text => {
            let part = breakdown.part(wish.top.unwrap_or(STATS_ROWS_DEFAULT));
            out.write_all(
                by::text(&breakdown, &part, &wish.filter.zone_name(), wish.bars).as_bytes(),
            )?;
        }
        StatsFormat::Json => {
            let part = breakdown.part(wish.top.unwrap_or(STATS_ROWS_DEFAULT));
            let mut counts = json!({ "clicks": read.taken, "by": by::names(&breakdown) });
            counts["tz"] = wish.filter.zone_name().into();
            by::add_rows(&breakdown, &part, &mut counts);
            counts["ledger"] = tally_to_json(&read.tally);
            writeln!(out, "{}", visible_json(&counts))?;
        }
        StatsFormat::Csv => {
            // A table has no place to say that there are more.
            let part = breakdown.part(wish.top.unwrap_or(usize::MAX));
            by::csv(&breakdown, &part, &mut out)?;
            read.notes.extend(by::left_out(&part));
        }
    }
    out.flush()?;
    Ok(read)
}
