//! The stage of a click folder: where its server keeps the segments that it writes, in
//! memory that outlives the process. Here is what readers and the keeper both know of
//! it: which stage belongs to which folder, and which image to which segment.
//!
//! The file `stage` in the click folder names the stage, and the file `of` in the stage
//! names the click folder. Both hold the same random id. An *image* in the stage has the
//! name of its segment, and holds all that the segment on the disk holds, and what is
//! not there yet. Its memory is used again for another segment, unless a reader holds a
//! shared lock on it (flock(2)). What is not certain to belong together is never taken for it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::format::segment::{Header, START_AT, START_BYTES};
use super::read::source::ReadAt;
use crate::disk::regular;
use crate::limits::SEGMENT_HEADER_BYTES;

/// Name of the file in the click folder. A line with the id, and the path of the stage.
pub const PLACE_NAME: &str = "stage";
/// Name of the file in the stage. A line with the id, one with device and inode of the
/// click folder, and its path.
pub const OWNER_NAME: &str = "of";
/// Ending of the names of files in the stage that are none, and wait to be an image.
pub const SPARE_ENDING: &str = "spare";
/// Longest of these files that is read, bytes: a path, and what is before it.
const NOTE_BYTES_MAX: usize = 8 * 1024;
/// Digits of an id.
const ID_DIGITS: usize = 32;

/// A stage, as the click folder names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePlace {
    /// Random, 32 hexadecimal digits.
    pub id: String,
    /// Where it is.
    pub folder: PathBuf,
    /// The user whose stage it has to be.
    user: u32,
}

impl StagePlace {
    /// A new one in the folder `within`.
    ///
    /// # Errors
    ///
    /// Where the kernel has no random bytes.
    pub fn new(within: &Path, user: u32) -> io::Result<Self> {
        let mut random = [0; ID_DIGITS / 2];
        getrandom::fill(&mut random)?;
        let id = format!("{:032x}", u128::from_be_bytes(random));
        Ok(Self { folder: within.join(format!("clicks-{id}")), id, user })
    }

    /// The stage that the click folder names; `None` if it names none.
    ///
    /// # Errors
    ///
    /// Those of reading; `InvalidData` where that is not what a server writes.
    pub fn read(clicks: &Path) -> io::Result<Option<Self>> {
        let (user, note) = match Note::read(&clicks.join(PLACE_NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        Ok(Some(Self { id: note.id, folder: note.path, user }))
    }

    /// What stands in the click folder.
    #[must_use]
    pub fn place_note(&self) -> Vec<u8> {
        [self.id.as_bytes(), b"\n", self.folder.as_os_str().as_bytes(), b"\n"].concat()
    }

    /// What stands in the stage of the click folder `clicks`.
    ///
    /// # Errors
    ///
    /// Those of looking at the folder.
    pub fn owner_note(&self, clicks: &Path) -> io::Result<Vec<u8>> {
        let clicks = clicks.canonicalize()?;
        let folder = clicks.metadata()?;
        let mut text = String::new();
        writeln!(text, "{}\n{} {}", self.id, folder.dev(), folder.ino()).expect("it is a string");
        Ok([text.as_bytes(), clicks.as_os_str().as_bytes(), b"\n"].concat())
    }

    /// Looks whether it is there, and that of the click folder `clicks`.
    ///
    /// # Errors
    ///
    /// Why not, for people.
    pub fn check(&self, clicks: &Path) -> Result<(), String> {
        let looked = fs::symlink_metadata(&self.folder);
        let folder = looked.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "it is not there".to_owned(),
            _ => error.to_string(),
        })?;
        if !folder.is_dir() || folder.uid() != self.user {
            return Err("it is not a folder of the user who wrote the clicks".to_owned());
        }
        let (_, note) =
            Note::read(&self.folder.join(OWNER_NAME)).map_err(|error| error.to_string())?;
        if note.id != self.id {
            return Err("it is another one, with another id".to_owned());
        }
        let here = clicks.metadata().map_err(|error| error.to_string())?;
        if note.is(&here) {
            return Ok(());
        }
        // A folder that was moved has its stage still; that of a copied one stays with
        // the first.
        match note.path.metadata() {
            Ok(there) if note.is(&there) => {
                Err(format!("it belongs to the click folder {}", note.path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// The stage of the click folder `clicks` in the folder `within`, by what the stages there
/// say: for a click folder that names none any more. It has to be of this `user`.
#[must_use]
pub fn find(within: &Path, clicks: &Path, user: u32) -> Option<StagePlace> {
    let here = clicks.metadata().ok()?;
    let folders = fs::read_dir(within.canonicalize().ok()?).ok()?;
    folders.filter_map(Result::ok).find_map(|entry| {
        let folder = entry.path();
        let (_, note) = Note::read(&folder.join(OWNER_NAME)).ok()?;
        let place = StagePlace { id: note.id.clone(), folder, user };
        (note.is(&here) && place.check(clicks).is_ok()).then_some(place)
    })
}

/// One of the two files.
struct Note {
    id: String,
    /// Device and inode.
    identity: Option<(u64, u64)>,
    path: PathBuf,
}

impl Note {
    /// Reads one, and tells whose file it is.
    fn read(path: &Path) -> io::Result<(u32, Self)> {
        let file = regular::open(path)?;
        let mut bytes = vec![0; NOTE_BYTES_MAX];
        let count = file.read_at(&mut bytes, 0)?;
        let note = Self::parse(&bytes[..count]).ok_or_else(|| {
            let what = format!("{} is not what a server writes there", path.display());
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        Ok((file.metadata()?.uid(), note))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let line = |bytes: &[u8]| {
            let end = bytes.iter().position(|&byte| byte == b'\n')?;
            Some((bytes[..end].to_vec(), bytes[end + 1..].to_vec()))
        };
        let (id, rest) = line(bytes)?;
        let id = String::from_utf8(id).ok()?;
        let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (first, after) = line(&rest)?;
        let identity = || {
            let text = std::str::from_utf8(&first).ok()?;
            let (device, inode) = text.split_once(' ')?;
            Some((device.parse().ok()?, inode.parse().ok()?))
        };
        let identity = identity();
        let path = if identity.is_some() { &after } else { &rest }.strip_suffix(b"\n")?;
        let path = PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()));
        (is_id && path.is_absolute()).then_some(Self { id, identity, path })
    }

    fn is(&self, folder: &fs::Metadata) -> bool {
        self.identity == Some((folder.dev(), folder.ino()))
    }
}

/// What a segment file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstPage {
    /// A header.
    Of(Header),
    /// Nothing yet.
    Blank,
    /// Something else.
    Strange,
}

impl FirstPage {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn read(source: &impl ReadAt) -> io::Result<Self> {
        let mut page = vec![0; SEGMENT_HEADER_BYTES];
        let count = source.read_at(&mut page, 0)?;
        let page = &page[..count];
        Ok(match Header::read(page) {
            Ok(header) => Self::Of(header),
            Err(_) if page.iter().all(|&byte| byte == 0) => Self::Blank,
            Err(_) => Self::Strange,
        })
    }

    /// Whether this is how the segment `number` of `shard` begins.
    #[must_use]
    pub fn is_of(self, shard: u16, number: u64) -> bool {
        matches!(self, Self::Of(header) if (header.shard, header.number) == (shard, number))
    }

    /// Whether an image that begins like this is that of the segment whose file begins
    /// like `on_disk`. Nothing of that may be there yet.
    #[must_use]
    pub fn is_image_of(self, on_disk: Option<Self>) -> bool {
        match (self, on_disk) {
            (Self::Of(_), None | Some(Self::Blank)) => true,
            (Self::Of(image), Some(Self::Of(segment))) => image == segment,
            _ => false,
        }
    }
}

/// The names of what is in the stage of the click folder `clicks`. Nothing if it has
/// none.
///
/// # Errors
///
/// A sentence for people: there is one, and it cannot be read.
pub fn names(clicks: &Path) -> Result<Vec<String>, String> {
    let place = match StagePlace::read(clicks) {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(place)) => place,
        Err(error) => return Err(format!("the stage of {}: {error}", clicks.display())),
    };
    let names = place.check(clicks).and_then(|()| {
        let entries = fs::read_dir(&place.folder).map_err(|error| error.to_string())?;
        let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        Ok(entries.filter_map(name).collect())
    });
    names.map_err(|why| {
        format!(
            "{}: the newest clicks may stand in its stage {}, which cannot be read from here ({why}); \
             what was synced is read",
            clicks.display(),
            place.folder.display()
        )
    })
}

/// The image of the segment `number` of `shard`, whose file is at `path`, where there is
/// one: it has what that file, if it could be opened, has not yet.
#[must_use]
pub fn image(path: &Path, (shard, number): (u16, u64), on_disk: &io::Result<File>) -> Option<File> {
    let (clicks, name) = (crate::disk::folder::of(path), path.file_name()?);
    let place = StagePlace::read(clicks).ok()??;
    place.check(clicks).ok()?;
    let (on_disk, is_begun) = match on_disk {
        Ok(file) => (Some(FirstPage::read(file).ok()?), is_begun(file).ok()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (None, false),
        Err(_) => return None,
    };
    let image = regular::open(&place.folder.join(name)).ok()?;
    // From here on it is no other segment's. It may have become one just before.
    image.try_lock_shared().ok()?;
    let first = FirstPage::read(&image).ok()?;
    let is_it = first.is_of(shard, number) && first.is_image_of(on_disk);
    // One that was emptied has less than the disk.
    (is_it && (!is_begun || self::is_begun(&image).ok()?)).then_some(image)
}

/// Whether anything was ever written into a segment, by its first page.
///
/// # Errors
///
/// Those of the source.
pub fn is_begun(source: &impl ReadAt) -> io::Result<bool> {
    let mut start = [0; START_BYTES];
    let count = source.read_at(&mut start, START_AT as u64)?;
    Ok(start[..count].iter().any(|&byte| byte != 0))
}

/// Whether there is an image of the segment `number` of `shard`, whose file is, or would
/// be, at `path`, and it was not emptied; `None` where the stage cannot be looked into.
/// Where none is named there is none.
#[must_use]
pub fn has_image(path: &Path, (shard, number): (u16, u64)) -> Option<bool> {
    let clicks = crate::disk::folder::of(path);
    let Some(place) = StagePlace::read(clicks).ok()? else { return Some(false) };
    place.check(clicks).ok()?;
    let is_begun_on_disk = regular::open(path).is_ok_and(|file| is_begun(&file).unwrap_or(false));
    let image = regular::open(&place.folder.join(path.file_name()?));
    let is_whole = image.and_then(|image| {
        let is_it = FirstPage::read(&image)?.is_of(shard, number);
        Ok(is_it && (!is_begun_on_disk || is_begun(&image)?))
    });
    Some(is_whole.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A click folder and its stage.
    fn staged(within: &Path) -> (PathBuf, StagePlace) {
        let clicks = within.join("clicks");
        fs::create_dir(&clicks).unwrap();
        let user = clicks.metadata().unwrap().uid();
        let place = StagePlace::new(within, user).unwrap();
        fs::create_dir(&place.folder).unwrap();
        fs::write(place.folder.join(OWNER_NAME), place.owner_note(&clicks).unwrap()).unwrap();
        fs::write(clicks.join(PLACE_NAME), place.place_note()).unwrap();
        (clicks, place)
    }

    #[test]
    fn folder_and_stage_name_each_other() {
        let within = tempfile::tempdir().unwrap();
        let (clicks, place) = staged(within.path());
        assert_eq!(StagePlace::read(&clicks).unwrap().unwrap(), place);
        place.check(&clicks).unwrap();
        assert_eq!(names(&clicks).unwrap(), [OWNER_NAME]);
        assert_eq!(names(within.path()).unwrap(), [""; 0]);
    }

    #[test]
    fn a_moved_folder_keeps_its_stage_and_a_copied_one_has_none() {
        let within = tempfile::tempdir().unwrap();
        let (clicks, place) = staged(within.path());
        let moved = within.path().join("moved");
        fs::rename(&clicks, &moved).unwrap();
        place.check(&moved).unwrap();
        fs::rename(&moved, &clicks).unwrap();
        fs::create_dir(&moved).unwrap();
        fs::copy(clicks.join(PLACE_NAME), moved.join(PLACE_NAME)).unwrap();
        let why = names(&moved).unwrap_err();
        assert!(why.contains("it belongs to the click folder"), "{why}");
        fs::remove_dir_all(&clicks).unwrap();
        place.check(&moved).unwrap();
    }

    #[test]
    fn what_is_not_certain_is_said() {
        let within = tempfile::tempdir().unwrap();
        let (clicks, place) = staged(within.path());
        let owner = place.folder.join(OWNER_NAME);
        let other = StagePlace::new(within.path(), 0).unwrap();
        fs::write(&owner, other.owner_note(&clicks).unwrap()).unwrap();
        assert!(place.check(&clicks).unwrap_err().contains("another id"));
        fs::write(&owner, "0123\n").unwrap();
        assert!(place.check(&clicks).unwrap_err().contains("not what a server writes"));
        fs::remove_dir_all(&place.folder).unwrap();
        assert_eq!(place.check(&clicks).unwrap_err(), "it is not there");
        fs::write(clicks.join(PLACE_NAME), "nothing").unwrap();
        assert!(names(&clicks).unwrap_err().contains("not what a server writes"));
    }
}
