#![allow(unsafe_code)] // a ring of buffers shared with the kernel

//! Receive buffers the kernel picks from by itself (provided-buffer ring,
//! io_uring_register_buf_ring(3)): a connection holds one only while it has
//! bytes for us.

use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::{Submitter, types::BufRingEntry};
use memmap2::{Advice, MmapMut};

use crate::limits::{OWN_BUFFERS, RECEIVE_BUFFER_BYTES, RECEIVE_BUFFERS};
use crate::shard::{Arrival, Received};

/// The group receives name to get one of these buffers.
pub const GROUP: u16 = 0;

const MASK: u16 = RECEIVE_BUFFERS as u16 - 1;

/// The buffers and the ring that hands them to the kernel.
pub struct RingBuffers {
    /// Page-aligned, as the kernel wants it.
    ring: MmapMut,
    /// Those that the kernel picks from, and behind them our own.
    memory: MmapMut,
    tail: u16,
    /// How many of our own are taken in this turn.
    own_taken: usize,
}

impl RingBuffers {
    /// Maps the buffers; none is with the kernel yet.
    pub fn new() -> io::Result<Self> {
        let memory = MmapMut::map_anon((RECEIVE_BUFFERS + OWN_BUFFERS) * RECEIVE_BUFFER_BYTES)?;
        let _ = memory.advise(Advice::HugePage); // where the kernel has some to give
        Ok(Self {
            ring: MmapMut::map_anon(RECEIVE_BUFFERS * size_of::<BufRingEntry>())?,
            memory,
            tail: 0,
            own_taken: 0,
        })
    }

    /// Registers the ring and hands all buffers to the kernel.
    pub fn register(&mut self, submitter: &Submitter<'_>) -> io::Result<()> {
        let address = self.ring.as_ptr().addr() as u64;
        // SAFETY: the map is page-aligned, of the size named, and is unmapped
        // only after the io_uring instance is closed (see `Ring`).
        unsafe {
            submitter.register_buf_ring_with_flags(address, RECEIVE_BUFFERS as u16, GROUP, 0)?;
        }
        for id in 0..RECEIVE_BUFFERS as u16 {
            self.give(id);
        }
        self.commit();
        Ok(())
    }

    /// A buffer that is not the kernel's, to receive into at once, and its number
    /// for arrivals. `None` until the next [`Self::take_back`] when all are taken.
    pub fn own(&mut self) -> Option<(u32, &mut [u8])> {
        let id = RECEIVE_BUFFERS + self.own_taken;
        let start = id * RECEIVE_BUFFER_BYTES;
        let bytes = self.memory.get_mut(start..start + RECEIVE_BUFFER_BYTES)?;
        self.own_taken += 1;
        Some((id as u32, bytes))
    }

    /// Takes back the buffers of all arrivals that were answered, the kernel's and
    /// our own.
    pub fn take_back(&mut self, arrivals: &mut Vec<Arrival>) {
        self.own_taken = 0;
        for arrival in arrivals.drain(..) {
            if !arrival.end && (arrival.buffer as usize) < RECEIVE_BUFFERS {
                self.give(arrival.buffer as u16);
            }
        }
        self.commit();
    }

    /// Hands a buffer back to the kernel, from the next [`Self::commit`] on.
    fn give(&mut self, id: u16) {
        assert!(usize::from(id) < RECEIVE_BUFFERS);
        let memory = self.memory.as_ptr().addr() + usize::from(id) * RECEIVE_BUFFER_BYTES;
        let entries = self.ring.as_mut_ptr().cast::<BufRingEntry>();
        let slot = usize::from(self.tail & MASK);
        // SAFETY: `slot` is below RECEIVE_BUFFERS, so it is inside the map.
        let entry = unsafe { entries.add(slot) };
        // SAFETY: the map is aligned for entries and zeroed, which is a valid one;
        // the kernel reads it only below the tail that `commit` stores.
        let entry = unsafe { &mut *entry };
        entry.set_addr(memory as u64);
        entry.set_len(RECEIVE_BUFFER_BYTES as u32);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Shows the kernel what was given since the last time.
    fn commit(&mut self) {
        let entries = self.ring.as_ptr().cast::<BufRingEntry>();
        // SAFETY: `entries` is the start of the registered ring, zeroed by mmap.
        let tail = unsafe { BufRingEntry::tail(entries) };
        // SAFETY: the tail is 2-aligned, inside the map, and the kernel only
        // reads it; both sides access it atomically.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }
}

impl Received for RingBuffers {
    /// What the kernel put into the buffer of an arrival. Nobody
    /// writes there until it is given back, which needs `&mut self`.
    fn bytes(&self, arrival: &Arrival) -> &[u8] {
        let start = arrival.buffer as usize * RECEIVE_BUFFER_BYTES;
        let size = (arrival.size as usize).min(RECEIVE_BUFFER_BYTES);
        self.memory.get(start..start + size).unwrap_or_default()
    }
}
