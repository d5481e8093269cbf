//! By what a file is known again.

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
