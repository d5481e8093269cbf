//! How much memory the links take that are there, so that others are refused before there
//! is none left for them.

use std::collections::HashSet;
use std::sync::Arc;

use super::desk::Desk;
use super::order::Order;
use super::served::Served;
use crate::links::{Table, TableRoom};

impl Desk {
    /// Room for one more table beside those that are there: served, staged, on their way
    /// to be served, kept until they are on the disk, and compared.
    pub(super) fn room(&self) -> TableRoom {
        let ordered = self.orders.iter().filter_map(|order| match order {
            Order::Read { read, .. } => Some(&read.served),
            _ => None,
        });
        let ready = self.made.iter().map(|ready| &ready.served);
        let turning = self.turn.iter().map(|turn| &turn.ready.served);
        let served = [&self.served].into_iter().chain(&self.staged);
        let mut tables = Tables::new(self.room.copies());
        for served in served.chain(ordered).chain(ready).chain(turning) {
            tables.add_served(served);
        }
        for held in self.generations.held() {
            tables.add(&held.table);
        }
        let waiting = self.to_count.iter().map(|to_count| &to_count.table);
        for table in self.counting.iter().chain(waiting) {
            tables.add(table);
        }
        let making = self.making.as_ref().map_or(0, |making| making.bytes);
        self.room.beside(tables.bytes.saturating_add(making))
    }

    /// What links take that are served.
    pub(super) fn bytes_of(&self, served: &Served) -> u64 {
        let mut tables = Tables::new(self.room.copies());
        tables.add_served(served);
        tables.bytes
    }
}

/// Tables, each of which is counted once.
struct Tables {
    copies: usize,
    counted: HashSet<*const Table>,
    bytes: u64,
}

impl Tables {
    fn new(copies: usize) -> Self {
        Self { copies, counted: HashSet::new(), bytes: 0 }
    }

    fn add(&mut self, table: &Arc<Table>) {
        if self.counted.insert(Arc::as_ptr(table)) {
            self.bytes = self.bytes.saturating_add(table.held_bytes(0));
        }
    }

    fn add_served(&mut self, served: &Served) {
        self.add(&served.base().table);
        // Links with many changes have a table of their own.
        let table = served.editor().table();
        self.add(table);
        let copies = table.memory().index * self.copies;
        self.bytes = self.bytes.saturating_add(copies as u64);
    }
}
