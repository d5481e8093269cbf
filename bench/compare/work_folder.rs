//! Where links, logs and clicks are while servers are measured.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::machine;

/// A folder of our own, removed with all that is in it.
pub struct WorkFolder(PathBuf);

impl WorkFolder {
    /// Makes one in `parent`, or where the system keeps temporary files.
    pub fn new(parent: Option<&Path>) -> anyhow::Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = parent.join(format!("carom-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = Self(std::fs::canonicalize(folder)?);
        if machine::is_in_memory(&folder.0) {
            crate::say(format_args!(
                "warning: {} is in memory: logs and clicks cost no disk there; choose another \
                 folder with --work",
                folder.0.display()
            ));
        }
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
