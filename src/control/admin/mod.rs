//! The admin socket: an HTTP API on a unix socket in the state folder, for
//! `carom links …` and whoever else may open it. `docs/admin.md` describes it.

mod accept;
mod bodies;
mod client;
mod export;
mod refusal;
mod routes;
mod socket;

pub use client::{Client, Method};
pub use socket::{AdminSocket, Serving};
