//! What several rooms do with files: put one in place whole, open only regular ones,
//! make a folder that outlasts a power loss, hold a lock, find the state folder.

pub(crate) mod aside;
pub(crate) mod folder;
pub(crate) mod lock;
pub(crate) mod regular;
pub mod state;
