//! Where a measurement runs: the carom it measures, its CPUs and its folders.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};
use clap::Args;

use crate::machine;

/// Flags that every measurement of carom has.
#[derive(Debug, Args)]
pub struct Place {
    /// The carom to measure [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    carom: Option<PathBuf>,

    /// Folder for links, logs and clicks while it runs, on the disk to be measured
    /// [default: the system's for temporary files]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,

    /// Folder for the results
    #[arg(long, default_value = "bench/results", value_name = "DIR")]
    pub out: PathBuf,
}

impl Place {
    /// The carom that was named, or the one beside this program.
    pub fn carom(&self) -> anyhow::Result<PathBuf> {
        let beside = || Some(std::env::current_exe().ok()?.with_file_name("carom"));
        let carom = self.carom.clone().or_else(beside).unwrap_or_default();
        if !carom.is_file() {
            bail!(
                "there is no carom at {}; build it with `cargo build --profile dist`, or say where it is \
                 with --carom",
                carom.display()
            );
        }
        Ok(carom)
    }

    /// Makes the folder for the results, and a work folder.
    pub fn folders(&self) -> anyhow::Result<WorkFolder> {
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make {}", self.out.display()))?;
        WorkFolder::new(self.work.as_deref())
    }
}

/// Flags of a measurement with server and load on a CPU each.
#[derive(Debug, Args)]
pub struct Cpus {
    /// CPU of the servers
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub server_cpu: usize,

    /// CPU of the load
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub load_cpu: usize,
}

impl Cpus {
    /// Whether they can be used.
    pub fn check(&self) -> anyhow::Result<()> {
        let cpus = machine::cpus();
        for cpu in [self.server_cpu, self.load_cpu] {
            if !cpus.contains(&cpu) {
                bail!(
                    "this process may not use CPU {cpu}, only {cpus:?}; see --server-cpu and --load-cpu"
                );
            }
        }
        if self.server_cpu == self.load_cpu {
            crate::say("warning: load and server share a CPU: latencies mean nothing");
        }
        Ok(())
    }
}

/// Set when the process is asked to end.
pub fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    Ok(stop)
}

/// A folder of our own, removed with all that is in it.
pub struct WorkFolder(PathBuf);

impl WorkFolder {
    /// Makes one in `parent`, or where the system keeps temporary files.
    fn new(parent: Option<&Path>) -> anyhow::Result<Self> {
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
