//! Where a link sends: what a target may be, and how `:splat`, `:name` and
//! `{clickid}` are filled in.

mod blanks;
mod captured;
mod check;
mod write;

pub use captured::Captured;
pub use check::{Checked, TargetProblem, validate};
pub use write::{Fallback, Target, TooLong};

#[cfg(test)]
mod check_test;
#[cfg(test)]
mod write_test;
