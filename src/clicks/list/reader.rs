//! Reads a list of segments and checks that no line of it was changed or taken out.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::clicks::format::list_line::{self, LINE_BYTES_MAX, ListKeys, ListLine, Mac};
use crate::disk::regular;

const READ_BYTES: usize = 64 * 1024;

/// What is wrong with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFlaw {
    /// In which line, from 1.
    pub line: u64,
    /// What it is.
    pub kind: FlawKind,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawKind {
    /// It is no line, or its checksum does not fit.
    Damaged,
    /// It, or the one before it, is not what was written: its MAC does not fit.
    Changed,
    /// It is not the one that should come: lines were taken out or put in before it.
    Jump,
    /// Lines behind it were taken out.
    Cut,
}

impl fmt::Display for ListFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match self.kind {
            FlawKind::Damaged => write!(f, "line {line} is damaged"),
            FlawKind::Changed => write!(f, "line {line} was changed: its MAC does not fit"),
            FlawKind::Cut => write!(f, "lines behind line {line} were taken out"),
            FlawKind::Jump => write!(f, "lines before line {line} were taken out or put in"),
        }
    }
}

/// Reads a list from its beginning, and goes on where it grows.
#[derive(Debug)]
pub struct ListReader {
    file: File,
    keys: Option<ListKeys>,
    /// What was read and is no whole line yet.
    rest: Vec<u8>,
    at: u64,
    index: u64,
    /// What the line before ended with; `None` where that cannot be known.
    mac: Option<Mac>,
    /// What is wrong so far.
    pub flaws: Vec<ListFlaw>,
    /// Numbers of keys that lines are signed with and that are not there.
    pub keys_gone: BTreeSet<u8>,
}

impl ListReader {
    /// Opens the list of a click folder; `None` if it has none. Without `keys`, no MAC
    /// is checked.
    ///
    /// # Errors
    ///
    /// Those of open(2).
    pub fn open(clicks: &Path, keys: Option<ListKeys>) -> io::Result<Option<Self>> {
        match regular::open(&super::path(clicks)) {
            Ok(file) => Ok(Some(Self::new(file, keys))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads this file.
    #[must_use]
    pub fn new(file: File, keys: Option<ListKeys>) -> Self {
        Self {
            file,
            keys,
            rest: Vec::new(),
            at: 0,
            index: 0,
            mac: Some([0; 16]),
            flaws: Vec::new(),
            keys_gone: BTreeSet::new(),
        }
    }

    /// Hands each line that came since the last time to `take`.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn read(&mut self, mut take: impl FnMut(&ListLine)) -> io::Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = self.file.read_at(&mut buffer, self.at)?;
            if count == 0 {
                return Ok(());
            }
            self.at += count as u64;
            self.rest.extend_from_slice(&buffer[..count]);
            let mut rest = std::mem::take(&mut self.rest);
            let mut begin = 0;
            while let Some(length) = memchr::memchr(b'\n', &rest[begin..]) {
                if let Some(line) = self.line(&rest[begin..begin + length]) {
                    take(&line);
                }
                begin += length + 1;
            }
            rest.drain(..begin);
            // What is that long will be no line.
            rest.truncate(LINE_BYTES_MAX);
            self.rest = rest;
        }
    }

    /// There were so many lines when the list was last synced. To be told when it was read.
    pub fn expect(&mut self, lines: u64) {
        if self.index < lines {
            self.flaw(self.index, FlawKind::Cut);
        }
    }

    /// Lines so far, and what the last one ended with.
    #[must_use]
    pub fn head(&self) -> (u64, Mac) {
        (self.index, self.mac.unwrap_or_default())
    }

    fn line(&mut self, bytes: &[u8]) -> Option<ListLine> {
        let text = str::from_utf8(bytes).ok();
        let read = text.and_then(|text| Some((text, list_line::read(text)?)));
        let Some((text, line)) = read else {
            self.index += 1;
            self.mac = None;
            self.flaw(self.index, FlawKind::Damaged);
            return None;
        };
        if line.index != self.index + 1 {
            self.flaw(line.index, FlawKind::Jump);
        } else if let (Some(keys), Some(before)) = (&self.keys, &self.mac) {
            let is_it = keys.mark(line.key) == Some(line.mark);
            match keys.mac(line.key, before, &text[..line.signed]).filter(|_| is_it) {
                Some(mac) if mac != line.mac => self.flaw(line.index, FlawKind::Changed),
                Some(_) => {}
                None => drop(self.keys_gone.insert(line.key)),
            }
        }
        (self.index, self.mac) = (line.index, Some(line.mac));
        Some(line)
    }

    fn flaw(&mut self, line: u64, kind: FlawKind) {
        self.flaws.push(ListFlaw { line, kind });
    }
}
