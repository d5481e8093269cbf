//! An access log on its way through two shards.

use std::io::{self, Write};
use std::sync::Arc;

use super::changed_replies::{AskedFor, ChangedReplies, ChangedReply};
use super::dry_shard::{DryShard, Pieces};
use super::formats::{LogColumns, LogFormat, LogReader};
use super::logged::LogLine;
use super::not_understood::NotUnderstood;
use super::sample::{Drawn, Sample};
use super::totals::Totals;
use crate::limits::{REPLAY_BLOCK_REQUESTS, REPLAY_LISTED_DEFAULT};
use crate::links::Table;
use crate::shard::Now;
use crate::words::{counted, visible_json};

/// How a log is answered, and what of that is listed.
#[derive(Clone, Debug, Default)]
pub struct RerunOptions {
    /// What the log is called.
    pub log: String,
    /// Of which format its lines are; `None`: each line tells.
    pub format: Option<LogFormat>,
    /// Host of the requests whose line names none.
    pub host: Option<String>,
    /// Which lines are taken; `None`: all.
    pub sample: Option<Sample>,
    /// Each line whose reply differs is listed as it comes, not each distinct request
    /// once.
    pub all: bool,
    /// Most that are listed; `None`: some distinct requests, or every line.
    pub limit: Option<usize>,
    /// As JSON, for programs.
    pub json: bool,
}

/// A log that is being answered by two tables at the same time.
pub struct Rerun<'a, W> {
    options: &'a RerunOptions,
    tables: [Arc<Table>; 2],
    shards: [DryShard; 2],
    requests: Pieces,
    replies: [Pieces; 2],
    /// The line of each request.
    lines: Vec<u64>,
    /// Lines of the log so far, with headings.
    number: u64,
    reader: LogReader,
    not_understood: NotUnderstood,
    drawn: Option<Drawn>,
    totals: Totals,
    changed: ChangedReplies,
    out: W,
}

impl<'a, W: Write> Rerun<'a, W> {
    /// A rerun with the old and the new table, both at the time `now`, that lists
    /// what differs into `out`.
    pub fn new(options: &'a RerunOptions, tables: [Arc<Table>; 2], now: Now, out: W) -> Self {
        let drawn = match options.sample {
            Some(Sample::Lines(most)) => Some(Drawn::new(most)),
            _ => None,
        };
        Self {
            options,
            shards: [DryShard::new(&tables[0], now), DryShard::new(&tables[1], now)],
            tables,
            requests: Pieces::default(),
            replies: [Pieces::default(), Pieces::default()],
            lines: Vec::new(),
            number: 0,
            reader: LogReader::new(options.format),
            not_understood: NotUnderstood::default(),
            drawn,
            totals: Totals::default(),
            changed: ChangedReplies::default(),
            out,
        }
    }

    /// Takes the next line of the log, if it is in the sample. Says whether what was
    /// taken is to be [answered](Self::answer) now.
    pub fn offer(&mut self, line: &[u8]) -> bool {
        self.number += 1;
        if self.reader.takes_heading(line) {
            return false;
        }
        self.totals.lines += 1;
        let (number, columns) = (self.number, self.reader.columns());
        match &mut self.drawn {
            Some(drawn) => drawn.offer(number, line, columns),
            None if self.options.sample.is_none_or(|sample| sample.takes(number)) => {
                self.take(number, line, columns);
            }
            None => {}
        }
        self.is_due()
    }

    fn is_due(&self) -> bool {
        self.lines.len() >= REPLAY_BLOCK_REQUESTS
    }

    fn take(&mut self, number: u64, line: &[u8], columns: LogColumns) {
        self.totals.taken += 1;
        match self.reader.read(line, columns) {
            LogLine::Unreadable => {
                self.totals.unreadable += 1;
                self.not_understood.add(number, line);
            }
            LogLine::OtherMethod => self.totals.other_methods += 1,
            LogLine::Request(request) => {
                self.totals.requests += 1;
                let host =
                    request.host.as_deref().or(self.options.host.as_ref().map(String::as_bytes));
                self.totals.without_host += u64::from(host.is_none());
                self.requests.push(|text| request.push_head(host.unwrap_or_default(), text));
                self.lines.push(number);
            }
        }
    }

    /// Answers what was taken, with both tables at the same time.
    ///
    /// # Errors
    ///
    /// When it cannot be listed.
    pub fn answer(&mut self) -> io::Result<()> {
        let [old, new] = &mut self.shards;
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

    fn differ(&mut self, at: usize, line: u64) -> io::Result<()> {
        let [old, new] = [self.replies[0].get(at), self.replies[1].get(at)];
        let changed = ChangedReply::of(line, old, new, self.shards[0].click_id());
        let asked = AskedFor::of(self.requests.get(at));
        self.totals.different += 1;
        self.totals.by_change[changed.change as usize] += 1;
        if !self.options.all {
            self.changed.add(asked, changed);
        } else if self.options.limit.is_none_or(|most| self.totals.listed < most as u64) {
            self.totals.listed += 1;
            self.list(&asked, &changed)?;
        }
        Ok(())
    }

    fn list(&mut self, asked: &AskedFor, changed: &ChangedReply) -> io::Result<()> {
        if self.options.json {
            return writeln!(self.out, "{}", visible_json(&changed.to_json(asked)));
        }
        self.out.write_all(changed.to_text(asked).as_bytes())
    }

    /// Answers the rest, and lists what is left to list, with the totals. What is to
    /// be said besides goes to `complaints`. Returns what was counted.
    ///
    /// # Errors
    ///
    /// When it cannot be listed.
    pub fn finish(mut self, complaints: &mut impl Write) -> io::Result<Totals> {
        if let Some(drawn) = self.drawn.take() {
            if drawn.is_cut() {
                writeln!(complaints, "carom: the sample is smaller, for want of memory")?;
            }
            for line in drawn.into_lines() {
                self.take(line.number, &line.text, line.columns);
                if self.is_due() {
                    self.answer()?;
                }
            }
        }
        self.answer()?;
        let all = std::mem::take(&mut self.changed);
        let listed = self.options.limit.unwrap_or(REPLAY_LISTED_DEFAULT).min(all.len());
        for (asked, changed) in all.sorted().into_iter().take(listed) {
            self.list(asked, changed)?;
        }
        let distinct = (!self.options.all).then_some(&all);
        if self.options.json {
            writeln!(self.out, "{}", self.totals.to_json(distinct))?;
        } else {
            self.out.write_all(self.rest(&all, listed).as_bytes())?;
            self.out.write_all(self.totals.to_text(distinct).as_bytes())?;
        }
        self.out.flush()?;
        complaints.write_all(self.not_read().as_bytes())?;
        let has_hosts = self.tables.iter().any(|table| table.counts().hosts > 0);
        if has_hosts && self.totals.without_host > 0 {
            writeln!(
                complaints,
                "carom: {} without a host, so no link of a host answers; pass --host",
                counted(self.totals.without_host, "request")
            )?;
        }
        Ok(self.totals)
    }

    /// What is to be said of lines that are no request.
    fn not_read(&self) -> String {
        let RerunOptions { log, format, .. } = self.options;
        match self.totals.is_nothing_read() {
            true => self.not_understood.refusal(log, self.totals.lines, *format),
            false => self.not_understood.to_text(log),
        }
    }

    /// What is not listed, if anything is not.
    fn rest(&self, all: &ChangedReplies, listed: usize) -> String {
        if self.options.all {
            return match self.totals.different - self.totals.listed {
                0 => String::new(),
                more => format!("… and {} (--limit N lists more)\n", counted(more, "more line")),
            };
        }
        let mut text = String::new();
        if all.len() > listed {
            let more = counted(all.len() - listed, "more distinct request");
            text.push_str(&format!("… and {more} (--limit N lists more)\n"));
        }
        if all.unlisted() > 0 {
            let more = counted(all.unlisted(), "request");
            text.push_str(&format!("… and {more} for which there was no room (--all)\n"));
        }
        text
    }
}

/// Whether the status of a reply is 301 to 308.
fn is_redirect(reply: &[u8]) -> bool {
    reply.get(9) == Some(&b'3')
}
