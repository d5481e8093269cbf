//! Everything that is not a request, on threads that are no shard's: `serve` starts
//! a server, watches over it and stops it; `live` holds the links that are served
//! and changes them; `caps` counts what they may still send; `admin` is the socket over which that is asked for. `shards`
//! is how all of them reach the shards.

pub mod admin;
pub mod caps;
mod live;
mod serve;
mod shards;

pub use live::{journal, of_keys, testing, time_of};
pub use serve::{EngineWish, IpWish, ServePlan, serve};
