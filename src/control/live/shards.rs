//! The shards, as far as links are brought to them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::served::Served;
use crate::control::server::RunningShard;
use crate::limits::SHARD_TURN_MS_MAX;
use crate::links::{Links, Patch};
use crate::machine::background;
use crate::machine::cpus::pin;
use crate::mailbox::{Mailbox, Message, Published};
use crate::say::say;

/// One shard: its CPU, the way to it, and what it says of itself.
pub struct Shard {
    pub cpu: usize,
    pub mailbox: Arc<Mailbox>,
    pub published: Arc<Published>,
}

/// All of them.
pub struct Shards(pub Vec<Shard>);

impl Shards {
    /// Of those that run.
    pub fn of(running: &[RunningShard]) -> Self {
        let shard = |shard: &RunningShard| Shard {
            cpu: shard.cpu,
            mailbox: shard.mailbox.clone(),
            published: shard.published.clone(),
        };
        Self(running.iter().map(shard).collect())
    }

    /// A replica of the links for each shard. They are made on the CPU they are for,
    /// so that their memory is near it, and at low priority, so that requests go
    /// first.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started.
    pub fn replicate(&self, served: &Served, generation: u32) -> anyhow::Result<Vec<Links>> {
        std::thread::scope(|scope| {
            let replicas = self.0.iter().map(|shard| {
                let replica = std::thread::Builder::new().name("carom-replica".to_owned());
                replica.spawn_scoped(scope, move || {
                    pin(shard.cpu);
                    background::begin();
                    served.replicate(generation)
                })
            });
            let replicas: Vec<_> = replicas
                .collect::<Result<_, _>>()
                .context("cannot start a thread to copy the table")?;
            let copied = replicas.into_iter().map(|thread| thread.join());
            copied.map(|links| links.map_err(|_| anyhow!("copying the table panicked"))).collect()
        })
    }

    /// Has every shard swap its replica in between two batches, and waits until all
    /// have.
    pub fn swap(&self, replicas: Vec<Links>, generation: u32) {
        for (shard, links) in self.0.iter().zip(replicas) {
            shard.mailbox.post(Message::Swap(Box::new(links)));
        }
        self.wait_for(generation);
        self.drop_retired();
    }

    fn drop_retired(&self) {
        for shard in &self.0 {
            shard.mailbox.drop_retired();
        }
    }

    /// Has every shard make these changes between two batches, all at once, and waits
    /// until all have.
    pub fn patch(&self, patches: Vec<Patch>, generation: u32) {
        let patch = Arc::new(Patch::all(patches, generation));
        for shard in &self.0 {
            shard.mailbox.post(Message::Patch(Arc::clone(&patch)));
        }
        self.wait_for(generation);
        self.drop_retired();
    }

    /// Waits until every shard answers from this generation. Each is woken by its
    /// mailbox and looks into it at its next turn, however much it has to do; one that
    /// does not has ended, and its server is about to.
    fn wait_for(&self, generation: u32) {
        let deadline = Instant::now() + Duration::from_millis(SHARD_TURN_MS_MAX);
        for shard in &self.0 {
            while shard.published.generation() != generation {
                if Instant::now() > deadline {
                    return say(format_args!(
                        "warning: the shard on CPU {} does not answer from generation \
                         {generation}; if this is said again, restart carom",
                        shard.cpu
                    ));
                }
                std::thread::park_timeout(Duration::from_micros(50));
            }
        }
    }
}
