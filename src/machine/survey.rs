//! What this machine allows, and what an operator should know about it.

use std::fs;

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity};

use crate::limits::DESCRIPTORS_RESERVED;
use crate::words::counted;

/// Descriptors of one shard beside its connections: rings, listeners, segments.
const DESCRIPTORS_PER_SHARD: usize = 16;

/// RLIMIT_MEMLOCK below which io_uring may be refused: glommio asks for this.
pub const MEMLOCK_BYTES_MIN: u64 = 512 * 1024;

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
                "RLIMIT_NOFILE is {}, and more than {reserved} is needed for {}; raise it with \
                 `ulimit -n` or LimitNOFILE= in the unit, or use fewer --cores",
                self.nofile,
                counted(shards, "core")
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
                "RLIMIT_NOFILE {} is too low for {} a core on {}; raise it to {needed} with \
                 LimitNOFILE= in the unit or `ulimit -n`, or ask for less with \
                 --max-connections",
                self.nofile,
                counted(connections_max, "connection"),
                counted(shards, "core")
            ));
        }
        if self.memlock_bytes < MEMLOCK_BYTES_MIN {
            warnings.push(format!(
                "RLIMIT_MEMLOCK {} bytes is too low for io_uring; raise it to {} with \
                 LimitMEMLOCK= in the unit or `ulimit -l`",
                self.memlock_bytes, MEMLOCK_BYTES_MIN
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{BACKLOG_DEFAULT, CONNECTIONS_PER_SHARD_DEFAULT};

    const MACHINE: Machine = Machine {
        cpus: Vec::new(),
        nofile: 1_000_000,
        memlock_bytes: u64::MAX,
        somaxconn: Some(BACKLOG_DEFAULT),
    };
    const CONNECTIONS: usize = CONNECTIONS_PER_SHARD_DEFAULT as usize;

    #[test]
    fn a_fitting_machine_needs_no_warning() {
        assert_eq!(MACHINE.warnings(2, CONNECTIONS, BACKLOG_DEFAULT), Vec::<String>::new());
    }

    #[test]
    fn each_limit_that_is_too_low_is_named_with_its_remedy() {
        let machine = Machine { nofile: 1024, memlock_bytes: 0, somaxconn: Some(128), ..MACHINE };
        let warnings = machine.warnings(2, CONNECTIONS, BACKLOG_DEFAULT).join("\n");
        let somaxconn = &*format!("sysctl -w net.core.somaxconn={BACKLOG_DEFAULT}");
        for part in ["LimitNOFILE=", "LimitMEMLOCK=", somaxconn] {
            assert!(warnings.contains(part), "{warnings}");
        }
    }

    #[test]
    fn connections_fit_the_descriptors() {
        let machine = Machine { nofile: 256, ..MACHINE };
        assert_eq!(machine.connections_per_shard(CONNECTIONS, 2).unwrap(), 80);
        assert_eq!(MACHINE.connections_per_shard(CONNECTIONS, 2).unwrap(), CONNECTIONS);
        let machine = Machine { nofile: 64, ..MACHINE };
        assert!(machine.connections_per_shard(CONNECTIONS, 2).is_err());
    }
}
