//! Reads segments, also while they are written, and believes nothing that a checksum
//! does not vouch for.

pub mod entry;
pub mod ledger;
pub mod position;
pub mod reader;
pub mod recovery;
pub mod seek;
pub mod source;
pub mod stream;
pub mod tally;
pub mod texts;
