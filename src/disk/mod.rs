//! What several rooms do with files: put one in place whole, open only regular ones,
//! make a folder that outlasts a power loss, hold a lock, find the state folder, tell
//! whether a name still means the same file, unpack what is compressed, outlive a map whose
//! disk is gone.

pub(crate) mod aside;
pub(crate) mod bus;
pub(crate) mod folder;
pub(crate) mod hold;
pub(crate) mod holders;
pub(crate) mod identity;
pub(crate) mod lock;
pub(crate) mod packed;
pub(crate) mod regular;
pub mod state;
