//! The bounds of what carom holds and waits for, with the relations between them
//! checked when compiling, and the defaults of its settings. What happens when a bound
//! is reached is said beside it. A size that only one file goes by, as that of a buffer
//! it fills, may stand in that file.

mod clicks;
mod links;
mod places;
mod serving;

pub use clicks::*;
pub use links::*;
pub use places::*;
pub use serving::*;
