//! Where links come from: link files and compiled tables as an operator names them,
//! read into a table, written as one, and watched. Files of countries and lists too.

mod content;
mod file;
mod includes;
mod mark;
mod places;
mod read;
pub mod table_file;
pub mod watch;
mod writers;

pub use mark::FileMark;
pub use places::{NamedFile, PlaceFiles, PlacesRead};
pub use read::{Base, Contents, Reading, Sources};
pub use table_file::Shelved;
