//! The list of segments of a click folder, `.state/ledger`: each one that was begun, what
//! it held when it was done with, and whether carom deleted it. So what is gone without a
//! line is missed, and what was changed is known.
//!
//! It is only ever added to (`file`), and each line is chained to the one before
//! (`format::list_line`). `reader` checks that; `known` is what a list comes to. `head`
//! tells how long it was, so that lines taken off its end are missed too.

pub mod digest;
pub mod file;
pub mod head;
pub mod known;
pub mod reader;

use std::path::{Path, PathBuf};

use crate::disk::state;

/// Name of the file, in the state folder.
const NAME: &str = "ledger";

/// Where the list of the click folder `clicks` is.
#[must_use]
pub fn path(clicks: &Path) -> PathBuf {
    state::path(clicks).join(NAME)
}
