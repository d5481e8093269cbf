//! `carom clicks verify`: whether the ledger is whole.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::totals::{status, tally_to_json, with_links};
use crate::cli::pipe::is_broken_pipe;
use crate::cli::progress::Progress;
use crate::clicks::{
    DeletedSum, Deletion, Ledger, SegmentReport, Tally, Weight, actor_word, key_ring::KeyRing,
    reason_word,
};
use crate::limits::CLICKS_FOLDER_DEFAULT;
use crate::say::say_to;
use crate::words::{counted, visible, visible_json};

/// What `carom clicks verify` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct VerifyArguments {
    /// Click folders, or single segment files.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// A line for every segment, and where in it something was found.
    #[arg(long, short = 'v', visible_short_alias = 'a')]
    pub all: bool,
    /// Keys of the lists of segments [default: .state/click-key in each folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
    /// Print everything, with every segment, as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &VerifyArguments) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(verify(wish, out, &mut io::stderr().lock()))
}

/// Prints what was found to `out`, and why nothing could be found to
/// `complaints`; returns the exit status.
pub fn verify(wish: &VerifyArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    match print(wish, out) {
        Ok((tally, is_proven)) => status(&tally).max(u8::from(!is_proven)),
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say_to(complaints, format_args!("{error:#}"));
            2
        }
    }
}

/// Also whether all of the lists of segments could be believed.
fn print(wish: &VerifyArguments, mut out: impl Write) -> anyhow::Result<(Tally, bool)> {
    let keys = KeyRing::new(wish.click_key.as_deref())?;
    let mut ledger = Ledger::open(&wish.paths, false)?;
    ledger.compare_with_lists(|folder| keys.list_keys(folder));
    let mut progress = Progress::new(Some(ledger.waiting_bytes()));
    let mut segments = Vec::new();
    // There are none yet; from here on they are kept.
    ledger.take_reports();
    loop {
        let is_end = ledger.next_click_by_shard()?.is_none();
        progress.step(|| ledger.read_bytes());
        for report in ledger.take_reports() {
            if wish.json {
                segments.push(to_json(&report));
            } else {
                print_segment(wish, &report, &mut out)?;
            }
        }
        if is_end {
            break;
        }
    }
    drop(progress);
    let list_notes = ledger.take_list_notes();
    let tally = ledger.tally();
    if wish.json {
        segments.extend(ledger.live_reports().map(to_json));
        let total = tally_to_json(&tally);
        let mut all = json!({ "segments": segments, "total": total });
        let deleted = deleted_to_json(&ledger);
        if !deleted.is_empty() {
            all["deleted_by_rule"] = deleted.into();
        }
        if !list_notes.is_empty() {
            let notes = list_notes.iter().map(|note| &*note.sentence);
            all["list_of_segments"] = notes.collect();
        }
        writeln!(out, "{}", visible_json(&all))?;
    } else {
        for report in ledger.live_reports() {
            print_segment(wish, report, &mut out)?;
        }
        for note in &list_notes {
            writeln!(out, "{}", visible(&note.sentence))?;
        }
        for (Deletion { by, why }, sum) in ledger.deleted_by_rule() {
            writeln!(
                out,
                "deleted by {}, {}: {} with {}",
                by.meaning(),
                why.meaning(),
                counted(sum.segments, "segment"),
                counted(sum.clicks, "click")
            )?;
        }
        writeln!(out, "total: {tally}")?;
        if !wish.all && !tally.is_ordinary() {
            writeln!(out, "  (--all shows where)")?;
        }
    }
    out.flush()?;
    Ok((tally, list_notes.iter().all(|note| note.weight == Weight::Told)))
}

/// What carom has deleted by rule, by who did it and why.
fn deleted_to_json(ledger: &Ledger) -> Vec<Value> {
    let deleted = ledger.deleted_by_rule();
    let to_json = |(Deletion { by, why }, sum): (Deletion, DeletedSum)| {
        json!({
            "by": actor_word(by),
            "why": reason_word(why),
            "segments": sum.segments,
            "clicks": sum.clicks,
        })
    };
    deleted.into_iter().map(to_json).collect()
}

fn print_segment(
    wish: &VerifyArguments,
    report: &SegmentReport,
    out: &mut impl Write,
) -> io::Result<()> {
    let tally = &report.tally;
    if !wish.all && tally.is_ordinary() {
        return Ok(());
    }
    let (clicks, findings) = (counted(tally.clicks, "click"), tally.findings());
    let (name, state) = (visible(&report.name), report.state.name());
    writeln!(out, "{name}: {clicks}{findings}; {state}")?;
    if wish.all {
        for note in &report.notes {
            writeln!(out, "  {}", visible(note))?;
        }
    }
    Ok(())
}

fn to_json(report: &SegmentReport) -> Value {
    let (header, tally) = (&report.header, &report.tally);
    let counts = json!({
        "file": report.name,
        "state": report.state.name(),
        "shard": header.map(|header| header.shard),
        "number": header.map(|header| header.number),
        "run": header.map(|header| header.run),
        "clicks": tally.clicks,
        "lost": tally.lost,
        "missing": tally.missing,
        "gaps": tally.gaps,
        "damaged_bytes": tally.damaged_bytes,
        "torn_tails": tally.torn_tails,
        "is_suspect": tally.suspect > 0,
        "findings": report.notes,
    });
    with_links(counts, tally)
}
