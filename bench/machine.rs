//! What the kernel says about this machine and the processes on it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// CPU time of the calling thread.
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How long the calling thread was ready to run and something else ran.
pub fn thread_waited() -> Duration {
    // Time on a CPU, time waiting for one, and turns (proc documentation, schedstat).
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = text.split_whitespace().nth(1).and_then(|ns| ns.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

/// Has the calling thread, and what it starts from now on, run on `cpus` only.
pub fn pin(cpus: &[usize]) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        if *cpu >= CpuSet::MAX_CPU {
            bail!("there is no CPU {cpu}");
        }
        set.set(*cpu);
    }
    sched_setaffinity(None, &set)
        .with_context(|| format!("cannot run on CPUs {cpus:?}; `nproc` says how many there are"))
}

/// The CPUs that this process may use.
pub fn cpus() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect()
}

/// Allows this process as many open files as it may have; each connection is one.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Without it there are fewer connections, and errors that say so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// CPU time of a process with all its threads and descendants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTime {
    pub user: Duration,
    pub system: Duration,
}

impl CpuTime {
    pub fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// See [`CpuTime`]. Accurate to a clock tick (10 ms mostly) a process.
pub fn tree_cpu(root: Pid) -> CpuTime {
    let mut sum = CpuTime::default();
    for (_, time) in tree(root) {
        sum.user += time.user;
        sum.system += time.system;
    }
    sum
}

/// The process and its descendants, parents first.
pub fn tree_pids(root: Pid) -> Vec<Pid> {
    tree(root).into_iter().map(|(pid, _)| pid).collect()
}

fn tree(root: Pid) -> Vec<(Pid, CpuTime)> {
    let mut all: Vec<(Pid, Pid, CpuTime)> = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
        // A process may have ended meanwhile.
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some((parent, time)) = parse_stat(&stat) {
            all.push((pid, parent, time));
        }
    }
    let mut found: Vec<(Pid, CpuTime)> = Vec::new();
    found.extend(all.iter().filter(|one| one.0 == root).map(|one| (one.0, one.2)));
    let mut at = 0;
    while let Some((parent, _)) = found.get(at).copied() {
        found.extend(all.iter().filter(|one| one.1 == parent).map(|one| (one.0, one.2)));
        at += 1;
    }
    found
}

/// Parent and CPU time in a line of /proc/PID/stat (proc_pid_stat(5)).
fn parse_stat(line: &str) -> Option<(Pid, CpuTime)> {
    // The name stands in parentheses and may hold some itself.
    let (_, rest) = line.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(1);
    let parent = Pid::from_raw(fields.next()?.parse().ok()?)?;
    let mut fields = fields.skip(9);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let tick_ns = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
    let user = Duration::from_nanos(ticks()? * tick_ns);
    let system = Duration::from_nanos(ticks()? * tick_ns);
    Some((parent, CpuTime { user, system }))
}

/// The most memory that a process had at a time, bytes; 0 when it has ended.
pub fn memory_peak(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Whether files there are kept in memory only: a log there costs no disk.
pub fn is_in_memory(folder: &Path) -> bool {
    const TMPFS_MAGIC: i64 = 0x0102_1994;
    const RAMFS_MAGIC: i64 = 0x8584_58f6;
    rustix::fs::statfs(folder).is_ok_and(|stat| matches!(stat.f_type, TMPFS_MAGIC | RAMFS_MAGIC))
}

/// The CPU's name, as /proc/cpuinfo has it.
pub fn cpu_name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|rest| rest.split_once(':')).map_or("unknown CPU", |(_, name)| name);
    name.trim().to_owned()
}

/// The kernel's version.
pub fn kernel() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = "12 (a) b (c) S 7 12 12 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 99";
        let (parent, time) = parse_stat(line).unwrap();
        assert_eq!(parent.as_raw_nonzero().get(), 7);
        let ticks = rustix::param::clock_ticks_per_second();
        assert_eq!(time.user, Duration::from_nanos(150 * (1_000_000_000 / ticks)));
        assert_eq!(time.system, Duration::from_nanos(25 * (1_000_000_000 / ticks)));
    }

    #[test]
    fn a_process_has_memory() {
        assert!(memory_peak(std::process::id()) > 1 << 20);
    }

    #[test]
    fn a_child_is_in_the_tree() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pids = tree_pids(rustix::process::getpid());
        assert_eq!(pids[0], rustix::process::getpid());
        assert!(pids.contains(&Pid::from_child(&child)));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
