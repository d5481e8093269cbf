//! Where a command writes what it was asked for: to a file that gets its name when it is
//! whole, or to standard output.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::clicks::MAGIC;
use crate::disk::aside::Aside;

/// Mode of files of clicks: those are personal data.
pub(super) const PRIVATE: u32 = 0o640;

/// A file, or what is written to where none is meant.
pub(super) enum Output<W> {
    File(Aside, PathBuf),
    Stream(W),
}

impl<W: Write> Output<W> {
    /// Begins the file at `path` with this mode, so that it is known before anything is read
    /// whether it can be written; without a path, or with `-`, it is `out`.
    ///
    /// # Errors
    ///
    /// A sentence when there can be no such file.
    pub(super) fn begin(path: Option<&Path>, mode: u32, out: W) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Stream(out));
        };
        ensure!(path.file_name().is_some(), "the output has no file name; name a file");
        ensure!(!path.is_dir(), "{} is a folder; name a file in it", path.display());
        ensure!(
            !is_segment(path),
            "{} is a segment of a click log, and its clicks would be gone; name another file",
            path.display()
        );
        let aside = Aside::create_shared(path, mode)
            .with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self::File(aside, path.to_owned()))
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(..))
    }

    /// All is written: the file gets its name, over one that has it.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File(aside, path) => {
                let named = aside.sync().and_then(|synced| synced.name());
                named.map(drop).with_context(|| format!("cannot write {}", path.display()))
            }
            Self::Stream(mut out) => Ok(out.flush()?),
        }
    }
}

/// Whether clicks are in it: it begins as segments do.
fn is_segment(path: &Path) -> bool {
    let mut begin = [0; 8];
    path.is_file()
        && File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && begin == MAGIC
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(aside, _) => aside.file().write(bytes),
            Self::Stream(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(..) => Ok(()),
            Self::Stream(out) => out.flush(),
        }
    }
}
