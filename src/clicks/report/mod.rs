//! Clicks for people and programs: which are wanted, as rows, and counted.

pub mod chosen;
pub mod columns;
pub mod filter;
pub mod link_keys;
pub mod rows;
pub mod spelling;
pub mod stats;
pub mod top;
