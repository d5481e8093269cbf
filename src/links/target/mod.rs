//! Where a link sends: what a target may be, and how `:splat` and `{clickid}` are
//! filled in.

mod blanks;
mod check;
mod write;

pub use check::{Checked, TargetProblem, validate};
pub use write::{Fallback, Target, TooLong};

#[cfg(test)]
mod check_test;
#[cfg(test)]
mod write_test;
