//! Links that change while they are served.
//!
//! One thread, the desk, owns what is served: the table of the link files (or one
//! that was promoted), the changes that lie over it, the generations that can be
//! taken back, and the journal. Everything else asks it: signals, `--watch`, the
//! admin socket. It never reads link files itself; that takes time, and is done by
//! a thread of low priority.

mod ask;
mod desk;
mod edits;
mod history;
mod kept;
mod look;
mod opening;
mod reading;
mod served;
mod single;
mod stored;

pub use ask::{Answer, Ask, Edit, Refusal, Reply};
pub use desk::Desk;
pub use opening::Opening;
