//! `carom clicks cat`: clicks as rows, also while they are written.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::filter::FilterArguments;
use super::folders::folders;
use super::output::{Output, PRIVATE};
use super::printer::Printer;
use super::row_choice::FileFormatName;
use super::totals::{status, total};
use crate::cli::pipe::is_broken_pipe;
use crate::cli::wishes::default_name;
use crate::clicks::{ChosenColumns, Ledger, Tally, key_ring::KeyRing};
use crate::limits::CLICKS_FOLDER_DEFAULT;
use crate::say::say_to;

/// How often a followed folder is looked at.
const POLL: Duration = Duration::from_millis(100);
/// Text gathered before it is handed on, bytes.
const OUT_BYTES: usize = 256 * 1024;

/// What `carom clicks cat` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct CatArguments {
    /// Click folders, or single segment files.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// How to print them.
    #[arg(long, value_enum, default_value = default_name::<FileFormatName>())]
    pub format: Option<FileFormatName>,
    /// The file to write, put in its place when all is in it [default: standard output]
    #[arg(long, short, value_name = "FILE", conflicts_with = "follow")]
    pub output: Option<PathBuf>,
    /// CSV that Excel and other spreadsheets open as a table: with a byte order mark and `;`,
    /// and an apostrophe before what would be a formula.
    #[arg(long)]
    pub excel: bool,
    /// Which columns: names with commas between them; behind a `+`, these beside the
    /// usual ones.
    #[arg(long, value_name = "NAMES", value_parser = ChosenColumns::parse)]
    pub columns: Option<ChosenColumns>,
    /// Go on with what a running server writes, until interrupted.
    #[arg(long, conflicts_with = "until")]
    pub follow: bool,
    /// Which clicks are printed.
    #[command(flatten)]
    pub filter: FilterArguments,
    /// Keys for the ids of the clicks [default: .state/click-key in each folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
    /// Say nothing on standard error but what keeps the command from working.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &CatArguments) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    if wish.follow {
        for signal in [SIGINT, SIGTERM] {
            // Without it the signal ends the process, only less politely.
            let _ = signal_hook::flag::register(signal, stop.clone());
        }
    }
    ExitCode::from(cat(wish, io::stdout(), &mut io::stderr().lock(), &stop))
}

/// Prints clicks to `out`, and what is wrong to `complaints`; returns the exit
/// status. A follower ends when `stop` is set.
pub fn cat(
    wish: &CatArguments,
    out: impl Write + Send,
    complaints: &mut impl Write,
    stop: &AtomicBool,
) -> u8 {
    let mut say = |sentence: &str| say_to(complaints, sentence);
    match print(wish, out, &mut say, stop) {
        Ok((tally, printed)) => {
            if !wish.quiet {
                say(&total(&wish.filter.filter(), printed, "printed", &tally));
            }
            status(&tally)
        }
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say(&format!("{error:#}"));
            2
        }
    }
}

/// The clicks that were printed are told with the totals.
fn print(
    wish: &CatArguments,
    out: impl Write + Send,
    say: &mut impl FnMut(&str),
    stop: &AtomicBool,
) -> anyhow::Result<(Tally, u64)> {
    let mut keys = KeyRing::new(wish.click_key.as_deref())?;
    let filter = wish.filter.filter();
    let mut ledger = Ledger::open(&folders(&wish.paths), wish.follow)?;
    ledger.compare_with_lists(|folder| keys.list_keys(folder));
    ledger.pass_over_all_but(filter.times.clone());
    let columns = wish.columns.clone().unwrap_or_default();
    let has_ids = columns.has_ids();
    let mut output = Output::begin(wish.output.as_deref(), PRIVATE, out)?;
    check_parquet(wish, output.is_file())?;
    let out = BufWriter::with_capacity(OUT_BYTES, &mut output);
    let mut rows = Printer::begin(wish.format, wish.excel, &columns, out)?;
    let mut printed = 0;
    loop {
        while let Some(mut entry) = ledger.next_click()? {
            if filter.takes(&entry.click) {
                entry.id = keys.id(&entry);
                rows.write(&entry)?;
                printed += 1;
            }
            if wish.follow && stop.load(Ordering::Relaxed) {
                break;
            }
        }
        rows.flush()?;
        let lacks = if has_ids { keys.take_notes() } else { Vec::new() };
        for note in ledger.take_notes().into_iter().chain(lacks) {
            if !wish.quiet {
                say(&note);
            }
        }
        if !wish.follow || stop.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(POLL);
        ledger.update()?;
    }
    rows.close()?;
    output.finish()?;
    Ok((ledger.tally(), printed))
}

/// Refuses what a Parquet file cannot be: text for a terminal, or read before its end.
fn check_parquet(wish: &CatArguments, is_file: bool) -> anyhow::Result<()> {
    if wish.format == Some(FileFormatName::Parquet) {
        ensure!(!wish.follow, "a Parquet file is whole only at its end; leave out --follow");
        let is_shown = !is_file && io::stdout().is_terminal();
        ensure!(!is_shown, "a Parquet file is no text for a terminal; name a file with -o FILE");
    }
    Ok(())
}
