//! `carom ship`: what was typed, and the plan it makes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{ArgGroup, Args};
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::clicks::row_choice::RowFormatName;
use super::quantities::{long_time, written_time};
use super::wishes::default_name;
use crate::clicks::{ChosenColumns, ClickKeys, key_file};
use crate::limits::{
    BATCH_CLICKS_DEFAULT, BATCH_CLICKS_MAX, CLICKS_FOLDER_DEFAULT, FILE_WAIT_DEFAULT,
    KEEP_SHIPPED_DEFAULT, STREAM_WAIT_DEFAULT,
};
use crate::say::say;
use crate::ship::sinks::{Address, SINKS, SinkKind};
use crate::ship::{ShipPlan, Shipped, Shipper, lag, register};
use crate::words::{counted, visible, visible_json};

const AFTER_HELP: &str = "\
Sinks: stdout; file:DIR, a file of rows for each batch; parquet:DIR, Parquet files by date and \
hour. Files and Parquet hold every click exactly once; a stream with a --name gets it at least once, \
and repeats have the same id.

The exit status is 0 when every click that was answered has been shipped, 1 when some are damaged, \
missing or were lost, 2 when shipping failed; then it goes on where it was the next time.

Example: carom ship /var/lib/carom --to parquet:/srv/clicks --follow --delete-shipped --keep-for 7d";

/// What `carom ship` was told.
#[derive(Debug, Args)]
#[command(about, long_about = None, after_help = AFTER_HELP)]
#[command(group(ArgGroup::new("task").required(true).args(["to", "list", "forget"])))]
pub struct ShipArguments {
    /// Click folder of a server, which may be running
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    clicks: Option<PathBuf>,

    /// Where to
    #[arg(long, help = format!("Where to: {SINKS}"), value_name = "SINK", value_parser = kind)]
    to: Option<SinkKind>,

    /// Name to register the sink under, so that it goes on where it was [default: made from
    /// SINK; standard output has none, gets all clicks, and nothing is noted of it]
    #[arg(long, requires = "to")]
    name: Option<String>,

    /// How rows are written
    #[arg(long, value_enum, default_value = default_name::<RowFormatName>(), requires = "to")]
    format: Option<RowFormatName>,

    /// Which columns: names with commas between them; behind a `+`, these beside the
    /// usual ones
    #[arg(long, value_name = "NAMES", value_parser = ChosenColumns::parse, requires = "to")]
    columns: Option<ChosenColumns>,

    /// Compress the files of file:DIR
    #[arg(long, requires = "to")]
    zstd: bool,

    /// Keys for the ids of the clicks [default: .state/click-key in DIR]
    #[arg(long, value_name = "FILE", requires = "to")]
    click_key: Option<PathBuf>,

    /// Ship clicks without their ids, where the click key cannot be read
    #[arg(long, requires = "to", conflicts_with = "click_key")]
    no_ids: bool,

    /// Go on with what a running server writes, until interrupted
    #[arg(long, requires = "to")]
    follow: bool,

    /// How long a click may wait for others to share its batch
    #[arg(long, help = wait_help(), value_name = "TIME", value_parser = long_time, requires = "follow")]
    wait: Option<Duration>,

    /// Most clicks in a batch, and thus in a file
    #[arg(
        long,
        default_value = BATCH_CLICKS_DEFAULT.to_string(),
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=BATCH_CLICKS_MAX as i64),
        requires = "to"
    )]
    batch: Option<u32>,

    /// Delete segments that every registered sink has
    #[arg(long, requires = "to")]
    delete_shipped: bool,

    /// How long to keep them after they were last written
    #[arg(
        long,
        default_value = written_time(KEEP_SHIPPED_DEFAULT),
        value_name = "TIME",
        value_parser = long_time,
        requires = "delete_shipped"
    )]
    keep_for: Option<Duration>,

    /// Show the registered sinks, and how far behind they are
    #[arg(long)]
    list: bool,

    /// With --list: as JSON, one object a line
    #[arg(long, requires = "list")]
    json: bool,

    /// Remove a registered sink, so that segments are not kept for it
    #[arg(long, value_name = "NAME")]
    forget: Option<String>,

    /// Say nothing but what keeps the command from working
    #[arg(long, short)]
    quiet: bool,
}

impl ShipArguments {
    fn folder(&self) -> &Path {
        self.clicks.as_deref().unwrap_or(Path::new(CLICKS_FOLDER_DEFAULT))
    }
}

/// Runs the command.
#[must_use]
pub fn run(wish: &ShipArguments) -> ExitCode {
    ExitCode::from(done(wish).unwrap_or_else(|error| {
        say(format_args!("{error:#}"));
        2
    }))
}

fn done(wish: &ShipArguments) -> anyhow::Result<u8> {
    let clicks = wish.folder();
    ensure!(clicks.is_dir(), "there is no click folder {}", clicks.display());
    if let Some(kind) = &wish.to {
        return ship(wish, kind);
    }
    match &wish.forget {
        Some(name) => register::forget(clicks, name)?,
        None => list(clicks, wish.json, &mut io::stdout().lock())?,
    }
    Ok(0)
}

fn ship(wish: &ShipArguments, kind: &SinkKind) -> anyhow::Result<u8> {
    let plan = plan(wish, kind)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Without it the signal ends the process, and the batch is sent again.
        let _ = signal_hook::flag::register(signal, stop.clone());
    }
    let mut tell = |sentence: &str| {
        if !wish.quiet {
            say(sentence);
        }
    };
    let shipped = Shipper::open(plan, &stop, &mut tell)?.run()?;
    tell(&totals(&shipped));
    Ok(u8::from(!wish.follow && !shipped.is_whole()))
}

fn plan(wish: &ShipArguments, kind: &SinkKind) -> anyhow::Result<ShipPlan> {
    let address = Address {
        kind: kind.clone(),
        format: wish.format.unwrap_or_default().into(),
        columns: wish.columns.clone().unwrap_or_default(),
        is_zstd: wish.zstd,
        has_ids: !wish.no_ids,
    };
    let wait = wish.wait.unwrap_or(match kind {
        SinkKind::Stdout => STREAM_WAIT_DEFAULT,
        SinkKind::File(_) | SinkKind::Parquet(_) => FILE_WAIT_DEFAULT,
    });
    let name = wish.name.clone().or_else(|| address.name());
    ensure!(
        name.is_some() || !wish.delete_shipped,
        "--delete-shipped deletes what every registered sink has, and a look at standard output is \
         none of them; name it with --name"
    );
    Ok(ShipPlan {
        clicks: wish.folder().to_owned(),
        name,
        address,
        keys: if wish.no_ids { None } else { Some(keys(wish)?) },
        key_file: wish.click_key.clone().unwrap_or_else(|| key_file::beside(wish.folder())),
        batch_clicks: wish.batch.unwrap_or(BATCH_CLICKS_DEFAULT) as usize,
        follow: wish.follow.then_some(wait),
        delete_after: wish.delete_shipped.then_some(wish.keep_for.unwrap_or(KEEP_SHIPPED_DEFAULT)),
        is_quiet: wish.quiet,
    })
}

/// The keys that the server of this folder signs click ids with.
fn keys(wish: &ShipArguments) -> anyhow::Result<ClickKeys> {
    let keys = match &wish.click_key {
        Some(path) => key_file::load(path),
        None => key_file::load_beside(wish.folder()),
    };
    keys.context("clicks are told apart by their ids; name the key file, or ship with --no-ids")
}

/// What was shipped, and what was wrong on the way.
fn totals(shipped: &Shipped) -> String {
    let clicks = counted(shipped.clicks, "click");
    let batches = counted(shipped.batches, "batch");
    let mut text = format!("{clicks} shipped in {batches}");
    if shipped.deleted > 0 {
        text += &format!(", {} deleted", counted(shipped.deleted, "segment"));
    }
    if shipped.gone > 0 {
        text += &format!(", {} gone since", counted(shipped.gone, "click"));
    }
    if shipped.pruned > 0 {
        text += &format!(", {} deleted before that by force", counted(shipped.pruned, "click"));
    }
    format!("{text}; read {}", shipped.tally)
}

/// A registered sink, as `--list --json` shows it.
#[derive(Serialize)]
struct ListedSink<'a> {
    name: &'a str,
    sink: &'a str,
    batches: u64,
    clicks: u64,
    clicks_behind: u64,
    seconds_behind: f64,
}

fn list(clicks: &Path, is_json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    for name in register::names(clicks)? {
        let checkpoint = register::read(clicks, &name)?;
        let lag = lag::of(clicks, &checkpoint.positions)?;
        if is_json {
            let listed = ListedSink {
                name: &name,
                sink: &checkpoint.address,
                batches: checkpoint.batches,
                clicks: checkpoint.clicks,
                clicks_behind: lag.clicks,
                seconds_behind: lag.age_us as f64 / 1e6,
            };
            writeln!(out, "{}", visible_json(&listed))?;
        } else {
            let clicks = counted(checkpoint.clicks, "click");
            let batches = counted(checkpoint.batches, "batch");
            let sink = visible(&checkpoint.address);
            writeln!(out, "{name}: {sink}: {clicks} in {batches}; {lag}")?;
        }
    }
    Ok(())
}

fn kind(text: &str) -> Result<SinkKind, String> {
    SinkKind::parse(text).map_err(|error| format!("{error:#}"))
}

fn wait_help() -> String {
    let (stream, files) = (written_time(STREAM_WAIT_DEFAULT), written_time(FILE_WAIT_DEFAULT));
    format!(
        "With --follow: how long a click may wait for others to share its batch [default: \
         {stream} for stdout, else {files}]"
    )
}
