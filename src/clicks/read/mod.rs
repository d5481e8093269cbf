//! Reads segments, also while they are written, and believes nothing that a checksum
//! does not vouch for.

mod account;
pub mod compare;
mod damage;
pub mod entry;
pub mod event;
pub mod half_deleted;
pub mod last_sequences;
pub mod ledger;
pub mod line_count;
mod links;
pub mod lookup;
pub mod position;
pub mod reader;
pub mod recovery;
pub mod seek;
pub mod source;
pub mod stream;
mod strings;
pub mod tally;
pub mod texts;
mod window;
