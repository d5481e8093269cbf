//! The journal on the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::record::{Damage, HEADER, Recorded, decode, encode, next_group};
use crate::disk::aside::Aside;
use crate::disk::{folder, regular};
use crate::limits::{JOURNAL_GROUP_BYTES_MAX, JOURNAL_REWRITE_BYTES, JOURNAL_REWRITTEN_AT_ONCE};

/// Its name in the state folder.
const NAME: &str = "links.journal";

/// The records of a journal, one group after the other. It may be one that a server is
/// writing into.
#[derive(Debug)]
pub struct Records {
    file: BufReader<File>,
    group: std::vec::IntoIter<Recorded>,
    size: u64,
    read: u64,
}

impl Records {
    /// Opens the journal in a state folder to be read.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or is none of this version.
    pub fn open(state: &Path) -> io::Result<Self> {
        let file = regular::open(&state.join(NAME))?;
        let size = file.metadata()?.len();
        let mut file = BufReader::new(file);
        let mut header = [0; HEADER.len()];
        match file.read_exact(&mut header) {
            Ok(()) if header == *HEADER => {}
            // Nothing was written into it yet.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Ok(()) => {
                return Err(io::Error::other("it does not begin as one of this version does"));
            }
            Err(error) => return Err(error),
        }
        Ok(Self { file, group: Vec::new().into_iter(), size, read: HEADER.len() as u64 })
    }

    /// Bytes behind the last whole group, once there is no more. They are being written,
    /// or are damaged.
    pub fn rest(&self) -> u64 {
        self.size.saturating_sub(self.read)
    }
}

impl Iterator for Records {
    type Item = Recorded;

    fn next(&mut self) -> Option<Recorded> {
        loop {
            if let Some(record) = self.group.next() {
                return Some(record);
            }
            let (group, bytes) = next_group(&mut self.file)?;
            self.read += bytes;
            self.group = group.into_iter();
        }
    }
}

/// The journal of a running server, which holds the lock of the state folder.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    size: u64,
    /// The size from which on it is to be rewritten.
    rewrite_at: u64,
    /// A write or a sync failed: nobody knows what the file holds.
    is_suspect: bool,
    /// How many rewrites are to fail.
    #[cfg(test)]
    pub broken_rewrites: usize,
    /// What cannot be written is in the file all the same, as when only the sync failed.
    #[cfg(test)]
    pub leaves_refused: bool,
}

impl Journal {
    /// Opens the journal in the state folder, made if there is none, with the
    /// records in it. A torn tail is cut; how many bytes that were is the last of the
    /// three.
    ///
    /// # Errors
    ///
    /// A sentence for the operator: it cannot be read or written, or is damaged.
    pub fn open(state: &Path) -> anyhow::Result<(Self, Vec<Recorded>, usize)> {
        let path = state.join(NAME);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let file =
            options.open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut bytes = Vec::new();
        regular::open(&path)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {}", path.display()))?;
        let decoded = match decode(&bytes) {
            Ok(decoded) => decoded,
            Err(damage) => bail!(
                "the journal of links {} {}; changes that were made with `carom links set` would \
                 be lost. Bring it back from a copy, or move it away to serve what the link files \
                 say",
                path.display(),
                match damage {
                    Damage::Header => "does not begin as one of this version does".to_owned(),
                    Damage::Group(at) => format!("is damaged at byte {at}"),
                }
            ),
        };
        let torn = bytes.len() - decoded.whole;
        let (size, rewrite_at) = (decoded.whole as u64, JOURNAL_REWRITE_BYTES);
        let mut journal = Self {
            path,
            file,
            size,
            rewrite_at,
            is_suspect: false,
            #[cfg(test)]
            broken_rewrites: 0,
            #[cfg(test)]
            leaves_refused: false,
        };
        let write = || -> io::Result<()> {
            journal.file.set_len(journal.size)?;
            if journal.size == 0 {
                (&journal.file).write_all(HEADER)?;
            }
            journal.file.sync_all()?;
            folder::sync(state)
        };
        write().with_context(|| format!("cannot write {}", journal.path.display()))?;
        journal.size = journal.size.max(HEADER.len() as u64);
        Ok((journal, decoded.records, torn))
    }

    /// Whether it is to be rewritten before more is appended: it has become long, or a
    /// write failed and nobody knows what it holds.
    pub fn is_due(&self) -> bool {
        self.is_suspect || self.size >= self.rewrite_at
    }

    /// The records that are in it now.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn records(&self) -> io::Result<Records> {
        Records::open(self.path.parent().unwrap_or(Path::new("")))
    }

    /// Looks whether its file is still the one in the state folder, and as long as it was
    /// written. Where it is not, as somebody removed, replaced or changed it, it is suspect
    /// from now on; whether that is news.
    pub fn look(&mut self) -> bool {
        let (own, there) = (self.file.metadata(), self.path.symlink_metadata());
        let is_in_place = matches!((own, there), (Ok(own), Ok(there))
            if (own.dev(), own.ino(), own.len()) == (there.dev(), there.ino(), self.size));
        let is_news = !is_in_place && !self.is_suspect;
        self.is_suspect |= !is_in_place;
        is_news
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing can be appended before it is rewritten.
    pub fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    /// Writes records as one group, which is on the disk when it returns.
    ///
    /// # Errors
    ///
    /// When they cannot be written; then they do not count.
    pub fn append(&mut self, records: &[Recorded]) -> io::Result<()> {
        if self.is_suspect {
            return Err(io::Error::other("a write to it failed before"));
        }
        let mut bytes = Vec::new();
        encode(records, &mut bytes).map_err(too_long)?;
        // Never tried again as if nothing had happened: after a failed sync the
        // kernel may have dropped what it could not write.
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if written.is_err() {
            self.is_suspect = true;
            // If that fails too, the rewrite puts another file in its place.
            let _ = self.file.set_len(self.size);
            #[cfg(test)]
            if self.leaves_refused {
                let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
                file.write_all(&bytes).unwrap();
            }
        } else {
            self.size += bytes.len() as u64;
        }
        written
    }

    /// Puts a new file in its place. `all` are records that say the same as the whole
    /// journal.
    ///
    /// # Errors
    ///
    /// When it cannot be written. Then the old one stays, and is due again when it has
    /// grown further.
    pub fn rewrite(&mut self, all: impl Iterator<Item = Recorded>) -> io::Result<()> {
        let done = self.put_in_place(all);
        if done.is_err() {
            self.rewrite_at = self.size + JOURNAL_REWRITE_BYTES;
        }
        done
    }

    /// Writes into it fail from now on, until it is rewritten.
    #[cfg(test)]
    pub fn break_file(&mut self) {
        self.file = File::open(&self.path).unwrap();
    }

    fn put_in_place(&mut self, mut all: impl Iterator<Item = Recorded>) -> io::Result<()> {
        #[cfg(test)]
        if let Some(left) = self.broken_rewrites.checked_sub(1) {
            self.broken_rewrites = left;
            return Err(io::Error::other("broken"));
        }
        let aside = Aside::create(&self.path, 0o600)?;
        let mut size = HEADER.len();
        aside.file().write_all(HEADER)?;
        loop {
            let group: Vec<Recorded> = all.by_ref().take(JOURNAL_REWRITTEN_AT_ONCE).collect();
            if group.is_empty() {
                break;
            }
            let mut bytes = Vec::new();
            encode(&group, &mut bytes).map_err(too_long)?;
            aside.file().write_all(&bytes)?;
            size += bytes.len();
        }
        let synced = aside.sync()?;
        // If that fails, nobody knows which of the two is there after a power loss.
        self.is_suspect = true;
        self.file = synced.name()?;
        self.is_suspect = false;
        self.size = size as u64;
        self.rewrite_at = JOURNAL_REWRITE_BYTES.max(2 * self.size);
        Ok(())
    }
}

fn too_long(size: usize) -> io::Error {
    io::Error::other(format!(
        "{size} bytes of changes at once; at most {JOURNAL_GROUP_BYTES_MAX} can be written together"
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::record::Deed;
    use super::*;
    use crate::control::live::who::Who;

    fn mark(generation: u32) -> Recorded {
        Recorded { generation, at_us: 1, who: Who::itself("start"), what: Deed::Mark }
    }

    #[test]
    fn what_was_appended_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        for generation in 1..4 {
            let (mut journal, records, torn) = Journal::open(folder.path()).unwrap();
            assert_eq!((records, torn), ((1..generation).map(mark).collect::<Vec<_>>(), 0));
            journal.append(&[mark(generation)]).unwrap();
        }
    }

    #[test]
    fn a_torn_tail_is_cut_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.append(&[mark(1)]).unwrap();
        let whole = fs::read(&path).unwrap();
        journal.append(&[mark(2)]).unwrap();
        let bytes = fs::read(&path).unwrap();
        for end in whole.len()..bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            let (mut journal, records, torn) = Journal::open(folder.path()).unwrap();
            assert_eq!((records, torn), (vec![mark(1)], end - whole.len()));
            assert_eq!(fs::read(&path).unwrap(), whole);
            journal.append(&[mark(2)]).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn what_another_did_to_it_is_noticed() {
        let harms: [fn(&Path); 4] = [
            |path| fs::remove_file(path).unwrap(),
            |path| fs::write(path, b"").unwrap(),
            |path| OpenOptions::new().append(true).open(path).unwrap().write_all(b"x").unwrap(),
            |path| {
                fs::copy(path, path.with_extension("copy")).unwrap();
                fs::rename(path.with_extension("copy"), path).unwrap();
            },
        ];
        for harm in harms {
            let folder = tempfile::tempdir().unwrap();
            let (mut journal, ..) = Journal::open(folder.path()).unwrap();
            journal.append(&[mark(1)]).unwrap();
            assert!(!journal.look() && !journal.is_due());
            harm(&folder.path().join(NAME));
            assert!(journal.look() && journal.is_suspect() && !journal.look());
            journal.rewrite([mark(2)].into_iter()).unwrap();
            assert!(!journal.look() && !journal.is_suspect());
        }
    }

    #[test]
    fn damage_in_the_middle_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.append(&[mark(1)]).unwrap();
        journal.append(&[mark(2)]).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[HEADER.len() + 20] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let refusal = Journal::open(folder.path()).unwrap_err().to_string();
        for words in ["links.journal is damaged at byte 22;", "move it away"] {
            assert!(refusal.contains(words), "{refusal}");
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_long_journal_is_rewritten() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        assert!(!journal.is_due());
        journal.size = JOURNAL_REWRITE_BYTES;
        assert!(journal.is_due());
        // More than stand in one group.
        let count = JOURNAL_REWRITTEN_AT_ONCE as u32 + 1;
        journal.rewrite((0..count).map(mark)).unwrap();
        assert!(!journal.is_due());
        journal.append(&[mark(count)]).unwrap();
        let records = Journal::open(folder.path()).unwrap().1;
        assert_eq!(records, (0..=count).map(mark).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn after_a_failed_write_nothing_is_added_before_it_is_rewritten() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.append(&[mark(1)]).unwrap();
        journal.break_file();
        journal.append(&[mark(2)]).unwrap_err();
        assert!(journal.is_due() && journal.is_suspect());
        journal.append(&[mark(3)]).unwrap_err();
        journal.rewrite([mark(1)].into_iter()).unwrap();
        journal.append(&[mark(4)]).unwrap();
        assert_eq!(Journal::open(folder.path()).unwrap().1, [mark(1), mark(4)]);
    }

    #[test]
    fn one_that_cannot_be_rewritten_goes_on_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.size = JOURNAL_REWRITE_BYTES;
        fs::remove_dir_all(folder.path()).unwrap();
        journal.rewrite([mark(1)].into_iter()).unwrap_err();
        assert!(!journal.is_due() && !journal.is_suspect());
        journal.size += JOURNAL_REWRITE_BYTES;
        assert!(journal.is_due());
    }
}
