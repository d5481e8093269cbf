//! What the bytes of the log mean; `docs/click-log.md` says the same in words. Bytes
//! in, bytes out: nothing here opens a file or asks for the time.

pub mod frame;
pub mod id;
pub mod record;
pub mod segment;
