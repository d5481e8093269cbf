//! All links, as a request finds them.

mod admit;
mod builder;
mod caps;
mod compare;
pub mod compiled;
mod editor;
mod entries;
mod find;
mod fork;
mod hash;
mod hints;
mod hit;
mod hosts;
mod index;
mod links;
mod listed;
mod patch;
mod shared;
mod snapshot;

pub use admit::AddProblem;
pub(super) use admit::{AdmittedLink, admit};
pub use builder::TableBuilder;
pub use compare::{DifferenceCounts, LinkDifference, compare};
pub use editor::{EditProblem, Editor};
pub use find::{Lookup, LookupScratch};
pub use hit::Hit;
pub use links::Links;
pub use listed::Listed;
pub use patch::Patch;
pub use shared::{Counts, Memory, Table};
pub use snapshot::Snapshot;
