//! Everything that is not a request: loading and swapping tables, signals,
//! limits of the machine, starting and stopping. None of it runs on a shard.

pub mod admin;
mod banner;
pub mod journal;
mod live;
mod plan;
mod server;
mod signals;
mod start;
mod stop;
mod trouble;

pub use plan::{EngineWish, IpWish, Plan};
pub use start::serve;
