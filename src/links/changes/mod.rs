//! Links that are changed one by one while they are served.

mod edit;
mod lay;
mod list;
mod read;

pub use lay::{check_lay, lay_over};
pub use list::{Change, Changes};
#[cfg(test)]
pub use read::changes;
pub use read::{read_keys, read_lines};
