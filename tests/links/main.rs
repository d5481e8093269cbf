//! Link files: what is said of them, converted, compared, and tried on a log.

mod check;
#[path = "../common/mod.rs"]
mod common;
mod csv;
mod formats;
mod kinds;
mod nginx;
mod packed;
mod redirects;
mod replay;
mod replayed_logs;
mod rules;
mod scale;
mod wordpress;
mod workbooks;
