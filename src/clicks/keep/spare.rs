//! The spare folder: where segments are made while none can be made in the click folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::trouble::remedy;
use crate::clicks::folder::{self, Lock};
use crate::clicks::spares;
use crate::limits::TROUBLE_QUIET_MS;
use crate::words::counted;

const QUIET: Duration = Duration::from_millis(TROUBLE_QUIET_MS);

/// Takes the spare folder `wished` for this run, makes it if there is none, and has the
/// click folder name it. Those that it named before are named on as long as they hold
/// segments, or cannot be read.
///
/// # Errors
///
/// A sentence for the operator: it cannot be had, or is the click folder itself.
pub fn open(
    clicks: &Path,
    wished: Option<&Path>,
    run: u64,
) -> anyhow::Result<Option<(Spare, Lock)>> {
    let cannot_note = || format!("cannot note the spare folders in {}", clicks.display());
    let mut named = spares::read(clicks).with_context(cannot_note)?;
    named.retain(|spare| folder::list(spare).map_or(true, |segments| !segments.is_empty()));
    let Some(wished) = wished else {
        spares::write(clicks, &named).with_context(cannot_note)?;
        return Ok(None);
    };
    folder::make(wished)?;
    let [spare, home] = [wished, clicks].map(|path| {
        path.canonicalize().with_context(|| format!("cannot look at the folder {}", path.display()))
    });
    let spare = spare?;
    ensure!(
        spare != home?,
        "--clicks-spare {} is the click folder itself; name one on another disk",
        wished.display()
    );
    let lock = Lock::take(&spare, run)
        .with_context(|| format!("--clicks-spare {} cannot be had", wished.display()))?;
    if !named.contains(&spare) {
        named.push(spare.clone());
    }
    spares::write(clicks, &named).with_context(cannot_note)?;
    Ok(Some((Spare::new(spare), lock)))
}

/// The spare folder, and what is said of it: where segments can be made in the click
/// folder one moment and not the next, not every turn.
#[derive(Debug)]
pub struct Spare {
    folder: PathBuf,
    /// Segments made there since none could be made in the click folder; `None` while
    /// they can.
    made: Option<u64>,
    /// It was said that it is in use.
    is_said: bool,
    /// When something was last said.
    said: Option<Instant>,
}

impl Spare {
    /// One that is not in use.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, made: None, is_said: false, said: None }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the last segment was made there.
    pub fn is_in_use(&self) -> bool {
        self.made.is_some()
    }

    /// A segment was made there, as it could not in `home` because of `error`. What to
    /// say, if anything.
    pub fn made(&mut self, now: Instant, home: &Path, error: &io::Error) -> Option<String> {
        *self.made.get_or_insert(0) += 1;
        let is_quiet = self.said.is_some_and(|said| now.duration_since(said) < QUIET);
        if self.is_said || is_quiet {
            return None;
        }
        (self.is_said, self.said) = (true, Some(now));
        Some(format!(
            "no segment can be made in the click folder {}: {error}. Clicks go on in the spare \
             folder {}. {}; the click folder is tried again with every segment",
            home.display(),
            self.folder.display(),
            remedy(error)
        ))
    }

    /// A segment was made in `home`. What to say, if anything.
    pub fn left(&mut self, now: Instant, home: &Path) -> Option<String> {
        let made = self.made.take()?;
        if !std::mem::take(&mut self.is_said) {
            return None;
        }
        self.said = Some(now);
        Some(format!(
            "segments are made in the click folder {} again; {} in the spare folder {}, which is \
             read with it. They can be moved into it once they are sealed",
            home.display(),
            counted(made, "segment"),
            self.folder.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_and_when_it_is_over() {
        let (now, home) = (Instant::now(), Path::new("/home"));
        let mut spare = Spare::new("/spare".into());
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(spare.left(now, home), None);
        let said = spare.made(now, home, &full()).unwrap();
        assert!(said.contains("/home: ") && said.contains("spare folder /spare"), "{said}");
        assert_eq!(spare.made(now, home, &full()), None);
        assert!(spare.is_in_use());
        assert!(spare.left(now, home).unwrap().contains("again; 2 segments in"));
        // It comes again at once.
        assert_eq!(spare.made(now, home, &full()), None);
        assert!(spare.is_in_use() && spare.left(now, home).is_none() && !spare.is_in_use());
        assert!(spare.made(now + QUIET, home, &full()).is_some());
    }

    #[test]
    fn it_is_named_while_it_holds_segments() {
        let [clicks, spare] = [0; 2].map(|_| tempfile::tempdir().unwrap());
        let at = |wished: Option<&Path>| open(clicks.path(), wished, 1);
        assert!(at(None).unwrap().is_none() && !spares::path(clicks.path()).exists());
        let (taken, lock) = at(Some(spare.path())).unwrap().unwrap();
        assert_eq!(spares::read(clicks.path()).unwrap(), [taken.folder()]);
        let second = format!("{:#}", at(Some(spare.path())).unwrap_err());
        assert!(second.contains("is held by another carom"), "{second}");
        drop(lock);
        let segment = spare.path().join(folder::segment_name(0, 1));
        std::fs::write(&segment, "").unwrap();
        at(None).unwrap();
        assert_eq!(spares::read(clicks.path()).unwrap(), [taken.folder()]);
        std::fs::remove_file(&segment).unwrap();
        at(None).unwrap();
        assert!(spares::read(clicks.path()).unwrap().is_empty());
        let itself = format!("{:#}", at(Some(clicks.path())).unwrap_err());
        assert!(itself.contains("is the click folder itself"), "{itself}");
    }
}
