//! The connections of a shard by number, and buffers for them to reuse.

use crate::connection::{Connection, Sides};
use crate::limits::{SPARE_BUFFER_BYTES_MAX, SPARE_BUFFERS_MAX};

/// A first buffer holds a few replies; larger ones come from growing it.
const FIRST_BUFFER_BYTES: usize = 1024;

#[derive(Default)]
pub struct Connections {
    slots: Vec<Connection>,
    vacant: Vec<u32>,
    spares: Vec<Vec<u8>>,
}

impl Connections {
    pub fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    pub fn insert(&mut self, connection: Connection) -> u32 {
        if let Some(id) = self.vacant.pop() {
            self.slots[id as usize] = connection;
            return id;
        }
        self.slots.push(connection);
        (self.slots.len() - 1) as u32
    }

    pub fn remove(&mut self, id: u32) {
        let connection = std::mem::replace(&mut self.slots[id as usize], Connection::VACANT);
        debug_assert!(!connection.is_vacant());
        for buffer in connection.into_buffers() {
            self.spare(buffer);
        }
        self.vacant.push(id);
    }

    pub fn get(&self, id: u32) -> &Connection {
        &self.slots[id as usize]
    }

    pub fn get_mut(&mut self, id: u32) -> &mut Connection {
        &mut self.slots[id as usize]
    }

    /// Numbers of the open connections, as of now.
    pub fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        let open: Vec<u32> = self.iter().map(|(id, _)| id).collect();
        open.into_iter()
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &Connection)> {
        let open = |(_, connection): &(usize, &Connection)| !connection.is_vacant();
        self.slots.iter().enumerate().filter(open).map(|(id, c)| (id as u32, c))
    }

    /// Keeps input of a connection for later.
    pub fn keep(&mut self, id: u32, bytes: &[u8]) {
        let Self { slots, spares, .. } = self;
        slots[id as usize].keep(bytes, || buffer(spares));
    }

    /// What the answer to a request needs of its connection.
    #[inline]
    pub fn sides(&mut self, id: u32) -> Sides<'_> {
        let Self { slots, spares, .. } = self;
        slots[id as usize].sides(|| buffer(spares))
    }

    /// Takes a buffer for reuse, unless there are enough or it is too large.
    pub fn spare(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity > 0
            && capacity <= SPARE_BUFFER_BYTES_MAX
            && self.spares.len() < SPARE_BUFFERS_MAX
        {
            buffer.clear();
            self.spares.push(buffer);
        }
    }
}

/// An empty buffer, from the spares if there is one.
fn buffer(spares: &mut Vec<Vec<u8>>) -> Vec<u8> {
    spares.pop().unwrap_or_else(|| Vec::with_capacity(FIRST_BUFFER_BYTES))
}
