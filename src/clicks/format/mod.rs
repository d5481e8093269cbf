//! What the bytes of the log mean; `docs/click-log.md` says the same in words. Bytes
//! in, bytes out: nothing here opens a file or asks for the time.

pub mod click;
pub mod click_bytes;
pub mod frame;
pub mod gap;
pub mod id;
pub mod lengths;
pub mod link;
pub mod list_line;
pub mod listed;
pub mod origin;
pub mod record;
pub mod scratch;
pub mod segment;
pub mod tail;
pub mod text;
pub mod undelivered;
