#![allow(unsafe_code)] // Memory that is a file cannot be had without it.
//! Compiled tables as files: written aside and renamed or without a name, mapped to be
//! read.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use memmap2::MmapOptions;

use super::file;
use super::mark::FileMark;
use crate::disk::aside::Aside;
use crate::links::Table;
use crate::links::compiled::{self, Compiled, MAGIC};

/// Whether it is a file that begins as a compiled table does.
///
/// # Errors
///
/// When it cannot be read.
pub fn is_compiled(path: &Path) -> anyhow::Result<bool> {
    // Standard input is no file. Why another one cannot be opened is said where it is
    // read.
    let Ok(file) = file::open(path) else { return Ok(false) };
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .with_context(|| format!("cannot read the link file {}", path.display()))?;
    Ok(compiled::is_compiled(&start))
}

/// So many bytes are synced at once while a table is written: a sync of all of it
/// would keep a CPU from requests for milliseconds.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;

/// Maps a compiled table and checks all of it.
///
/// Whoever can write into the file while it is mapped could change links without
/// being checked, and who cuts it short would end the process. Files are therefore
/// refused that everybody may write to, and [`write()`] never writes into one that
/// is there already.
///
/// # Errors
///
/// When it cannot be read, anyone may write to it, or it is damaged.
pub fn open(path: &Path) -> anyhow::Result<(Compiled, FileMark)> {
    let named = || format!("the link file {}", path.display());
    let file = file::open(path).with_context(|| format!("cannot read {}", named()))?;
    let about = file.metadata().with_context(|| format!("cannot read {}", named()))?;
    if about.permissions().mode() & 0o002 != 0 {
        bail!(
            "{} may be written to by everybody, so it is not mapped; chmod o-w {}",
            named(),
            path.display()
        );
    }
    // SAFETY: the bytes must stay as they are for as long as they are mapped. A
    // private map shows no change that is made through another one, and files are
    // replaced by renaming, here and in what the documentation tells; nobody but
    // those whom the operator lets write to this one could change or shorten it.
    let map = unsafe { MmapOptions::new().map_copy_read_only(&file) }
        .with_context(|| format!("cannot map {}", named()))?;
    let name = path.display().to_string();
    let mark =
        FileMark { size: map.len() as u64, ..FileMark::of(&name, map.get(..4096).unwrap_or(&map)) };
    Ok((compiled::read(Bytes::from_owner(map)).with_context(named)?, mark))
}

/// Writes a compiled table in place of what is there, whole or not at all. Returns
/// its size in bytes.
///
/// # Errors
///
/// When it cannot be written; what was there is as it was.
pub fn write(path: &Path, table: &Table, about: &[u8]) -> anyhow::Result<u64> {
    ensure!(path.file_name().is_some(), "{} is no file", path.display());
    ensure!(!path.is_dir(), "{} is a folder; name a file in it", path.display());
    write_to(path, table, about).with_context(|| format!("cannot write {}", path.display()))
}

fn write_to(path: &Path, table: &Table, about: &[u8]) -> io::Result<u64> {
    // Not for everybody to write to, whatever the umask: it would not be mapped.
    let aside = Aside::create_shared(path, 0o644)?;
    let mut file = BufWriter::new(aside.file());
    let (mut size, mut synced) = (0, 0);
    compiled::write(table, about, |bytes| {
        size += bytes.len() as u64;
        file.write_all(bytes)?;
        if size - synced >= SYNC_BYTES {
            synced = size;
            file.get_ref().sync_data()?;
        }
        Ok::<(), io::Error>(())
    })?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?;
    aside.sync()?.name()?;
    Ok(size)
}

/// A table that waits in a file without a name, so that memory is free for another one.
/// The file ends with whoever has it, also when that is killed.
#[derive(Debug)]
pub struct Shelved(File);

impl Shelved {
    /// Writes the table into such a file, in the folder for temporary ones.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the folder is named.
    pub fn put(table: &Table) -> anyhow::Result<Shelved> {
        let put = || {
            let mut file = BufWriter::new(tempfile::tempfile()?);
            compiled::write(table, b"", |bytes| file.write_all(bytes))?;
            file.into_inner().map_err(io::IntoInnerError::into_error)
        };
        let folder = std::env::temp_dir();
        let cannot = || {
            format!(
                "cannot put links into a temporary file in {}; set TMPDIR to a folder with room for \
                 them",
                folder.display()
            )
        };
        put().map(Shelved).with_context(cannot)
    }

    /// The table where it lies in the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be mapped, or is damaged.
    pub fn take(self) -> anyhow::Result<Table> {
        let named = || "the temporary file of links";
        // SAFETY: the bytes must stay as they are for as long as they are mapped. The
        // file has no name, and nobody has it open but this value, which ends here: a
        // private map is all that is left of it.
        let map = unsafe { MmapOptions::new().map_copy_read_only(&self.0) }.with_context(named)?;
        Ok(compiled::read(Bytes::from_owner(map)).with_context(named)?.table)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::links::{Format, OnBadLine, Source, load};

    fn table(text: &str) -> Table {
        load(&[Source::new("l", text.as_bytes(), Format::Native)], OnBadLine::Refuse).table.unwrap()
    }

    #[test]
    fn tables_are_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links.table");
        for links in ["/a https://a.example/\n", "/a 410\n/b/* https://b.example/\n"] {
            let table = table(links);
            let size = write(&path, &table, b"{}").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().len(), size);
            assert!(is_compiled(&path).unwrap());
            let read = open(&path).unwrap().0;
            assert_eq!((read.table.counts(), &read.about[..]), (table.counts(), &b"{}"[..]));
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_was_shelved_is_the_same() {
        let table =
            table("/a https://a.example/\n*.b.example/:c 410\n/d?e=1 https://e.example/ 301\n");
        let back = Shelved::put(&table).unwrap().take().unwrap();
        let lines = |table: &Table| table.links().map(|link| link.to_string()).collect::<Vec<_>>();
        assert_eq!((back.counts(), lines(&back)), (table.counts(), lines(&table)));
    }

    #[test]
    fn what_cannot_be_trusted_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links.table");
        write(&path, &table("/a 410"), b"").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("chmod o-w"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        let message = format!("{:#}", open(&path).unwrap_err());
        assert!(message.contains("damaged") && message.contains("links compile"), "{message}");
        assert!(write(folder.path(), &table(""), b"").is_err());
        assert!(write(Path::new("/none/there"), &table(""), b"").is_err());
    }
}
