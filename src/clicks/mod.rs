//! The click ledger: one record for every reply, in segment files.
//!
//! ```text
//! shard ── Writer ──▶ Segment (mapped) ──▶ file ──▶ SegmentReader ──▶ Ledger ──▶ rows, counts, ship
//!             ▲ ready │ retired
//!             └─ Handover ─┘
//!                    │
//!                 Keeper: one thread makes segments and faults them in, another syncs and seals
//! ```
//!
//! - `format` says what the bytes mean and touches nothing else; `docs/click-log.md`
//!   says the same in words.
//! - `write` is the shard's side. It never waits: what could make it wait is the
//!   keeper's work. Its dictionary knows which strings already stand in the segment
//!   that is being written, so that clicks refer to them; its `privacy` says what is
//!   kept of an address, before anything is written.
//! - `keep` is the keeper's side: files, syncs, seals, and the numbers and keys that
//!   outlive a server.
//! - `read` believes nothing that its checksum does not vouch for. A `position` is
//!   where reading goes on at another time.
//! - `proof` accounts for every click, on a signed page.
//! - `report` lists the fields of a click, once, and writes and counts by that list.
//! - `list` tells of each segment that was begun, sealed or deleted, so that what is
//!   gone is missed.
//! - `folder` names the files, `spares` the folders beside it, `staged` finds what stands
//!   in memory and not on the disk yet, `key_file` keeps the keys that sign click ids, and
//!   `key_ring` knows which of them are gone.
//!
//! Nothing but this file knows `keep`, and neither `format` nor `write` knows `read`.
//! The first word of a record is stored last. Zero means "not written", so a new file
//! is an empty log, and a killed server leaves whole records and at most one that
//! does not count. Only `write/map.rs` is unsafe.

mod format;
mod keep;
mod list;
pub mod proof;
mod read;
mod report;
mod staged;
mod write;

pub mod folder;
pub mod key_file;
pub mod key_ring;
pub mod spares;

pub use format::click::{Click, Flags, SHARED_CUTS, STRINGS, Verdict, Via};
pub use format::frame::{Flaw, Salt, close as close_frame};
pub use format::gap::Gap;
pub use format::id::{ClickId, ClickKeys, ClickPlace, IdRefused, Signer};
pub use format::lengths::{CLICK_BYTES_MIN, CLICK_ROOM_MAX, GAP_BYTES};
pub use format::link::LoggedLink;
pub use format::list_line::{ListKeys, actor as actor_word, reason as reason_word};
pub use format::listed::{Actor, Contents, DeletedWhy, Deletion};
pub use format::scratch::RecordScratch;
pub use format::segment::{Header, MAGIC, SEAL_AT, Seal, SealReason, SegmentRefused, VERSION};
pub use format::tail::{AddressSource, Tail, TlsSession};
pub use format::undelivered::Undelivered;
pub use keep::ip_keys::IpKeys;
pub use keep::keeper::{Keeper, KeeperOptions, ShardInfo, Summary};
pub use keep::list_begin::open_list;
pub use keep::maker::SegmentMaker;
pub use keep::open_segment::ServerRun;
pub use keep::syncer::SegmentSyncer;
pub use list::file::SegmentList;
pub use list::known::{DeletedSum, Known, KnownSegments};
pub use read::compare::{ListNote, Weight};
pub use read::entry::{EntryLink, LedgerEntry};
pub use read::event::SegmentEvent;
pub use read::half_deleted::{finish_deleting, half_deleted};
pub use read::last_sequences::last_sequences;
pub use read::ledger::Ledger;
pub use read::line_count::{LineCount, LinesRead, count_lines};
pub use read::lookup::{WantedClick, find_clicks};
pub use read::position::Position;
pub use read::reader::SegmentReader;
pub use read::recovery::left_behind;
pub use read::seek::{FoundClick, Missing, find_click, find_click_in};
pub use read::source::ReadAt;
pub use read::tally::{SegmentReport, Tally};
pub use report::breakdown::{Breakdown, BreakdownPart, BreakdownRow};
pub use report::chosen::ChosenColumns;
pub use report::columns::{COLUMNS, Column, Of, Spelled, Values};
pub use report::facet::{Facet, FacetOrder, FacetValue, Facets};
pub use report::filter::Filter;
pub use report::link_keys::LinkKeys;
pub use report::local_time::LocalTime;
#[cfg(feature = "parquet")]
pub use report::parquet_rows::ParquetRows;
pub use report::rows::{RowFormat, Rows, spreadsheet_cell};
pub use report::spelling::{Speller, spell};
pub use report::stats::{ByValue, ClickCounter, Stats};
pub use report::top::{Count, Top};
pub use write::handover::{ClickCounts, Handover, Segment};
pub use write::map::SegmentMap;
pub use write::names::LinkName;
pub use write::privacy::Privacy;
pub use write::writer::{Lost, Writer};
