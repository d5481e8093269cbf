//! The clock of an engine, asked once a turn.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::shard::Now;

/// Wall time for clicks, and steady time for deadlines.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose steady time begins now.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The time now. A wall clock before 1970 reads as 1970.
    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = self.started.elapsed().as_millis();
        Now { unix_us: unix.as_micros() as u64, ms: ms as u32 }
    }
}
