//! The tables of kept generations on the disk, as compiled tables: a rollback maps
//! one, and so does a restart that serves again what was promoted.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::disk::state::make_at;
use crate::sources::{Base, FileMark, table_file};

/// Their folder in the state folder. Each is called `N.table`, by the generation
/// that was the first to serve it.
const FOLDER: &str = "generations";

fn path(state: &Path, table: u32) -> PathBuf {
    state.join(FOLDER).join(format!("{table}.table"))
}

/// Whether the table is there.
pub fn is_there(state: &Path, table: u32) -> bool {
    path(state, table).is_file()
}

/// Writes a table, which is on the disk when it returns.
///
/// # Errors
///
/// A sentence: it cannot be written. Then there is none.
pub fn write(state: &Path, table: u32, base: &Base) -> anyhow::Result<()> {
    let path = path(state, table);
    make_at(&state.join(FOLDER))?;
    let files: Vec<&str> = base.files.iter().map(|file| &*file.name).collect();
    let about = json!({ "generation": table, "files": files }).to_string();
    table_file::write(&path, &base.table, about.as_bytes())?;
    Ok(())
}

/// Maps a table, which came from `files`.
///
/// # Errors
///
/// A sentence: it is not there, or damaged.
pub fn open(state: &Path, table: u32, files: Vec<FileMark>) -> anyhow::Result<Base> {
    let (compiled, _) = table_file::open(&path(state, table))?;
    Ok(Base { table: Arc::new(compiled.table), files, about: None })
}

/// Removes everything but the tables that are `kept`. None may be being written.
pub fn clean(state: &Path, kept: impl Fn(u32) -> bool) {
    let Ok(entries) = state.join(FOLDER).read_dir() else { return };
    for entry in entries.flatten() {
        if !number_of(&entry.file_name()).is_some_and(&kept) {
            // Left there, it only takes room.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn number_of(name: &OsStr) -> Option<u32> {
    name.to_str()?.strip_suffix(".table")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Format, OnBadLine, Source, load};

    fn base(text: &str) -> Base {
        let source = Source::new("f", text.as_bytes(), Format::Native);
        let table = load(&[source], OnBadLine::Refuse).table.unwrap();
        Base { table: Arc::new(table), files: Vec::new(), about: None }
    }

    const LINKS: &str =
        "/a https://a.example/ 301 nocase\nh.example/b/* https://b/:splat\n/q?x=1 410\n";

    fn links(state: &Path, table: u32) -> Result<String, String> {
        let base = open(state, table, Vec::new()).map_err(|error| format!("{error:#}"))?;
        Ok(base.table.links().map(|link| format!("{link}\n")).collect())
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        for (table, text) in [(4, "/old 410\n"), (5, LINKS), (10, "")] {
            assert!(!is_there(state, table));
            write(state, table, &base(text)).unwrap();
            assert!(is_there(state, table));
            assert_eq!(links(state, table).unwrap(), text);
        }
        let bytes = fs::read(path(state, 5)).unwrap();
        fs::write(path(state, 5), &bytes[..bytes.len() - 1]).unwrap();
        assert!(links(state, 5).unwrap_err().contains("5.table"));
    }

    #[test]
    fn what_is_not_kept_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        clean(state, |_| true);
        for table in 1..4 {
            write(state, table, &base("")).unwrap();
        }
        for stray in ["2.table.77.tmp", "x.table", "other"] {
            fs::write(state.join(FOLDER).join(stray), "").unwrap();
        }
        clean(state, |table| table == 2);
        let names = fs::read_dir(state.join(FOLDER)).unwrap().map(|entry| entry.unwrap());
        assert_eq!(names.map(|entry| entry.file_name()).collect::<Vec<_>>(), ["2.table"]);
    }
}
