//! Flags of what a server deletes of its click log.

use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;

use super::quantities::{long_time, size, written_time};
use super::wishes::Layers;
use crate::limits::KEEP_MS_MIN;
use crate::retention::Rules;

/// How long clicks are kept, and how much of them.
#[derive(Args, Clone, Debug, Default)]
pub struct RetentionArguments {
    /// Delete segments of the click log whose last click is older, such as 30d; never one that
    /// a registered sink of `carom ship` lacks [default: none is deleted]
    #[arg(long, env = "CAROM_KEEP", value_name = "TIME", value_parser = keep)]
    keep: Option<Duration>,

    /// Delete the oldest sealed segments when all of them, with those that are written or kept
    /// ready, take more than this of the disk, such as 50GiB; never one that a registered sink
    /// lacks [default: none is deleted]
    #[arg(long, env = "CAROM_MAX_DISK", value_name = "SIZE", value_parser = size)]
    max_disk: Option<ByteSize>,
}

impl RetentionArguments {
    /// What they say, each by the first of `said` that says it.
    pub fn plan<T>(said: &Layers<'_, T>, of: fn(&T) -> &Self) -> Rules {
        Rules {
            keep: said.first(|it| of(it).keep),
            before_us: None,
            disk_bytes_max: said.first(|it| of(it).max_disk).map(|size| size.as_u64()),
        }
    }
}

/// For how long something is kept.
pub fn keep(text: &str) -> Result<Duration, String> {
    let least = Duration::from_millis(KEEP_MS_MIN);
    let keep = long_time(text)?;
    if keep >= least { Ok(keep) } else { Err(format!("shorter than {}", written_time(least))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_keep_clicks() {
        assert_eq!(keep("30d"), Ok(Duration::from_hours(30 * 24)));
        assert_eq!(keep("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(keep("59s"), Err("shorter than 60s".to_owned()));
        assert!(keep("30").unwrap_err().contains("write a time with its unit"));
        assert!(keep("9000d").unwrap_err().contains("longer than ten years"));
    }
}
