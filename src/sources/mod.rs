//! Where links come from: link files and compiled tables as an operator names them,
//! read into a table, written as one, and watched.

mod content;
mod file;
mod includes;
mod mark;
mod read;
pub mod table_file;
pub mod watch;
mod writers;

pub use mark::FileMark;
pub use read::{Base, Contents, Reading, Sources};
pub use table_file::Shelved;
