//! The shards as the control side has them: how each is reached, what they have
//! counted, and how links are brought to all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::caps::CapKeeper;
use crate::limits::SHARD_TURN_MS_MAX;
use crate::links::{Links, Patch};
use crate::machine::background;
use crate::machine::cpus::pin;
use crate::mailbox::{Mailbox, Message, Published, ShardCounts};
use crate::rules::caps::CapKey;
use crate::say::say;

/// How one shard is reached: its CPU, the way to it, and what it says of itself.
#[derive(Clone)]
pub struct Contact {
    pub cpu: usize,
    pub mailbox: Arc<Mailbox>,
    pub published: Arc<Published>,
}

/// All shards.
#[derive(Clone)]
pub struct Shards {
    all: Vec<Contact>,
    caps: Arc<CapKeeper>,
}

impl Shards {
    /// Those that are reached so, with what they count caps with.
    pub fn new(all: Vec<Contact>, caps: Arc<CapKeeper>) -> Self {
        Self { all, caps }
    }

    /// What they count caps with.
    pub fn caps(&self) -> &Arc<CapKeeper> {
        &self.caps
    }

    /// What they have counted together.
    pub fn counts(&self) -> ShardCounts {
        let all = self.all.iter().map(|shard| shard.published.load());
        all.fold(ShardCounts::default(), |sum, counts| sum + counts)
    }

    /// Posts a message to each.
    pub fn post(&self, message: impl Fn() -> Message) {
        for shard in &self.all {
            shard.mailbox.post(message());
        }
    }

    /// Drops what they have handed back.
    pub fn drop_retired(&self) {
        for shard in &self.all {
            shard.mailbox.drop_retired();
        }
    }

    /// A replica of the links for each shard. They are made on the CPU they are for,
    /// so that their memory is near it, and at low priority, so that requests go
    /// first.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started.
    pub fn replicate(&self, replica: impl Fn() -> Links + Sync) -> anyhow::Result<Vec<Links>> {
        let replica = &replica;
        std::thread::scope(|scope| {
            let threads = self.all.iter().map(|shard| {
                let thread = std::thread::Builder::new().name("carom-replica".to_owned());
                thread.spawn_scoped(scope, move || {
                    pin(shard.cpu);
                    background::begin();
                    replica()
                })
            });
            let threads: Vec<_> = threads
                .collect::<Result<_, _>>()
                .context("cannot start a thread to copy the table")?;
            let copied = threads.into_iter().map(|thread| thread.join());
            copied.map(|links| links.map_err(|_| anyhow!("copying the table panicked"))).collect()
        })
    }

    /// Has every shard swap its replica in between two batches, and waits until all
    /// have.
    pub fn swap(&self, replicas: impl Iterator<Item = Links>, generation: u32) {
        for (shard, links) in self.all.iter().zip(replicas) {
            shard.mailbox.post(Message::Swap(Box::new(links)));
        }
        self.wait_for(generation);
        self.drop_retired();
    }

    /// Has every shard make these changes between two batches, all at once, and waits
    /// until all have.
    pub fn patch(&self, patches: Vec<Patch>, generation: u32) {
        self.make_room(patches.iter().flat_map(Patch::caps));
        let patch = Arc::new(Patch::all(patches, generation));
        self.post(|| Message::Patch(Arc::clone(&patch)));
        self.wait_for(generation);
        self.drop_retired();
    }

    /// Makes room for counting caps, where it is too late to do without them.
    pub fn make_room(&self, caps: impl Iterator<Item = CapKey>) {
        if let Err(why) = self.caps.admit(caps) {
            say(format_args!("warning: the caps that were set let nothing through: {why}"));
        }
    }

    /// Waits until every shard answers from this generation. Each is woken by its
    /// mailbox and looks into it at its next turn, however much it has to do; one that
    /// does not has ended, and its server is about to.
    fn wait_for(&self, generation: u32) {
        let deadline = Instant::now() + Duration::from_millis(SHARD_TURN_MS_MAX);
        for shard in &self.all {
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
