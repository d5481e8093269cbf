//! The loop of a server: what happens while it serves.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::admin::Serving;
use super::journal::Who;
use super::live::Ask;
use super::plan::Plan;
use super::signals::Event;
use super::trouble;
use crate::clicks::{IpKeys, Privacy};
use crate::engine::Running;
use crate::machine::clock::unix_us;
use crate::mailbox::{Mailbox, Message, Published, ShardCounts};
use crate::say::say;

/// A shard that serves, as the control thread holds it.
pub struct RunningShard {
    pub cpu: usize,
    pub mailbox: Arc<Mailbox>,
    pub published: Arc<Published>,
    pub running: Running,
    pub ready: Receiver<()>,
}

/// A server that serves.
pub struct Server<'a> {
    pub plan: &'a Plan,
    pub shards: Vec<RunningShard>,
    pub events: Receiver<Event>,
    /// To the desk.
    pub asks: Sender<Ask>,
    pub desk: JoinHandle<()>,
    pub admin: Serving,
}

impl Server<'_> {
    /// Acts on signals until one says stop, and on the turn of a day.
    pub fn watch(&self, mut ip_keys: Option<IpKeys>) {
        let mut is_unsaved = false;
        let mut watched = ShardCounts::default();
        loop {
            let event = self.events.recv_timeout(Duration::from_secs(1));
            for shard in &self.shards {
                shard.mailbox.drop_retired();
            }
            if let Some(keys) = &mut ip_keys {
                is_unsaved = self.turn(keys, is_unsaved);
            }
            match event {
                Ok(Event::Stop) => break,
                Ok(Event::Reload) => {
                    let ask = Ask::Reload { who: Who::itself("signal"), reply: None };
                    // It ends only after this loop.
                    let _ = self.asks.send(ask);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = counts(&self.shards);
                    trouble::report(&watched, &now);
                    watched = now;
                }
                // The thread of the signals never ends.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Gives the shards the key of another day. Returns whether the keys are still
    /// to be written down, which is said once.
    fn turn(&self, keys: &mut IpKeys, was_unsaved: bool) -> bool {
        let before = keys.today();
        let result = keys.turn(unix_us());
        if keys.today() != before {
            post(&self.shards, || Message::Privacy(Privacy::Hash(keys.today())));
        }
        if let Err(error) = &result
            && !was_unsaved
        {
            say(format_args!(
                "warning: the keys of hashed addresses in {} cannot be brought up to date: \
                 {error}. Until they are, a restart gives other hashes, and keys may stay longer \
                 than 48 hours; this is tried again every second",
                self.plan.clicks.display()
            ));
        }
        result.is_err()
    }
}

/// What all shards have counted.
pub fn counts(shards: &[RunningShard]) -> ShardCounts {
    let all = shards.iter().map(|shard| shard.published.load());
    all.fold(ShardCounts::default(), |sum, counts| sum + counts)
}

/// Posts a message to every shard.
pub fn post(shards: &[RunningShard], message: impl Fn() -> Message) {
    for shard in shards {
        shard.mailbox.post(message());
    }
}
