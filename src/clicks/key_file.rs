//! The file of the keys that sign click ids: made at the first start, and read
//! by whoever has to open an id. What stands in it is `id`'s to say.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use jiff::Timestamp;

use crate::clicks::format::id::{ClickId, ClickKeys};
use crate::clicks::read::entry::LedgerEntry;
use crate::disk::{folder, regular, state};
use crate::limits::CLICK_KEY_FILE_BYTES_MAX;

/// Name of the file, in the state folder.
const NAME: &str = "click-key";
/// The permissions of all but the owner.
const OTHERS: u32 = 0o077;

/// Where the key file of the click folder `clicks` is, unless the operator says
/// otherwise.
#[must_use]
pub fn beside(clicks: &Path) -> PathBuf {
    state::path(clicks).join(NAME)
}

/// Reads the keys in the file at `path`.
///
/// # Errors
///
/// A sentence for the operator: it cannot be read or understood, or others than
/// its owner can read it.
pub fn load(path: &Path) -> anyhow::Result<ClickKeys> {
    read(path, File::open(path))
}

/// Reads the keys in a folder's own file, which is a regular one.
///
/// # Errors
///
/// Those of [`load`].
pub fn load_beside(clicks: &Path) -> anyhow::Result<ClickKeys> {
    let path = beside(clicks);
    read(&path, regular::open(&path))
}

fn read(path: &Path, file: io::Result<File>) -> anyhow::Result<ClickKeys> {
    let file = file.with_context(|| cannot("read", path))?;
    let mode = file.metadata().with_context(|| cannot("read", path))?.permissions().mode();
    ensure!(
        mode & OTHERS == 0,
        "the click key file {} is open to others than its owner (mode {:03o}), and whoever reads it \
         can forge click ids; chmod 600 it",
        path.display(),
        mode & 0o777
    );
    let mut text = String::new();
    file.take(CLICK_KEY_FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .with_context(|| cannot("read", path))?;
    ensure!(
        text.len() as u64 <= CLICK_KEY_FILE_BYTES_MAX,
        "the click key file {} has more than {CLICK_KEY_FILE_BYTES_MAX} bytes; is it the right one?",
        path.display()
    );
    ClickKeys::parse(&text).map_err(|bad| anyhow!("{}:{}: {bad}", path.display(), bad.line))
}

/// Reads the keys in the file at `path`, or makes it with a new one (mode 0600)
/// that outlasts a power loss. Whether it was made.
///
/// # Errors
///
/// Those of [`load`], and a sentence when it cannot be made.
pub fn load_or_make(path: &Path) -> anyhow::Result<(ClickKeys, bool)> {
    // The open that makes it fails where it exists, so of two servers that start
    // with one file, one makes it.
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match opened {
        Ok(file) => make(file, path).with_context(|| cannot("make", path))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok((load(path)?, false));
        }
        Err(error) => return Err(error).with_context(|| cannot("make", path)),
    }
    Ok((load(path)?, true))
}

fn make(mut file: File, path: &Path) -> io::Result<()> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let made = Timestamp::now().strftime("%FT%TZ").to_string();
    file.write_all(ClickKeys::generate(random, &made).as_bytes())?;
    file.sync_all()?;
    folder::sync(folder::of(path))
}

/// The keys for the clicks of several folders.
#[derive(Debug)]
pub struct KeyRing {
    /// Those for all of them, where the operator named a file.
    given: Option<ClickKeys>,
    /// Those of each folder asked for; `None` where they cannot be read.
    known: Vec<(PathBuf, Option<ClickKeys>)>,
}

impl KeyRing {
    /// With the keys in `file`, or else in each folder's own.
    ///
    /// # Errors
    ///
    /// Those of [`load`], where a file is named.
    pub fn new(file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self { given: file.map(load).transpose()?, known: Vec::new() })
    }

    /// The id of a click; `None` if the key that signed it cannot be read.
    pub fn id(&mut self, entry: &LedgerEntry<'_>) -> Option<ClickId> {
        let keys = match &self.given {
            Some(keys) => keys,
            None => self.of(entry.folder)?,
        };
        keys.sign_as(entry.key, entry.place())
    }

    fn of(&mut self, folder: &Path) -> Option<&ClickKeys> {
        let at = match self.known.iter().position(|(known, _)| known == folder) {
            Some(at) => at,
            None => {
                let keys = load_beside(folder).ok();
                self.known.push((folder.to_owned(), keys));
                self.known.len() - 1
            }
        };
        self.known[at].1.as_ref()
    }
}

fn cannot(what: &str, path: &Path) -> String {
    format!("cannot {what} the click key file {}", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;
    use crate::clicks::format::id::ClickPlace;

    const PLACE: ClickPlace = ClickPlace { node: 1, shard: 2, segment: 3, offset: 4096 };

    #[test]
    fn made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let (keys, is_made) = load_or_make(&path).unwrap();
        assert!(is_made);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        let (again, is_made) = load_or_make(&path).unwrap();
        assert!(!is_made);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(again.open(keys.sign(PLACE)), Ok(PLACE));
        assert_eq!(load(&path).unwrap().sign(PLACE), keys.sign(PLACE));
        let other = load_or_make(&folder.path().join("other")).unwrap().0;
        assert_ne!(other.sign(PLACE), keys.sign(PLACE));
    }

    /// A file with this text and mode must be refused in these words, and stay.
    fn refused(text: &str, mode: u32, words: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        for said in [load(&path).err().unwrap(), load_or_make(&path).err().unwrap()] {
            let said = format!("{said:#}");
            assert!(said.contains(words) && said.contains(path.to_str().unwrap()), "{said}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    const GOOD: &str = "0 000102030405060708090a0b0c0d0e0f\n";

    #[test]
    fn the_group_may_read_it() {
        refused(GOOD, 0o640, "(mode 640), and whoever reads it can forge click ids; chmod 600 it");
    }
    #[test]
    fn everybody_may_read_it() {
        refused(GOOD, 0o604, "chmod 600 it");
    }
    #[test]
    fn a_bad_line() {
        refused(&format!("{GOOD}1 x\n"), 0o600, "/key:2: behind its number");
    }
    #[test]
    fn left_empty_by_a_kill() {
        refused("", 0o600, "/key:1: there is no key");
    }
    #[test]
    fn another_file() {
        refused(&"#\n".repeat(10_000), 0o600, "is it the right one?");
    }
    #[test]
    fn no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/key");
        let said = format!("{:#}", load_or_make(&path).err().unwrap());
        assert!(said.contains("cannot make the click key file"), "{said}");
        let said = format!("{:#}", load(&path).err().unwrap());
        assert!(said.contains("cannot read the click key file"), "{said}");
    }
}
