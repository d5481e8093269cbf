//! By what a file is known again.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use crc32c::crc32c_append;
use serde::{Deserialize, Serialize};

use crate::links::compiled::checksum;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMark {
    /// Its name, as it was given.
    pub name: String,
    /// Its size, bytes.
    pub size: u64,
    /// CRC32C of its content; of a compiled table only of its beginning, in which stand
    /// the checksums of the rest.
    pub crc: u32,
}

impl FileMark {
    /// The mark of a file with this content.
    pub fn of(name: &str, content: &[u8]) -> Self {
        Self { name: name.to_owned(), size: content.len() as u64, crc: checksum(content) }
    }
}

/// The mark of a file, as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct Marking(Rc<Cell<(u64, u32)>>);

impl Marking {
    /// Marks what is read of `reader`.
    pub fn of<R: Read>(&self, reader: R) -> MarkedReader<R> {
        MarkedReader { reader, marking: self.clone() }
    }

    /// The mark of a file of this name of which so much is all.
    pub fn mark(&self, name: &str) -> FileMark {
        let (size, crc) = self.0.get();
        FileMark { name: name.to_owned(), size, crc }
    }
}

/// A file that is marked while it is read.
pub struct MarkedReader<R> {
    reader: R,
    marking: Marking,
}

impl<R: Read> Read for MarkedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let (size, crc) = self.marking.0.get();
        self.marking.0.set((size + count as u64, crc32c_append(crc, &buffer[..count])));
        Ok(count)
    }
}
