//! Segments that are written in memory which outlives the process, and brought to
//! their files on the disk by the syncer. The maker makes an image in the stage, which
//! never waits for the disk; the syncer makes the file, as soon as the disk takes it.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::made::Made;
use super::stage_folder::{hold, is_own, name_each_other};
use super::trouble::{Reporter, mebibytes, remedy};
use crate::clicks::staged::{OWNER_NAME, PLACE_NAME, SPARE_ENDING, StagePlace};
use crate::clicks::write::handover::Segment;
use crate::clicks::write::map::SegmentMap;
use crate::disk::hold::{Hold, LOCK_NAME};
use crate::disk::identity::{FileId, is_no_such_file};
use crate::limits::{SEGMENT_RETRY_MS_MAX, SEGMENT_RETRY_MS_MIN, TROUBLE_QUIET_MS};
use crate::pace;

/// Bytes that are zeroed at once, and what that takes, about.
const ZERO_BYTES: usize = 64 * 1024;
const ZERO_NS: u32 = 10_000;
/// Memory that is kept for the next images of each shard, bytes, or that of one.
const SPARE_BYTES: usize = 16 * 1024 * 1024;
/// What statfs(2) says of memory.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;
const QUIET: Duration = Duration::from_millis(TROUBLE_QUIET_MS);

/// The stage of one server. When the last who holds it is done and nothing is left in
/// it, it is removed.
pub struct Stage {
    clicks: PathBuf,
    place: StagePlace,
    shards: usize,
    hold: Mutex<Hold>,
    /// It is not at its path any more, and that was said.
    is_gone: AtomicBool,
    reporter: Reporter,
    /// When there was last no room in it.
    refused: Mutex<Option<Instant>>,
    /// Files on the disk that cannot be made.
    failing: Mutex<Option<Failing>>,
    spares: Mutex<Vec<Spare>>,
}

/// Memory for the next image: zeros, and no page of it has to be made.
struct Spare {
    path: PathBuf,
    id: FileId,
    map: Arc<SegmentMap>,
    /// How far it was faulted in, bytes.
    populated: usize,
}

/// A new image, still without a header.
pub struct Image {
    /// Its file.
    pub file: File,
    /// Its memory.
    pub map: Arc<SegmentMap>,
    /// How far it is faulted in, bytes.
    pub populated: usize,
    /// What else is known of it.
    pub staged: Staged,
}

/// Files that cannot be made.
#[derive(Clone, Copy)]
struct Failing {
    /// How long after the last failure the next is tried, and when that is.
    wait: Duration,
    due: Instant,
}

impl Stage {
    /// Makes a stage for so many `shards` and the click folder `clicks`, whose lock is
    /// held, in the folder `within`, and names it there.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn make(
        clicks: &Path,
        within: &Path,
        shards: usize,
        reporter: &Reporter,
    ) -> anyhow::Result<Arc<Self>> {
        let cannot = || format!("cannot make a stage in {} (--clicks-stage)", within.display());
        DirBuilder::new().recursive(true).mode(0o750).create(within).with_context(cannot)?;
        let within = within.canonicalize().with_context(cannot)?;
        let kind = rustix::fs::statfs(&within).map_or(0, |fs| fs.f_type);
        if kind != TMPFS {
            reporter.say(format!(
                "warning: the stage {} is not in memory (tmpfs), so clicks wait for its disk instead; \
                 use a folder in /dev/shm",
                within.display()
            ));
        }
        let user = rustix::process::geteuid().as_raw();
        let place = StagePlace::new(&within, user).with_context(cannot)?;
        DirBuilder::new().mode(0o750).create(&place.folder).with_context(cannot)?;
        let hold = hold(&place.folder)?;
        name_each_other(clicks, &place)?;
        Ok(Arc::new(Self {
            clicks: clicks.to_owned(),
            place,
            shards,
            hold: Mutex::new(hold),
            is_gone: AtomicBool::new(false),
            reporter: reporter.clone(),
            refused: Mutex::default(),
            failing: Mutex::default(),
            spares: Mutex::default(),
        }))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// Makes the image of the segment `name`. `None` where there is no room, which is
    /// said; then the segment is to be written on the disk itself.
    pub fn create(self: &Arc<Self>, name: &str, bytes: u64) -> Option<Image> {
        if self.is_gone.load(Ordering::Acquire) {
            return None;
        }
        let path = self.place.folder.join(name);
        let made = self.reuse(&path, bytes).map_or_else(
            || SegmentMap::create(&path, bytes).map(|(file, map)| (file, Arc::new(map), 0)),
            Ok,
        );
        let made = made.and_then(|made| Ok((FileId::of(&made.0.metadata()?), made)));
        match made {
            Ok((id, (file, map, populated))) => {
                let staged =
                    Staged { stage: self.clone(), image: path, id, made: Mutex::default() };
                Some(Image { file, map, populated, staged })
            }
            // It was removed, which is said when that is seen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.say_no_room(bytes, &error);
                None
            }
        }
    }

    /// Gives a spare of this size the name of the next image.
    fn reuse(&self, path: &Path, bytes: u64) -> Option<(File, Arc<SegmentMap>, usize)> {
        let Spare { path: spare, id, map, populated } = {
            let mut spares = guard(&self.spares);
            let at = spares.iter().rposition(|spare| spare.map.bytes() as u64 == bytes)?;
            spares.remove(at)
        };
        let file = File::options().read(true).write(true).open(&spare);
        let is_whole = |it: &Metadata| FileId::of(it) == id && it.len() == bytes;
        let file = file.and_then(|file| Ok((file.metadata()?, file)));
        match file {
            Ok((now, file)) if !map.is_broken() && is_whole(&now) => {
                fs::rename(&spare, path).ok().map(|()| (file, map, populated))
            }
            // It was removed or changed by somebody.
            _ => {
                let _ = fs::remove_file(&spare);
                None
            }
        }
    }

    /// How many spares of so many bytes are kept.
    fn spares_max(&self, bytes: usize) -> usize {
        self.shards * (SPARE_BYTES / bytes).max(1)
    }

    /// Keeps `spare`. What is over goes: the oldest of another size, which no image needs
    /// that is made now.
    fn keep(&self, spare: Spare) {
        let bytes = spare.map.bytes();
        let mut spares = guard(&self.spares);
        spares.push(spare);
        let most = self.spares_max(bytes) * bytes;
        while spares.iter().map(|it| it.map.bytes()).sum::<usize>() > most
            && let Some(other) = spares.iter().position(|it| it.map.bytes() != bytes)
        {
            let _ = fs::remove_file(spares.remove(other).path);
        }
    }

    fn say_no_room(&self, bytes: u64, error: &io::Error) {
        let now = Instant::now();
        let before = guard(&self.refused).replace(now);
        if before.is_none_or(|before| now.duration_since(before) >= QUIET) {
            self.reporter.say(format!(
                "the stage {} takes no segment of {}: {error}. Segments are written on the \
                 disk itself, as without --clicks-stage, until it does. Give that file system more \
                 memory, or make segments smaller with --segment-size",
                self.folder().display(),
                mebibytes(bytes)
            ));
        }
    }

    /// Looks whether it is still at its path, and held.
    pub fn look(&self) {
        let mut hold = guard(&self.hold);
        let is_gone = hold.is_away();
        if !is_gone {
            // Where another holds it, this is tried again.
            let _ = hold.renew();
        }
        if is_gone && !self.is_gone.load(Ordering::Acquire) {
            self.reporter.say(format!(
                "the stage {} is gone (it {}). What is in memory is brought to the disk, and \
                 segments are written there, as without --clicks-stage; a kill before that loses \
                 what was not synced. Find out who removes it",
                self.folder().display(),
                hold.whereabouts()
            ));
        }
        self.is_gone.store(is_gone, Ordering::Release);
    }

    /// Has the click folder that is at the path now name it, as it is another one.
    pub fn be_named_again(&self) {
        if let Err(error) = name_each_other(&self.clicks, &self.place) {
            self.reporter.say(format!(
                "{error:#}: after a kill, what is in the stage {} is not found",
                self.folder().display()
            ));
        }
    }

    /// Whether a file may be made now: after a failure only from time to time.
    pub fn may_try(&self) -> bool {
        guard(&self.failing).is_none_or(|failing| Instant::now() >= failing.due)
    }

    /// Lets the next file be tried at once.
    pub fn hurry(&self) {
        if let Some(failing) = &mut *guard(&self.failing) {
            failing.due = Instant::now();
        }
    }

    fn judge(&self, result: &io::Result<()>) {
        let mut failing = guard(&self.failing);
        match (result, *failing) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                *failing = None;
                self.reporter.say("segments are brought from the stage to the disk again".into());
            }
            (Err(error), before) => {
                let longer =
                    |it: Failing| (2 * it.wait).min(Duration::from_millis(SEGMENT_RETRY_MS_MAX));
                let wait = before.map_or(Duration::from_millis(SEGMENT_RETRY_MS_MIN), longer);
                *failing = Some(Failing { wait, due: Instant::now() + wait });
                if before.is_none() {
                    self.reporter.say(format!(
                        "cannot make a segment in {}: {error}. Clicks are recorded in the stage {} \
                         as long as it has room, and brought to the disk when that can be. {}; \
                         this is tried again at least once a second",
                        self.clicks.display(),
                        self.folder().display(),
                        remedy(error)
                    ));
                }
            }
        }
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for spare in guard(&self.spares).drain(..) {
            let _ = fs::remove_file(spare.path);
        }
        let is_used = |entry: io::Result<fs::DirEntry>| {
            entry.map_or(true, |entry| !is_own(&entry.file_name()))
        };
        let has_more = match fs::read_dir(self.folder()) {
            Ok(entries) => entries.into_iter().any(is_used),
            // It was removed, and there is nothing to look for.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if has_more {
            // What names it stays too, and the next start brings it to the disk.
            return;
        }
        let _ = fs::remove_file(self.clicks.join(PLACE_NAME));
        for name in [OWNER_NAME, LOCK_NAME] {
            let _ = fs::remove_file(self.folder().join(name));
        }
        let _ = fs::remove_dir(self.folder());
    }
}

/// The image of a segment in the stage, and its file on the disk once there is one.
pub struct Staged {
    stage: Arc<Stage>,
    image: PathBuf,
    id: FileId,
    made: Mutex<Option<Arc<Made>>>,
}

impl Staged {
    /// Whether its file on the disk was made.
    pub fn is_made(&self) -> bool {
        guard(&self.made).is_some()
    }

    /// Its file on the disk, if that was made.
    pub fn made(&self) -> Option<Arc<Made>> {
        guard(&self.made).clone()
    }

    /// Which file its image is.
    pub fn image_id(&self) -> FileId {
        self.id
    }

    /// Whether the image does not have all that was stored in it: it was cut, or the
    /// memory for it cannot be had.
    pub fn is_image_cut(&self, map: &SegmentMap) -> bool {
        let now = self.image.metadata().ok().filter(|now| FileId::of(now) == self.id);
        map.is_broken() || now.is_some_and(|now| now.len() < map.bytes() as u64)
    }

    /// Whether the image is not under its name. What cannot be looked at counts as being
    /// there.
    pub fn is_image_away(&self) -> bool {
        match FileId::at(&self.image) {
            Ok(now) => now != self.id,
            Err(error) => is_no_such_file(&error),
        }
    }

    /// What operators are told of an image that is not there, unless the whole stage is
    /// not.
    pub fn sentence(&self) -> Option<String> {
        let sentence = || {
            format!(
                "{} was removed or moved while it was written. What is recorded in it is still in \
                 memory, and is brought to the disk; a kill before that loses what was not synced. \
                 The shard goes on in another segment; find out who removes files from the stage",
                self.image.display()
            )
        };
        self.stage.folder().exists().then(sentence)
    }

    /// Whether it may be tried now to make the file.
    pub fn may_try(&self) -> bool {
        self.is_made() || self.stage.may_try()
    }

    /// Makes the file at `path`, of so many `bytes`, unless it is there.
    ///
    /// # Errors
    ///
    /// Those of open(2) and fallocate(2). It was said.
    pub fn make(&self, path: &Path, bytes: usize) -> io::Result<()> {
        if self.is_made() {
            return Ok(());
        }
        let made = Made::new(path, bytes);
        let result = made.map(|made| *guard(&self.made) = Some(made));
        self.stage.judge(&result);
        result
    }

    /// Makes the file again as it was made at first, where it was cut, or another file or
    /// none is at `path`. Nothing of the image is in it then.
    ///
    /// # Errors
    ///
    /// Those of open(2), fallocate(2) and ftruncate(2). `AlreadyExists` where something is
    /// at `path`.
    pub fn make_again(&self, path: &Path, bytes: usize, is_cut: bool) -> io::Result<()> {
        match self.made().filter(|_| is_cut) {
            Some(made) => made.file.set_len(bytes as u64),
            None => Made::new(path, bytes).map(|made| *guard(&self.made) = Some(made)),
        }
    }

    /// Copies `range` of the image, whole words, to the file, and waits until that is on
    /// the disk.
    ///
    /// # Errors
    ///
    /// Those of pwrite(2) and fdatasync(2), and `NotFound` without a file.
    pub fn write(&self, map: &SegmentMap, range: Range<usize>) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        self.made().ok_or(io::ErrorKind::NotFound)?.write(map, range)
    }

    /// Makes a spare of the image, of which `used` bytes were written, or removes it.
    /// The segment is on the disk, and no shard has it any more.
    ///
    /// # Errors
    ///
    /// Those of unlink(2).
    pub fn give_back(&self, segment: &Segment, populated: usize) -> io::Result<()> {
        let map = segment.map();
        let is_alike = |spare: &&Spare| spare.map.bytes() == map.bytes();
        let alike = guard(&self.stage.spares).iter().filter(is_alike).count();
        let is_wanted = alike < self.stage.spares_max(map.bytes());
        // No page of it may be other memory. A reader has it locked: it is not to find the bytes of another segment.
        let is_sound = || !self.is_image_away() && !self.is_image_cut(map);
        let file = File::open(&self.image).ok().filter(|_| is_wanted && is_sound());
        let Some(_locked) = file.filter(|file| file.try_lock().is_ok()) else {
            return self.remove_image();
        };
        let spare = self.image.with_extension(SPARE_ENDING);
        fs::rename(&self.image, &spare)?;
        for words in map.words()[..segment.used().div_ceil(8)].chunks(ZERO_BYTES / 8) {
            words.iter().for_each(|word| word.store(0, Ordering::Relaxed));
            pace::done(ZERO_NS);
        }
        if map.is_broken() {
            return fs::remove_file(&spare);
        }
        self.stage.keep(Spare { path: spare, id: self.id, map: map.clone(), populated });
        Ok(())
    }

    /// Removes the image.
    ///
    /// # Errors
    ///
    /// Those of unlink(2).
    pub fn remove_image(&self) -> io::Result<()> {
        match self.is_image_away() {
            true => Ok(()), // what bears its name now is another
            false => fs::remove_file(&self.image),
        }
    }
}

impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staged").field("image", &self.image).finish_non_exhaustive()
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
