//! The admin socket: an HTTP API on a unix socket in the state folder, for
//! `carom links …` and whoever else may open it. `docs/admin.md` describes it.

mod client;
mod routes;
mod socket;

pub use client::{Client, Method};
pub use socket::{Serving, Socket};
