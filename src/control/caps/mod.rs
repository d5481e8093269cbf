//! Where a server counts caps: the file that outlives it, what a server that was killed
//! left there, and room for caps that come with other links.

mod files;
mod keeper;
mod opening;
mod recount;
mod rows;

pub use keeper::CapKeeper;
pub use recount::{Recounted, recount};
pub use rows::{CapRow, rows_of_files};

#[cfg(test)]
mod tests;
