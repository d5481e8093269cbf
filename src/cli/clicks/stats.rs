//! `carom clicks stats`: clicks counted, as a table or as JSON.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::filter::FilterArguments;
use super::folders::folders;
use super::totals::{status, tally_to_json, total};
use crate::cli::pipe::is_broken_pipe;
use crate::cli::progress::Progress;
use crate::cli::wishes::default_name;
use crate::clicks::{
    ByValue, ClickCounter, Count, HOUR_US, Ledger, LinkKeys, Stats, Tally, Top, key_ring::KeyRing,
    spell,
};
use crate::limits::{CLICKS_FOLDER_DEFAULT, STATS_ROWS_DEFAULT};
use crate::say::say_to;
use crate::words::{counted, visible, visible_json};

/// Hours that a table shows: two days. JSON has all.
const HOURS_SHOWN: usize = 48;

/// What `carom clicks stats` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct StatsArguments {
    /// Click folders, or single segment files.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Which clicks are counted.
    #[command(flatten)]
    pub filter: FilterArguments,
    /// How many links, referers, user agents and tags to print.
    #[arg(long, default_value = STATS_ROWS_DEFAULT.to_string(), value_name = "N")]
    pub top: Option<usize>,
    /// How to print them.
    #[arg(long, value_enum, default_value = default_name::<StatsFormat>())]
    pub format: Option<StatsFormat>,
    /// Keys of the lists of segments [default: .state/click-key in each folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
    /// Say nothing on standard error but what keeps the command from working.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How counts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// Tables, for people.
    #[default]
    Text,
    /// One JSON object, for programs.
    Json,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &StatsArguments) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(stats(wish, out, &mut io::stderr().lock()))
}

/// Prints counts to `out`, and what is wrong to `complaints`; returns the exit
/// status.
pub fn stats(wish: &StatsArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    let mut say = |sentence: &str| say_to(complaints, sentence);
    let printed = count(wish).and_then(|counted| {
        print(wish, &counted, out)?;
        Ok(counted)
    });
    match printed {
        Ok(CountedClicks { stats, tally, notes }) => {
            if !wish.quiet {
                notes.iter().for_each(|note| say(note));
                say(&total(&wish.filter.filter(), stats.clicks, "counted", &tally));
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

/// What was read.
struct CountedClicks {
    stats: Stats,
    tally: Tally,
    notes: Vec<String>,
}

fn count(wish: &StatsArguments) -> anyhow::Result<CountedClicks> {
    let filter = wish.filter.filter();
    let keys = KeyRing::new(wish.click_key.as_deref())?;
    let mut ledger = Ledger::open(&folders(&wish.paths), false)?;
    ledger.compare_with_lists(|folder| keys.list_keys(folder));
    ledger.pass_over_all_but(filter.times.clone());
    let mut progress = Progress::new(Some(ledger.waiting_bytes()));
    let mut counter = ClickCounter::new();
    while let Some(entry) = ledger.next_click_by_shard()? {
        if filter.takes(&entry.click) {
            counter.add(&entry);
        }
        progress.step(|| ledger.read_bytes());
    }
    Ok(CountedClicks { stats: counter.finish(), tally: ledger.tally(), notes: ledger.take_notes() })
}

fn print(
    wish: &StatsArguments,
    counted: &CountedClicks,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let rows = wish.top.unwrap_or(STATS_ROWS_DEFAULT);
    match wish.format.unwrap_or_default() {
        StatsFormat::Text => out.write_all(to_text(&counted.stats, rows).as_bytes())?,
        StatsFormat::Json => writeln!(out, "{}", visible_json(&to_json(counted, rows)))?,
    }
    out.flush()?;
    Ok(())
}

fn to_json(counted: &CountedClicks, rows: usize) -> Value {
    let stats = &counted.stats;
    let time = |time_us| json!(to_time(time_us, "%FT%T%.6fZ"));
    let verdicts = stats.verdicts.iter().map(|(it, clicks)| (it.to_string(), json!(clicks)));
    let statuses = stats.statuses.iter().map(|(it, clicks)| (it.to_string(), json!(clicks)));
    let mut hours = stats.hours.most(usize::MAX);
    hours.sort_unstable_by_key(|(hour, _)| **hour);
    let hours = hours.into_iter().map(|(hour, count)| {
        json!({ "hour": to_time(hour * HOUR_US, "%FT%TZ"), "clicks": count.clicks })
    });
    let mut counts = json!({
        "clicks": stats.clicks,
        "first": stats.span_us.map(|(first, _)| time(first)),
        "last": stats.span_us.map(|(_, last)| time(last)),
        "head": stats.head,
        "prefetch": stats.prefetch,
        "verdicts": verdicts.collect::<serde_json::Map<_, _>>(),
        "statuses": statuses.collect::<serde_json::Map<_, _>>(),
        "hours": hours.collect::<Vec<_>>(),
        "ledger": tally_to_json(&counted.tally),
    });
    for column in &stats.columns {
        let (name, plural) = (column.name, column.counted.plural);
        counts[plural] = match &column.values {
            ByValue::Numbers { top, .. } => {
                let mut counts = top_to_json(top, rows, name, |&link| to_link(link));
                name_links(&mut counts, top, rows, &stats.keys);
                counts
            }
            ByValue::Texts { top, .. } => top_to_json(top, rows, name, |bytes| {
                (!bytes.is_empty()).then(|| spell(bytes).into_owned())
            }),
        };
    }
    counts
}

/// Adds to each row of a count of links what the link is called, where that is known.
fn name_links(counts: &mut Value, top: &Top<u64>, rows: usize, keys: &LinkKeys) {
    let Some(named) = counts["top"].as_array_mut() else { return };
    for (row, (link, _)) in named.iter_mut().zip(top.most(rows)) {
        if let Some(key) = keys.get(*link) {
            row["key"] = spell(key).into();
        }
    }
}

fn top_to_json<K: Eq + std::hash::Hash + Ord>(
    top: &Top<K>,
    rows: usize,
    name: &str,
    show: impl Fn(&K) -> Option<String>,
) -> Value {
    let most = top.most(rows);
    let shown: u64 = most.iter().map(|(_, count)| count.clicks).sum();
    let rows = most.into_iter().map(|(key, count)| {
        json!({ name: show(key), "clicks": count.clicks, "lacks_max": count.lacks_max })
    });
    json!({
        "top": rows.collect::<Vec<_>>(),
        "others": top.clicks() - shown,
        "distinct": top.distinct(),
        "lacks_max": top.lacks_max(),
    })
}

fn to_text(stats: &Stats, rows: usize) -> String {
    let mut page = String::new();
    let time = |time_us| to_time(time_us, "%F %T UTC");
    let mut figures = vec![("clicks".to_owned(), exact(stats.clicks))];
    figures.extend(stats.verdicts.iter().map(|(it, clicks)| (it.to_string(), exact(*clicks))));
    figures.extend(stats.statuses.iter().map(|(it, clicks)| (it.to_string(), exact(*clicks))));
    figures.push(("HEAD".to_owned(), exact(stats.head)));
    figures.push(("prefetch".to_owned(), exact(stats.prefetch)));
    table(&mut page, "", &figures);
    if let Some((first, last)) = stats.span_us {
        writeln!(page, "from {} to {}", time(first), time(last)).expect("a string takes anything");
    }

    let mut hours = stats.hours.most(usize::MAX);
    hours.sort_unstable_by_key(|(hour, _)| **hour);
    let (early, late) = hours.split_at(hours.len().saturating_sub(HOURS_SHOWN));
    let mut lines = Vec::new();
    if !early.is_empty() {
        let clicks = early.iter().map(|(_, count)| count.clicks).sum();
        lines.push((counted(early.len(), "hour") + " before", exact(clicks)));
    }
    let hour = |hour: u64| to_time(hour * HOUR_US, "%F %H:00");
    lines.extend(late.iter().map(|(number, count)| (hour(**number), *count)));
    table(&mut page, "hour (UTC)", &lines);

    for column in &stats.columns {
        let title = column.name.replace('_', " ");
        match &column.values {
            ByValue::Numbers { top, .. } => top_table(&mut page, &title, top, rows, |&link| {
                let name = stats.keys.get(link).map(shown).or_else(|| to_link(link));
                name.unwrap_or_else(|| "(none)".to_owned())
            }),
            ByValue::Texts { top, .. } => {
                top_table(&mut page, &title, top, rows, |bytes| shown(bytes));
            }
        }
    }
    page
}

/// A count that lacks nothing.
fn exact(clicks: u64) -> Count {
    Count { clicks, lacks_max: 0 }
}

/// A string that a visitor chose, for a terminal.
fn shown(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "(none)".to_owned();
    }
    visible(&spell(bytes)).into_owned()
}

fn top_table<K: Eq + std::hash::Hash + Ord>(
    page: &mut String,
    title: &str,
    top: &Top<K>,
    rows: usize,
    show: impl Fn(&K) -> String,
) {
    let most = top.most(rows);
    let mut lines: Vec<_> = most.iter().map(|(key, count)| (show(key), *count)).collect();
    let clicks: u64 = most.iter().map(|(_, count)| count.clicks).sum();
    if clicks < top.clicks() {
        let name = match top.distinct() {
            Some(distinct) => format!("({})", counted(distinct - most.len(), "other")),
            None => "(others, more than are counted one by one)".to_owned(),
        };
        lines.push((name, exact(top.clicks() - clicks)));
    }
    table(page, title, &lines);
}

/// Lines of a count and what it counts, the counts below each other.
fn table(page: &mut String, title: &str, lines: &[(String, Count)]) {
    if lines.is_empty() {
        return;
    }
    let width = lines.iter().map(|(_, count)| count.clicks.to_string().len()).max().unwrap_or(0);
    let width = width.max("clicks".len());
    if !title.is_empty() {
        page.push_str(&format!("\n{:>width$}  {title}\n", "clicks"));
    }
    for (name, count) in lines {
        let lacks = match count.lacks_max {
            0 => String::new(),
            most => format!("  (up to {most} more)"),
        };
        page.push_str(&format!("{:>width$}  {name}{lacks}\n", count.clicks));
    }
}

/// A link as clicks show it.
fn to_link(link: u64) -> Option<String> {
    (link != 0).then(|| format!("{link:016x}"))
}

/// A time in UTC; the latest that has a name, if it has none.
fn to_time(time_us: u64, format: &str) -> String {
    let time = i64::try_from(time_us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.unwrap_or(Timestamp::MAX).strftime(format).to_string()
}
