//! What the kernel says of a process: time, memory, descriptors (proc(5)).

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

/// User and system time of all its threads so far, in the kernel's ticks.
pub fn cpu_time(pid: Pid) -> Duration {
    let text = read(pid, "stat");
    // The name may hold anything, so fields are counted from its end on; the
    // first of them is the third of the line.
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(14 - 3).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap()
}

/// How much of one CPU a process used in the `window` from now on, as a
/// fraction.
pub fn cpu_share(pid: Pid, window: Duration) -> f64 {
    let (before, began) = (cpu_time(pid), Instant::now());
    std::thread::sleep(window);
    (cpu_time(pid) - before).as_secs_f64() / began.elapsed().as_secs_f64()
}

/// Resident bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// All, with the pages of mapped segments.
    pub resident: u64,
    /// What is its own: heap and stacks.
    pub anonymous: u64,
}

pub fn memory(pid: Pid) -> Memory {
    let text = read(pid, "status");
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    Memory { resident: field("VmRSS:"), anonymous: field("RssAnon:") }
}

/// The most resident bytes it ever had; `None` once it has ended.
pub fn peak(pid: Pid) -> Option<u64> {
    let text = read(pid, "status");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

/// Page faults of its threads whose name begins with `name`, so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Those that the kernel could serve from memory.
    pub minor: u64,
    /// Those that waited for a disk.
    pub major: u64,
    /// How many threads that are.
    pub threads: usize,
}

pub fn faults(pid: Pid, name: &str) -> Faults {
    let mut all = Faults::default();
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
    for task in tasks {
        let text = fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (before, fields) = text.rsplit_once(") ").unwrap();
        if before.split_once('(').unwrap().1.starts_with(name) {
            let field =
                |at: usize| -> u64 { fields.split(' ').nth(at - 3).unwrap().parse().unwrap() };
            all.minor += field(10);
            all.major += field(12);
            all.threads += 1;
        }
    }
    all
}

/// How many descriptors it has open.
pub fn descriptors(pid: Pid) -> usize {
    fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap().count()
}

/// How many of them are sockets.
pub fn sockets(pid: Pid) -> usize {
    let entries = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap();
    // One that is closed meanwhile has no link any more.
    let links = entries.filter_map(|entry| entry.ok()?.path().read_link().ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// Raises RLIMIT_NOFILE of this process as far as it may, and returns it.
pub fn raise_nofile() -> usize {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    maximum.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap())
}

fn read(pid: Pid, file: &str) -> String {
    fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).unwrap()
}
