//! Everything that is not a request: loading and swapping tables, signals,
//! limits of the machine, starting and stopping. None of it runs on a shard.

pub mod admin;
mod background;
mod banner;
pub mod journal;
mod live;
pub mod machine;
mod plan;
mod say;
mod server;
mod signals;
mod start;
mod stop;
mod table_file;
mod tables;
mod trouble;
mod watch;

pub use plan::{EngineWish, IpWish, Plan};
pub use say::say;
pub use start::serve;
pub use table_file::write as write_compiled;
pub use tables::{Read, Reading, Sources};

/// RLIMIT_MEMLOCK below which io_uring may be refused: glommio asks for this.
pub(crate) const MEMLOCK_BYTES_WANTED: u64 = 512 * 1024;
