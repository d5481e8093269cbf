//! The table that was promoted, on the disk, so that a restart serves it again.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};

use super::served::Base;
use crate::clicks::files::sync_folder;
use crate::control::journal::FileMark;
use crate::control::say;
use crate::links::{Format, OnBadLine, Source, Table, load};

/// Its name in the state folder. A line with its generation and the CRC32C of the
/// rest, then its links in the native format.
const NAME: &str = "promoted.links";

/// Writes the table of a generation, on a thread of its own and at low priority. If
/// that fails it is said: a restart then serves the link files.
pub fn save_aside(state: &Path, generation: u32, base: &Arc<Base>) {
    let (state, base) = (state.to_owned(), Arc::clone(base));
    let failed = move |error: &dyn std::fmt::Display| {
        say(format_args!(
            "warning: generation {generation} is not kept for a restart: {error}; then the link \
             files are served. Free space in the state folder, and promote it again"
        ));
    };
    let save = move || {
        // Refused, it only means that requests wait a little.
        let _ = rustix::process::nice(10);
        if let Err(error) = save(&state, generation, &base.table) {
            failed(&error);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("carom-save".to_owned()).spawn(save) {
        say(format_args!("warning: generation {generation} is not kept for a restart: {error}"));
    }
}

fn save(state: &Path, generation: u32, table: &Table) -> io::Result<()> {
    let mut text = String::new();
    for link in table.links() {
        text.push_str(&link.to_string());
        text.push('\n');
    }
    // Those of two generations may be under way.
    let new = state.join(format!("{NAME}.{generation}"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    writeln!(file, "# generation {generation} crc32c {:08x}", crc32c::crc32c(text.as_bytes()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // The newest stays, whichever ends last.
    if read_head(&state.join(NAME)).is_some_and(|(there, _)| there > generation) {
        return fs::remove_file(&new);
    }
    fs::rename(&new, state.join(NAME))?;
    sync_folder(state)
}

/// Removes what a killed server was writing.
pub fn clean(state: &Path) {
    let Ok(entries) = state.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(NAME));
        if rest.is_some_and(|rest| rest.starts_with('.')) {
            // Left there, it is only in the way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Generation and checksum of a saved table.
fn read_head(path: &Path) -> Option<(u32, u32)> {
    let text = fs::read(path).ok()?;
    head(&text).map(|(generation, crc, _)| (generation, crc))
}

fn head(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let end = memchr::memchr(b'\n', text)?;
    let line = std::str::from_utf8(&text[..end]).ok()?.strip_prefix("# generation ")?;
    let (generation, crc) = line.split_once(" crc32c ")?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    Some((generation.parse().ok()?, crc, &text[end + 1..]))
}

/// Reads the table of this generation, which came from `files`.
///
/// # Errors
///
/// A sentence: it is not there, of another generation, or damaged.
pub fn load_saved(state: &Path, generation: u32, files: Vec<FileMark>) -> anyhow::Result<Base> {
    let path: PathBuf = state.join(NAME);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some((found, crc, links)) = head(&text) else {
        bail!("{} is damaged", path.display());
    };
    ensure!(found == generation, "{} holds generation {found}", path.display());
    ensure!(crc32c::crc32c(links) == crc, "{} is damaged", path.display());
    let source = Source::new(NAME, links, Format::Native);
    let loaded = load(&[source], OnBadLine::Refuse);
    let table = loaded.table.with_context(|| loaded.report.to_string())?;
    Ok(Base { table: Arc::new(table), files })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        let source = Source::new("f", text.as_bytes(), Format::Native);
        load(&[source], OnBadLine::Refuse).table.unwrap()
    }

    const LINKS: &str =
        "/a https://a.example/ 301 nocase\nh.example/b/* https://b/:splat\n/q?x=1 410\n";

    fn loaded(state: &Path, generation: u32) -> Result<String, String> {
        let base =
            load_saved(state, generation, Vec::new()).map_err(|error| format!("{error:#}"))?;
        Ok(base.table.links().map(|link| format!("{link}\n")).collect())
    }

    #[test]
    fn what_was_saved_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        save(state, 5, &table(LINKS)).unwrap();
        assert_eq!(loaded(state, 5).unwrap(), LINKS);
        assert!(loaded(state, 6).unwrap_err().ends_with("promoted.links holds generation 5"));
        // One that ends late does not replace a newer one.
        save(state, 4, &table("/old 410\n")).unwrap();
        assert_eq!(loaded(state, 5).unwrap(), LINKS);
        assert_eq!(fs::read_dir(state).unwrap().count(), 1);
        let path = state.join(NAME);
        let mut bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(loaded(state, 5).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
    }
}
