//! All links, as a request finds them.

mod admit;
mod builder;
mod compare;
pub mod compiled;
mod editor;
mod entries;
mod find;
mod hash;
mod hints;
mod hit;
mod hosts;
mod index;
mod listed;
mod shared;
mod snapshot;

pub use admit::AddProblem;
pub use builder::TableBuilder;
pub use compare::{DifferenceCounts, LinkDifference, compare};
pub use editor::{EditProblem, Editor, Patch};
pub use find::{Ask, Links, Scratch};
pub use hit::Hit;
pub use listed::Listed;
pub use shared::{Counts, Memory, Table};
pub use snapshot::Snapshot;
