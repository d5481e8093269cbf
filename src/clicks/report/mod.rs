//! Clicks for people and programs: which are wanted, as rows, and counted.

pub mod filter;
pub mod rows;
pub mod stats;
pub mod top;
