//! The click folder: how its files are named, and who owns it.

use std::fs::{DirBuilder, DirEntry, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{spares, staged};
use crate::disk::hold::{self, Hold};
use crate::disk::regular;
use crate::limits::SEGMENT_NUMBER_MAX;

/// Name of the file of segment `number` of `shard`. Names sort by shard, then
/// by number.
#[must_use]
pub fn segment_name(shard: u16, number: u64) -> String {
    format!("shard-{shard:03}-{number:010}.clicks")
}

/// Shard and number of a segment file with this name; `None` for other files.
#[must_use]
pub fn parse_segment_name(name: &str) -> Option<(u16, u64)> {
    let middle = name.strip_prefix("shard-")?.strip_suffix(".clicks")?;
    let (shard, number) = middle.split_once('-')?;
    Some((shard.parse().ok()?, number.parse().ok()?))
}

/// A segment file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentFile {
    /// Whose it is.
    pub shard: u16,
    /// Its number.
    pub number: u64,
    /// Where it is.
    pub path: PathBuf,
}

impl SegmentFile {
    /// Opens it to read it: its image in the stage, while there is one.
    ///
    /// # Errors
    ///
    /// Those of open(2); it is not a regular file.
    pub fn open(&self) -> io::Result<File> {
        // First, so that what leaves the stage meanwhile is read from the disk.
        let on_disk = self.open_on_disk();
        let image = staged::image(&self.path, (self.shard, self.number), &on_disk);
        // It may have got there since.
        image.map_or(on_disk, Ok).or_else(|_| self.open_on_disk())
    }

    /// Whether there is an image of it in the stage.
    #[must_use]
    pub fn has_image(&self) -> bool {
        staged::has_image(&self.path, (self.shard, self.number)) == Some(true)
    }

    /// Opens what is on the disk, whatever the stage has.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_on_disk(&self) -> io::Result<File> {
        regular::open(&self.path)
    }
}

/// What is called as a segment and cannot be one. It is passed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// What its name says. No segment can be made under this name.
    pub named: SegmentFile,
    /// Why it is none, for people.
    pub why: String,
}

/// What there is in a click folder, by shard and number.
#[derive(Debug, Default)]
pub struct Listing {
    /// Its segment files.
    pub segments: Vec<SegmentFile>,
    /// What only bears the name of one.
    pub strays: Vec<Stray>,
    /// Why what is in the stage alone is not among them, for people.
    pub unstaged: Option<String>,
}

/// The segment files of `folder` and its spare folders, by shard and number.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<SegmentFile>> {
    Ok(look(folder)?.segments)
}

/// The segment files of `folder` and its spare folders, and what only bears the name of
/// one. No segment is opened. Those that stand in the stage alone have the path that they
/// will get.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn look(folder: &Path) -> io::Result<Listing> {
    let mut listing = look_in(folder)?;
    for spare in spares::read(folder)? {
        match look_in(&spare) {
            Ok(Listing { segments, strays, .. }) => {
                listing.strays.extend(strays);
                // One that was brought home, and left there too, is one.
                let own = listing.segments.len();
                let is_new = |file: &SegmentFile| {
                    let place = (file.shard, file.number);
                    listing.segments[..own].iter().all(|own| (own.shard, own.number) != place)
                };
                let new: Vec<_> = segments.into_iter().filter(is_new).collect();
                listing.segments.extend(new);
            }
            Err(error) => {
                let why = format!(
                    "the spare folder cannot be read ({error}), and may hold segments; mount it, \
                     or delete its line in {}",
                    spares::path(folder).display()
                );
                let named = SegmentFile { shard: u16::MAX, number: 0, path: spare };
                listing.strays.push(Stray { named, why });
            }
        }
    }
    listing.segments.sort_unstable();
    listing.strays.sort_unstable();
    Ok(listing)
}

fn look_in(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    // First: what leaves the stage meanwhile is on the disk.
    let staged = staged::names(folder).unwrap_or_else(|why| {
        listing.unstaged = Some(why);
        Vec::new()
    });
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((shard, number)) = name.to_str().and_then(parse_segment_name) else { continue };
        let file = SegmentFile { shard, number, path: entry.path() };
        match flaw(&entry, number) {
            Some(flaw) => {
                let why = format!("{flaw}, and is passed over; move it away");
                listing.strays.push(Stray { named: file, why });
            }
            None => listing.segments.push(file),
        }
    }
    for name in staged {
        let Some((shard, number)) = parse_segment_name(&name) else { continue };
        let file = SegmentFile { shard, number, path: folder.join(name) };
        if listing.strays.iter().all(|stray| stray.named != file) {
            listing.segments.push(file);
        }
    }
    listing.segments.sort_unstable();
    listing.segments.dedup();
    Ok(listing)
}

/// Why this entry of a folder is no segment, if that can be told without opening it.
fn flaw(entry: &DirEntry, number: u64) -> Option<String> {
    if number > SEGMENT_NUMBER_MAX {
        return Some("it has a number that no segment gets".to_owned());
    }
    let kind = entry.file_type().ok()?;
    let refused = match kind.is_symlink() {
        true => regular::check_path(&entry.path()).err()?,
        false => regular::check(kind).err()?,
    };
    Some(match regular::refused_kind(&refused) {
        Some(kind) => kind.to_string(),
        None => format!("it is a symbolic link that cannot be followed ({refused})"),
    })
}

/// Makes the click folder, for its owner and group, if there is none.
///
/// # Errors
///
/// A sentence for the operator.
pub fn make(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(folder)
        .with_context(|| format!("cannot make the click folder {}", folder.display()))
}

/// Proof that this process is the one server that writes into a folder. Ends
/// when dropped, or with the process, however it ends.
#[derive(Debug)]
pub struct Lock(pub Hold);

impl Lock {
    /// Takes the folder for the run that began at `run` (Unix µs).
    ///
    /// # Errors
    ///
    /// A sentence that names the holder when another process has it.
    pub fn take(folder: &Path, run: u64) -> anyhow::Result<Self> {
        let text = format!("pid {}\nrun {run}\n", std::process::id());
        let hold = Hold::take(folder, 0o640, text);
        hold.map(Self).map_err(|refused| {
            refused.or(|by| {
                format!(
                    "the click folder {} is held by another carom ({by}); stop that one, or give \
                     this one a folder of its own with --clicks",
                    folder.display()
                )
            })
        })
    }
}

/// The run whose server is writing into `folder` now, if one is.
#[must_use]
pub fn live_run(folder: &Path) -> Option<u64> {
    field(&hold::text_while_held(folder)?, "run")
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<(u16, u64)>) {
        assert_eq!(parse_segment_name(name), expected);
        if let Some((shard, number)) = expected {
            assert_eq!(segment_name(shard, number), name);
        }
    }

    #[test]
    fn names() {
        check("shard-003-0000000042.clicks", Some((3, 42)));
        check("shard-1000-18446744073709551615.clicks", Some((1000, u64::MAX)));
        check("shard-003-0000000042.clicks.zst", None);
        check("shard-003.clicks", None);
        check("shard-70000-0000000001.clicks", None);
        check("lock", None);
    }

    #[test]
    fn one_server_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(live_run(folder.path()), None);
        let lock = Lock::take(folder.path(), 5).unwrap();
        assert_eq!(live_run(folder.path()), Some(5));
        let refusal = Lock::take(folder.path(), 6).unwrap_err().to_string();
        assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
        drop(lock);
        assert_eq!(live_run(folder.path()), None);
        Lock::take(folder.path(), 7).unwrap();
    }
}
