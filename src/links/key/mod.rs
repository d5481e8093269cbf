//! What links answer to: an optional host, a path or a `/*` prefix, sometimes a query.
//!
//! A [`Key`] is in canonical form, so equal keys are equal bytes: its host in lower case,
//! its path [normalised](normalise()), its parameters sorted by name and spelled in one
//! way. A key with placeholders is a [pattern].

mod canonical;
pub(super) mod host;
mod id;
pub(super) mod loose;
mod name;
pub(super) mod path;
pub(super) mod pattern;
mod problem;
pub(super) mod query;
mod segment;
pub(super) mod shape;

pub(super) use canonical::SUBDOMAINS;
pub use canonical::{Key, KeyScratch};
pub use loose::Loose;
pub(super) use name::{key_of, parse_name, parse_name_with};
pub use path::normalise;
