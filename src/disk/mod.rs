//! What several rooms do with files: put one in place whole, make a folder that
//! outlasts a power loss, hold a lock, find the state folder.

pub mod aside;
pub mod folder;
pub mod lock;
pub mod state;
