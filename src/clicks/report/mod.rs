//! Clicks for people and programs: which are wanted, as rows, and counted.

pub mod agents;
pub mod breakdown;
pub mod chosen;
pub mod columns;
pub mod facet;
pub mod filter;
pub mod link_keys;
pub mod local_time;
#[cfg(feature = "parquet")]
pub mod parquet_rows;
pub mod rows;
pub mod sites;
pub mod spelling;
pub mod stats;
pub mod top;
