//! What carom makes of a file and answers, and what is to be said of a difference.

use std::collections::HashSet;
use std::sync::Arc;

use carom::links::{Format, Help, Include, OnBadLine, Source, Table, load};
use carom::replay::{DryShard, Pieces};
use carom::shard::Now;

/// Where targets that are only a path go, which is the host that is asked.
pub const SITE: &str = "http://site.example";

/// A map that files of Apache may look into. Its lines count from 901.
pub const MAP: &str = "m.map";
pub const MAP_LINES: &str = "one https://to.example/t901\n# no line\ntwo /t903?x=1\na/b https://to.example/t904\nb https://to.example/t905/%20\n";

/// A file and what is asked of it. Targets have `/tN`, with the line they are on.
pub struct Case {
    pub format: Format,
    pub text: String,
    /// URLs.
    pub asks: Vec<String>,
}

/// Status and location.
pub type Answer = Option<(u16, String)>;

/// What carom makes of a case.
pub struct Own {
    pub answers: Vec<Answer>,
    /// Lines that were refused, or are changed.
    told: HashSet<u32>,
}

/// How much was compared.
#[derive(Debug, Default)]
pub struct Tally {
    pub files: usize,
    pub asks: usize,
    /// Redirects of lines of which nothing was said.
    pub same: usize,
    /// Differences of lines of which something was.
    pub told: usize,
}

impl Case {
    pub fn own(&self) -> Own {
        let map = |_: &str| Ok(vec![(MAP.to_owned(), MAP_LINES.as_bytes().to_vec())]);
        let help = Help { base: Some(SITE), include: Some(Include(&map)), ..Help::default() };
        let source = Source { help, ..Source::new("links", self.text.as_bytes(), self.format) };
        let loaded = load(&[source], OnBadLine::Skip);
        let report = &loaded.report;
        let told = report.problems.iter().chain(&report.changed);
        let told =
            told.map(|it| if it.file_name == MAP { 900 + it.line } else { it.line }).collect();
        Own { answers: answers(&Arc::new(loaded.table.unwrap()), &self.asks), told }
    }

    /// Compares, and says where an answer differs for no reason that was told.
    pub fn judge(&self, own: &Own, theirs: &[Answer], tally: &mut Tally) -> Result<(), String> {
        tally.files += 1;
        for ((asked, own_answer), theirs) in self.asks.iter().zip(&own.answers).zip(theirs) {
            tally.asks += 1;
            let lines = [own_answer, theirs].map(|it| it.as_ref().and_then(|it| line_of(&it.1)));
            let mut is_told = lines.iter().flatten().any(|line| own.told.contains(line));
            // A 410 does not tell its line.
            if [own_answer, theirs].iter().any(|it| it.as_ref().is_some_and(|it| it.0 == 410)) {
                is_told |= self.gone().any(|line| own.told.contains(&line));
            }
            // Nor does what a map says or does not.
            if lines[1].is_none_or(|line| line > 900) {
                is_told |= self.mapped().any(|line| own.told.contains(&line));
            }
            if own_answer == theirs {
                tally.same += usize::from(theirs.is_some() && !is_told);
            } else if is_told {
                tally.told += 1;
            } else {
                return Err(format!(
                    "{asked}\n  there {theirs:?}\n  here  {own_answer:?}\nof {:?}, told of {:?}:\n{}",
                    self.format, own.told, self.text
                ));
            }
        }
        Ok(())
    }
}

/// What a campaign of random files comes to.
#[derive(Default)]
pub struct Campaign {
    tally: Tally,
    unsaid: Vec<String>,
}

impl Campaign {
    /// Compares, and keeps what is not told.
    pub fn judge(&mut self, case: &Case, own: &Own, theirs: &[Answer]) {
        self.unsaid.extend(case.judge(own, theirs, &mut self.tally).err());
    }

    /// Says how much was compared, and fails where something is not told, or where less than
    /// one question in `share` had an answer of which nothing was said.
    pub fn done(mut self, whose: &str, share: usize) {
        let tally = &self.tally;
        eprintln!("{whose}: {tally:?}, {} unexplained", self.unsaid.len());
        self.unsaid.sort_by_key(String::len);
        let shown = &self.unsaid[..self.unsaid.len().min(6)];
        assert!(shown.is_empty(), "{} in all, as\n{}", self.unsaid.len(), shown.join("\n"));
        assert!(tally.same * share > tally.asks, "hardly anything is compared: {tally:?}");
    }
}

impl Case {
    /// Lines that have one of these words.
    fn with(&self, words: &'static [&str]) -> impl Iterator<Item = u32> {
        let says = |line: &str| words.iter().any(|word| line.contains(word));
        (1..).zip(self.text.lines()).filter(move |(_, line)| says(line)).map(|(at, _)| at)
    }

    /// Lines that answer 410.
    fn gone(&self) -> impl Iterator<Item = u32> {
        self.with(&["gone", "410", "[G"])
    }

    /// Rules of Apache that look into a map.
    fn mapped(&self) -> impl Iterator<Item = u32> {
        self.with(&["${m:"])
    }
}

/// The number behind `/t`.
fn line_of(location: &str) -> Option<u32> {
    let digits = location.split("/t").skip(1).map(|rest| {
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        &rest[..end]
    });
    digits.filter_map(|digits| digits.parse().ok()).next()
}

fn answers(table: &Arc<Table>, asks: &[String]) -> Vec<Answer> {
    let mut requests = Pieces::default();
    for asked in asks {
        let (host, target) = host_and_target(asked);
        requests.push(|text| {
            text.extend(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").bytes());
        });
    }
    let mut replies = Pieces::default();
    DryShard::new(table, Now::default()).answer(&requests, &mut replies);
    (0..asks.len()).map(|at| answer(replies.get(at))).collect()
}

pub fn host_and_target(asked: &str) -> (&str, &str) {
    let rest = asked.split_once("://").unwrap().1;
    rest.split_at(rest.find('/').unwrap())
}

/// Of a reply's head.
pub fn answer(head: &[u8]) -> Answer {
    let head = str::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    match status {
        410 => Some((410, String::new())),
        status => location.map(|location| (status, location)),
    }
}
