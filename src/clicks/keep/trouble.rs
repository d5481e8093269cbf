//! What can go wrong with segments, and saying it to the operator.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

/// What can go wrong with a segment after it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Faulting it in.
    Populate,
    /// Bringing it to the disk.
    Sync,
    /// Cutting it to its used length.
    Cut,
    /// Deleting it unused.
    Delete,
}

/// What went wrong with a segment, for the operator.
#[derive(Debug)]
pub struct Trouble {
    /// Its file.
    pub path: PathBuf,
    /// What failed.
    pub work: Work,
    /// Why.
    pub error: io::Error,
}

impl Trouble {
    /// Whether the disk did not take what it was given.
    pub fn is_sync(&self) -> bool {
        self.work == Work::Sync
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (work, means) = match self.work {
            Work::Populate => (
                "faulting in",
                "the file system does not keep the space that it promised, or is gone. Redirects \
                 go on, and what cannot be stored there is recorded in another segment; see to the \
                 disk, or use ext4 or xfs",
            ),
            Work::Sync => (
                "syncing",
                "it is not tried again: the segment is marked suspect and may lack clicks after \
                 a power loss. The shard goes on in another, and segments go on being made. \
                 While this lasts, further failures are counted and not said; see to the disk",
            ),
            Work::Cut => ("cutting", "it is sealed, but takes the space of a full segment"),
            Work::Delete => ("deleting the unused", "the next start tries again"),
        };
        write!(f, "{work} {} failed: {}; {means}", self.path.display(), self.error)
    }
}

/// What to do where a segment cannot be made.
pub fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => return "Free some space",
        ErrorKind::FileTooLarge => return "Raise the limit of file sizes (LimitFSIZE=)",
        ErrorKind::OutOfMemory => {
            return "See to the memory of this machine, and to vm.max_map_count";
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound => {
            return "Let carom write into the click folder";
        }
        _ => {}
    }
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MFILE | Errno::NFILE) => "Raise the limit of open files (LimitNOFILE=)",
        _ => "See to the disk and its file system",
    }
}

/// Takes sentences, one at a time.
type Report = Mutex<Box<dyn Fn(String) + Send>>;

/// Says what operators should know, from either thread.
#[derive(Clone)]
pub struct Reporter(Arc<Report>);

impl Reporter {
    /// One that hands sentences to `report`.
    pub fn new(report: Box<dyn Fn(String) + Send>) -> Self {
        Self(Arc::new(Mutex::new(report)))
    }

    /// A sentence about clicks.
    pub fn say(&self, sentence: String) {
        let report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        report(format!("clicks: {sentence}"));
    }

    /// The trouble, if there is any.
    pub fn note(&self, result: Result<(), Trouble>) {
        if let Err(trouble) = result {
            self.say(trouble.to_string());
        }
    }
}

/// For people.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}
