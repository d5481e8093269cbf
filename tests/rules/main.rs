//! Rules beside a model of them that is written from `docs/rules.md` alone and shares no code
//! with the server: random rule sets and visitors over sockets, and splits that stay.

mod agree;
#[path = "../common/mod.rs"]
mod common;
mod drive;
mod generate;
mod hash;
mod model;
mod places;
mod print;
mod reached;
mod splits;

mod values;
mod visitors;
