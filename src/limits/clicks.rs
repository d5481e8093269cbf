//! The bounds of the click log and of shipping it.

use super::links::{HOST_BYTES_MAX, KEY_PATH_BYTES_MAX};

// ---- Clicks ----------------------------------------------------------------

/// Longest path and query kept in a click, bytes. Over it: cut, and flagged.
pub const CLICK_PATH_BYTES_MAX: usize = 512;
/// Longest host kept in a click, bytes. Over it: cut, and flagged.
pub const CLICK_HOST_BYTES_MAX: usize = 253;
/// Longest referer kept in a click, bytes. Over it: cut, and flagged.
pub const CLICK_REFERER_BYTES_MAX: usize = 200;
/// Longest user agent kept in a click, bytes. Over it: cut, and flagged.
pub const CLICK_USER_AGENT_BYTES_MAX: usize = 255;
/// Longest tag kept in a click, bytes. Over it: cut, and flagged.
pub const CLICK_TAG_BYTES_MAX: usize = 64;
/// The longest key of a link that is kept whole in the click log; longer ones, which
/// have a long query, are cut.
pub const LOGGED_KEY_BYTES_MAX: usize = HOST_BYTES_MAX + KEY_PATH_BYTES_MAX;
/// The longest target that is kept whole there. Over it: cut.
pub const LOGGED_TARGET_BYTES_MAX: usize = 2048;
/// Links that a segment can name at most. Over it: clicks of others have no name.
pub const NAMED_LINKS_PER_SEGMENT_MAX: usize = 8192;
/// Names may take so many bytes of a segment, and one byte in
/// [`NAMED_LINKS_SHARE`] of what is written in it. Over it: the same, until more is written.
pub const NAMED_LINKS_BYTES_FREE: usize = 8192;
/// See [`NAMED_LINKS_BYTES_FREE`]. A click has some 127 bytes, so names take 2 of each.
pub const NAMED_LINKS_SHARE: usize = 64;
/// Most that a reader keeps of what the links of a segment were, bytes. Over it: what
/// was known of earlier ones is forgotten.
pub const LOGGED_LINKS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest string that each click holds itself, bytes: standing once, it would
/// take 32 bytes and save no more than these for each click. Longer ones are
/// written once for each segment.
pub const CLICK_INLINE_BYTES_MAX: usize = 8;
/// Most strings written once for a segment. Over it: new ones stand in each click.
pub const TEXTS_PER_SEGMENT_MAX: usize = 4096;
/// Bytes of all of them together: 128 each, where user agents have about 110 and
/// referers less. Over it: new ones stand in each click.
pub const TEXTS_BYTES_PER_SEGMENT_MAX: usize = 512 * 1024;
/// Header of a segment file, bytes.
pub const SEGMENT_HEADER_BYTES: usize = 4096;
/// Smallest segment file, bytes: the header and a few of the longest records.
pub const SEGMENT_BYTES_MIN: u64 = 64 * 1024;
/// Largest segment file, bytes: record offsets are 32-bit.
pub const SEGMENT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Size of the first segments of each shard, if larger ones are allowed, bytes: three
/// of each of two shards take 24 MiB. At full load each lasts 16 ms, and a larger one is
/// made in a fraction of that.
pub const SEGMENT_BYTES_FIRST: u64 = 4 * 1024 * 1024;
/// Shortest time that a segment may be written after its first click, milliseconds:
/// each costs a file, and syncs.
pub const SEGMENT_AGE_MS_MIN: u64 = 1000;
/// Most segments kept ready for each shard beside the one it writes. Each takes its
/// whole space on the disk.
pub const SEGMENTS_READY_MAX: usize = 64;
/// Longest time that a shard may wait for the log, milliseconds: nobody is answered
/// meanwhile. Over it: refused.
pub const WAIT_FOR_LOG_MS_MAX: u64 = 10_000;
/// How often a shard that waits for the log looks whether there is room, microseconds.
pub const WAIT_FOR_LOG_LOOK_US: u64 = 500;
/// Bytes of small segments that are kept ready for each shard beyond the reserve, so
/// that they cover a second of clicks, and as many that wait to be sealed. Over it: no
/// more than the reserve of the largest takes, and than [`SEGMENTS_WAITING_MAX`] of them.
pub const SMALL_SEGMENTS_BYTES: u64 = 64 * 1024 * 1024;
/// Most segments of a shard that wait for the disk, to be sealed; of smaller ones than the
/// largest more, but no more bytes, and no more than [`SMALL_SEGMENTS_BYTES`] of the first.
/// Over it no more are made ready, and clicks are lost, and counted, for as long as the
/// disk cannot keep up.
pub const SEGMENTS_WAITING_MAX: usize = 6;
/// How long after its first failure the next segment is tried again, milliseconds;
/// after each further one twice as long.
pub const SEGMENT_RETRY_MS_MIN: u64 = 10;
/// The longest that this becomes, milliseconds.
pub const SEGMENT_RETRY_MS_MAX: u64 = 1000;
/// How long after something was said of segments that cannot be made, or not synced,
/// it may be said anew, milliseconds. Sooner: failures are counted and not said.
pub const TROUBLE_QUIET_MS: u64 = 10_000;
/// Most entries that wait to be added to the list of segments, while that fails.
pub const LIST_WAITING_MAX: usize = 65_536;
/// The shortest time that a stop gives the disk to take what was written, milliseconds,
/// although the drain timeout is over. After it: what is not sealed is said, and found
/// by the next start as after a kill.
pub const SEAL_MS_MIN: u64 = 1000;
/// The highest number of a segment: at a thousand a second it takes 8900 years. A file
/// with a higher one is none of carom's: named and passed over.
pub const SEGMENT_NUMBER_MAX: u64 = (1 << 48) - 1;
/// The highest sequence number of a click: at a thousand million a second it takes two
/// years of one run. Over it: readers take it for damage.
pub const SEQUENCE_MAX: u64 = (1 << 56) - 1;
/// Segment numbers of a shard that are noted as used up ahead of their use: more than
/// can be made before one is sealed. Over it: the next are noted first.
pub const SEGMENT_NUMBERS_AHEAD: u64 = 256;
/// How often a server looks whether its own files are what they were, milliseconds.
pub const WATCH_MS: u64 = 250;
/// Most bytes synced in one go; between two, segments are sealed.
pub const SYNC_STEP_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a segment faulted in ahead of its writer.
pub const POPULATE_AHEAD_BYTES: u64 = 8 * 1024 * 1024;
/// The shortest time that clicks may be kept for, milliseconds. Below it: refused.
pub const KEEP_MS_MIN: u64 = 60_000;
/// How often a server looks whether segments are to go, milliseconds.
pub const RETENTION_LOOK_MS: u64 = 2000;
/// How long after something could not go it is tried again, milliseconds; longer where the
/// looking takes long.
pub const RETENTION_RETRY_MS: u64 = 10_000;
/// How often it is said what goes, or stays, milliseconds.
pub const RETENTION_SAY_MS: u64 = 3_600_000;
/// How far the clock may be from what it should be, milliseconds. Over it: nothing goes for
/// its age.
pub const CLOCK_SLACK_MS: u64 = 60_000;
/// How long a clock that has leapt must go on before it is believed, milliseconds; a
/// quarter of what is kept where that is less.
pub const CLOCK_DOUBT_MS_MAX: u64 = 24 * 3_600_000;
/// Length of a click id as text, bytes: 128 bits, five in each.
pub const CLICK_ID_BYTES: usize = 26;
/// Most keys in a click key file: what two bits of a click id can number. Over
/// it: the file is refused.
pub const CLICK_KEYS_MAX: usize = 4;
/// Longest click key file, bytes: four keys and plenty of comments. Over it: it is
/// refused, as it must be another file.
pub const CLICK_KEY_FILE_BYTES_MAX: u64 = 16 * 1024;
/// Links that `clicks stats` counts one by one, 80 MB of them. Over it: the rarer
/// half is forgotten, and counts say how much they may be too low.
pub const STATS_LINKS_MAX: usize = 1_800_000;
/// Referers, and as many user agents and tags, that it counts one by one, 35 MB of
/// each.
/// Over it: the same.
pub const STATS_TEXTS_MAX: usize = 100_000;
/// Bytes of the keys of these links. Over it: links that come later are shown by their
/// ids.
pub const STATS_KEYS_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Hours that it counts one by one: eleven years. Over it: the same.
pub const STATS_HOURS_MAX: usize = 100_000;
/// Columns that it counts by together. Over it: refused.
pub const STATS_BY_MAX: usize = 4;
/// Rows that it counts one by one where columns are named. Over it: the same as for links.
pub const STATS_BY_ROWS_MAX: usize = 500_000;
/// Bytes of the values in these rows. Over it: the same.
pub const STATS_BY_BYTES_MAX: usize = 96 * 1024 * 1024;
/// The same for each table of `clicks report`, of which there are several.
pub const REPORT_ROWS_MAX: usize = 100_000;
/// And bytes.
pub const REPORT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Times in its picture. Over it: the latest, and how many clicks were before is said.
pub const REPORT_POINTS_MAX: usize = 240;

/// Bytes of a group of rows of a Parquet file, in memory before it is written. Over it the
/// group is full: with rows as long as visitors can make them, before it has
/// [`BATCH_CLICKS_MAX`].
pub const PARQUET_GROUP_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Ids of clicks that `clicks get` looks for in one pass over the folder, some 100 bytes of
/// memory each. Over it: those behind them are looked for in another pass.
pub const LOOKUP_IDS_MAX: usize = 1 << 20;
/// Longest row of a file that `clicks get --join` reads, bytes. Over it: refused, as a quote
/// is open.
pub const JOIN_ROW_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Longest page of `carom clicks prove` that is read to be checked, bytes.
pub const PROOF_BYTES_MAX: u64 = 64 << 20;

// ---- Shipping --------------------------------------------------------------

/// Most clicks in a batch. Full, it is shipped.
pub const BATCH_CLICKS_MAX: usize = 256 * 1024;
/// Bytes of all strings in a batch: 176 for each click. Over it the batch is
/// full.
pub const BATCH_TEXT_BYTES_MAX: usize = 44 * 1024 * 1024;
/// Longest name of a registered sink, bytes. Over it: refused.
pub const SINK_NAME_BYTES_MAX: usize = 64;
/// Longest address of a sink with its options, bytes. Over it: refused.
pub const SINK_ADDRESS_BYTES_MAX: usize = 4096;
/// One slot of a checkpoint, bytes: a page for what is said of the sink, and two
/// positions for each shard.
pub const CHECKPOINT_SLOT_BYTES: usize = 128 * 1024;
/// How long a sink that failed is left alone before it is tried again, at most,
/// milliseconds. It begins with a hundredth of that.
pub const SINK_RETRY_MS_MAX: u64 = 30_000;
/// How often it is said how far behind the sink is, milliseconds.
pub const LAG_REPORT_MS: u64 = 10_000;
