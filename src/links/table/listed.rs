//! Links as they stand in a table, one by one, and their native lines.

use core::fmt;

use super::entries::{Entry, FORK, PATTERN, PREFIX, Parts};
use super::hosts::Hosts;
use crate::links::key::Key;
use crate::links::link::{Options, RuleLine, RuleLines, Status};

/// A link of a table.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    key: Key<'a>,
    entry: Entry<'a>,
}

impl<'a> Listed<'a> {
    /// The link of an entry; `None` for a fork, which is none.
    pub(super) fn of(entry: Entry<'a>, hosts: &'a Hosts) -> Option<Listed<'a>> {
        let (host, loose) = hosts.name(entry.host())?;
        let key = Key {
            host,
            path: entry.path(),
            query: entry.query(),
            prefix: entry.has(PREFIX),
            pattern: entry.has(PATTERN),
            loose,
        };
        (!entry.has(FORK)).then_some(Listed { key, entry })
    }

    /// Its key.
    pub fn key(&self) -> Key<'a> {
        self.key
    }

    /// What its key is called where links are changed by their keys.
    pub fn name(&self) -> String {
        self.key.name()
    }

    /// Whether its key is a whole path: neither a prefix nor with placeholders.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.key.is_open()
    }

    /// Its id.
    pub fn id(&self) -> u64 {
        self.entry.id()
    }

    /// What it answers with.
    pub fn status(&self) -> Status {
        self.entry.status()
    }

    /// Where it sends, as it was written; empty for a 410.
    pub fn target(&self) -> &'a [u8] {
        self.entry.target()
    }

    /// What else it says.
    pub fn options(&self) -> Options<'a> {
        let mut options = self.entry.options().map(Options::stored).unwrap_or_default();
        options.id = Some(self.id()).filter(|&id| id != self.key.id());
        options.loose = self.key.loose;
        options
    }

    /// The lines of its key, if that has rules: the first is what this link says itself.
    pub fn lines(&self) -> Option<impl Iterator<Item = RuleLine<'a>> + Clone + use<'a>> {
        let options = self.entry.options().filter(|options| Options::have_rules(options))?;
        Some(RuleLines::of(self.status(), self.target(), self.entry.blanks(), options))
    }

    /// Its entry, taken apart.
    pub(super) fn parts(&self) -> Parts<'a> {
        self.entry.parts()
    }
}

impl PartialEq for Listed<'_> {
    /// Whether their lines are the same.
    fn eq(&self, other: &Listed<'_>) -> bool {
        self.key == other.key
            && self.status() == other.status()
            && self.target() == other.target()
            && self.options() == other.options()
    }
}

impl<'a> Listed<'a> {
    /// Its lines in the native format, in parts: target, status, and options with conditions
    /// as they stand behind them. Of a link without rules there is one.
    pub fn parts_of_lines(&self) -> Vec<(&'a [u8], Status, String)> {
        let Some(lines) = self.lines() else {
            return vec![(self.target(), self.status(), trimmed(self.options().to_string()))];
        };
        let Options { id, loose, .. } = self.options();
        // The id is that of all of them. What the key takes no notice of is said by each.
        let part = |(at, line): (usize, RuleLine<'a>)| {
            let options = line.options().of_key(id.filter(|_| at == 0), loose);
            (line.target, line.status, trimmed(format!("{options}{}", line.rule)))
        };
        lines.enumerate().map(part).collect()
    }
}

fn trimmed(text: String) -> String {
    text.trim_start().to_owned()
}

impl fmt::Display for Listed<'_> {
    /// A line of the native format, without its end; of a key that has rules all its lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (target, status, options)) in self.parts_of_lines().into_iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.key)?;
            if !target.is_empty() {
                write!(f, " {}", String::from_utf8_lossy(target))?;
            }
            if status != Status::Found {
                write!(f, " {}", status.code())?;
            }
            if !options.is_empty() {
                write!(f, " {options}")?;
            }
        }
        Ok(())
    }
}
