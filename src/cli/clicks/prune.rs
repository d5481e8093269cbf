//! `carom clicks prune`: deletes segments by age and size, and says what.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytesize::ByteSize;
use clap::{ArgGroup, Args};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::filter::time;
use crate::cli::pipe::is_broken_pipe;
use crate::cli::quantities::size;
use crate::cli::retention::keep;
use crate::clicks::{Actor, ClickKeys, key_file, reason_word};
use crate::limits::CLICKS_FOLDER_DEFAULT;
use crate::machine::clock::unix_us;
use crate::retention::{
    Choice, Going, Moment, Pruned, Rules, Survey, carry_out, choose, doubted, finish, words,
};
use crate::say::say_to;
use crate::words::{counted, mebibytes, visible, visible_json};

/// What `carom clicks prune` is asked to do.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("rule").required(true).multiple(true).args(["keep", "max_disk", "before"])))]
pub struct PruneArguments {
    /// The click folder. A server may be running.
    #[arg(env = "CAROM_CLICKS", default_value = CLICKS_FOLDER_DEFAULT, value_name = "DIR")]
    pub folder: PathBuf,
    /// Delete segments whose last click is older, such as 30d.
    #[arg(long, value_name = "TIME", value_parser = keep)]
    pub keep: Option<Duration>,
    /// Delete the oldest sealed segments, until all segments take no more of the disk, such as
    /// 50GiB.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_disk: Option<ByteSize>,
    /// Delete segments whose last click is before this time: RFC 3339, a date (UTC), today,
    /// yesterday, or so long ago, such as 2h or 7d.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub before: Option<u64>,
    /// Say what would be deleted, and delete nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Delete also what a registered sink lacks. It is told what it misses, and its next run
    /// says so.
    #[arg(long)]
    pub force: bool,
    /// Print what is deleted as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Keys that sign the list of segments [default: .state/click-key in the folder].
    #[arg(long, value_name = "FILE")]
    pub click_key: Option<PathBuf>,
}

/// Runs the command.
#[must_use]
pub fn run(wish: &PruneArguments) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(prune(wish, out, &mut io::stderr().lock()))
}

/// Prints what goes to `out`, and what does not to `complaints`; returns the exit status.
pub fn prune(wish: &PruneArguments, out: impl Write, complaints: &mut impl Write) -> u8 {
    match act(wish, out, complaints) {
        Ok(is_done) => u8::from(!is_done),
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say_to(complaints, visible(&format!("{error:#}")));
            2
        }
    }
}

/// Whether everything went that the rules name.
fn act(
    wish: &PruneArguments,
    mut out: impl Write,
    complaints: &mut impl Write,
) -> anyhow::Result<bool> {
    let folder = &wish.folder;
    let metadata =
        folder.metadata().with_context(|| format!("cannot read {}", folder.display()))?;
    ensure!(metadata.is_dir(), "{} is no folder; name the click folder", folder.display());
    let rules = Rules {
        keep: wish.keep,
        before_us: wish.before,
        disk_bytes_max: wish.max_disk.map(|size| size.as_u64()),
    };
    let now_us = unix_us();
    let survey = Survey::of(folder, now_us)?;
    if let Some(keep) = rules.keep
        && let Some(why) = doubted(folder, &survey, now_us, keep)
    {
        bail!(why);
    }
    let moment = Moment { now_us, is_trusted: true };
    let choice = choose(&survey, &rules, moment, wish.force, Survey::is_free);
    let finished = if wish.dry_run { 0 } else { finish(folder)? };
    if !wish.dry_run && !choice.goes.is_empty() {
        carry_out(folder, &survey, &choice, Actor::Prune, &keys(wish)?)?;
    }
    let told = Told { wish, rules, survey: &survey, choice: &choice, finished };
    if wish.json {
        writeln!(out, "{}", visible_json(&told.json()))?;
    } else {
        told.print(&mut out)?;
    }
    out.flush()?;
    told.complain(complaints);
    Ok(choice.held.is_empty() && choice.over_bytes == 0)
}

fn keys(wish: &PruneArguments) -> anyhow::Result<ClickKeys> {
    let keys = match &wish.click_key {
        Some(path) => key_file::load(path),
        None => key_file::load_beside(&wish.folder),
    };
    keys.context("what is deleted is noted with the click key; name it with --click-key")
}

/// What is to be said.
struct Told<'a> {
    wish: &'a PruneArguments,
    rules: Rules,
    survey: &'a Survey,
    choice: &'a Choice,
    finished: u64,
}

impl Told<'_> {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for Going { segment, why } in &self.choice.goes {
            let segment = &self.survey.segments[*segment];
            let Some(contents) = &segment.contents else { continue };
            writeln!(
                out,
                "{}: {}, {}, from {} to {}; {}",
                visible(&segment.file.path.display().to_string()),
                counted(contents.clicks, "click"),
                mebibytes(segment.bytes),
                text(contents.from_us),
                text(contents.to_us),
                why.meaning()
            )?;
        }
        if self.finished > 0 {
            let what = counted(self.finished, "segment");
            writeln!(out, "deleted {what}, of which the list said so already")?;
        }
        match Pruned::of(self.survey, self.choice, None) {
            None if self.finished > 0 => Ok(()),
            None => {
                let bytes = self.survey.segments.iter().map(|it| it.bytes).sum();
                let segments = counted(self.survey.segments.len() as u64, "segment");
                let verb = if self.wish.dry_run { "would be deleted" } else { "is deleted" };
                writeln!(out, "nothing {verb}; there are {segments}, {}", mebibytes(bytes))
            }
            Some(went) => {
                let verb = if self.wish.dry_run { "would delete" } else { "deleted" };
                writeln!(out, "{verb} {}", words::went(&went))
            }
        }
    }

    fn complain(&self, complaints: &mut impl Write) {
        let folder = &self.wish.folder;
        for (name, clicks) in self.missed() {
            let verb = if self.wish.dry_run { "would miss" } else { "will miss" };
            say_to(
                complaints,
                format_args!(
                    "the sink `{name}` {verb} {}, which it did not have yet; its next run says so",
                    counted(clicks, "click")
                ),
            );
        }
        if let Some(held) = words::held(folder, &self.rules, self.survey, self.choice) {
            say_to(complaints, visible(&held));
        } else if self.choice.over_bytes > 0 {
            say_to(complaints, visible(&words::over(&self.rules, self.choice.over_bytes)));
        }
        let unlisted = self.survey.unlisted.saturating_sub(self.finished);
        if unlisted > 0 {
            say_to(
                complaints,
                format_args!(
                    "the list of segments does not tell of {}, left alone: an older carom wrote \
                     them, or a kill left them, and the next start of `carom serve` lists them; or \
                     somebody put them there, which `carom clicks verify` says",
                    counted(unlisted, "segment")
                ),
            );
        }
        if self.choice.strange > 0 {
            say_to(
                complaints,
                format_args!(
                    "{} not as the list of segments says, and left alone; see with `carom clicks \
                     verify`",
                    counted(self.choice.strange, "segment")
                ),
            );
        }
    }

    /// What sinks will miss of what goes, by name.
    fn missed(&self) -> Vec<(&str, u64)> {
        let lacking = |sink: usize| {
            let goes = self.choice.goes.iter().map(|going| &self.survey.segments[going.segment]);
            let lacking = goes.flat_map(|segment| &segment.lacking).filter(|it| it.sink == sink);
            lacking.map(|it| it.clicks).sum::<u64>()
        };
        let sinks = self.survey.sinks.iter().enumerate();
        let missed = sinks.map(|(sink, name)| (&**name, lacking(sink)));
        missed.filter(|(_, clicks)| *clicks > 0).collect()
    }

    fn json(&self) -> Value {
        let deleted = self.choice.goes.iter().map(|Going { segment, why }| {
            let segment = &self.survey.segments[*segment];
            json!({
                "file": segment.file.path.display().to_string(),
                "shard": segment.file.shard,
                "number": segment.file.number,
                "why": reason_word(*why),
                "clicks": segment.contents.map(|contents| contents.clicks),
                "bytes": segment.bytes,
                "from": segment.contents.map(|contents| text(contents.from_us)),
                "to": segment.contents.map(|contents| text(contents.to_us)),
            })
        });
        let held = self.choice.held.iter().map(|held| {
            json!({
                "sink": self.survey.sinks[held.sink],
                "segments": held.segments,
                "clicks": held.clicks,
                "bytes": held.bytes,
            })
        });
        let missed = self.missed().into_iter();
        let missed = missed.map(|(sink, clicks)| json!({ "sink": sink, "clicks": clicks }));
        let total = Pruned::of(self.survey, self.choice, None);
        json!({
            "dry_run": self.wish.dry_run,
            "deleted": deleted.collect::<Value>(),
            "total": {
                "segments": total.map_or(0, |total| total.segments),
                "clicks": total.map_or(0, |total| total.clicks),
                "bytes": total.map_or(0, |total| total.bytes),
                "from": total.map(|total| text(total.from_us)),
                "to": total.map(|total| text(total.to_us)),
            },
            "finished": self.finished,
            "held": held.collect::<Value>(),
            "missed": missed.collect::<Value>(),
            "over_bytes": self.choice.over_bytes,
            "unlisted": self.survey.unlisted.saturating_sub(self.finished),
            "strange": self.choice.strange,
        })
    }
}

/// RFC 3339, UTC.
fn text(us: u64) -> String {
    let time = i64::try_from(us).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map_or_else(|| us.to_string(), |time| format!("{time:.6}"))
}
