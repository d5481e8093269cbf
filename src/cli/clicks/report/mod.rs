//! `carom clicks report`: clicks counted, as one page for a browser.

mod chart;
mod counts;
mod html;
mod page;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;

use self::counts::ReportCounts;
use self::page::{Heading, page};
use super::filter::FilterArguments;
use super::folders::folders;
use super::output::Output;
use super::reading::ended;
use crate::clicks::LocalTime;
use crate::limits::{CLICKS_FOLDER_DEFAULT, STATS_ROWS_DEFAULT};

/// What `carom clicks report` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct ReportArguments {
    /// Click folders, or single segment files.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// The page; - is standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Which clicks are counted.
    #[command(flatten)]
    pub filter: FilterArguments,
    /// How many rows each table has.
    #[arg(long, default_value = STATS_ROWS_DEFAULT.to_string(), value_name = "N")]
    pub top: Option<usize>,
    /// Keys of the lists of segments [default: .state/click-key in each folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
    /// Say nothing on standard error but what keeps the command from working.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &ReportArguments) -> ExitCode {
    ExitCode::from(report(wish, io::stdout().lock(), &mut io::stderr().lock()))
}

/// Writes the page, to `out` if no file is meant, and what is wrong to `complaints`;
/// returns the exit status.
fn report(wish: &ReportArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    let read = write(wish, out).map(|counts| counts.read);
    ended(read, &wish.filter.filter(), wish.quiet, complaints)
}

fn write(wish: &ReportArguments, out: impl Write) -> anyhow::Result<ReportCounts> {
    let filter = &wish.filter;
    let mut to = Output::begin(Some(&wish.output), 0o666, out)?;
    let folders = folders(&wish.paths);
    let counts = ReportCounts::read(&folders, wish.click_key.as_deref(), filter)?;
    let paths: Vec<_> = folders.iter().map(|path| path.display().to_string()).collect();
    let heading = Heading {
        paths: paths.join(", "),
        made: Timestamp::now(),
        zone: filter.zone_name(),
        filter: filter.told(),
    };
    let local = LocalTime::new(filter.zone());
    let page = page(&heading, &counts, &local, wish.top.unwrap_or(STATS_ROWS_DEFAULT));
    to.write_all(page.as_bytes())
        .with_context(|| format!("cannot write {}", wish.output.display()))?;
    to.finish()?;
    Ok(counts)
}
