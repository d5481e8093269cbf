//! How much memory this process may take.

use std::fs;
use std::path::{Path, PathBuf};

/// What the machine has, or what a cgroup above this process allows if that is less,
/// bytes; `None` where the kernel does not say.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let here = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = limit_files(&here).into_iter().filter_map(|file| limit(&file));
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text));
    limits.chain(total).min()
}

/// `MemTotal` of /proc/meminfo, bytes.
fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The limit that stands in such a file, if there is one.
fn limit(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Where the limits of a cgroup and of all above it stand, by /proc/self/cgroup: those of
/// version 2, and those of the memory controller of version 1. In a container they are
/// often seen at the root only, which is among them.
fn limit_files(cgroup: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in cgroup.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, name) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|it| it == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        files.extend(path.ancestors().map(|above| Path::new(root).join(above).join(name)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says() {
        assert_eq!(total_of("MemFree: 3 kB\nMemTotal:       16384 kB\n"), Some(16 << 20));
        assert_eq!(total_of("MemFree: 3 kB\n"), None);
        assert!(memory_bytes().is_none_or(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn every_cgroup_above_may_have_a_limit() {
        let files = |text: &str| -> Vec<_> {
            limit_files(text).into_iter().map(|file| file.display().to_string()).collect()
        };
        assert_eq!(
            files("1:name=systemd:/x\n0::/a.slice/b\n"),
            [
                "/sys/fs/cgroup/a.slice/b/memory.max",
                "/sys/fs/cgroup/a.slice/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            files("4:cpu,memory:/d"),
            [
                "/sys/fs/cgroup/memory/d/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
        assert_eq!(files("0::/"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(files("nonsense"), [""; 0]);
    }
}
