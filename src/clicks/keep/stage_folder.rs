//! The folder of a stage: who holds it, and how it and its click folder name each other.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::clicks::staged::{OWNER_NAME, PLACE_NAME, StagePlace};
use crate::disk::aside::Aside;
use crate::disk::hold::{Hold, LOCK_NAME};

/// Takes the folder of a stage, as other folders of carom are.
///
/// # Errors
///
/// A sentence for the operator that names the holder when another process has it.
pub fn hold(folder: &Path) -> anyhow::Result<Hold> {
    let text = format!("pid {}\n", std::process::id());
    Hold::take(folder, 0o640, text).map_err(|refused| {
        refused.or(|by| {
            format!(
                "the stage {} is held by another carom ({by}), and the newest clicks of this click \
                 folder may be in it; stop that one",
                folder.display()
            )
        })
    })
}

/// Whether a file in a stage with this name is none that was written there for a segment.
pub fn is_own(name: &OsStr) -> bool {
    name == OWNER_NAME || name == LOCK_NAME
}

/// Writes down which stage is that of which click folder.
///
/// # Errors
///
/// A sentence for the operator.
pub fn name_each_other(clicks: &Path, place: &StagePlace) -> anyhow::Result<()> {
    let put = |path: PathBuf, note: &[u8]| {
        let put = Aside::create(&path, 0o640).and_then(|aside| aside.put(note));
        put.with_context(|| format!("cannot write {}", path.display()))
    };
    let note = place.owner_note(clicks);
    let note = note.with_context(|| format!("cannot look at {}", clicks.display()))?;
    put(place.folder.join(OWNER_NAME), &note)?;
    put(clicks.join(PLACE_NAME), &place.place_note())
}
