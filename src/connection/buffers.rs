//! The bytes of a connection, each way. What is in flight cannot be touched: that
//! rests on this file alone, since nothing else can reach it.

use std::mem;

use crate::limits::{INBOX_BYTES_MAX, OUTBOX_BYTES_PAUSE};

/// The connection would hold more input than [`INBOX_BYTES_MAX`].
pub(super) struct TooMuch;

/// Input that is not answered yet: the beginning of a head, or requests held back
/// while replies wait.
#[derive(Default)]
pub(crate) struct KeptInput {
    bytes: Vec<u8>,
    /// How many of them are parsed. They stay until the batch is answered.
    parsed: usize,
}

impl KeptInput {
    pub(super) const EMPTY: Self = Self { bytes: Vec::new(), parsed: 0 };

    /// All of it, what is parsed included.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How much of it is parsed.
    pub(crate) fn parsed(&self) -> usize {
        self.parsed
    }

    /// It is parsed as far as here. Gives how much is left.
    pub(super) fn set_parsed(&mut self, parsed: usize) -> usize {
        self.parsed = parsed;
        self.bytes.len() - parsed
    }

    /// Its memory, for reuse.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds to it. While it is empty, `buffer` gives the memory.
    pub(super) fn add(
        &mut self,
        bytes: &[u8],
        buffer: impl FnOnce() -> Vec<u8>,
    ) -> Result<(), TooMuch> {
        if self.bytes.len() - self.parsed + bytes.len() > INBOX_BYTES_MAX {
            return Err(TooMuch);
        }
        if self.bytes.is_empty() {
            self.bytes = buffer();
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Drops what is parsed, now that it is answered. Gives the memory back when
    /// nothing is left, or when the rest is `unwanted`.
    pub(super) fn drop_parsed(&mut self, unwanted: bool) -> Vec<u8> {
        let bytes = self.bytes.len();
        if unwanted || self.parsed == bytes {
            return mem::take(self).bytes;
        }
        if self.parsed >= bytes / 2 {
            // Not each time: every byte moves once, however long it is.
            self.bytes.drain(..self.parsed);
            self.parsed = 0;
        }
        Vec::new()
    }
}

/// Replies on their way out: those that wait, and those that an engine is sending.
///
/// What is in flight stays where it is in memory, unchanged, until an engine says
/// that all of it was [sent](Self::sent) or that it is [done](Self::into_buffers)
/// with the connection. Dropped in flight it stays in memory for good: the kernel may
/// still read it.
pub(super) struct Outgoing {
    waiting: Vec<u8>,
    in_flight: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub(super) const EMPTY: Self = Self { waiting: Vec::new(), in_flight: Vec::new(), sent: 0 };

    /// Where replies are appended, behind those that wait. While there is no memory for
    /// them, `buffer` gives some.
    #[inline]
    pub(super) fn waiting(&mut self, buffer: impl FnOnce() -> Vec<u8>) -> &mut Vec<u8> {
        if self.waiting.capacity() == 0 {
            self.waiting = buffer();
        }
        &mut self.waiting
    }

    /// Puts what waits in flight, if there is something and nothing is.
    pub(super) fn launch(&mut self) -> bool {
        let ready = self.in_flight.is_empty() && !self.waiting.is_empty();
        if ready {
            mem::swap(&mut self.waiting, &mut self.in_flight);
        }
        ready
    }

    /// What is in flight and not sent yet.
    #[inline]
    pub(super) fn in_flight(&self) -> &[u8] {
        &self.in_flight[self.sent..]
    }

    #[inline]
    pub(super) fn is_in_flight(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// So many more are sent. When those were all, their memory is given back.
    pub(super) fn sent(&mut self, size: usize) -> Option<Vec<u8>> {
        self.sent += size;
        if self.sent < self.in_flight.len() {
            return None;
        }
        self.sent = 0;
        let mut buffer = mem::take(&mut self.in_flight);
        buffer.clear();
        Some(buffer)
    }

    /// What is in flight and not sent, and what waits.
    pub(super) fn unsent(&self) -> [&[u8]; 2] {
        [self.in_flight(), &self.waiting]
    }

    /// Bytes that are waiting or in flight.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.waiting.len() + self.in_flight.len()
    }

    /// Drops what waits, with its memory. What is in flight stays.
    pub(super) fn drop_waiting(&mut self) {
        self.waiting = Vec::new();
    }

    /// Whether another reply may be added before some are sent.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.bytes() < OUTBOX_BYTES_PAUSE
    }

    /// The memory of both, for reuse. Nothing is in flight any more.
    pub(super) fn into_buffers(mut self) -> [Vec<u8>; 2] {
        [mem::take(&mut self.waiting), mem::take(&mut self.in_flight)]
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        mem::forget(mem::take(&mut self.in_flight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launched(text: &[u8]) -> Outgoing {
        let mut outgoing = Outgoing::EMPTY;
        outgoing.waiting(Vec::new).extend_from_slice(text);
        assert!(outgoing.launch());
        outgoing
    }

    #[test]
    fn what_is_in_flight_stays_where_it_is() {
        let mut outgoing = launched(b"first");
        let at = outgoing.in_flight().as_ptr();
        outgoing.waiting(Vec::new).extend_from_slice(&[b'x'; 100_000]);
        assert!(!outgoing.launch(), "something is in flight");
        let moved = Box::new(outgoing);
        assert_eq!((moved.in_flight(), moved.in_flight().as_ptr()), (&b"first"[..], at));
        let mut outgoing = *moved;
        assert_eq!(outgoing.sent(2), None);
        assert_eq!((outgoing.in_flight(), outgoing.bytes()), (&b"rst"[..], 100_005));
        let buffer = outgoing.sent(3).unwrap();
        assert!(buffer.is_empty() && buffer.as_ptr() == at && !outgoing.is_in_flight());
        assert!(outgoing.launch() && outgoing.in_flight().len() == 100_000);
    }

    #[test]
    fn memory_is_given_back_when_nothing_uses_it() {
        let mut outgoing = launched(b"a");
        outgoing.waiting(Vec::new).push(b'b');
        assert_eq!(outgoing.into_buffers(), [b"b".to_vec(), b"a".to_vec()]);
        let mut outgoing = launched(b"a");
        outgoing.waiting(Vec::new).push(b'b');
        outgoing.drop_waiting();
        assert_eq!((outgoing.in_flight(), outgoing.bytes()), (&b"a"[..], 1));
        assert_eq!(outgoing.into_buffers(), [Vec::new(), b"a".to_vec()]);
    }

    #[test]
    fn parsed_input_goes_when_it_is_answered() {
        let mut kept = KeptInput::EMPTY;
        assert!(kept.add(b"0123456789", || Vec::with_capacity(64)).is_ok());
        assert_eq!((kept.set_parsed(4), kept.drop_parsed(false).capacity()), (6, 0));
        assert_eq!((kept.bytes(), kept.parsed()), (&b"0123456789"[..], 4), "too little to move");
        kept.set_parsed(7);
        kept.drop_parsed(false);
        assert_eq!((kept.bytes(), kept.parsed()), (&b"789"[..], 0));
        kept.set_parsed(3);
        assert!(kept.drop_parsed(false).capacity() >= 64 && kept.is_empty());
        assert!(kept.add(b"x", Vec::new).is_ok());
        assert_eq!(kept.drop_parsed(true), b"x");
        assert!(kept.add(&vec![b'x'; INBOX_BYTES_MAX + 1], Vec::new).is_err());
    }
}
