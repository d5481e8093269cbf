//! The keys for the clicks of several folders, and those of them that are gone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::clicks::format::id::{ClickId, ClickKeys};
use crate::clicks::format::list_line::ListKeys;
use crate::clicks::key_file::{beside, load, load_beside};
use crate::clicks::read::entry::LedgerEntry;
use crate::words::{numbered, visible};

/// The keys for the clicks of several folders.
#[derive(Debug)]
pub struct KeyRing {
    /// Those for all of them, where the operator named a file.
    given: Option<KeyFile>,
    /// Those of each folder asked for.
    known: Vec<(PathBuf, KeyFile)>,
}

/// A key file, and which keys it lacks.
#[derive(Debug)]
struct KeyFile {
    path: PathBuf,
    /// Or why it cannot be read.
    keys: Result<ClickKeys, String>,
    gone: GoneKeys,
}

impl KeyRing {
    /// With the keys in `file`, or else in each folder's own.
    ///
    /// # Errors
    ///
    /// Those of [`load`], where a file is named.
    pub fn new(file: Option<&Path>) -> anyhow::Result<Self> {
        let given = match file {
            Some(path) => Some(KeyFile::new(path.to_owned(), Ok(load(path)?))),
            None => None,
        };
        Ok(Self { given, known: Vec::new() })
    }

    /// The keys of a folder's list of segments, if they can be read. They may not be there
    /// yet.
    #[must_use]
    pub fn list_keys(&self, folder: &Path) -> Option<ListKeys> {
        match &self.given {
            Some(file) => file.keys.as_ref().ok().map(ListKeys::new),
            None => load_beside(folder).ok().as_ref().map(ListKeys::new),
        }
    }

    /// The id of a click; `None` if the key that signed it cannot be read.
    pub fn id(&mut self, entry: &LedgerEntry<'_>) -> Option<ClickId> {
        let file = match &mut self.given {
            Some(file) => file,
            None => Self::of(&mut self.known, entry.folder),
        };
        let id = file.keys.as_ref().ok()?.sign_as(entry.key, entry.place());
        if id.is_none() {
            file.gone.note(entry.key);
        }
        id
    }

    /// A sentence for each key file that lacked keys since this was last asked.
    pub fn take_notes(&mut self) -> Vec<String> {
        let files = self.given.iter_mut().chain(self.known.iter_mut().map(|(_, file)| file));
        files.filter_map(KeyFile::take_note).collect()
    }

    fn of<'a>(known: &'a mut Vec<(PathBuf, KeyFile)>, folder: &Path) -> &'a mut KeyFile {
        let at = known.iter().position(|(known, _)| known == folder).unwrap_or_else(|| {
            let keys = load_beside(folder).map_err(|error| format!("{error:#}"));
            known.push((folder.to_owned(), KeyFile::new(beside(folder), keys)));
            known.len() - 1
        });
        &mut known[at].1
    }
}

impl KeyFile {
    fn new(path: PathBuf, keys: Result<ClickKeys, String>) -> Self {
        Self { path, keys, gone: GoneKeys::default() }
    }

    fn take_note(&mut self) -> Option<String> {
        match &mut self.keys {
            Err(why) if !why.is_empty() => Some(format!(
                "{}; clicks are without their ids; name the key file with --click-key",
                std::mem::take(why)
            )),
            _ => self.gone.take_note(&self.path),
        }
    }
}

/// Keys that signed clicks and are not in the key file.
#[derive(Debug, Default)]
pub struct GoneKeys {
    said: BTreeSet<u8>,
    found: BTreeSet<u8>,
}

impl GoneKeys {
    /// A click has this key, which is not there.
    pub fn note(&mut self, key: u8) {
        if !self.said.contains(&key) {
            self.found.insert(key);
        }
    }

    /// A sentence about those that were found since this was last asked, which are not in
    /// the key file at `path`.
    pub fn take_note(&mut self, path: &Path) -> Option<String> {
        if self.found.is_empty() {
            return None;
        }
        let keys = numbered("key", &self.found);
        self.said.append(&mut self.found);
        Some(format!(
            "some clicks are without their ids: {keys} signed them, and {} does not have it; put \
             its line back above the last line of that file, from a backup of it",
            visible(&path.display().to_string())
        ))
    }
}
