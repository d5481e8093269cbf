//! What the control thread and a shard hand each other. To the shard go messages,
//! through a bounded lock-free queue and an eventfd that wakes its engine: there is
//! no other way in. Back come what it no longer needs, and what it counts. The
//! shard never waits for any of it.

mod published;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use rustix::event::{EventfdFlags, eventfd};

use crate::clicks::Privacy;
use crate::limits::MAILBOX_MESSAGES;
use crate::links::{Links, Patch};
use crate::visitor::Places;
pub use published::{Published, ShardCounts};

/// What the control thread asks of a shard.
pub enum Message {
    /// Answer from this table from the next batch on.
    Swap(Box<Links>),
    /// Answer from the links with this change from the next batch on.
    Patch(Arc<Patch>),
    /// Look new connections up in these from now on.
    Places(Arc<Places>),
    /// Keep this of the addresses of new connections.
    Privacy(Privacy),
    /// Stop accepting, finish what is under way, then end.
    Drain,
    /// End now.
    Abandon,
}

/// What a shard no longer needs.
#[expect(dead_code, reason = "it is only dropped")]
pub(crate) enum HandedBack {
    /// The links of before a swap.
    Links(Box<Links>),
    /// A patch that was applied, with what it replaced.
    Patch(Arc<Patch>),
    /// What was known of addresses before.
    Places(Arc<Places>),
}

/// The mailbox of one shard.
pub struct Mailbox {
    messages: ArrayQueue<Message>,
    /// What is no longer used, handed back to be dropped where it does not
    /// matter how long that takes.
    retired: ArrayQueue<HandedBack>,
    pending: AtomicBool,
    wake: OwnedFd,
}

impl Mailbox {
    /// An empty mailbox.
    ///
    /// # Errors
    ///
    /// When the process is out of descriptors (eventfd(2)).
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            messages: ArrayQueue::new(MAILBOX_MESSAGES),
            retired: ArrayQueue::new(2 * MAILBOX_MESSAGES),
            pending: AtomicBool::new(false),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// Posts a message and wakes the shard. Waits while the mailbox is full.
    pub fn post(&self, mut message: Message) {
        while let Err(back) = self.messages.push(message) {
            message = back;
            std::thread::park_timeout(Duration::from_millis(1));
        }
        self.pending.store(true, Ordering::Release);
        // A full eventfd counter (2^64 - 2 posts) already wakes the shard.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Drops the tables and patches that the shard has handed back. Returns how many.
    pub fn drop_retired(&self) -> usize {
        std::iter::from_fn(|| self.retired.pop()).count()
    }

    /// The next message, on the shard's side. One load when there is none.
    pub(crate) fn take(&self) -> Option<Message> {
        if !self.pending.load(Ordering::Acquire) {
            return None;
        }
        let message = self.messages.pop();
        if message.is_none() {
            self.pending.store(false, Ordering::Release);
            // A post may have come between the two lines above.
            return self.messages.pop().inspect(|_| self.pending.store(true, Ordering::Release));
        }
        message
    }

    /// Hands back what was used, on the shard's side.
    pub(crate) fn retire(&self, used: HandedBack) {
        // Full only if the control thread never looks; then it is dropped here.
        let _ = self.retired.push(used);
    }

    /// Quiets the eventfd, for an engine that polls it.
    pub(crate) fn quiet(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
    }

    pub(crate) fn wake_fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }
}

impl AsFd for Mailbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_order_and_then_none() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.post(Message::Drain);
        mailbox.post(Message::Abandon);
        assert!(matches!(mailbox.take(), Some(Message::Drain)));
        assert!(matches!(mailbox.take(), Some(Message::Abandon)));
        assert!(mailbox.take().is_none());
        mailbox.post(Message::Drain);
        assert!(matches!(mailbox.take(), Some(Message::Drain)));
    }
}
