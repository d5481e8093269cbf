//! The checkpoints of a click folder in files, `.state/ship/NAME`. A sink is
//! registered as long as its file is there.
//!
//! A file is two slots that are written in turn, so that one of them is whole
//! whenever writing the other is interrupted.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::checkpoint::Checkpoint;
pub use super::places::folder;
use super::pruned;
use crate::clicks::ReadAt;
use crate::disk::identity::FileId;
use crate::disk::{self, holders, lock, regular, state};
use crate::limits::{CHECKPOINT_SLOT_BYTES, SINK_NAME_BYTES_MAX};

/// Whether a sink can have this name.
///
/// # Errors
///
/// A sentence that says what a name may hold.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    ensure!(
        (1..=SINK_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_good),
        "the name `{name}` is not one a sink can have; write up to {SINK_NAME_BYTES_MAX} letters, \
         digits, - and _"
    );
    Ok(())
}

/// The names of all registered sinks, sorted.
///
/// # Errors
///
/// When the folder is there and cannot be read.
pub fn names(clicks: &Path) -> anyhow::Result<Vec<String>> {
    let folder = folder(clicks);
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", folder.display()))?.file_name();
        if let Some(name) = name.to_str().filter(|name| check_name(name).is_ok()) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The checkpoint of a sink, which may be shipping meanwhile.
///
/// # Errors
///
/// A sentence when there is none, or it cannot be read.
pub fn read(clicks: &Path, name: &str) -> anyhow::Result<Checkpoint> {
    let path = path(clicks, name)?;
    let file = regular::open(&path).with_context(|| not_registered(&path, name))?;
    Ok(read_slots(&file, &path, name)?.1)
}

/// Removes a sink: `ship` begins anew with it, and it keeps no segment any more.
///
/// # Errors
///
/// A sentence when there is none, or it is shipping.
pub fn forget(clicks: &Path, name: &str) -> anyhow::Result<()> {
    let path = path(clicks, name)?;
    let file = regular::open(&path).with_context(|| not_registered(&path, name))?;
    let _lock = take_name(clicks, name)?;
    take(&file, &path, name)?;
    // First: a sink of that name that is registered anew lacked none of it.
    pruned::forget(clicks, name)?;
    fs::remove_file(&path)
        .and_then(|()| disk::folder::sync(&folder(clicks)))
        .with_context(|| format!("cannot delete {}", path.display()))
}

fn not_registered(path: &Path, name: &str) -> String {
    format!("no sink `{name}` is registered ({}); --list shows those that are", path.display())
}

fn path(clicks: &Path, name: &str) -> anyhow::Result<PathBuf> {
    check_name(name)?;
    Ok(folder(clicks).join(name))
}

/// The checkpoint of one sink. No other process ships to it as long as this lives.
#[derive(Debug)]
pub struct Registered {
    /// Removing the checkpoint lets nobody else in.
    _lock: File,
    file: File,
    path: PathBuf,
    generation: u64,
    /// What is known of the sink; kept with [`save`](Self::save).
    pub checkpoint: Checkpoint,
}

impl Registered {
    /// Takes the checkpoint of the sink `name`, and registers it if it is new.
    ///
    /// # Errors
    ///
    /// A sentence when another process ships to it, when it was registered for
    /// another address, or when its file cannot be read or made.
    pub fn open(clicks: &Path, name: &str, address: &str) -> anyhow::Result<Self> {
        let path = path(clicks, name)?;
        let folder = folder(clicks);
        let cannot = || format!("cannot open the checkpoint {}", path.display());
        state::make_at(&folder).with_context(cannot)?;
        let lock = take_name(clicks, name)?;
        let file = lock::open(&path, 0o600).with_context(cannot)?;
        take(&file, &path, name)?;
        let (generation, checkpoint) = read_slots(&file, &path, name)?;
        let mut registered = Self { _lock: lock, file, path, generation, checkpoint };
        if generation == 0 {
            address.clone_into(&mut registered.checkpoint.address);
            registered.save()?;
            disk::folder::sync(&folder)
                .with_context(|| format!("cannot sync {}", folder.display()))?;
        }
        let known = &registered.checkpoint.address;
        ensure!(
            known == address,
            "the sink `{name}` is registered as `{known}`, not as `{address}`; give this one \
             another name with --name, or forget that one with --forget {name}"
        );
        Ok(registered)
    }

    /// Keeps the checkpoint, safe from a power loss when this returns.
    ///
    /// # Errors
    ///
    /// A sentence when it cannot be written, or the file is not the one under its name
    /// any more: what another process does with the sink would not be known here.
    pub fn save(&mut self) -> anyhow::Result<()> {
        let own = FileId::of(&self.file.metadata().context("cannot look at the checkpoint")?);
        ensure!(
            FileId::at(&self.path).is_ok_and(|now| now == own),
            "the checkpoint {} was removed or replaced while this was shipping. What was shipped \
             since it was kept last comes again; bring it back, or begin anew with another place \
             for the sink",
            self.path.display()
        );
        let cannot = || format!("cannot write the checkpoint {}", self.path.display());
        let slot = self.checkpoint.encode(self.generation + 1).with_context(cannot)?;
        self.generation += 1;
        let at = slot_at(self.generation);
        self.file
            .write_all_at(&slot, at)
            .and_then(|()| self.file.sync_data())
            .with_context(|| format!("cannot write the checkpoint {}", self.path.display()))
    }
}

/// Where the slot of a generation stands. The first is the second one.
fn slot_at(generation: u64) -> u64 {
    generation % 2 * CHECKPOINT_SLOT_BYTES as u64
}

/// Generation and checkpoint in a file; 0 and an empty one if nothing was kept
/// yet.
fn read_slots(file: &File, path: &Path, name: &str) -> anyhow::Result<(u64, Checkpoint)> {
    let mut newest = None;
    let mut is_blank = false;
    for at in [0, CHECKPOINT_SLOT_BYTES as u64] {
        let mut slot = vec![0; CHECKPOINT_SLOT_BYTES];
        ReadAt::read_at(file, &mut slot, at)
            .with_context(|| format!("cannot read {}", path.display()))?;
        // The first slot is written second: while it is blank, no batch was begun.
        is_blank |= at == 0 && slot.iter().all(|&byte| byte == 0);
        let found = Checkpoint::decode(&slot);
        if found.as_ref().map(|found| found.0) > newest.as_ref().map(|newest: &(u64, _)| newest.0) {
            newest = found;
        }
    }
    match newest {
        Some(newest) => Ok(newest),
        None if is_blank => Ok((0, Checkpoint::default())),
        None => bail!(
            "the checkpoint {} is damaged, so it is not known what the sink has; --forget {name} \
             and another place for the sink ship everything again",
            path.display()
        ),
    }
}

/// Takes the name of a sink, in a file that nothing is kept in. It stays when the sink is
/// forgotten, as another process may be waiting for it.
fn take_name(clicks: &Path, name: &str) -> anyhow::Result<File> {
    let path = folder(clicks).join(format!(".{name}.lock"));
    let file =
        lock::open(&path, 0o600).with_context(|| format!("cannot open {}", path.display()))?;
    take(&file, &path, name)?;
    Ok(file)
}

fn take(file: &File, path: &Path, name: &str) -> anyhow::Result<()> {
    if lock::take(file, path)? {
        return Ok(());
    }
    let holders = file.metadata().map(|file| holders::of(FileId::of(&file))).unwrap_or_default();
    let by = holders.first().map(|holder| format!(" ({})", holder.name(path)));
    bail!(
        "another process is shipping to `{name}`{}; stop that one, or use another --name",
        by.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_file_names() {
        let check = |name: &str, is_good| assert_eq!(check_name(name).is_ok(), is_good, "{name}");
        check("file-out-1a2b3c4d", true);
        check("a_B-9", true);
        check(&"x".repeat(SINK_NAME_BYTES_MAX), true);
        check(&"x".repeat(SINK_NAME_BYTES_MAX + 1), false);
        check("", false);
        check("../lock", false);
        check("a.new", false);
        check("ä", false);
    }

    #[test]
    fn kept_and_read_again() {
        let clicks = tempfile::tempdir().unwrap();
        for batches in 0..5 {
            let mut sink = Registered::open(clicks.path(), "out", "stdout").unwrap();
            assert_eq!(sink.checkpoint.batches, batches);
            sink.checkpoint.batches += 1;
            sink.save().unwrap();
            assert_eq!(read(clicks.path(), "out").unwrap(), sink.checkpoint);
        }
        assert_eq!(names(clicks.path()).unwrap(), ["out"]);
        forget(clicks.path(), "out").unwrap();
        assert!(names(clicks.path()).unwrap().is_empty());
        let refusal = read(clicks.path(), "out").unwrap_err().to_string();
        assert!(refusal.contains("no sink `out` is registered"), "{refusal}");
    }

    #[test]
    fn one_process_a_sink() {
        let clicks = tempfile::tempdir().unwrap();
        let mut sink = Registered::open(clicks.path(), "out", "stdout").unwrap();
        let second = Registered::open(clicks.path(), "out", "stdout").unwrap_err();
        assert!(second.to_string().contains("another process is shipping to `out`"), "{second}");
        fs::remove_file(path(clicks.path(), "out").unwrap()).unwrap();
        let second = Registered::open(clicks.path(), "out", "stdout").unwrap_err();
        assert!(second.to_string().contains("another process is shipping to `out`"), "{second}");
        let removed = sink.save().unwrap_err().to_string();
        assert!(removed.contains("was removed or replaced while this was shipping"), "{removed}");
    }

    #[test]
    fn a_sink_that_is_shipping_is_not_forgotten() {
        let clicks = tempfile::tempdir().unwrap();
        let _sink = Registered::open(clicks.path(), "out", "stdout").unwrap();
        let forget = forget(clicks.path(), "out").unwrap_err();
        assert!(forget.to_string().contains("another process"), "{forget}");
    }

    #[test]
    fn one_address_a_sink() {
        let clicks = tempfile::tempdir().unwrap();
        drop(Registered::open(clicks.path(), "out", "file:/a").unwrap());
        let other = Registered::open(clicks.path(), "out", "file:/b").unwrap_err().to_string();
        assert!(other.contains("registered as `file:/a`, not as `file:/b`"), "{other}");
    }

    /// Damages the slot of the newest generation, of `saves` and the registration.
    fn after_damage(saves: u64) -> anyhow::Result<u64> {
        let clicks = tempfile::tempdir().unwrap();
        let mut sink = Registered::open(clicks.path(), "out", "stdout").unwrap();
        for batches in 1..=saves {
            sink.checkpoint.batches = batches;
            sink.save().unwrap();
        }
        sink.file.write_all_at(&[0xff; 100], slot_at(sink.generation)).unwrap();
        drop(sink);
        Ok(Registered::open(clicks.path(), "out", "stdout")?.checkpoint.batches)
    }

    #[test]
    fn a_slot_that_was_being_written_leaves_the_one_before() {
        assert_eq!(after_damage(0).unwrap(), 0);
        assert_eq!(after_damage(1).unwrap(), 0);
        assert_eq!(after_damage(2).unwrap(), 1);
        assert_eq!(after_damage(7).unwrap(), 6);
    }

    #[test]
    fn two_damaged_slots_are_refused() {
        let clicks = tempfile::tempdir().unwrap();
        let mut sink = Registered::open(clicks.path(), "out", "stdout").unwrap();
        sink.save().unwrap();
        for generation in [0, 1] {
            sink.file.write_all_at(&[0xff; 100], slot_at(generation)).unwrap();
        }
        drop(sink);
        let refusal = Registered::open(clicks.path(), "out", "stdout").unwrap_err().to_string();
        assert!(refusal.contains("is damaged") && refusal.contains("--forget out"), "{refusal}");
    }
}
