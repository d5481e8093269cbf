//! What this machine allows, and what an operator should know about it.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity};

use crate::limits::{DESCRIPTORS_RESERVED, SHARDS_MAX};

/// Descriptors of one shard beside its connections: rings, listeners, segments.
const DESCRIPTORS_PER_SHARD: usize = 16;

// One shard a CPU.
const _: () = assert!(CpuSet::MAX_CPU <= SHARDS_MAX);

/// Limits of this process and machine that bear on serving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// CPUs this process may run on, ascending.
    pub cpus: Vec<usize>,
    /// RLIMIT_NOFILE, after it was raised as far as it goes.
    pub nofile: usize,
    /// RLIMIT_MEMLOCK in bytes.
    pub memlock_bytes: u64,
    /// net.core.somaxconn, which caps every backlog; `None` where unreadable.
    pub somaxconn: Option<i32>,
}

impl Machine {
    /// Reads the limits, and raises the soft RLIMIT_NOFILE to the hard one.
    ///
    /// # Errors
    ///
    /// When the kernel does not say which CPUs may be used.
    pub fn survey() -> anyhow::Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot read the CPU affinity")?;
        let nofile = getrlimit(Resource::Nofile);
        if nofile.current < nofile.maximum || nofile.maximum.is_none() {
            // If refused, the limit in force is the one read back below.
            let _ = setrlimit(
                Resource::Nofile,
                Rlimit { current: nofile.maximum, maximum: nofile.maximum },
            );
        }
        let limit = |resource| getrlimit(resource).current.unwrap_or(u64::MAX);
        Ok(Self {
            cpus: (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect(),
            nofile: usize::try_from(limit(Resource::Nofile)).unwrap_or(usize::MAX),
            memlock_bytes: limit(Resource::Memlock),
            somaxconn: fs::read_to_string("/proc/sys/net/core/somaxconn")
                .ok()
                .and_then(|text| text.trim().parse().ok()),
        })
    }

    /// Connections a shard may hold, of `wanted`, so that all shards together
    /// stay within RLIMIT_NOFILE.
    ///
    /// # Errors
    ///
    /// When not even a few fit.
    pub fn connections_per_shard(&self, wanted: usize, shards: usize) -> anyhow::Result<usize> {
        let reserved = DESCRIPTORS_RESERVED + shards * DESCRIPTORS_PER_SHARD;
        let fit = self.nofile.saturating_sub(reserved) / shards;
        if fit == 0 {
            bail!(
                "RLIMIT_NOFILE is {} and {shards} cores need more than {reserved}; raise it \
                 with `ulimit -n` or LimitNOFILE= in the unit, or use fewer --cores",
                self.nofile
            );
        }
        Ok(wanted.min(fit))
    }

    /// What the operator should know before the first request comes: each a
    /// sentence that ends in what to do.
    pub fn warnings(&self, shards: usize, connections_max: usize, backlog: i32) -> Vec<String> {
        let mut warnings = Vec::new();
        let fit = self.nofile.saturating_sub(DESCRIPTORS_RESERVED) / shards;
        if fit < connections_max {
            let needed = DESCRIPTORS_RESERVED + shards * (connections_max + DESCRIPTORS_PER_SHARD);
            warnings.push(format!(
                "RLIMIT_NOFILE {} is too low for {connections_max} connections on each of \
                 {shards} cores; raise it to {needed} with LimitNOFILE= in the unit or \
                 `ulimit -n`, or ask for less with --max-connections",
                self.nofile
            ));
        }
        if self.memlock_bytes < super::MEMLOCK_BYTES_WANTED {
            warnings.push(format!(
                "RLIMIT_MEMLOCK {} bytes is too low for io_uring; raise it to {} with \
                 LimitMEMLOCK= in the unit or `ulimit -l`",
                self.memlock_bytes,
                super::MEMLOCK_BYTES_WANTED
            ));
        }
        if let Some(somaxconn) = self.somaxconn
            && somaxconn < backlog
        {
            warnings.push(format!(
                "net.core.somaxconn {somaxconn} cuts the backlog of {backlog}; raise it with \
                 `sysctl -w net.core.somaxconn={backlog}`, or ask for less with --backlog"
            ));
        }
        warnings
    }
}

/// The CPUs to serve on, as an operator writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cores {
    /// This many of those allowed.
    Count(usize),
    /// These.
    List(Vec<usize>),
}

impl std::str::FromStr for Cores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.trim().parse::<usize>().map_err(|_| {
                format!("`{text}` is no CPU number; write a count (4) or a list (0-3,8)")
            })
        };
        if !text.contains(['-', ',']) {
            return match number(text)? {
                0 => Err("0 cores cannot serve; leave --cores out to use all".to_owned()),
                count => Ok(Self::Count(count)),
            };
        }
        let mut cpus = Vec::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if last < first || last >= CpuSet::MAX_CPU {
                return Err(format!("`{part}` is no range of CPUs"));
            }
            cpus.extend(first..=last);
        }
        cpus.sort_unstable();
        cpus.dedup();
        if cpus.is_empty() { Err("no CPU is named".to_owned()) } else { Ok(Self::List(cpus)) }
    }
}

/// The CPUs to pin shards to.
///
/// # Errors
///
/// When more are asked for than this process may use, or others.
pub fn choose_cpus(wanted: Option<&Cores>, allowed: &[usize]) -> anyhow::Result<Vec<usize>> {
    match wanted {
        None => Ok(allowed.to_vec()),
        Some(Cores::Count(count)) if *count <= allowed.len() => Ok(allowed[..*count].to_vec()),
        Some(Cores::Count(count)) => {
            bail!("--cores {count}: this process may use {} ({})", allowed.len(), ranges(allowed))
        }
        Some(Cores::List(cpus)) => match cpus.iter().find(|cpu| !allowed.contains(cpu)) {
            None => Ok(cpus.clone()),
            Some(cpu) => {
                bail!("--cores: CPU {cpu} is not one this process may use ({})", ranges(allowed))
            }
        },
    }
}

/// Pins the calling thread to a CPU. Unpinned it works as well, only slower, so
/// a refusal is no error.
pub fn pin(cpu: usize) {
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    let _ = rustix::thread::sched_setaffinity(None, &cpus);
}

/// `0-3,8`.
pub fn ranges(cpus: &[usize]) -> String {
    let mut text = String::new();
    for run in cpus.chunk_by(|a, b| a + 1 == *b) {
        let comma = if text.is_empty() { "" } else { "," };
        let (first, last) = (run[0], run[run.len() - 1]);
        let _ = match first == last {
            true => write!(text, "{comma}{first}"),
            false => write!(text, "{comma}{first}-{last}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: Machine = Machine {
        cpus: Vec::new(),
        nofile: 1_000_000,
        memlock_bytes: u64::MAX,
        somaxconn: Some(4096),
    };

    #[test]
    fn cores() {
        let list = |cpus: &[usize]| Ok(Cores::List(cpus.to_vec()));
        assert_eq!("4".parse(), Ok(Cores::Count(4)));
        assert_eq!("0-3,8".parse(), list(&[0, 1, 2, 3, 8]));
        assert_eq!("8,".parse(), list(&[8]));
        assert_eq!("1,0,1".parse(), list(&[0, 1]));
        for wrong in ["", "0", "x", "3-1", "1-", "-", ",", "0-99999999"] {
            assert!(wrong.parse::<Cores>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn cores_are_among_those_allowed() {
        let allowed = [0, 2, 3];
        assert_eq!(choose_cpus(None, &allowed).unwrap(), allowed);
        assert_eq!(choose_cpus(Some(&Cores::Count(2)), &allowed).unwrap(), [0, 2]);
        let error = choose_cpus(Some(&Cores::List(vec![1])), &allowed).unwrap_err();
        assert_eq!(error.to_string(), "--cores: CPU 1 is not one this process may use (0,2-3)");
        assert!(choose_cpus(Some(&Cores::Count(4)), &allowed).is_err());
    }

    #[test]
    fn a_fitting_machine_needs_no_warning() {
        assert_eq!(MACHINE.warnings(2, 65_536, 4096), Vec::<String>::new());
    }

    #[test]
    fn each_limit_that_is_too_low_is_named_with_its_remedy() {
        let machine = Machine { nofile: 1024, memlock_bytes: 0, somaxconn: Some(128), ..MACHINE };
        let warnings = machine.warnings(2, 65_536, 4096).join("\n");
        for part in ["LimitNOFILE=", "LimitMEMLOCK=", "sysctl -w net.core.somaxconn=4096"] {
            assert!(warnings.contains(part), "{warnings}");
        }
    }

    #[test]
    fn connections_fit_the_descriptors() {
        let machine = Machine { nofile: 256, ..MACHINE };
        assert_eq!(machine.connections_per_shard(65_536, 2).unwrap(), 80);
        assert_eq!(MACHINE.connections_per_shard(65_536, 2).unwrap(), 65_536);
        let machine = Machine { nofile: 64, ..MACHINE };
        assert!(machine.connections_per_shard(65_536, 2).is_err());
    }
}
