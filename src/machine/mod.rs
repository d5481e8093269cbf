//! The machine below: its CPUs, its limits, its clock, and how a thread shares a
//! CPU with others.

pub mod background;
pub mod boot;
pub mod clock;
pub mod cpus;
pub mod heap;
mod memory;
pub mod slice;
mod survey;

pub use memory::memory_bytes;
pub use survey::{MEMLOCK_BYTES_MIN, Machine};
