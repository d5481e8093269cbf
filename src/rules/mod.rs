//! Which line of a key answers: conditions, splits, hours and caps. Pure: it knows who
//! asks and what time it is, and neither links nor files.

mod asked;
mod bytes;
pub mod caps;
mod condition;
mod hours;
mod network;
mod query;
mod referer;
mod rule;
mod split;
mod zone;

pub use asked::{Asked, HeadFields, Known};
pub use bytes::{cut, cut_slice};
pub use caps::{Cap, Period};
pub use condition::{Condition, address, meant};
pub use rule::{Rule, RuleSetting, is_of_rules};
pub use split::{SplitKey, Splits, Sticky, point, within};
pub use zone::{Zones, built_in};
