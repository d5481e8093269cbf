//! Links that change while they are served.
//!
//! One thread, the desk, owns what is served: the table of the link files (or one
//! that was promoted), the changes that lie over it, the generations that can be
//! taken back, and the journal. Everything else asks it: signals, `--watch`, the
//! admin socket. It never reads link files itself; that takes time, and is done by
//! a thread of low priority.

mod desk;
mod editing;
mod generation;
mod generations;
mod history;
pub mod journal;
mod look;
mod opening;
mod reading;
mod sentences;
mod served;
mod single;
mod stored;
mod who;
mod wish;

pub use desk::Desk;
pub use opening::Opening;
pub use who::Who;
pub use wish::{Asker, Done, Edit, NotDone, Wish};
