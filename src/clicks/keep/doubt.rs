//! What may be gone of a segment: what became of its file, how many of its clicks are
//! surely on the disk, and what operators are told.

use std::path::{Path, PathBuf};

use super::open_segment::OpenSegment;
use crate::disk::identity::{FileId, is_no_such_file, path_of_file, path_of_map};
use crate::words::counted;

/// What became of the file of a segment that is not sealed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is there, as it was made.
    Whole,
    /// It is there and whole, as far as one can see, but does not take what is stored.
    Dead,
    /// It is shorter than it was made, bytes.
    Cut(u64),
    /// It has no name any more.
    Removed,
    /// Its image in the stage was cut, so what was not brought to the disk is gone.
    ImageCut,
    /// It is there now.
    Moved(PathBuf),
    /// It is not there. Where else it is is not known.
    Gone,
}

impl Fate {
    /// Looks at the file. What cannot be looked at counts as whole.
    pub fn of(shared: &OpenSegment) -> Self {
        let (map, path) = (shared.segment.map(), &shared.path);
        let bytes = map.bytes() as u64;
        let Some(staged) = &shared.staged else {
            let mapped = || path_of_map(map.words().as_ptr().addr());
            return match Self::of_file(path, shared.id, bytes, mapped) {
                Self::Whole if map.is_broken() => Self::Dead,
                fate => fate,
            };
        };
        // Before it is made there is none to be missed.
        let made = staged.made().map_or(Self::Whole, |made| {
            Self::of_file(path, made.id, bytes, || path_of_file(&made.file))
        });
        match made {
            Self::Whole if staged.is_image_cut(map) => Self::ImageCut,
            fate => fate,
        }
    }

    /// That of the file `id` at `path`, which had so many `bytes`.
    fn of_file(
        path: &Path,
        id: FileId,
        bytes: u64,
        path_now: impl FnOnce() -> Option<Option<PathBuf>>,
    ) -> Self {
        match path.metadata() {
            Ok(now) if FileId::of(&now) == id && now.len() < bytes => Self::Cut(now.len()),
            Ok(now) if FileId::of(&now) == id => Self::Whole,
            Err(error) if !is_no_such_file(&error) => Self::Whole,
            // Another file, or none.
            _ => match path_now() {
                Some(Some(now)) if now != path => Self::Moved(now),
                Some(None) => Self::Removed,
                _ => Self::Gone,
            },
        }
    }

    /// Whether what was stored in the file is not all in it.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Dead | Self::Cut(_) | Self::ImageCut)
    }

    /// Whether the file is not the one under its name.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Removed | Self::Moved(_) | Self::Gone)
    }
}

/// How far a segment was written, bytes, and how many clicks its shard had recorded.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    used: usize,
    clicks: u64,
}

/// What may be gone of one segment. Clicks are numbered here from the first of the
/// shard in this run.
#[derive(Debug)]
pub struct Doubt {
    /// What was seen last.
    pub fate: Fate,
    /// At the last two times that a sync was planned.
    planned: [Reached; 2],
    /// Clicks up to this one are on the disk, as the last sync said that worked. XFS also
    /// says so when it is shut down just then (`xfs_log_force_seq`, Linux 6.18).
    said: u64,
    /// The same of the sync before it. As the last one worked, it was not shut down then.
    synced: u64,
    /// Clicks that were counted as doubtful.
    counted: u64,
    /// Operators know of it.
    pub is_said: bool,
}

impl Doubt {
    /// Of a segment that is as it was made.
    pub fn new() -> Self {
        let planned = [Reached::default(); 2];
        Self { fate: Fate::Whole, planned, said: 0, synced: 0, counted: 0, is_said: false }
    }

    /// A sync is planned now that it is written up to `used` bytes. `clicks` was asked
    /// for before.
    pub fn plan(&mut self, used: usize, clicks: u64) {
        self.planned = [self.planned[1], Reached { used, clicks }];
    }

    /// A sync worked, after which all bytes up to `end` are said to be on the disk.
    pub fn synced(&mut self, end: usize) {
        self.synced = self.said;
        let clicks = self.planned.iter().filter(|planned| planned.used <= end);
        self.said = clicks.map(|planned| planned.clicks).fold(self.said, u64::max);
    }

    /// How many of the clicks after `first`, up to `last`, may be gone.
    pub fn clicks(&self, first: u64, last: u64) -> u64 {
        match self.fate {
            Fate::Whole | Fate::Dead | Fate::ImageCut => last - self.synced.clamp(first, last),
            _ => last - first,
        }
    }

    /// How many of these were not counted before.
    pub fn count(&mut self, clicks: u64) -> u64 {
        let more = clicks.saturating_sub(self.counted);
        self.counted += more;
        more
    }

    /// What operators are told of it, where it is not whole. The segment holds `clicks`
    /// clicks, of which `gone` may be gone.
    pub fn sentence(&self, path: &Path, clicks: u64, gone: u64) -> Option<String> {
        let file = path.display();
        let (all, gone) = (counted(clicks, "click"), counted(gone, "click"));
        let in_another = "The shard goes on in another segment";
        Some(match &self.fate {
            Fate::Whole => return None,
            Fate::Dead => format!(
                "{file} takes no more: its file system was shut down, its device is gone or the \
                 space that was promised is not there. {gone} of the {all} recorded in it, those \
                 since the last sync but one that worked, may be gone. {in_another}; see to the disk"
            ),
            Fate::ImageCut => format!(
                "the image of {file} in the stage was cut while it was written. {gone} of the {all} \
                 recorded in it, those since the last sync that worked, may be gone. \
                 {in_another}; find out who cuts files in the stage"
            ),
            Fate::Cut(bytes) => format!(
                "{file} was cut to {} while it was written. It held {all}, \
                 and those beyond that are gone. {in_another}; find out who cuts files in the \
                 click folder, and bring the segment back from a copy",
                counted(*bytes, "byte")
            ),
            Fate::Removed => format!(
                "{file} was removed while it was written. It held {all}, which are \
                 gone. {in_another}; find out who removes files from the click folder"
            ),
            Fate::Moved(to) => format!(
                "{file} was moved to {} while it was written. It held {all}, which are \
                 not in the click folder now. {in_another}; move it back under its name",
                to.display()
            ),
            Fate::Gone => format!(
                "{file} is not there any more, or is another file now. The one \
                 that was held {all}, which are not in the click folder now. {in_another}; look for it, \
                 and move it back under its name"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_planned_and_synced_is_safe() {
        let mut doubt = Doubt::new();
        assert_eq!(doubt.clicks(100, 150), 50);
        doubt.plan(5000, 110);
        doubt.plan(9000, 130);
        doubt.synced(4096);
        assert_eq!(doubt.clicks(100, 150), 50);
        doubt.synced(8192);
        assert_eq!(doubt.clicks(100, 150), 50, "said once");
        doubt.synced(9000);
        assert_eq!(doubt.clicks(100, 150), 40);
        doubt.synced(9000);
        assert_eq!((doubt.clicks(100, 150), doubt.clicks(100, 120)), (20, 0));
        doubt.fate = Fate::Removed;
        assert_eq!(doubt.clicks(100, 150), 50);
    }

    #[test]
    fn none_is_counted_twice() {
        let mut doubt = Doubt::new();
        let counted = [3, 3, 7, 5].map(|clicks| doubt.count(clicks));
        assert_eq!(counted, [3, 0, 4, 0]);
    }
}
