//! The loop of a server: what happens while it serves.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::plan::Plan;
use super::signals::Event;
use super::{say, tables, trouble};
use crate::clicks::Privacy;
use crate::clicks::files::unix_us;
use crate::clicks::ip_keys::IpKeys;
use crate::engine::Running;
use crate::mailbox::{Mailbox, Message};
use crate::shard::{Counts, Published};

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
    pub event_sender: Sender<Event>,
}

impl Server<'_> {
    /// Acts on signals until one says stop, and on the turn of a day.
    pub fn watch(&self, mut ip_keys: Option<IpKeys>) {
        let mut is_unsaved = false;
        let mut generation = 1;
        let mut reloading = None;
        let mut reload_again = false;
        let mut watched = Counts::default();
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
                Ok(Event::Reload) if reloading.is_some() => reload_again = true,
                Ok(Event::Reload) => reloading = self.start_reload(generation),
                Ok(Event::Reloaded) => {
                    if let Some(Ok(now)) = reloading.take().map(std::thread::JoinHandle::join) {
                        generation = now;
                    }
                    if std::mem::take(&mut reload_again) {
                        reloading = self.start_reload(generation);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let counts = self.counts();
                    trouble::report(&watched, &counts);
                    watched = counts;
                }
                // `self` holds a sender, so there always is one.
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
            self.post(|| Message::Privacy(Privacy::Hash(keys.today())));
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

    fn start_reload(&self, generation: u32) -> Option<std::thread::JoinHandle<u32>> {
        let sources = self.plan.sources.clone();
        let shards: Vec<_> =
            self.shards.iter().map(|shard| (shard.cpu, shard.mailbox.clone())).collect();
        let ended = self.event_sender.clone();
        let thread = std::thread::Builder::new().name("carom-reload".to_owned());
        let spawned = thread.spawn(move || {
            let generation = tables::reload(&sources, generation, &shards);
            let _ = ended.send(Event::Reloaded);
            generation
        });
        spawned.map_err(|error| say(format_args!("not reloaded: {error}"))).ok()
    }

    /// What all shards have counted.
    pub fn counts(&self) -> Counts {
        let all = self.shards.iter().map(|shard| shard.published.load());
        all.fold(Counts::default(), |sum, counts| sum + counts)
    }

    /// Posts a message to every shard.
    pub fn post(&self, message: impl Fn() -> Message) {
        for shard in &self.shards {
            shard.mailbox.post(message());
        }
    }
}
