//! `carom links replay`: a real access log, answered with the links of now and with
//! those that are to come, and every request whose answer is another one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::access_log::{self, Line};
use super::differences::{Asked, Difference, Differences, Kind};
use super::sample::{Drawn, Sample};
use crate::cli::progress::Progress;
use crate::limits::{REPLAY_BLOCK_REQUESTS, REPLAY_LINE_BYTES_MAX, REPLAY_LISTED_DEFAULT};
use crate::links::{self, Format, OnBadLine, Table};
use crate::shard::Now;
use crate::shard::trial::{Pieces, Trial};
use crate::sources::{Reading, Sources};

/// What `carom links replay` is asked to do.
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// Access log in the common or combined format, with or without the virtual host in
    /// front; - reads standard input
    #[arg(value_name = "ACCESS_LOG")]
    pub log: PathBuf,
    /// Link files as they are; give it once for each
    #[arg(long, required = true, value_name = "FILE")]
    pub old: Vec<PathBuf>,
    /// Link files as they are to be
    #[arg(long, required = true, value_name = "FILE")]
    pub new: Vec<PathBuf>,
    /// Format of the old link files [default: told from the file]
    #[arg(long, value_name = "FORMAT")]
    pub old_format: Option<Format>,
    /// Format of the new link files [default: told from the file]
    #[arg(long, value_name = "FORMAT")]
    pub new_format: Option<Format>,
    /// Put before targets that are only a path, as nginx and Netlify allow
    #[arg(long, value_name = "https://HOST", value_parser = links::base)]
    pub base: Option<String>,
    /// When a line of a link file is bad: do nothing, or skip it and take the rest
    #[arg(long, default_value = OnBadLine::default().name(), value_name = "refuse|skip")]
    pub on_bad_line: Option<OnBadLine>,
    /// Host of the requests whose line names none
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub host: Option<String>,
    /// Take only so many lines, or such a share (0.5%), from the whole log; the same each
    /// time
    #[arg(long, value_name = "N|PERCENT")]
    pub sample: Option<Sample>,
    /// List each line whose answer differs, as it comes, not each distinct request once
    #[arg(long)]
    pub all: bool,
    /// List at most so many
    #[arg(long, help = limit_help(), value_name = "N")]
    pub limit: Option<usize>,
    /// Print each difference, and then the totals, as a JSON object of one line
    #[arg(long)]
    pub json: bool,
}

fn limit_help() -> String {
    format!(
        "List at most so many [default: {REPLAY_LISTED_DEFAULT} distinct requests; with --all, \
         every line]"
    )
}

/// A host as a field can hold it.
fn host(text: &str) -> Result<String, String> {
    let is_host = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_host.then(|| text.to_owned()).ok_or_else(|| "it is no host".to_owned())
}

/// Runs the command.
#[must_use]
pub fn run(wish: &Replay) -> ExitCode {
    let out = BufWriter::new(io::stdout().lock());
    ExitCode::from(replay(wish, out, &mut io::stderr()))
}

/// Prints differences to `out`, and what goes wrong to `complaints`; returns the exit
/// status.
pub fn replay(wish: &Replay, out: impl Write, complaints: &mut impl Write) -> u8 {
    let mut read = |paths: &[PathBuf], format| read_table(wish, paths, format, complaints);
    let tables = read(&wish.old, wish.old_format)
        .and_then(|old| read(&wish.new, wish.new_format).map(|new| [old, new]));
    let ran = tables.and_then(|tables| Run::new(wish, tables, out)?.run(complaints));
    match ran {
        Ok(different) => u8::from(different > 0),
        // Whoever stopped reading has seen what they wanted: a difference.
        Err(error) if super::is_broken_pipe(&error) => 1,
        Err(error) => {
            // There is nobody left to tell that nobody can be told.
            let _ = writeln!(complaints, "carom: {error:#}");
            2
        }
    }
}

fn read_table(
    wish: &Replay,
    paths: &[PathBuf],
    format: Option<Format>,
    complaints: &mut impl Write,
) -> anyhow::Result<Arc<Table>> {
    let reading = Reading { format, base: wish.base.clone(), columns: None };
    let sources = Sources {
        paths: paths.to_vec(),
        reading,
        on_bad_line: wish.on_bad_line.unwrap_or_default(),
    };
    let read = sources.read()?;
    write!(complaints, "{}", read.report)?;
    let Some(table) = read.table else {
        bail!("mend the lines above, or pass --on-bad-line skip to leave them out");
    };
    Ok(table)
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    lines: u64,
    taken: u64,
    requests: u64,
    unreadable: u64,
    other_methods: u64,
    /// Requests that name no host.
    without_host: u64,
    /// Requests that each table redirects: the old, the new.
    redirects: [u64; 2],
    different: u64,
    by_kind: [u64; Kind::ALL.len()],
    /// Of those with `--all`, how many were listed.
    listed: u64,
}

/// A replay that is under way.
struct Run<'a, W> {
    wish: &'a Replay,
    tables: [Arc<Table>; 2],
    trials: [Trial; 2],
    requests: Pieces,
    replies: [Pieces; 2],
    /// The line of each request.
    lines: Vec<u64>,
    totals: Totals,
    differences: Differences,
    out: W,
}

impl<'a, W: Write> Run<'a, W> {
    fn new(wish: &'a Replay, tables: [Arc<Table>; 2], out: W) -> anyhow::Result<Self> {
        // Both answer at one time: this one.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let unix_us = since.context("the clock stands before 1970")?.as_micros() as u64;
        let now = Now { unix_us, ms: 0 };
        let trials = [Trial::new(&tables[0], now), Trial::new(&tables[1], now)];
        Ok(Self {
            wish,
            tables,
            trials,
            requests: Pieces::default(),
            replies: [Pieces::default(), Pieces::default()],
            lines: Vec::new(),
            totals: Totals::default(),
            differences: Differences::default(),
            out,
        })
    }

    /// Reads the log and answers it; returns how many requests differ.
    fn run(mut self, complaints: &mut impl Write) -> anyhow::Result<u64> {
        let path = &*self.wish.log;
        let wrong = || format!("cannot read the access log {}", path.display());
        let mut log = Log::open(path).with_context(wrong)?;
        let mut progress = Progress::new(log.bytes);
        let mut drawn = match self.wish.sample {
            Some(Sample::Lines(most)) => Some(Drawn::new(most)),
            _ => None,
        };
        while let Some(line) = log.next().with_context(wrong)? {
            self.totals.lines += 1;
            let number = self.totals.lines;
            match &mut drawn {
                Some(drawn) => drawn.offer(number, line),
                None if self.wish.sample.is_none_or(|sample| sample.takes(number)) => {
                    self.take(number, line);
                    if self.lines.len() == REPLAY_BLOCK_REQUESTS {
                        progress.aside(|| self.answer())?;
                    }
                }
                None => {}
            }
            progress.step(|| log.read_bytes);
        }
        drop(progress);
        if let Some(drawn) = drawn {
            if drawn.is_cut() {
                let sentence = "carom: the sample is smaller, for want of memory";
                writeln!(complaints, "{sentence}")?;
            }
            for (number, line) in drawn.into_lines() {
                self.take(number, &line);
                if self.lines.len() == REPLAY_BLOCK_REQUESTS {
                    self.answer()?;
                }
            }
        }
        self.answer()?;
        self.finish(complaints)?;
        Ok(self.totals.different)
    }

    /// Takes a line of the log.
    fn take(&mut self, number: u64, line: &[u8]) {
        self.totals.taken += 1;
        match access_log::read(line) {
            Line::Unreadable => self.totals.unreadable += 1,
            Line::OtherMethod => self.totals.other_methods += 1,
            Line::Request(request) => {
                self.totals.requests += 1;
                let host = request.host.or(self.wish.host.as_ref().map(String::as_bytes));
                self.totals.without_host += u64::from(host.is_none());
                self.requests.push(|text| head(&request, host.unwrap_or_default(), text));
                self.lines.push(number);
            }
        }
    }

    /// Answers what was taken, with both tables at the same time.
    fn answer(&mut self) -> anyhow::Result<()> {
        let [old, new] = &mut self.trials;
        let [replies, others] = &mut self.replies;
        let requests = &self.requests;
        std::thread::scope(|scope| {
            scope.spawn(|| old.answer(requests, replies));
            new.answer(requests, others);
        });
        for (at, line) in std::mem::take(&mut self.lines).into_iter().enumerate() {
            let replies = [self.replies[0].get(at), self.replies[1].get(at)];
            for (count, reply) in self.totals.redirects.iter_mut().zip(replies) {
                *count += u64::from(is_redirect(reply));
            }
            if replies[0] != replies[1] {
                self.differ(at, line)?;
            }
        }
        self.requests.clear();
        self.replies.iter_mut().for_each(Pieces::clear);
        Ok(())
    }

    fn differ(&mut self, at: usize, line: u64) -> anyhow::Result<()> {
        let [old, new] = [self.replies[0].get(at), self.replies[1].get(at)];
        let difference = Difference::of(line, old, new, self.trials[0].click_id());
        let asked = Asked::of(self.requests.get(at));
        self.totals.different += 1;
        self.totals.by_kind[difference.kind as usize] += 1;
        if !self.wish.all {
            self.differences.add(asked, difference);
        } else if self.wish.limit.is_none_or(|most| self.totals.listed < most as u64) {
            self.totals.listed += 1;
            self.list(&asked, &difference)?;
        }
        Ok(())
    }

    fn list(&mut self, asked: &Asked, difference: &Difference) -> io::Result<()> {
        if self.wish.json {
            return writeln!(self.out, "{}", difference.to_json(asked));
        }
        self.out.write_all(difference.to_text(asked).as_bytes())
    }

    fn finish(&mut self, complaints: &mut impl Write) -> anyhow::Result<()> {
        let all = std::mem::take(&mut self.differences);
        let listed = self.wish.limit.unwrap_or(REPLAY_LISTED_DEFAULT).min(all.len());
        for (asked, difference) in all.sorted().into_iter().take(listed) {
            self.list(asked, difference)?;
        }
        if self.wish.json {
            writeln!(self.out, "{}", self.totals_json(&all))?;
        } else {
            self.out.write_all(self.rest(&all, listed).as_bytes())?;
            self.out.write_all(self.totals_text(&all).as_bytes())?;
        }
        self.out.flush()?;
        let has_hosts = self.tables.iter().any(|table| table.counts().hosts > 0);
        if has_hosts && self.totals.without_host > 0 {
            writeln!(
                complaints,
                "carom: {} requests name no host, so no link of a host answers them; pass --host",
                self.totals.without_host
            )?;
        }
        Ok(())
    }

    /// What is not listed, if anything is not.
    fn rest(&self, all: &Differences, listed: usize) -> String {
        if self.wish.all {
            return match self.totals.different - self.totals.listed {
                0 => String::new(),
                more => format!("… and {more} more lines (--limit N lists more)\n"),
            };
        }
        let mut text = String::new();
        if all.len() > listed {
            let more = all.len() - listed;
            text.push_str(&format!("… and {more} more distinct requests (--limit N lists more)\n"));
        }
        if all.unlisted() > 0 {
            let more = all.unlisted();
            text.push_str(&format!("… and {more} requests for which there was no room (--all)\n"));
        }
        text
    }

    fn totals_text(&self, all: &Differences) -> String {
        let Totals { lines, taken, requests, unreadable, other_methods, .. } = self.totals;
        let Totals { redirects: [old, new], different, .. } = self.totals;
        let of = if taken == lines { String::new() } else { format!(" of {lines}") };
        let mut text = format!(
            "{taken}{of} lines: {requests} requests, {unreadable} skipped that are none, \
             {other_methods} of other methods\n\
             redirects: {old} from the old links, {new} from the new\n\
             same: {}, different: {different}",
            requests - different
        );
        if different > 0 {
            let kinds = Kind::ALL.into_iter().zip(self.totals.by_kind);
            let some = kinds.filter(|(_, count)| *count > 0);
            let kinds: Vec<_> = some.map(|(kind, n)| format!("{} {n}", kind.name())).collect();
            text.push_str(&format!(" ({})", kinds.join(", ")));
            if !self.wish.all && all.unlisted() == 0 {
                text.push_str(&format!(", in {} distinct requests", all.len()));
            }
        }
        text + "\n"
    }

    fn totals_json(&self, all: &Differences) -> serde_json::Value {
        let Totals { lines, taken, requests, unreadable, other_methods, .. } = self.totals;
        let Totals { redirects: [old, new], different, by_kind, .. } = self.totals;
        let kinds = Kind::ALL.into_iter().zip(by_kind);
        let kinds: serde_json::Map<_, _> =
            kinds.map(|(kind, count)| (kind.name().to_owned(), count.into())).collect();
        let distinct = (!self.wish.all && all.unlisted() == 0).then_some(all.len());
        json!({ "totals": {
            "lines": lines,
            "taken": taken,
            "requests": requests,
            "unreadable": unreadable,
            "other_methods": other_methods,
            "redirects_old": old,
            "redirects_new": new,
            "same": requests - different,
            "different": different,
            "by_kind": kinds,
            "distinct": distinct,
        } })
    }
}

/// Appends the request as a client would send it now.
pub fn head(request: &access_log::Request<'_>, host: &[u8], text: &mut Vec<u8>) {
    text.extend_from_slice(request.method);
    text.push(b' ');
    text.extend_from_slice(&request.target);
    let fields: [(&[u8], &[u8]); 3] = [
        (b" HTTP/1.1\r\nHost: ", host),
        (b"\r\nReferer: ", request.referer),
        (b"\r\nUser-Agent: ", request.user_agent),
    ];
    for (at, (name, value)) in fields.into_iter().enumerate() {
        if at == 0 || !value.is_empty() {
            text.extend_from_slice(name);
            text.extend_from_slice(value);
        }
    }
    text.extend_from_slice(b"\r\n\r\n");
}

/// Whether the status of a reply is 301 to 308.
fn is_redirect(reply: &[u8]) -> bool {
    reply.get(9) == Some(&b'3')
}

/// Lines of a log as they come.
struct Log {
    reader: BufReader<Box<dyn io::Read>>,
    /// How large it is, if that is known.
    bytes: Option<u64>,
    read_bytes: u64,
    line: Vec<u8>,
}

impl Log {
    fn open(path: &Path) -> io::Result<Self> {
        let (reader, bytes): (Box<dyn io::Read>, _) = if path == Path::new("-") {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            (Box::new(file), about.is_file().then_some(about.len()))
        };
        let reader = BufReader::with_capacity(REPLAY_LINE_BYTES_MAX, reader);
        Ok(Self { reader, bytes, read_bytes: 0, line: Vec::new() })
    }

    /// The next line, without its end. Of a line that is too long, which is no
    /// request, the beginning of that length.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let most = REPLAY_LINE_BYTES_MAX as u64;
        let mut size = (&mut self.reader).take(most).read_until(b'\n', &mut self.line)?;
        if size == REPLAY_LINE_BYTES_MAX && self.line.last() != Some(&b'\n') {
            size += self.reader.skip_until(b'\n')?;
        }
        self.read_bytes += size as u64;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok((size > 0).then(|| line.strip_suffix(b"\r").unwrap_or(line)))
    }
}
