//! The bounds of what carom holds and waits for, with the relations between them
//! checked when compiling, and the defaults of its settings. What happens when a bound
//! is reached is said beside it. A size that only one file goes by, as that of a buffer
//! it fills, may stand in that file.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

// ---- HTTP (RFC 9112) -------------------------------------------------------

/// Longest request head (request line, fields, empty line), bytes. Over it: 431.
pub const REQUEST_HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most field lines in a request head. Over it: 431.
pub const REQUEST_FIELDS_MAX: usize = 100;
/// Longest request target, bytes. Over it: 414.
pub const REQUEST_TARGET_BYTES_MAX: usize = 8 * 1024;
/// Longest request line: the longest target and room for method, version and
/// spaces. A line that is still unfinished after this many bytes: 414.
pub const REQUEST_LINE_BYTES_MAX: usize = REQUEST_TARGET_BYTES_MAX + 64;
/// Most empty lines ignored before a request line (RFC 9112 §2.2). Over it: 400.
pub const EMPTY_LINES_MAX: usize = 4;
/// Longest `Location` that a target may grow to with what a visitor sent, bytes.
/// Over it: 414.
pub const LOCATION_BYTES_MAX: usize = 8 * 1024;
/// Longest reply: a `Location` and the fixed part around it.
pub const REPLY_BYTES_MAX: usize = LOCATION_BYTES_MAX + 512;

// ---- Shards ----------------------------------------------------------------

/// Most shards of a server: what ten bits of a click id can number, and as many
/// CPUs as can be named.
pub const SHARDS_MAX: usize = 1024;

// ---- Connections -----------------------------------------------------------

/// Most open connections a shard. Over it: idle ones are closed to make room,
/// and until there is room new ones wait in the kernel's accept queue.
pub const CONNECTIONS_PER_SHARD_MAX: usize = 65_536;
/// Descriptors kept back for files, rings and listeners when the connection
/// limit is derived from `RLIMIT_NOFILE`.
pub const DESCRIPTORS_RESERVED: usize = 64;
/// Replies waiting for a connection at which it is no longer read or parsed,
/// bytes. It goes on when they are sent, or ends with the send timeout.
pub const OUTBOX_BYTES_PAUSE: usize = 64 * 1024;
/// Most requests of one connection answered in one round of a batch.
pub const REQUESTS_PER_ROUND_MAX: usize = 16;
/// Most bytes of replies one connection can hold: the pause mark and one more
/// round of the longest replies.
pub const OUTBOX_BYTES_MAX: usize = OUTBOX_BYTES_PAUSE + REQUESTS_PER_ROUND_MAX * REPLY_BYTES_MAX;
/// Unparsed bytes one connection may hold: the beginning of a head, and all that
/// the kernel can deliver before we can say stop. A multishot receive goes on
/// within one turn for as long as there are buffers. Over it: the connection is
/// cut.
pub const INBOX_BYTES_MAX: usize = REQUEST_HEAD_BYTES_MAX + RECEIVE_BUFFERS * RECEIVE_BUFFER_BYTES;
/// Bytes that each connection may hold, whatever the others do: one request head and
/// one reply. What is over it is shared with the others.
pub const ALLOWANCE_BYTES: usize = REQUEST_HEAD_BYTES_MAX + REPLY_BYTES_MAX;
/// Bytes in the inboxes and outboxes of all connections of a shard beyond their
/// allowances, together. Over it: who holds most is cut, and of those that hold about
/// as much, who got rid of no replies for the longest time.
pub const SHARED_BYTES_PER_SHARD_MAX: usize = 256 * 1024 * 1024;
/// Bytes in the inboxes and outboxes of all connections of a shard together. No more
/// than `--max-connections` have an allowance.
pub const HELD_BYTES_PER_SHARD_MAX: usize =
    CONNECTIONS_PER_SHARD_MAX * ALLOWANCE_BYTES + SHARED_BYTES_PER_SHARD_MAX;
/// Bytes read and thrown away before a close, so that the reply is not
/// destroyed by a reset (RFC 9112 §9.6). Over it: closed at once.
pub const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// How long such a close waits for the peer's end, milliseconds.
pub const LINGER_MS: u32 = 2_000;
/// How long a stopping server leaves idle connections open for a request that
/// is already under way, milliseconds.
pub const DRAIN_IDLE_MS: u32 = 500;
/// Spare buffers a shard keeps for reuse.
pub const SPARE_BUFFERS_MAX: usize = 1024;
/// Largest buffer kept for reuse, bytes. Larger ones are freed.
pub const SPARE_BUFFER_BYTES_MAX: usize = 16 * 1024;

// ---- Engines ---------------------------------------------------------------

/// One receive buffer, bytes: a batch of sixteen browser's heads, so that few
/// heads lie across two buffers. An odd number of cache lines, so that the
/// beginnings of buffers, which are all that most requests touch, do not share
/// the same few cache sets.
pub const RECEIVE_BUFFER_BYTES: usize = 169 * 64;
/// Receive buffers a shard, a power of two. When all are taken the kernel keeps
/// the bytes in the socket until a buffer is given back.
pub const RECEIVE_BUFFERS: usize = 512;
/// Receive buffers beside those, for what is there when a connection is
/// accepted. When all are taken in a turn, the kernel picks one.
pub const OWN_BUFFERS: usize = BATCH_REQUESTS_MAX;
/// Replies the kernel holds for one connection that are not yet taken by its
/// peer, bytes (SO_SNDBUF, socket(7); the kernel doubles it for its own needs).
/// Left to itself it would hold megabytes for a client that never reads, and the
/// send timeout would begin that much later.
pub const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// How long an address that is in use is tried again at start, milliseconds: the
/// kernel holds the sockets of a killed process for some more. Over it: an error.
pub const LISTEN_WAIT_MS: u64 = 1_000;
/// Pause between two tries, milliseconds.
pub const LISTEN_PAUSE_MS: u64 = 5;
/// Submission queue entries of a shard's ring. When full, it is submitted.
pub const RING_ENTRIES: u32 = 1024;
/// Completion queue entries. When full the kernel keeps the overflow itself.
pub const RING_COMPLETIONS: u32 = 4096;
/// Readiness events taken from epoll at once.
pub const EPOLL_EVENTS: usize = 1024;
/// Most requests looked up together in one batch.
pub const BATCH_REQUESTS_MAX: usize = 64;
/// Longest sleep of an engine that has nothing to do, milliseconds.
pub const IDLE_WAIT_MS: u64 = 1_000;
/// Pause of accepting after the process ran out of descriptors, milliseconds.
pub const ACCEPT_PAUSE_MS: u32 = 100;
/// How long after the kernel had no memory to send it is tried again, milliseconds. Over
/// the send timeout the connection is cut.
pub const SEND_RETRY_MS: u32 = 10;
/// Messages the control thread can have waiting for one shard. When full the
/// control thread waits, never the shard.
pub const MAILBOX_MESSAGES: usize = 8;

// ---- Links -----------------------------------------------------------------

/// Longest target of a link, bytes. Over it: a load error.
pub const TARGET_BYTES_MAX: usize = 2048;
/// Most macros in a target, beside `{clickid}`: reading one may take as long as
/// reading the request's query. Over it: a load error.
pub const TARGET_MACROS_MAX: usize = 32;
/// Longest path of a key, bytes, after normalising. Over it: a load error.
pub const KEY_PATH_BYTES_MAX: usize = 2048;
/// Longest query of a key, bytes, in canonical form. Over it: a load error.
pub const KEY_QUERY_BYTES_MAX: usize = 2048;
/// Longest host of a key (RFC 1035 §2.3.4), bytes. Over it: a load error.
pub const HOST_BYTES_MAX: usize = 253;
/// Most parameters in the query of one key. Over it: a load error.
pub const KEY_PARAMETERS_MAX: usize = 8;
/// Most distinct sets of parameter names under one path. Over it: a load error.
pub const QUERY_SHAPES_MAX: usize = 32;
/// Bytes of the names in all those sets. Over it: a load error.
pub const QUERY_SHAPES_BYTES_MAX: usize = 32 * 1024;
/// Parameters of a request's query that are looked at; later ones are ignored.
pub const REQUEST_PARAMETERS_MAX: usize = 64;
/// Combinations tried when a request repeats a parameter that keys name.
pub const QUERY_COMBINATIONS_MAX: usize = 64;
/// Deepest `/*` prefix, in slashes. Over it: a load error.
pub const PREFIX_DEPTH_MAX: usize = 63;
/// Most placeholders in one key. Over it: a load error.
pub const PLACEHOLDERS_MAX: usize = 8;
/// Most keys with placeholders under one literal beginning of a host. Over it: a
/// load error. A request that gets there is compared with each of them.
pub const PATTERNS_MAX: usize = 32;
/// Most links in a table: what a 32-bit ordinal can number. Over it: a load error.
pub const LINKS_MAX: usize = 100_000_000;
/// Longest tag of a link, bytes. Over it: a load error.
pub const TAG_BYTES_MAX: usize = 64;
/// Longest time that a link lets its answer be cached, seconds: what every cache
/// can count to (RFC 9111 §1.2.2). Over it: a load error.
pub const CACHE_SECONDS_MAX: u64 = 1 << 31;
/// Entries that patches can add to a table, for links that are set one by one
/// and paths of which some have a query. Over it: the table is to be built anew.
pub const PATCHED_ENTRIES_MAX: usize = 64 * 1024;
/// What it says of them at most before it is better built anew: half.
pub const PATCHED_ENTRIES_CROWDED: usize = PATCHED_ENTRIES_MAX / 2;
/// Bytes that a compiled table says of where it is from. Over it: cut.
pub const COMPILED_ABOUT_BYTES_MAX: usize = 64 * 1024;
/// Links that the index of a new table has room for beside its own, so that
/// small tables too can be patched for a while.
pub const INDEX_SPARE: usize = 1024;
/// Most blocks within each other, and most files that include each other, in an
/// nginx configuration. Over it: a load error.
pub const BLOCK_DEPTH_MAX: usize = 32;
/// Most files that one link file includes. Over it: a load error.
pub const INCLUDED_FILES_MAX: usize = 1000;
/// Longest name in an `include`, bytes. Over it: a bad line.
pub const INCLUDE_NAME_BYTES_MAX: usize = 1024;
/// Columns of a header shown one by one; the rest are counted.
pub const COLUMNS_SHOWN: usize = 30;
/// And so many bytes of their names.
pub const COLUMNS_SHOWN_BYTES: usize = 1500;
/// Bad lines shown one by one; the rest are counted.
pub const BAD_LINES_SHOWN: usize = 20;
/// Longest body of a request to the admin socket, bytes: a million links and more.
/// Over it: 413.
pub const ADMIN_BODY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// A body is large from here on, bytes. Each takes several times its size while it is
/// checked.
pub const ADMIN_LARGE_BODY_BYTES: usize = 1024 * 1024;
/// Large bodies that are read and checked at once. Over it: the next is not read before
/// one is done.
pub const ADMIN_LARGE_BODIES_MAX: usize = 1;
/// Time for a body to arrive, milliseconds. After it: 408.
pub const ADMIN_BODY_MS_MAX: u64 = 60_000;
/// Time for the head of a request to the admin socket, and for the next to begin,
/// milliseconds. After it: the connection is closed.
pub const ADMIN_HEAD_MS_MAX: u64 = 30_000;
/// How long an answer of the admin socket waits for a client that takes nothing of it,
/// milliseconds. After it: the connection is closed.
pub const ADMIN_WRITE_MS_MAX: u64 = 30_000;
/// Open connections to the admin socket. Over it: the next waits until one closes.
pub const ADMIN_CONNECTIONS_MAX: usize = 64;
/// Exports and comparisons that are made at once. Over it: the next waits for one of
/// them.
pub const LOOKS_AT_ONCE_MAX: usize = 2;
/// One piece of an export, bytes.
pub const EXPORT_PIECE_BYTES: usize = 64 * 1024;
/// What is asked of the desk and not yet begun: one for each admin connection, and as
/// many again of clients that have gone. Over it: 503.
pub const WISHES_WAITING_MAX: usize = 2 * ADMIN_CONNECTIONS_MAX;
/// Readings of link files that wait for the one that is under way. Over it: 503. All
/// reloads that wait are one.
pub const READINGS_WAITING_MAX: usize = 8;
/// Signals that are not yet acted on. Over it: one to reload is left out, as others
/// wait; one to stop waits.
pub const SIGNALS_WAITING_MAX: usize = 16;
/// Most edits that are written and synced together.
pub const EDITS_PER_GROUP_MAX: usize = 256;
/// Links of each kind that `links diff` of a running server shows; the rest are
/// counted.
pub const DIFFERENCES_SHOWN: usize = 1000;
/// How long is waited for every shard to answer from new links, milliseconds. Over it:
/// said, and not waited for any longer.
pub const SHARD_TURN_MS_MAX: u64 = 10_000;
/// Most keys that are changed by patches in one go. Over it: every shard gets a new
/// copy of its index.
pub const KEYS_PATCHED_MAX: usize = 8 * 1024;
/// Most changes that are laid over a table one by one. Over it: a new table is made of
/// both, in one pass over all links.
pub const CHANGES_LAID_SINGLY_MAX: usize = KEYS_PATCHED_MAX;
/// Longest group of records in the journal, bytes. Over it: the edit is refused.
pub const JOURNAL_GROUP_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Size from which on the journal is rewritten without what is outdated, bytes;
/// the next time when it is twice as large as it was after that.
pub const JOURNAL_REWRITE_BYTES: u64 = 4 * 1024 * 1024;
/// Records that are written as one group when the journal is rewritten. More: the next
/// group.
pub const JOURNAL_REWRITTEN_AT_ONCE: usize = 4096;
/// Most tables that can be kept for a rollback.
pub const GENERATIONS_KEPT_MAX: usize = 100;
/// How long link files have to be left alone before they are read, milliseconds.
pub const WATCH_SETTLE_MS: u64 = 200;
/// How often they are looked at although nothing was heard of them, milliseconds.
pub const WATCH_LOOK_MS: u64 = 5_000;
/// Symbolic links followed on the way to a link file; the kernel follows as many
/// (path_resolution(7)). Over it: the others are not watched.
pub const SYMLINKS_MAX: usize = 40;

/// Pieces of memory of this size or larger are mapped one by one, bytes: what large
/// tables are made of, and more than the replies that a connection holds.
pub const MAPPED_BYTES_MIN: i32 = 1024 * 1024;

// ---- Replaying access logs -------------------------------------------------

/// Longest line of an access log, bytes: the longest request head and as much for
/// escapes. What is over it is not looked at.
pub const REPLAY_LINE_BYTES_MAX: usize = 256 * 1024;
/// Longest referer or user agent taken from a log, bytes. Over it: left out, so that
/// the head is not refused for it.
pub const REPLAY_FIELD_BYTES_MAX: usize = 2048;
/// Requests answered in one go, by one thread for each table.
pub const REPLAY_BLOCK_REQUESTS: usize = 8192;
/// Bytes of all distinct requests that are answered differently, with their answers.
/// Over it: new ones are only counted.
pub const REPLAY_DIFFERENCES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of a sample of lines. Over it: the sample gets smaller, and that is said.
pub const REPLAY_SAMPLE_BYTES_MAX: usize = 1024 * 1024 * 1024;

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
/// have a long query, are cut. Targets are kept whole.
pub const LOGGED_KEY_BYTES_MAX: usize = HOST_BYTES_MAX + KEY_PATH_BYTES_MAX;
/// Most that a reader keeps of what the links of a segment were, bytes. Over it: what
/// was known of earlier ones is forgotten.
pub const LOGGED_LINKS_BYTES_MAX: usize = 1024 * 1024;
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
/// that they cover a second of clicks, and as many that wait to be sealed. Over it:
/// no more than the reserve, and than [`SEGMENTS_WAITING_MAX`].
pub const SMALL_SEGMENTS_BYTES: u64 = 64 * 1024 * 1024;
/// Most segments of a shard that wait for the disk, to be sealed, unless they are small.
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
/// Hours that it counts one by one: eleven years. Over it: the same.
pub const STATS_HOURS_MAX: usize = 100_000;

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

// ---- What holds where an operator says nothing ------------------------------
//
// Settings that are one of a few names have theirs at their type, as `#[default]`.

/// Where a server listens.
pub const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The click folder of a server.
pub const CLICKS_FOLDER_DEFAULT: &str = "./clicks";
/// Tables kept for a rollback.
pub const GENERATIONS_KEPT_DEFAULT: u32 = 5;
/// Time for a whole request head. After it: 408.
pub const HEADER_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// How long a kept connection may be idle.
pub const IDLE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);
/// Time without progress before a client that does not read is cut off.
pub const SEND_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Time to finish what is under way when stopping.
pub const DRAIN_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
/// Open connections a shard.
pub const CONNECTIONS_PER_SHARD_DEFAULT: u32 = CONNECTIONS_PER_SHARD_MAX as u32;
/// Connections that the kernel holds ready to be accepted.
pub const BACKLOG_DEFAULT: i32 = 4096;
/// Time that the kernel keeps a silent new connection to itself.
pub const DEFER_ACCEPT_DEFAULT: Duration = Duration::from_secs(5);
/// Size of a segment file, bytes.
pub const SEGMENT_BYTES_DEFAULT: u64 = 128 * 1024 * 1024;
/// Segments kept ready for each shard beside the one it writes. When none is ready,
/// redirects go on and lost clicks are counted exactly.
pub const SEGMENTS_READY_DEFAULT: u32 = 2;
/// How long a segment is written after its first click. Then the shard goes on in
/// the next one, full or not.
pub const SEGMENT_AGE_DEFAULT: Duration = Duration::from_secs(5 * 60);
/// How long a click may wait to be synced.
pub const SYNC_INTERVAL_DEFAULT: Duration = Duration::from_millis(250);
/// How long a shard waits for the log when there is no room for a click. After it: the
/// click is lost, and counted.
pub const WAIT_FOR_LOG_DEFAULT: Duration = Duration::from_millis(200);
/// Number of a machine among those whose clicks are brought together.
pub const NODE_DEFAULT: u16 = 0;
/// Clicks in a batch to be shipped.
pub const BATCH_CLICKS_DEFAULT: u32 = BATCH_CLICKS_MAX as u32;
/// How long a click may wait for others to share its batch, where whoever reads a
/// stream waits for it.
pub const STREAM_WAIT_DEFAULT: Duration = Duration::from_secs(1);
/// The same, where each batch costs files.
pub const FILE_WAIT_DEFAULT: Duration = Duration::from_secs(60);
/// How long shipped segments are kept after they were last written.
pub const KEEP_SHIPPED_DEFAULT: Duration = Duration::ZERO;
/// Links, referers, user agents and tags that `clicks stats` prints of each.
pub const STATS_ROWS_DEFAULT: usize = 10;
/// Distinct requests that `links replay` lists.
pub const REPLAY_LISTED_DEFAULT: usize = 100;

// ---- How they relate -------------------------------------------------------

const _: () = assert!(REQUEST_LINE_BYTES_MAX < REQUEST_HEAD_BYTES_MAX);
const _: () = assert!(TARGET_BYTES_MAX <= LOCATION_BYTES_MAX);
// Its size is written in 32 bits.
const _: () = assert!(JOURNAL_GROUP_BYTES_MAX < u32::MAX as usize);
// A target that is nothing but `{clickid}` still fits when those are filled in.
const _: () = assert!(TARGET_BYTES_MAX.div_ceil(9) * CLICK_ID_BYTES <= LOCATION_BYTES_MAX);
const _: () = assert!(LOCATION_BYTES_MAX < REPLY_BYTES_MAX);
const _: () = assert!(CACHE_SECONDS_MAX <= u32::MAX as u64);
const _: () = assert!(TAG_BYTES_MAX <= u8::MAX as usize);
// Offsets within a request head are 16-bit.
const _: () = assert!(REQUEST_HEAD_BYTES_MAX < u16::MAX as usize);
// What a shard may hold is the allowance of each connection and what they share, and
// can be told in a few gigabytes.
const _: () = assert!(HELD_BYTES_PER_SHARD_MAX <= 2 * 1024 * 1024 * 1024);
// Who is cut leaves no less than its own allowance: one that pauses holds more.
const _: () = assert!(ALLOWANCE_BYTES < OUTBOX_BYTES_PAUSE);
// Single connections at their limits never trip the limit of the shard.
const _: () = assert!(32 * (INBOX_BYTES_MAX + OUTBOX_BYTES_MAX) < SHARED_BYTES_PER_SHARD_MAX);
// What waits at the pause mark can be handed over in one send.
const _: () = assert!(SEND_BUFFER_BYTES >= OUTBOX_BYTES_PAUSE);
const _: () = assert!(LISTEN_PAUSE_MS < LISTEN_WAIT_MS);
const _: () = assert!(RECEIVE_BUFFERS.is_power_of_two() && RECEIVE_BUFFERS <= 32_768);
const _: () = assert!(REQUESTS_PER_ROUND_MAX <= BATCH_REQUESTS_MAX);
const _: () = assert!(REPLAY_BLOCK_REQUESTS.is_multiple_of(BATCH_REQUESTS_MAX));
const _: () = assert!(REPLAY_LINE_BYTES_MAX > 4 * REQUEST_HEAD_BYTES_MAX);
const _: () =
    assert!(REQUEST_LINE_BYTES_MAX + 2 * REPLAY_FIELD_BYTES_MAX + 1024 < REQUEST_HEAD_BYTES_MAX);
const _: () = assert!(REPLAY_SAMPLE_BYTES_MAX > REPLAY_LINE_BYTES_MAX);
const _: () = assert!(MAPPED_BYTES_MIN as usize > OUTBOX_BYTES_MAX);
const _: () = assert!(PREFIX_DEPTH_MAX < u64::BITS as usize);
const _: () = assert!(CLICK_USER_AGENT_BYTES_MAX <= u8::MAX as usize);
const _: () = assert!(CLICK_HOST_BYTES_MAX <= CLICK_USER_AGENT_BYTES_MAX);
const _: () = assert!(CLICK_REFERER_BYTES_MAX <= CLICK_USER_AGENT_BYTES_MAX);
const _: () = assert!(CLICK_INLINE_BYTES_MAX < CLICK_REFERER_BYTES_MAX);
// The tag of a link is never cut.
const _: () = assert!(TAG_BYTES_MAX <= CLICK_TAG_BYTES_MAX);
const _: () = assert!(CLICK_TAG_BYTES_MAX <= CLICK_USER_AGENT_BYTES_MAX);
// The places of four strings are known while a click is read.
const _: () = assert!(TEXTS_BYTES_PER_SEGMENT_MAX > 4 * CLICK_USER_AGENT_BYTES_MAX);
const _: () = assert!(TEXTS_PER_SEGMENT_MAX > 4);
// Where a string stands is told in words, in 31 bits.
const _: () = assert!(SEGMENT_BYTES_MAX / 8 < 1 << 31);
const _: () = assert!(SEGMENT_BYTES_MAX < u32::MAX as u64);
const _: () = assert!(SEGMENTS_READY_DEFAULT as usize <= SEGMENTS_READY_MAX);
// A number that was given to a click is never given again, even if a power loss takes
// its segment. With small segments, as many wait as are ready.
const _: () = assert!(SEGMENTS_WAITING_MAX <= SEGMENTS_READY_MAX);
const _: () = assert!(1 + 2 * SEGMENTS_READY_MAX < SEGMENT_NUMBERS_AHEAD as usize);
const _: () = assert!(SEGMENT_RETRY_MS_MIN < SEGMENT_RETRY_MS_MAX);
const _: () = assert!(GENERATIONS_KEPT_DEFAULT as usize <= GENERATIONS_KEPT_MAX);
// A process has addresses (47 bits) for the maps of 512 shards.
const _: () = assert!(
    ((1 + SEGMENTS_READY_MAX + SEGMENTS_WAITING_MAX) as u64 * SEGMENT_BYTES_MAX) < (1 << 47) / 512
);
const _: () = assert!(SEGMENT_AGE_DEFAULT.as_millis() >= SEGMENT_AGE_MS_MIN as u128);
const _: () = assert!(SEGMENT_BYTES_MIN > SEGMENT_HEADER_BYTES as u64 + 8 * 2048);
// The strings of one more click always fit in a batch that is not full.
const _: () = assert!(BATCH_TEXT_BYTES_MAX < u32::MAX as usize);
const _: () = assert!(CHECKPOINT_SLOT_BYTES >= SINK_ADDRESS_BYTES_MAX + 64 + 2 * 40 * SHARDS_MAX);
