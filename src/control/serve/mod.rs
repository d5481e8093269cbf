//! A server from its plan to its end.

mod banner;
mod plan;
mod retention;
mod running;
mod signals;
mod spent;
mod split_key;
mod start;
mod stop;
mod trouble;

pub use plan::{EngineWish, IpWish, ServePlan};
pub use start::serve;
