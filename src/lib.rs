//! carom: an HTTP redirector that answers ready-made redirects from memory and
//! writes down exactly one click for each.
//!
//! ```text
//! socket → engine → connection → http (parse) → shard: links.find → reply → connection → engine → socket
//!                                                └→ click → segment (mmap)  ···>  reader → ship → sink
//! control thread: link files / signals / limits  ──mailbox──▶  each shard (swaps its table between batches)
//! ```
//!
//! - [`http`], [`links`] and the records of [`clicks`] are pure: no socket, no
//!   file, no clock. [`limits`] holds every bound; through [`pace`] long work lets
//!   requests go first.
//! - [`disk`] is how files are put in place, locked and kept; `machine` is what the
//!   machine allows, its clock and its CPUs; `say` tells the operator, in `words`.
//! - [`connection`] is one peer without its socket. [`shard`] is what one core
//!   owns; it answers batches and shares nothing with its neighbours but the counts of caps.
//! - [`engine`] moves bytes, with `io_uring` or `epoll`; only it names them.
//! - [`mailbox`] is the only way from the [`control`] thread into a shard, and holds
//!   the shard's counts for it to read.
//! - `sources` reads link files into a table, and watches them.
//! - [`ship`] brings clicks to a sink, in a process of its own that knows only the
//!   segment files.
//! - [`retention`] deletes segments that are too old or too many.
//! - [`rehearsal`] is a shard without sockets or files, for tests, fuzzers and benchmarks.
//! - [`replay`] answers an access log with two sets of links, and tells what differs.
//! - [`cli`] turns arguments into a plan and calls the above.
//!
//! Deliberately absent: locks, logging and file access in a shard; state shared
//! between shards, but for the counts of caps; anything of a request in a reply that a link did not ask for.

pub mod cli;
pub mod clicks;
pub mod connection;
pub mod control;
pub mod disk;
pub mod engine;
pub mod http;
pub mod limits;
pub mod links;
mod machine;
pub mod mailbox;
pub mod pace;
pub mod rehearsal;
pub mod replay;
pub mod retention;
pub mod rules;
mod say;
pub mod shard;
pub mod ship;
mod sources;
pub mod visitor;
mod words;
