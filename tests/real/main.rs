//! Real links, real traffic, and a real nginx beside it. Skipped where the data or
//! the program is not there.

mod alike;
#[path = "../common/mod.rs"]
mod common;
mod imports;
mod links;
mod nginx;
mod traffic;
