//! The bounds of what carom holds and waits for, with the relations between them
//! checked when compiling, and the defaults of its settings. What happens when a bound
//! is reached is said beside it. A size that only one file goes by, as that of a buffer
//! it fills, may stand in that file.

mod caps;
mod clicks;
mod links;
mod places;
mod rules;
mod serving;
mod visitor;

pub use caps::*;
pub use clicks::*;
pub use links::*;
pub use places::*;
pub use rules::*;
pub use serving::*;
pub use visitor::*;
