//! The CPUs of this machine: which a server is to use, and a thread on one of them.

use std::fmt::Write as _;

use anyhow::bail;
use rustix::thread::CpuSet;

use crate::limits::SHARDS_MAX;

// One shard a CPU.
const _: () = assert!(CpuSet::MAX_CPU <= SHARDS_MAX);

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
                0 => Err("0 cores cannot serve; leave --cores out to use all, or write 0, with a \
                          comma for CPU 0 alone"
                    .to_owned()),
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
}
