//! Files that are either whole or not there: written under another name, and
//! renamed when they are on the disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::clicks::files::sync_folder;

/// A file that does not have its name yet.
#[derive(Debug)]
pub struct Aside {
    file: File,
    part: PathBuf,
    path: PathBuf,
}

impl Aside {
    /// Begins the file at `path`, over what an earlier try has left. Until it is
    /// named its name begins with a dot and ends with `.part`, so that nothing
    /// that looks for files of its kind takes it.
    ///
    /// # Errors
    ///
    /// Those of open(2).
    pub fn create(path: PathBuf) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = path.with_file_name(format!(".{name}.part"));
        let mut options = OpenOptions::new();
        // Clicks are personal data.
        let file = options.write(true).create(true).truncate(true).mode(0o640).open(&part)?;
        Ok(Self { file, part, path })
    }

    /// Where its bytes go.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Brings it to the disk, still without its name.
    ///
    /// # Errors
    ///
    /// Those of fsync(2).
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives it its name, over a file that has it. Its folder is to be synced
    /// after that.
    ///
    /// # Errors
    ///
    /// Those of rename(2).
    pub fn name(self) -> io::Result<()> {
        fs::rename(&self.part, &self.path)
    }
}

/// Looks whether a new file can have this name.
///
/// # Errors
///
/// A sentence when one has it: that is of another shipper, or from before the
/// sink was forgotten.
pub fn refuse_taken(path: &Path) -> anyhow::Result<()> {
    let is_taken = path.try_exists().with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        !is_taken,
        "{} is there already, and this sink has not written it; ship to a folder of its own, or \
         move the file away",
        path.display()
    );
    Ok(())
}

/// Makes a folder and those above it, safe from a power loss. Others than its
/// owner and group cannot look into it.
///
/// # Errors
///
/// Those of mkdir(2) and fsync(2).
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(folder);
    make_folder(above)?;
    match DirBuilder::new().mode(0o750).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above),
    }
}
