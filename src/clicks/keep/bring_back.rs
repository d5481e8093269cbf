//! One image that a server left in its stage, brought to the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::open_segment::is_untouched;
use crate::clicks::folder::SegmentFile;
use crate::clicks::format::frame::Salt;
use crate::clicks::format::segment::{Header, LOST_AT, PageBlock, SEAL_AT, SEAL_BYTES, Seal};
use crate::clicks::list::known::KnownSegments;
use crate::clicks::read::source::{ReadAt, read_page, written_span};
use crate::clicks::staged::{FirstPage, is_begun};
use crate::disk::{self, regular};
use crate::limits::SEGMENT_HEADER_BYTES;

/// Bytes that are compared and copied at once.
const COPY_BYTES: usize = 1024 * 1024;

/// What became of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// The file on the disk has all of it. So many of its words were others than those that
    /// the disk had already, and were not taken.
    Whole(u64),
    /// Nothing was ever written into it. Whether it has a file on the disk.
    Unused(bool),
    /// It was emptied after it was written.
    Emptied,
    /// Its segment was sealed, and is deleted.
    Deleted,
    /// It is none of this click folder, or no image.
    Strange,
}

/// Brings the image of a segment to its file at `path`. `known` is what the list tells.
///
/// # Errors
///
/// Those of reading and writing.
pub fn bring_image(
    image_path: &Path,
    path: &Path,
    (shard, number): (u16, u64),
    known: &KnownSegments,
) -> io::Result<Brought> {
    let Ok(image) = regular::open(image_path) else { return Ok(Brought::Strange) };
    let first = FirstPage::read(&image)?;
    let listed = known.get(shard, number);
    let is_listed = |header: &Header| {
        listed.is_none_or(|known| (known.run, known.salt) == (header.run, header.salt))
    };
    if is_untouched(&SegmentFile { shard, number, path: image_path.to_owned() })? {
        let is_begun = regular::open(path).is_ok_and(|file| is_begun(&file).unwrap_or(false));
        return Ok(match first {
            FirstPage::Of(header) if !first.is_of(shard, number) || !is_listed(&header) => {
                Brought::Strange
            }
            // The disk has more.
            _ if is_begun => Brought::Emptied,
            // Who made it wrote its header before anybody knew of it.
            FirstPage::Blank if listed.is_some() => Brought::Emptied,
            _ => Brought::Unused(path.exists()),
        });
    }
    let header = match first {
        FirstPage::Of(header) if first.is_of(shard, number) && is_listed(&header) => header,
        _ => return Ok(Brought::Strange),
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = match regular::check_path(path) {
        Ok(()) => {
            let file = options.open(path)?;
            if !first.is_image_of(Some(FirstPage::read(&file)?)) {
                return Ok(Brought::Strange);
            }
            file
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // It was left here as a sync failed, and `ship` has deleted its file since.
            let is_deleted = listed.is_none() && known.is_deleted(shard, number);
            if is_deleted && seal(&image, header.salt)?.is_some() {
                return Ok(Brought::Deleted);
            }
            options.create_new(true).mode(0o640).open(path)?
        }
        Err(_) => return Ok(Brought::Strange),
    };
    // The file gets its seal last, and the image has it before.
    let (sealed, in_image) = (seal(&file, header.salt)?, seal(&image, header.salt)?);
    if sealed.is_some_and(|seal| !seal.suspect) && sealed == in_image {
        return Ok(Brought::Whole(0));
    }
    let others = copy(&image, &file, header.file_bytes)?;
    file.sync_all()?;
    disk::folder::sync(disk::folder::of(path))?;
    Ok(Brought::Whole(others))
}

/// The seal of a segment of this salt.
fn seal(file: &File, salt: Salt) -> io::Result<Option<Seal>> {
    let page = read_page(file)?;
    Ok(match Seal::read(&page, salt) {
        PageBlock::Written(seal) => Some(seal),
        _ => None,
    })
}

/// Whether there is a segment at `path` that has its seal.
pub fn is_sealed(path: &Path) -> bool {
    let header_and_file = || {
        let file = regular::open(path).ok()?;
        match FirstPage::read(&file).ok()? {
            FirstPage::Of(header) => Some((header, file)),
            _ => None,
        }
    };
    header_and_file().is_some_and(|(header, file)| matches!(seal(&file, header.salt), Ok(Some(_))))
}

/// Copies what is written in the image and not in the file, which is to have so many
/// `bytes`. The first page comes last: without it the file does not look like a segment
/// that lacks clicks. What the file has stays, but for the tally of lost clicks, as no
/// word of a segment is ever written a second time. Returns how many words are others.
fn copy(image: &File, file: &File, bytes: u64) -> io::Result<u64> {
    let end = |file: &File| -> io::Result<u64> {
        Ok(written_span(file, 0, file.metadata()?.len().min(bytes))?.map_or(0, |(_, end)| end))
    };
    let end = end(image)?.max(end(file)?).next_multiple_of(8);
    if file.metadata()?.len() < bytes {
        file.set_len(bytes)?;
    }
    let (mut ours, mut theirs) = (vec![0; COPY_BYTES], vec![0; COPY_BYTES]);
    let mut others = 0;
    let mut bring = |start: u64, end: u64| {
        let want = (end - start) as usize;
        let count = ReadAt::read_at(image, &mut ours[..want], start)?;
        ours[count..want].fill(0);
        let there = ReadAt::read_at(file, &mut theirs[..want], start)?;
        theirs[there..want].fill(0);
        let (is_new, more) = merge(&mut ours[..want], &theirs[..want], start);
        others += more;
        if is_new { file.write_all_at(&ours[..want], start) } else { Ok(()) }
    };
    let page = SEGMENT_HEADER_BYTES as u64;
    for start in (page..end).step_by(COPY_BYTES) {
        bring(start, end.min(start + COPY_BYTES as u64))?;
    }
    file.sync_data()?;
    bring(0, page.min(bytes))?;
    Ok(others)
}

/// Puts what the disk has, from `start` on in a file, over what an image has there. Whether
/// the image has something more, and how many words of it are others.
fn merge(image: &mut [u8], disk: &[u8], start: u64) -> (bool, u64) {
    let (mut is_more, mut others) = (false, 0);
    let words = image.as_chunks_mut::<8>().0.iter_mut().zip(disk.as_chunks::<8>().0);
    for (at, (ours, theirs)) in (start..).step_by(8).zip(words) {
        let is_seal = (SEAL_AT as u64..(SEAL_AT + SEAL_BYTES) as u64).contains(&at);
        if ours == theirs {
        } else if *theirs == [0; 8] || at == LOST_AT as u64 {
            is_more = true;
        } else if is_seal {
            // Somebody put it there: the image would have it.
            (is_more, others) = (true, others + 1);
        } else {
            others += 1;
            *ours = *theirs;
        }
    }
    (is_more, others)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clicks::format::frame::Salt;
    use crate::clicks::format::listed::{Actor, DeletedWhy, Listed, ListedEvent};
    use crate::clicks::format::segment::{
        Header, SEAL_AT, START_AT, SealReason, StartBlock, VERSION,
    };

    const NAME: &str = "shard-001-0000000007.clicks";
    const BYTES: usize = 64 * 1024;
    const USED: usize = 20_000;

    fn header(salt: u32) -> Header {
        Header {
            version: VERSION,
            number: 7,
            run: 5,
            node: 0,
            shard: 1,
            cpu: 0,
            key: 0,
            is_listed: true,
            mac: None,
            boot: [0; 16],
            made_us: 1,
            made_monotonic_us: 1,
            file_bytes: BYTES as u64,
            salt: Salt::new(salt),
        }
    }

    /// A segment of this salt, written up to `used`.
    fn segment(salt: u32, used: usize) -> Vec<u8> {
        let mut bytes = header(salt).page().to_vec();
        let start = StartBlock { first_sequence: 1, first_us: 1 };
        bytes[START_AT..][..24].copy_from_slice(&start.encode(Salt::new(salt)));
        bytes.resize(used, 7);
        bytes.resize(BYTES, 0);
        bytes
    }

    fn sealed(salt: u32, suspect: bool) -> Vec<u8> {
        let mut bytes = segment(salt, USED);
        let seal = Seal {
            used_bytes: USED as u64,
            clicks: 1,
            lost: 0,
            first_sequence: 1,
            last_sequence: 1,
            last_us: 1,
            reason: SealReason::Rolled,
            suspect,
            set_back: false,
        };
        bytes[SEAL_AT..][..64].copy_from_slice(&seal.encode(Salt::new(salt)));
        bytes
    }

    /// Brings `image` to where `before` is; what is there then.
    fn bring(image: &[u8], before: Option<&[u8]>) -> (Brought, Option<Vec<u8>>) {
        bring_listed(image, before, &[])
    }

    /// The same where the list tells this of it.
    fn bring_listed(
        image: &[u8],
        before: Option<&[u8]>,
        events: &[ListedEvent],
    ) -> (Brought, Option<Vec<u8>>) {
        let mut known = KnownSegments::default();
        for &event in events {
            known.apply(&Listed { shard: 1, number: 7, event });
        }
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("image"), folder.path().join(NAME));
        fs::write(&from, image).unwrap();
        if let Some(before) = before {
            fs::write(&to, before).unwrap();
        }
        let brought = bring_image(&from, &to, (1, 7), &known).unwrap();
        assert_eq!(fs::read(&from).unwrap(), image);
        (brought, fs::read(&to).ok())
    }

    #[test]
    fn what_the_disk_lacks_is_copied() {
        let image = segment(1, USED);
        let mut page = image.clone();
        page[SEGMENT_HEADER_BYTES..].fill(0);
        let half = segment(1, USED / 2);
        let zeros = vec![0; BYTES];
        for before in [None, Some(&half), Some(&page), Some(&zeros), Some(&image)] {
            let (brought, after) = bring(&image, before.map(|it| &**it));
            assert_eq!((brought, after.as_ref()), (Brought::Whole(0), Some(&image)));
        }
        let (brought, after) = bring(&image, Some(b""));
        assert_eq!((brought, after), (Brought::Whole(0), Some(image)));
    }

    #[test]
    fn what_is_sealed_on_the_disk_is_done_with() {
        let mut cut = sealed(1, false);
        cut.truncate(USED);
        let (brought, after) = bring(&sealed(1, false), Some(&cut));
        assert_eq!((brought, after), (Brought::Whole(0), Some(cut)));
        // Not if a sync of it failed.
        let mut suspect = sealed(1, true);
        suspect[USED - 8..USED].fill(0);
        let (brought, after) = bring(&sealed(1, true), Some(&suspect));
        assert_eq!((brought, after), (Brought::Whole(0), Some(sealed(1, true))));
    }

    #[test]
    fn what_is_of_another_segment_is_left() {
        let image = segment(1, USED);
        for before in [segment(2, 8192), sealed(2, false), b"a note".to_vec()] {
            let (brought, after) = bring(&image, Some(&before));
            assert_eq!((brought, after), (Brought::Strange, Some(before)));
        }
        let mut other = header(1);
        other.number = 8;
        let mut image = image;
        image[..SEGMENT_HEADER_BYTES].copy_from_slice(&other.page()[..]);
        assert_eq!(bring(&image, None), (Brought::Strange, None));
        assert_eq!(bring(b"a note", None), (Brought::Strange, None));
    }

    #[test]
    fn what_was_never_written_is_not_brought() {
        let unused = &mut header(1).page().to_vec();
        unused.resize(BYTES, 0);
        assert_eq!(bring(unused, None), (Brought::Unused(false), None));
        assert_eq!(bring(&[0; BYTES], None), (Brought::Unused(false), None));
        assert_eq!(bring(b"", None), (Brought::Unused(false), None));
    }

    #[test]
    fn what_was_synced_stays_and_a_change_is_counted() {
        let disk = segment(1, USED / 2);
        let (mut image, mut merged) = (segment(1, USED), segment(1, USED));
        // Behind what was synced only checksums tell.
        for at in [5000, 6000, USED - 8] {
            image[at..at + 8].fill(9);
        }
        merged[USED - 8..USED].fill(9);
        assert!(bring(&image, Some(&disk)) == (Brought::Whole(2), Some(merged)));
        let cut = &segment(1, USED)[..SEGMENT_HEADER_BYTES];
        let words = (USED / 2 - SEGMENT_HEADER_BYTES) as u64 / 8;
        assert!(bring(cut, Some(&disk)) == (Brought::Whole(words), Some(disk.clone())));
        let mut hollow = segment(1, USED);
        hollow[SEGMENT_HEADER_BYTES..USED - 8].fill(0);
        assert_eq!(bring(&hollow, Some(&disk)).0, Brought::Whole(words));
        // The count of lost clicks is the one that changes.
        let mut image = segment(1, USED);
        let mut disk = image.clone();
        (image[LOST_AT], disk[LOST_AT]) = (5, 4);
        assert!(bring(&image, Some(&disk)) == (Brought::Whole(0), Some(image.clone())));
    }

    #[test]
    fn what_the_list_tells_otherwise_is_not_brought() {
        let begun = |salt| ListedEvent::Begun { run: 5, salt: Salt::new(salt), is_staged: true };
        let image = segment(1, USED);
        let listed = |image: &[u8], event| bring_listed(image, None, &[event]);
        assert_eq!(listed(&image, begun(1)), (Brought::Whole(0), Some(image.clone())));
        assert_eq!(listed(&image, begun(2)), (Brought::Strange, None));
        assert_eq!(listed(&[0; BYTES], begun(1)), (Brought::Emptied, None));
        assert_eq!(listed(b"", begun(1)), (Brought::Emptied, None));
        let shipped = ListedEvent::Deleted { by: Actor::Ship, why: DeletedWhy::Shipped };
        assert_eq!(listed(&sealed(1, true), shipped), (Brought::Deleted, None));
        // Its number was given again, and a kill came before the list told so.
        assert_eq!(listed(&image, shipped), (Brought::Whole(0), Some(image)));
    }
}
