//! The keys that visitors' addresses are hashed with: one for each day (UTC),
//! drawn at random and kept in the state folder, so that a restart on the same
//! day gives the same hashes. Time is an argument.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::clicks::write::privacy::IpKey;
use crate::disk::aside::Aside;
use crate::disk::state;

/// Name of the file, in the state folder. A line for each key: days since
/// 1970-01-01 and 32 hexadecimal digits.
const NAME: &str = "ip-keys";
/// Microseconds in a day.
const DAY_US: u64 = 24 * 60 * 60 * 1_000_000;

/// The keys of today and of the days beside it, in their file.
#[derive(Debug)]
pub struct IpKeys {
    path: PathBuf,
    keys: Vec<(u64, IpKey)>,
    today: IpKey,
    /// The file holds what `keys` holds.
    is_saved: bool,
}

impl IpKeys {
    /// Reads the keys of the click folder `clicks`, and draws today's if it is not
    /// among them. The caller holds the folder's lock.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: the file cannot be read, understood or written.
    pub fn open(clicks: &Path, unix_us: u64) -> anyhow::Result<Self> {
        let path = state::path(clicks).join(NAME);
        let keys = match fs::read_to_string(&path) {
            Ok(text) => parse(&text).with_context(|| {
                format!(
                    "{} is damaged; delete it, and addresses seen before today's start get other \
                     hashes",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        state::make(clicks)
            .with_context(|| format!("cannot make a folder in {}", clicks.display()))?;
        let mut keys = Self { path, keys, today: IpKey([0; 16]), is_saved: true };
        keys.turn(unix_us).with_context(|| format!("cannot write {}", keys.path.display()))?;
        Ok(keys)
    }

    /// The key of the day that [`turn`](Self::turn) was last told of.
    #[must_use]
    pub fn today(&self) -> IpKey {
        self.today
    }

    /// Goes over to the day of `unix_us`: its key is drawn when it is new, and keys
    /// are forgotten 48 hours after their day began. That of the day before stays
    /// until then, for whoever has to find the clicks of an address, and because a
    /// clock may be set back.
    ///
    /// # Errors
    ///
    /// Without randomness the key stays as it is. When the file cannot be written,
    /// the new key is in use all the same. Either is tried again the next time.
    pub fn turn(&mut self, unix_us: u64) -> io::Result<()> {
        let today = unix_us / DAY_US;
        let count = self.keys.len();
        self.keys.retain(|(day, _)| day.abs_diff(today) <= 1);
        self.is_saved &= self.keys.len() == count;
        self.today = match self.keys.iter().find(|(day, _)| *day == today) {
            Some((_, key)) => *key,
            None => {
                let key = draw()?;
                self.keys.push((today, key));
                self.is_saved = false;
                key
            }
        };
        if !self.is_saved {
            self.save()?;
            self.is_saved = true;
        }
        Ok(())
    }

    /// Puts a new file in the place of the old one.
    fn save(&self) -> io::Result<()> {
        let mut text = String::new();
        for (day, IpKey(key)) in &self.keys {
            let key = u128::from_be_bytes(*key);
            writeln!(text, "{day} {key:032x}").expect("a string takes anything");
        }
        Aside::create(&self.path, 0o600)?.put(text.as_bytes())
    }

    /// Deletes the keys of an earlier server, where addresses are hashed no more.
    ///
    /// # Errors
    ///
    /// A sentence for the operator when they cannot be deleted.
    pub fn forget(clicks: &Path) -> anyhow::Result<()> {
        let path = state::path(clicks).join(NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| {
                    format!("cannot delete the keys of hashed addresses, {}", path.display())
                })
            }
            _ => Ok(()),
        }
    }
}

fn parse(text: &str) -> anyhow::Result<Vec<(u64, IpKey)>> {
    let line = |line: &str| {
        let (day, key) = line.split_once(' ')?;
        let is_whole = key.len() == 32;
        let key = u128::from_str_radix(key, 16).ok().filter(|_| is_whole)?;
        Some((day.parse().ok()?, IpKey(key.to_be_bytes())))
    };
    let lines = text.lines().enumerate();
    lines
        .map(|(at, text)| line(text).with_context(|| format!("line {} is no key", at + 1)))
        .collect()
}

fn draw() -> io::Result<IpKey> {
    let mut key = [0; 16];
    getrandom::fill(&mut key)?;
    Ok(IpKey(key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// 2026-11-24, 00:00.
    const MIDNIGHT: u64 = 20_781 * DAY_US;

    fn key_at(clicks: &Path, unix_us: u64) -> IpKey {
        IpKeys::open(clicks, unix_us).unwrap().today()
    }

    #[test]
    fn a_restart_on_the_same_day_has_the_same_key() {
        let clicks = tempfile::tempdir().unwrap();
        let key = key_at(clicks.path(), MIDNIGHT);
        assert_eq!(key_at(clicks.path(), MIDNIGHT + DAY_US - 1), key);
        assert_ne!(key_at(clicks.path(), MIDNIGHT + DAY_US), key);
    }

    #[test]
    fn midnight_brings_another_key_and_the_next_one_forgets_the_first() {
        let clicks = tempfile::tempdir().unwrap();
        let text = || fs::read_to_string(state::path(clicks.path()).join(NAME)).unwrap();
        let mut keys = IpKeys::open(clicks.path(), MIDNIGHT - 1).unwrap();
        let first = (keys.today(), text());
        keys.turn(MIDNIGHT - 1).unwrap();
        assert_eq!((keys.today(), text()), first);
        keys.turn(MIDNIGHT).unwrap();
        assert_ne!(keys.today(), first.0);
        assert!(text().starts_with(&first.1));
        keys.turn(MIDNIGHT - 1).unwrap();
        assert_eq!(keys.today(), first.0, "the clock was set back");
        keys.turn(MIDNIGHT + DAY_US).unwrap();
        assert!(!text().contains(first.1.trim()) && text().lines().count() == 2, "{}", text());
        keys.turn(MIDNIGHT + 9 * DAY_US).unwrap();
        assert_eq!(text().lines().count(), 1);
    }

    #[test]
    fn only_the_owner_reads_them() {
        let clicks = tempfile::tempdir().unwrap();
        key_at(clicks.path(), MIDNIGHT);
        let folder = state::path(clicks.path());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(NAME))), (0o700, 0o600));
    }

    #[test]
    fn they_can_be_forgotten() {
        let clicks = tempfile::tempdir().unwrap();
        IpKeys::forget(clicks.path()).unwrap();
        let key = key_at(clicks.path(), MIDNIGHT);
        IpKeys::forget(clicks.path()).unwrap();
        assert_ne!(key_at(clicks.path(), MIDNIGHT), key);
    }

    #[test]
    fn a_damaged_file_is_said_and_kept() {
        let clicks = tempfile::tempdir().unwrap();
        let path = state::make(clicks.path()).unwrap().join(NAME);
        for text in ["20781 0123\n", "20781\n", "x 00000000000000000000000000000000\n"] {
            fs::write(&path, text).unwrap();
            let said = format!("{:#}", IpKeys::open(clicks.path(), MIDNIGHT).unwrap_err());
            assert!(said.contains("ip-keys is damaged; delete it"), "{said}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    /// What cannot be written is in use, and written as soon as it can be.
    #[test]
    fn a_key_that_cannot_be_written_is_used_and_tried_again() {
        let clicks = tempfile::tempdir().unwrap();
        let mut keys = IpKeys::open(clicks.path(), MIDNIGHT).unwrap();
        let before = keys.today();
        let folder = state::path(clicks.path());
        fs::remove_dir_all(&folder).unwrap();
        keys.turn(MIDNIGHT + DAY_US).unwrap_err();
        assert_ne!(keys.today(), before);
        state::make(clicks.path()).unwrap();
        keys.turn(MIDNIGHT + DAY_US).unwrap();
        assert_eq!(key_at(clicks.path(), MIDNIGHT + DAY_US), keys.today());
    }
}
