//! What goes wrong around a server: it is killed, its disk is full or fails, its
//! clients are many or do not read. Every redirect has its click, or is counted.

mod caps;
#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod dead_disk;
mod endurance;
mod files;
mod full_disk;
mod harm;
mod kill;
mod poor_disk;
mod refused;
mod retention;
mod second_server;
mod sizes;
mod stage;
mod stage_harm;
mod sync_errors;
mod undelivered;
mod waiting;
