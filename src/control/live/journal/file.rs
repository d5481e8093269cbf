//! The journal on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::record::{Damage, HEADER, Recorded, decode, encode};
use crate::disk::aside::Aside;
use crate::disk::folder;
use crate::limits::{JOURNAL_GROUP_BYTES_MAX, JOURNAL_REWRITE_BYTES};

/// Its name in the state folder.
const NAME: &str = "links.journal";

/// The journal of a running server, which holds the lock of the state folder.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    size: u64,
    /// Its size when it was last rewritten.
    compact_size: u64,
    /// A write or a sync failed: what the file holds is not known.
    is_suspect: bool,
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
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
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
        let mut journal =
            Self { path, file, size: decoded.whole as u64, compact_size: 0, is_suspect: false };
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

    /// Writes records, which are on the disk when it returns. `all` are the records
    /// that say the same as the whole journal before these; it is rewritten with
    /// them when it has become long, or when it is not known what it holds.
    ///
    /// # Errors
    ///
    /// When they cannot be written; then they do not count.
    pub fn append(
        &mut self,
        records: &[Recorded],
        all: impl FnOnce() -> Vec<Recorded>,
    ) -> io::Result<()> {
        let is_long = self.size >= JOURNAL_REWRITE_BYTES.max(2 * self.compact_size);
        if self.is_suspect || is_long {
            self.rewrite(&all())?;
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
        } else {
            self.size += bytes.len() as u64;
        }
        written
    }

    /// Puts a new file with these records in its place.
    fn rewrite(&mut self, all: &[Recorded]) -> io::Result<()> {
        let mut bytes = HEADER.to_vec();
        encode(all, &mut bytes).map_err(too_long)?;
        let aside = Aside::create(&self.path, 0o600)?;
        aside.file().write_all(&bytes)?;
        let synced = aside.sync()?;
        // If that fails, nobody knows which of the two is there after a power loss.
        self.is_suspect = true;
        self.file = synced.name()?;
        self.is_suspect = false;
        self.size = bytes.len() as u64;
        self.compact_size = self.size;
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
    use super::super::record::Deed;
    use super::*;
    use crate::control::live::who::Who;

    fn mark(generation: u32) -> Recorded {
        Recorded { generation, at_us: 1, who: Who::itself("start"), what: Deed::Mark }
    }

    fn unneeded() -> Vec<Recorded> {
        unreachable!("it is not to be rewritten")
    }

    #[test]
    fn what_was_appended_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        for generation in 1..4 {
            let (mut journal, records, torn) = Journal::open(folder.path()).unwrap();
            assert_eq!((records, torn), ((1..generation).map(mark).collect::<Vec<_>>(), 0));
            journal.append(&[mark(generation)], unneeded).unwrap();
        }
    }

    #[test]
    fn a_torn_tail_is_cut_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.append(&[mark(1)], unneeded).unwrap();
        let whole = fs::read(&path).unwrap();
        journal.append(&[mark(2)], unneeded).unwrap();
        let bytes = fs::read(&path).unwrap();
        for end in whole.len()..bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            let (mut journal, records, torn) = Journal::open(folder.path()).unwrap();
            assert_eq!((records, torn), (vec![mark(1)], end - whole.len()));
            assert_eq!(fs::read(&path).unwrap(), whole);
            journal.append(&[mark(2)], unneeded).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn damage_in_the_middle_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.append(&[mark(1)], unneeded).unwrap();
        journal.append(&[mark(2)], unneeded).unwrap();
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
        journal.size = JOURNAL_REWRITE_BYTES;
        journal.append(&[mark(9)], || vec![mark(8)]).unwrap();
        assert!(journal.size < 1024);
        journal.append(&[mark(10)], unneeded).unwrap();
        let records = Journal::open(folder.path()).unwrap().1;
        assert_eq!(records, [mark(8), mark(9), mark(10)]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    }
}
