//! Links that change while they are served.
//!
//! One thread, the desk, owns what is served: the table of the link files (or one
//! that was promoted), the changes that lie over it, the generations that can be
//! taken back, and the journal. Everything else asks it: signals, `--watch`, the
//! admin socket. It never does what takes long: workers beside it, of low priority, read
//! link files (`reading`), make links ready to be served (`making`), write much into the
//! journal (`writing`), count what a table changed (`counting`) and keep tables on the disk
//! (`keeping`). `edits` changes single
//! links, `undoing` finds what takes a change back, `turns` serves others as a whole.

mod counting;
mod desk;
mod editing;
mod edits;
mod generation;
mod generations;
mod history;
pub mod journal;
mod keeping;
mod knowing;
mod look;
mod making;
mod memory;
mod not_done;
mod noting;
mod opening;
mod order;
mod reading;
mod sentences;
mod served;
mod tables;
pub mod testing;
#[cfg(test)]
mod tests;
mod turns;
mod undoing;
mod url;
mod who;
mod wish;
mod worker;
mod workers;
mod writing;

pub use desk::{Bounds, Desk};
pub use editing::{Edit, check};
pub use generations::time as time_of;
pub use knowing::KnownPlaces;
pub use not_done::{NotDone, Reason};
pub use opening::Opening;
pub use sentences::{of_keys, say_bad_lines};
pub use who::Who;
#[cfg(test)]
use wish::Answer;
pub use wish::{Asker, Done, ExportPiece, Wish};
