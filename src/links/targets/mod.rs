//! Where a link sends: what a target may be, and how `:splat`, `:name` and macros are
//! filled in.

mod blanks;
mod captured;
mod check;
mod parameters;
mod schemes;
mod visit;
mod write;

pub(super) use blanks::{BLANKS, NAMES, SPLAT, unknown_name};
pub use captured::Captured;
pub(super) use captured::CapturedBy;
pub use check::CheckedTarget;
pub use parameters::QueryRule;
pub use schemes::Schemes;
pub use visit::Visit;
pub use write::{Fallback, Target, TooLong};

#[cfg(test)]
mod tests;
