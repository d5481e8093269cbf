//! The files in which caps are counted: `caps` in the state folder, and where a server got
//! more caps than that has room for, `caps-1` and so on. The next start puts all into one.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use crate::clicks::SegmentMap;
use crate::disk::{folder, regular};
use crate::limits::CAP_EXTENTS_MAX;
use crate::rules::caps::{KeptCaps, Room};

/// See the file.
#[derive(Debug)]
pub struct CapFiles {
    state: PathBuf,
}

/// A map has all its space on the disk, and outlives that.
#[derive(Debug)]
struct MappedRoom(SegmentMap);

impl Room for MappedRoom {
    fn words(&self) -> &[AtomicU64] {
        self.0.words()
    }

    fn is_broken(&self) -> bool {
        self.0.is_broken()
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync(0..self.0.bytes())
    }
}

impl CapFiles {
    /// Those in this state folder.
    pub fn new(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    /// The first.
    pub fn path(&self) -> PathBuf {
        self.state.join("caps")
    }

    fn path_of(&self, number: usize) -> PathBuf {
        if number == 0 { self.path() } else { self.state.join(format!("caps-{number}")) }
    }

    /// The first, until it says all that is known.
    fn part(&self) -> PathBuf {
        self.state.join(".caps.part")
    }

    /// What the files say; `None` where there are none, and an error inside where the first
    /// is none of carom's.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn read(&self) -> io::Result<Option<Result<KeptCaps, Harmed>>> {
        let mut files = Vec::new();
        for number in 0..CAP_EXTENTS_MAX {
            match regular::open(&self.path_of(number)) {
                Ok(mut file) => {
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes)?;
                    let words = bytes.chunks_exact(8);
                    let word = |word: &[u8]| u64::from_le_bytes(word.try_into().expect("8 bytes"));
                    files.push(words.map(word).collect::<Vec<_>>());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok((!files.is_empty()).then(|| KeptCaps::read(&files).ok_or(Harmed)))
    }

    /// Makes the file with this number, over what an earlier run left. The first has no
    /// name yet.
    ///
    /// # Errors
    ///
    /// Those of making and mapping it.
    pub fn make(&self, number: usize, bytes: u64) -> io::Result<Box<dyn Room>> {
        let path = if number == 0 { self.part() } else { self.path_of(number) };
        folder::remove_file(&path)?;
        let (_, map) = SegmentMap::create(&path, bytes)?;
        map.populate(0..map.bytes())?;
        Ok(Box::new(MappedRoom(map)))
    }

    /// Puts the first in place of those that were.
    ///
    /// # Errors
    ///
    /// Those of rename(2), unlink(2) and fsync(2).
    pub fn name_first(&self) -> io::Result<()> {
        fs::rename(self.part(), self.path())?;
        (1..CAP_EXTENTS_MAX).try_for_each(|number| folder::remove_file(&self.path_of(number)))?;
        folder::sync(&self.state)
    }

    /// Deletes all of them.
    ///
    /// # Errors
    ///
    /// Those of unlink(2).
    pub fn remove(&self) -> io::Result<()> {
        folder::remove_file(&self.part())?;
        (0..CAP_EXTENTS_MAX).rev().try_for_each(|number| folder::remove_file(&self.path_of(number)))
    }
}

/// The file is not what carom left there.
#[derive(Debug)]
pub struct Harmed;
