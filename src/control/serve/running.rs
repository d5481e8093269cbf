//! The loop of a server: what happens while it serves.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::plan::ServePlan;
use super::signals::Signalled;
use super::spent::Held;
use super::trouble;
use crate::clicks::{IpKeys, Privacy};
use crate::control::admin::Serving;
use crate::control::live::{Who, Wish};
use crate::control::shards::Shards;
use crate::engine::Running;
use crate::machine::{clock::unix_us, heap};
use crate::mailbox::{Message, ShardCounts};
use crate::say::say;

/// A server that serves.
pub struct RunningServer<'a> {
    pub plan: &'a ServePlan,
    pub shards: Shards,
    /// Their threads.
    pub running: Vec<Running>,
    pub signals: Receiver<Signalled>,
    /// To the desk.
    pub wishes: Sender<Wish>,
    pub desk: JoinHandle<()>,
    pub admin: Serving,
}

impl RunningServer<'_> {
    /// Acts on signals until one says stop, and on the turn of a day.
    pub fn watch(&self, mut ip_keys: Option<IpKeys>) {
        let (mut is_unsaved, mut wants_reload) = (false, false);
        let (mut watched, mut held) = (ShardCounts::default(), Held::default());
        loop {
            let signal = self.signals.recv_timeout(Duration::from_secs(1));
            self.shards.drop_retired();
            self.admin.look();
            if let Some(keys) = &mut ip_keys {
                is_unsaved = self.turn(keys, is_unsaved);
            }
            match signal {
                Ok(Signalled::Stop) => break,
                Ok(Signalled::Reload) => wants_reload = true,
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.shards.counts();
                    trouble::report(&watched, &now);
                    self.shards.caps().look();
                    if held.is_spent(&now) {
                        heap::give_back();
                    }
                    watched = now;
                }
                // The thread of the signals never ends.
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if wants_reload {
                let wish = Wish::reload(Who::itself("signal"));
                // Where too much waits, it is wished again a second later.
                wants_reload = self.wishes.try_send(wish).is_err();
            }
        }
    }

    /// Gives the shards the key of another day. Returns whether the keys are still
    /// to be written down, which is said once.
    fn turn(&self, keys: &mut IpKeys, was_unsaved: bool) -> bool {
        let before = keys.today();
        let result = keys.turn(unix_us());
        if keys.today() != before {
            self.shards.post(|| Message::Privacy(Privacy::Hash(keys.today())));
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
