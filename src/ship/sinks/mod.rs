//! Where clicks are shipped to. A sink takes whole batches, one at a time; all it
//! needs to take the same one twice is in the batch.

mod address;
mod files;
#[cfg(feature = "parquet")]
mod parquet;
mod sink;
mod stream;

#[cfg(not(feature = "parquet"))]
pub use address::NO_PARQUET;
pub use address::{Address, SINKS, STDOUT_NAME, SinkKind};
pub use sink::Sink;
