//! The file of a segment that is written in a stage, and copying to it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clicks::write::map::SegmentMap;
use crate::disk::identity::FileId;
use crate::pace;

/// Bytes that are copied at once, and what that takes, about.
const COPY_BYTES: usize = 64 * 1024;
const COPY_NS: u32 = 60_000;

/// The file of a segment that is written in a stage.
#[derive(Debug)]
pub struct Made {
    /// The file.
    pub file: File,
    /// Which that is.
    pub id: FileId,
}

impl Made {
    /// Makes it with so many `bytes`. The map is not kept: it is the way to have all the space.
    ///
    /// # Errors
    ///
    /// Those of making it. `AlreadyExists` where something is at `path`.
    pub fn new(path: &Path, bytes: usize) -> io::Result<Arc<Self>> {
        let (file, _) = SegmentMap::create(path, bytes as u64)?;
        let id = FileId::of(&file.metadata()?);
        Ok(Arc::new(Self { file, id }))
    }

    /// Copies `range` of `map`, whole words, to it, and waits until that is on the disk.
    ///
    /// # Errors
    ///
    /// Those of pwrite(2) and fdatasync(2).
    pub fn write(&self, map: &SegmentMap, range: Range<usize>) -> io::Result<()> {
        let mut buffer = vec![0; COPY_BYTES.min(range.len())];
        for start in range.clone().step_by(COPY_BYTES) {
            let bytes = &mut buffer[..COPY_BYTES.min(range.end - start)];
            let words = &map.words()[start / 8..];
            for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
                *bytes = word.load(Ordering::Relaxed).to_ne_bytes();
            }
            if map.is_broken() {
                // What a cut has taken reads as zeros, and stays on the disk as it was.
                for part in written(bytes) {
                    self.file.write_all_at(&bytes[part.clone()], (start + part.start) as u64)?;
                }
            } else {
                self.file.write_all_at(bytes, start as u64)?;
            }
            pace::done(COPY_NS);
        }
        self.file.sync_data()
    }
}

/// The parts of `bytes`, whole words, that are not zero.
fn written(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (at, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let range = 8 * at..8 * at + 8;
        match parts.last_mut() {
            _ if *word == [0; 8] => {}
            Some(last) if last.end == range.start => last.end = range.end,
            _ => parts.push(range),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    #[test]
    fn of_a_map_that_was_cut_no_zeros_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let [image, path] = ["image", "file"].map(|name| folder.path().join(name));
        let (cut, map) = SegmentMap::create(&image, 4 * PAGE as u64).unwrap();
        let made = Made::new(&path, 4 * PAGE).unwrap();
        map.words()
            .iter()
            .for_each(|word| word.store(u64::from_ne_bytes([7; 8]), Ordering::Relaxed));
        made.write(&map, 0..3 * PAGE).unwrap();
        cut.set_len(PAGE as u64).unwrap();
        // All that is behind the cut is other memory from here on.
        assert_eq!(map.words()[PAGE / 8].load(Ordering::Relaxed), 0);
        map.words()[3 * PAGE / 8 + 1].store(u64::from_ne_bytes([9; 8]), Ordering::Relaxed);
        made.write(&map, 0..4 * PAGE).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(map.is_broken() && bytes[..3 * PAGE].iter().all(|&byte| byte == 7));
        let mut last = [0; PAGE];
        last[8..16].fill(9);
        assert!(bytes[3 * PAGE..] == last);
    }
}
