//! A segment's bytes in memory, shared with its file.
//!
//! The one place of the ledger that is unsafe, so that writer, keeper and tests
//! are safe code over `&[AtomicU64]`.
#![allow(unsafe_code)] // A slice over mapped memory cannot be made without it.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use memmap2::{Advice, MmapMut, MmapRaw};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};

use crate::disk::bus::Watched;
use crate::pace;

/// Bytes that are faulted in at once, and what that takes, about.
const POPULATE_BYTES: usize = 256 * 1024;
const POPULATE_NS: u32 = 300_000;

/// Memory that is shared with a segment file, or with nothing.
#[derive(Debug)]
pub struct SegmentMap {
    /// Before `raw`, as it is dropped first. `None` where there is no file.
    watched: Option<Watched>,
    raw: MmapRaw,
}

impl SegmentMap {
    /// Makes a file of `bytes` zeros and maps it. `bytes` must be a multiple
    /// of 8.
    ///
    /// All its space is reserved (`fallocate(2)`), never sparse: a store into a
    /// hole of a full disk would break the map. Readable by the owner's group,
    /// because clicks are personal data.
    ///
    /// # Errors
    ///
    /// Those of open(2), fallocate(2), mmap(2) and sigaction(2). `AlreadyExists` if
    /// there is such a file; on other errors no file is left.
    pub fn create(path: &Path, bytes: u64) -> io::Result<(File, Self)> {
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o640).open(path)?;
        Self::of_file(&file, bytes)
            .map(|map| (file, map))
            .inspect_err(|_| drop(std::fs::remove_file(path)))
    }

    fn of_file(file: &File, bytes: u64) -> io::Result<Self> {
        assert!(bytes.is_multiple_of(8), "a map holds whole words");
        retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, bytes))?;
        let raw = MmapRaw::map_raw(file)?;
        // Faults then bring in single pages, not large folios: a sync of one
        // page would otherwise make the writer fault on its neighbours. Advice
        // that is not taken costs no more than that.
        let _ = raw.advise(Advice::Random);
        let watched = Some(Watched::new(raw.as_mut_ptr(), raw.len())?);
        Ok(Self { watched, raw })
    }

    /// Zeroed memory without a file, for tests and benchmarks.
    ///
    /// # Errors
    ///
    /// Those of mmap(2).
    pub fn anonymous(bytes: usize) -> io::Result<Self> {
        assert!(bytes.is_multiple_of(8), "a map holds whole words");
        Ok(Self { watched: None, raw: MmapRaw::from(MmapMut::map_anon(bytes)?) })
    }

    /// Whether the disk no longer takes what is stored here: the file was cut, or its
    /// file system or device is gone. A store met that, and from its page on the map
    /// is memory without a file.
    #[inline]
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.watched.as_ref().is_some_and(Watched::is_broken)
    }

    /// The mapped bytes as words.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        let words = self.raw.len() / size_of::<AtomicU64>();
        // SAFETY: the map is page-aligned, readable and writable, at least
        // `words` words long (asserted above: whole words), and cannot be
        // unmapped while the slice borrows `self`. Any bits are a valid
        // `AtomicU64`, and atomics allow other threads and the file to change
        // them. Where the file ends before the map, or cannot be had, an access
        // raises SIGBUS, and `Watched` puts other memory in its place.
        unsafe { std::slice::from_raw_parts(self.raw.as_mut_ptr().cast(), words) }
    }

    /// Length, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.raw.len()
    }

    /// Makes the pages of `range` (bytes) present and writable now, so that a
    /// store into them does not fault (`MADV_POPULATE_WRITE`, Linux 5.14).
    /// Does nothing on an older kernel.
    ///
    /// # Errors
    ///
    /// Those of madvise(2). `EFAULT` means that the file system could not keep
    /// the promise of `fallocate` and that a store would break the map.
    pub fn populate(&self, range: Range<usize>) -> io::Result<()> {
        for start in range.clone().step_by(POPULATE_BYTES) {
            let size = POPULATE_BYTES.min(range.end - start);
            match self.raw.advise_range(Advice::PopulateWrite, start, size) {
                Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => break,
                result => result?,
            }
            pace::done(POPULATE_NS);
        }
        Ok(())
    }

    /// Waits until the bytes of `range` are on disk (`msync(MS_SYNC)`).
    ///
    /// # Errors
    ///
    /// Those of msync(2). After one the kernel may take the pages for clean, so
    /// that asking again succeeds without having written anything.
    pub fn sync(&self, range: Range<usize>) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        self.raw.flush_range(range.start, range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn stores_reach_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        let (_file, map) = SegmentMap::create(&path, 8192).unwrap();
        map.populate(0..8192).unwrap();
        map.words()[512].store(u64::from_le_bytes(*b"eight by"), Relaxed);
        map.sync(4096..4104).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len(), &bytes[4096..4104]), (8192, &b"eight by"[..]));
    }

    #[test]
    fn a_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(
            SegmentMap::create(&path, 4096).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn no_file_is_left_when_there_is_no_space() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        assert!(SegmentMap::create(&path, 1 << 60).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_map_outlives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let [(cut, map), (_whole, other)] = ["cut", "whole"]
            .map(|name| SegmentMap::create(&folder.path().join(name), 64 * 4096).unwrap());
        map.words()[0].store(7, Relaxed);
        cut.set_len(4096).unwrap();
        assert!(!map.is_broken());
        map.words()[5 * 512].store(8, Relaxed);
        map.words()[64 * 512 - 1].store(9, Relaxed);
        let stored = [0, 5 * 512, 64 * 512 - 1].map(|word| map.words()[word].load(Relaxed));
        assert!(map.is_broken() && stored == [7, 8, 9]);
        assert_eq!(cut.metadata().unwrap().len(), 4096);
        // What lies before that page is met only now.
        map.words()[512].store(6, Relaxed);
        assert_eq!((map.words()[512].load(Relaxed), map.words()[5 * 512].load(Relaxed)), (6, 0));
        other.words()[512].store(1, Relaxed);
        assert!(!other.is_broken());
    }

    #[test]
    fn memory_without_a_file() {
        let map = SegmentMap::anonymous(4136).unwrap();
        assert_eq!((map.bytes(), map.words().len()), (4136, 517));
    }
}
