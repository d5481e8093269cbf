//! What a shard counts, and the copy of it that other threads may read.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What a shard has counted since it started.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
        pub struct ShardCounts {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// The counts of a shard as other threads see them: stored by the shard
        /// at the end of each turn, on cache lines of its own.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Published {
            $($name: AtomicU64,)+
            generation: AtomicU32,
        }

        impl Published {
            pub(crate) fn store(&self, counts: &ShardCounts) {
                $(self.$name.store(counts.$name, Ordering::Relaxed);)+
            }

            pub(crate) fn store_generation(&self, generation: u32) {
                self.generation.store(generation, Ordering::Release);
            }

            /// The generation of the table that answered, or would have, in the
            /// shard's last turn.
            pub fn generation(&self) -> u32 {
                self.generation.load(Ordering::Acquire)
            }

            /// The counts as of the shard's last turn.
            pub fn load(&self) -> ShardCounts {
                ShardCounts { $($name: self.$name.load(Ordering::Relaxed),)+ }
            }
        }

        impl std::ops::Add for ShardCounts {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self { $($name: self.$name + other.$name,)+ }
            }
        }
    };
}

counters! {
    /// Connections accepted.
    accepted,
    /// Connections open.
    connections,
    /// Bytes that those hold beyond their allowances.
    held,
    /// Requests answered, whatever the answer.
    requests,
    /// Redirects of known links.
    redirects,
    /// Requests for no link: the fallback, or 404.
    unknown,
    /// Requests for a retired link.
    gone,
    /// Requests refused as malformed, too long or too late.
    refused,
    /// Times that requests were left waiting for room in the click log.
    log_waits,
    /// Requests answered, whose click could not be recorded.
    clicks_lost,
    /// Requests refused because their click could not be recorded. No clicks.
    unrecorded,
    /// Clicks whose reply never left, as their connection ended before.
    undelivered,
    /// Peers that did not take their replies in time.
    timed_out,
    /// Idle connections closed to make room for new ones.
    evicted,
    /// Connections that held most, cut because all together held too many bytes.
    overloaded,
    /// Accepts put off because the process was out of descriptors.
    accepts_refused,
}
