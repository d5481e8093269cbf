//! Lines of a log of which nothing was understood, and what is said of them.

use super::formats::LogFormat;
use crate::limits::REPLAY_SHOWN_LINES;
use crate::words::visible;

/// Characters that are shown of a line.
const SHOWN_CHARACTERS: usize = 160;

/// The first of those lines, with their numbers.
#[derive(Debug, Default)]
pub struct NotUnderstood {
    first: Vec<(u64, String)>,
    count: u64,
}

impl NotUnderstood {
    /// One more.
    pub fn add(&mut self, number: u64, line: &[u8]) {
        self.count += 1;
        if self.first.len() < REPLAY_SHOWN_LINES {
            self.first.push((number, shown(line)));
        }
    }

    /// Each of the first on a line, for people, and how many more there are.
    pub fn to_text(&self, log: &str) -> String {
        let lines = self.first.iter();
        let mut text: String =
            lines.map(|(number, line)| format!("{log}:{number}: no request: {line}\n")).collect();
        match self.count - self.first.len() as u64 {
            0 => {}
            1 => text.push_str(&format!("{log}: 1 more line is no request\n")),
            more => text.push_str(&format!("{log}: {more} more lines are no request\n")),
        }
        text
    }

    /// Why a log of so many lines is none that can be read: what its first line looks
    /// like, and what would be read.
    pub fn refusal(&self, log: &str, lines: u64, format: Option<LogFormat>) -> String {
        let Some((number, line)) = self.first.first() else {
            let why =
                if lines == 0 { "no line is in it" } else { "no line of it is in the sample" };
            return format!("carom: {log}: {why}, so nothing was compared\n");
        };
        let mut text = format!(
            "carom: {log}: no line of it is a request{}. Line {number} is\n  {line}\nThese are \
             read, as they are or compressed with gzip:\n",
            format.map(|format| format!(" in the format {}", format.name())).unwrap_or_default()
        );
        for (name, about) in LogFormat::all() {
            text.push_str(&format!("  {name:<16} {about}\n"));
        }
        if format.is_some() {
            text.push_str("Leave --log-format out to have it told from each line\n");
        }
        text
    }
}

fn shown(line: &[u8]) -> String {
    if line.is_empty() {
        return "(empty)".to_owned();
    }
    let text = String::from_utf8_lossy(line);
    let mut rest = text.chars();
    let begin: String = rest.by_ref().take(SHOWN_CHARACTERS).collect();
    let more = if rest.next().is_some() { "…" } else { "" };
    format!("{}{more}", visible(&begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&[u8]]) -> NotUnderstood {
        let mut all = NotUnderstood::default();
        lines.iter().zip(1..).for_each(|(line, number)| all.add(number, line));
        all
    }

    #[test]
    fn the_first_are_shown() {
        let check = |lines: &[&[u8]], wanted: &str| assert_eq!(of(lines).to_text("log"), wanted);
        check(&[], "");
        check(&[b"a\x1b", b""], "log:1: no request: a\\u{1b}\nlog:2: no request: (empty)\n");
        let three = "log:1: no request: a\nlog:2: no request: b\nlog:3: no request: c\n";
        check(&[b"a", b"b", b"c"], three);
        check(&[b"a", b"b", b"c", b"d"], &format!("{three}log: 1 more line is no request\n"));
        let more = format!("{three}log: 2 more lines are no request\n");
        check(&[b"a", b"b", b"c", b"d", b"e"], &more);
        let long = "é".repeat(SHOWN_CHARACTERS);
        check(&[long.as_bytes()], &format!("log:1: no request: {long}\n"));
        check(&[format!("{long}é").as_bytes()], &format!("log:1: no request: {long}…\n"));
    }

    #[test]
    fn what_would_be_read_is_named() {
        let check = |lines: &[&[u8]], count, format: Option<&str>, words: &str| {
            let format = format.map(|name| name.parse().unwrap());
            let text = of(lines).refusal("log", count, format);
            assert!(text.contains(words), "{text}");
        };
        check(&[], 0, None, "log: no line is in it, so nothing was compared\n");
        check(&[], 9, None, "log: no line of it is in the sample, so");
        check(&[b"x"], 1, None, "is a request. Line 1 is\n  x\nThese are read");
        check(&[b"x"], 1, None, "\n  caddy            Caddy's JSON\n");
        check(&[b"x"], 1, Some("alb"), "a request in the format alb. Line 1");
        check(&[b"x"], 1, Some("alb"), "\nLeave --log-format out");
    }
}
