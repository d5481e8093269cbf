//! Which segment numbers are used up. Click ids name segments by their number, so
//! none may be given twice, even after every segment was deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::disk::aside::Aside;
use crate::disk::state;
use crate::limits::{SEGMENT_NUMBER_MAX, SEGMENT_NUMBERS_AHEAD};

/// Name of the file, in the state folder. A line for each shard, from 0: the first
/// number that is not used up.
const NAME: &str = "segment-numbers";

/// A higher one would be of numbers that no segment gets.
const NEXT_MAX: u64 = SEGMENT_NUMBER_MAX + 1 + SEGMENT_NUMBERS_AHEAD;

/// The first number of each shard that is not used up, in its file.
#[derive(Debug)]
pub struct Numbers {
    clicks: PathBuf,
    next: Vec<u64>,
}

impl Numbers {
    /// Reads those of the click folder `clicks`. The caller holds its lock.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the file cannot be read or understood.
    pub fn open(clicks: &Path) -> anyhow::Result<Self> {
        let path = state::path(clicks).join(NAME);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let number = |line: &str| line.parse().ok().filter(|next| *next <= NEXT_MAX);
        let next: Option<Vec<u64>> = text.lines().map(number).collect();
        let next = next.ok_or_else(|| {
            anyhow!(
                "{} is damaged; delete it, and if segments were deleted too, ids of their clicks may \
                 find others",
                path.display()
            )
        })?;
        Ok(Self { clicks: clicks.to_owned(), next })
    }

    /// The first number of `shard` that is not used up, as far as is known here.
    #[must_use]
    pub fn next(&self, shard: usize) -> u64 {
        self.next.get(shard).copied().unwrap_or(1)
    }

    /// Notes that numbers of `shard` before `next` are used up or may soon be, and
    /// writes that down if it is new.
    ///
    /// # Errors
    ///
    /// Those of writing; it is tried again the next time.
    pub fn use_up(&mut self, shard: usize, next: u64) -> io::Result<()> {
        if next <= self.next(shard) { Ok(()) } else { self.note(shard, next) }
    }

    /// Notes that `next` is the first number of `shard` that is not used up: of those
    /// that were noted ahead, no later one was given.
    ///
    /// # Errors
    ///
    /// Those of writing; then they stay used up.
    pub fn settle(&mut self, shard: usize, next: u64) -> io::Result<()> {
        if next == self.next(shard) { Ok(()) } else { self.note(shard, next) }
    }

    fn note(&mut self, shard: usize, next: u64) -> io::Result<()> {
        let mut numbers = self.next.clone();
        numbers.resize(numbers.len().max(shard + 1), 1);
        numbers[shard] = next;
        self.write(&numbers)?;
        self.next = numbers;
        Ok(())
    }

    /// Writes down what is noted once more, where the folder is another one now.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write_again(&self) -> io::Result<()> {
        self.write(&self.next)
    }

    fn write(&self, numbers: &[u64]) -> io::Result<()> {
        let text: String = numbers.iter().map(|number| format!("{number}\n")).collect();
        let path = state::make(&self.clicks)?.join(NAME);
        Aside::create(&path, 0o600)?.put(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_remembered_and_never_go_back() {
        let clicks = tempfile::tempdir().unwrap();
        let mut numbers = Numbers::open(clicks.path()).unwrap();
        assert_eq!((numbers.next(0), numbers.next(9)), (1, 1));
        numbers.use_up(2, 7).unwrap();
        numbers.use_up(0, 3).unwrap();
        numbers.use_up(2, 5).unwrap();
        let again = Numbers::open(clicks.path()).unwrap();
        assert_eq!([0, 1, 2, 3].map(|shard| again.next(shard)), [3, 1, 7, 1]);
        assert_eq!(again.next, numbers.next);
        numbers.settle(2, 6).unwrap();
        assert_eq!(Numbers::open(clicks.path()).unwrap().next(2), 6);
    }

    #[test]
    fn a_damaged_file_is_said() {
        let clicks = tempfile::tempdir().unwrap();
        let path = state::make(clicks.path()).unwrap().join(NAME);
        for text in ["1\nx\n", "18446744073709551615\n"] {
            fs::write(&path, text).unwrap();
            let said = format!("{:#}", Numbers::open(clicks.path()).unwrap_err());
            assert!(said.contains("segment-numbers is damaged; delete it"), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_tried_again() {
        let clicks = tempfile::tempdir().unwrap();
        let mut numbers = Numbers::open(clicks.path()).unwrap();
        fs::write(state::path(clicks.path()), "in the way").unwrap();
        numbers.use_up(0, 2).unwrap_err();
        fs::remove_file(state::path(clicks.path())).unwrap();
        numbers.use_up(0, 2).unwrap();
        assert_eq!(Numbers::open(clicks.path()).unwrap().next(0), 2);
    }
}
