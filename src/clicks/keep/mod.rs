//! The keeper's side: what could make a shard wait. It makes, faults in, syncs and
//! seals segments, and keeps the numbers and keys that outlive a server.
//!
//! Two threads do this for all shards. The maker (`making`) does what a shard may be
//! waiting for, and no call that waits for the disk to write. The syncer (`syncing`)
//! does all of those. There is one syncer, because the shards share one folder and one
//! disk: what one of them waits for, the others wait for too. A shard's `maker` and
//! `syncer` are plain values, each used by one thread; what both know is in
//! `open_segment`.
//!
//! With a `stage` the maker's segments are in memory, and the syncer makes their files
//! and copies what is written. `unstage` does so for those that a kill left behind.
//!
//! A segment is handed out before anything of it is on the disk. What holds instead:
//!
//! - Nothing in a segment counts as synced before its first page and its name in the
//!   folder are (`syncer`: `bring`).
//! - A number that is given to a click is noted as used up before that, so it is
//!   never given again, even if a power loss takes the segment with its name
//!   (`numbers`, written ahead).
//!
//! The syncer also keeps the list of segments (`list_keeping`), which `list_begin` opens. What a server that was
//! killed could not add to it, and what has gone since, is looked for beside serving
//! (`catch_up`).

mod bring_back;
mod catch_up;
mod demand;
mod doubt;
pub mod ip_keys;
pub mod keeper;
pub mod list_begin;
mod list_keeping;
mod made;
pub mod maker;
mod making;
mod numbers;
pub mod open_segment;
mod own_segment;
mod spare;
mod stage;
mod stage_folder;
pub mod syncer;
mod syncing;
mod trouble;
mod unstage;
mod watch;
