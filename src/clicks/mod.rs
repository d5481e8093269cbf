//! The click ledger: one record for every reply, in segment files.
//!
//! ```text
//! shard ── Writer ──▶ Segment (mapped) ──▶ file ──▶ Reader ──▶ Ledger ──▶ clicks cat, stats, verify
//!             ▲ ready │ retired
//!             └─ Handover ─┘
//!                    │
//!                 Keeper: one thread; makes, faults in, syncs and seals segments
//! ```
//!
//! - `record`, `segment` and `frame` say what the bytes mean and touch nothing
//!   else; `docs/click-log.md` says the same in words.
//! - `dictionary` knows which strings already stand in the segment that is being
//!   written, so that clicks refer to them; `texts` finds them again.
//! - `id` packs where a record stands into the 26 characters that a link can hand
//!   on, and signs them.
//! - `writer` never waits: what could make it wait is the keeper's work.
//! - The first word of a record is stored last. Zero means "not written", so a
//!   new file is an empty log, and a killed server leaves whole records and at
//!   most one that does not count.
//! - `privacy` says what is kept of an address, before anything is written;
//!   `ip_keys` keeps the keys of hashed ones.
//! - `reader` believes nothing that its checksum does not vouch for. A `position` is
//!   where reading goes on at another time.
//! - Only `map` is unsafe.

pub mod dictionary;
pub mod files;
pub mod folder;
pub mod frame;
pub mod handover;
pub mod id;
pub mod ip_keys;
pub mod keeper;
pub mod key_file;
pub mod ledger;
pub mod map;
pub mod numbers;
pub mod position;
pub mod privacy;
pub mod reader;
pub mod record;
pub mod recovery;
mod report;
pub mod seek;
pub mod segment;
pub mod source;
mod stream;
pub mod tally;
pub mod texts;
pub mod writer;

pub use handover::{ClickCounts, Handover};
pub use keeper::{Keeper, KeeperOptions, ShardInfo, Summary};
pub use position::Position;
pub use privacy::Privacy;
pub use record::{Click, Flags, Gap, Verdict};
pub use report::{columns, filter, rows, spelling, stats, top};
pub use writer::{Lost, Writer};
