//! The file of the keys that sign click ids: made at the first start, and read
//! by whoever has to open an id. What stands in it is `id`'s to say.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use jiff::Timestamp;

use crate::clicks::folder::{SegmentFile, list};
use crate::clicks::format::id::ClickKeys;
use crate::clicks::format::segment::Header;
use crate::disk::{folder, regular, state};
use crate::limits::{CLICK_KEY_FILE_BYTES_MAX, CLICK_KEYS_MAX, SEGMENT_HEADER_BYTES};
use crate::words::numbered;

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

/// A key file that was not there, and was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    /// Number of the one key in it.
    pub number: u8,
    /// Which keys signed clicks of the folder before. They are gone.
    pub gone: Vec<u8>,
}

impl MadeKey {
    /// A sentence for the operator if there were other keys, which the file at `path` does
    /// not have.
    #[must_use]
    pub fn warning(&self, path: &Path) -> Option<String> {
        let gone = numbered("key", &self.gone);
        let path = path.display();
        (!self.gone.is_empty()).then(|| {
            format!(
                "the click key file {path} was gone, and clicks here are signed with {gone}; the new \
                 key has number {}. Their ids cannot be verified before their key is back: put its \
                 line, from a backup, above the last line of that file",
                self.number
            )
        })
    }
}

/// Reads the keys in the file at `path`, or makes it with a new one (mode 0600)
/// that outlasts a power loss. Its number is one that no segment of the folder `clicks`
/// names, so that an old id is never taken for one that the new key signed, nor the
/// other way round. What was made, if it was.
///
/// # Errors
///
/// Those of [`load`], and a sentence when it cannot be made: also when segments name all
/// numbers that there are.
pub fn load_or_make(path: &Path, clicks: &Path) -> anyhow::Result<(ClickKeys, Option<MadeKey>)> {
    // One that cannot be looked at is not made, but refused with the reason.
    if path.try_exists().unwrap_or(true) {
        return Ok((load(path)?, None));
    }
    // Before there is a file: a kill meanwhile leaves none that is empty.
    let made = free_number(path, clicks).with_context(|| cannot("make", path))?;
    // The open that makes it fails where it exists, so of two servers that start
    // with one file, one makes it.
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match opened {
        Ok(file) => make(file, path, made.number).with_context(|| cannot("make", path))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok((load(path)?, None));
        }
        Err(error) => return Err(error).with_context(|| cannot("make", path)),
    }
    Ok((load(path)?, Some(made)))
}

/// The number for a new key.
fn free_number(path: &Path, clicks: &Path) -> anyhow::Result<MadeKey> {
    let mut used = used_keys(clicks)
        .with_context(|| format!("cannot read the click folder {}", clicks.display()))?;
    let gone: Vec<_> = used.iter().copied().collect();
    // Where a file elsewhere is to be made, the folder may have one of its own.
    if let Ok(keys) = load_beside(clicks) {
        used.extend(keys.numbers());
    }
    let number = (0..CLICK_KEYS_MAX as u8).find(|number| !used.contains(number));
    let number = number.with_context(|| {
        format!(
            "clicks in {} are signed with {}, and there are no other numbers; put {} back from a \
             backup, or move the segments of the oldest key to another folder",
            clicks.display(),
            numbered("key", &used),
            path.display()
        )
    })?;
    Ok(MadeKey { number, gone })
}

/// The numbers of the keys that the segments of a folder name. A segment without a whole
/// header has no clicks that could be read.
fn used_keys(clicks: &Path) -> io::Result<BTreeSet<u8>> {
    let files = match list(clicks) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        listed => listed?,
    };
    let key_of = |file: &SegmentFile| {
        let mut page = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        file.open().ok()?.take(SEGMENT_HEADER_BYTES as u64).read_to_end(&mut page).ok()?;
        Some(Header::read(&page).ok()?.key)
    };
    Ok(files.iter().filter_map(key_of).filter(|&key| usize::from(key) < CLICK_KEYS_MAX).collect())
}

fn make(mut file: File, path: &Path, number: u8) -> io::Result<()> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let made = Timestamp::now().strftime("%FT%TZ").to_string();
    file.write_all(ClickKeys::generate(number, random, &made).as_bytes())?;
    file.sync_all()?;
    folder::sync(folder::of(path))
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
        let (keys, made) = load_or_make(&path, folder.path()).unwrap();
        assert_eq!(made, Some(MadeKey { number: 0, gone: vec![] }));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        let (again, made) = load_or_make(&path, folder.path()).unwrap();
        assert_eq!(made, None);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(again.open(keys.sign(PLACE)), Ok(PLACE));
        assert_eq!(load(&path).unwrap().sign(PLACE), keys.sign(PLACE));
        let other = load_or_make(&folder.path().join("other"), folder.path()).unwrap().0;
        assert_ne!(other.sign(PLACE), keys.sign(PLACE));
    }

    /// A file with this text and mode must be refused in these words, and stay.
    fn refused(text: &str, mode: u32, words: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        for said in [load(&path).err().unwrap(), load_or_make(&path, folder.path()).err().unwrap()]
        {
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
        let said = format!("{:#}", load_or_make(&path, folder.path()).err().unwrap());
        assert!(said.contains("cannot make the click key file"), "{said}");
        let said = format!("{:#}", load(&path).err().unwrap());
        assert!(said.contains("cannot read the click key file"), "{said}");
    }
}
