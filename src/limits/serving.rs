//! The bounds of serving, the defaults of all settings, and how bounds relate.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use super::clicks::*;
use super::links::*;

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
/// Longest text of `/robots.txt`, bytes. Over it: an error at start.
pub const ROBOTS_BYTES_MAX: usize = LOCATION_BYTES_MAX;
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
/// Memory that connections no longer hold and that is then given back to the system, bytes.
/// Looked at each second.
pub const GIVEN_BACK_BYTES_MIN: u64 = 32 * 1024 * 1024;
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

// ---- What holds where an operator says nothing ------------------------------
//
// Settings that are one of a few names have theirs at their type, as `#[default]`.

/// Where a server listens.
pub const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The click folder of a server.
pub const CLICKS_FOLDER_DEFAULT: &str = "./clicks";
/// Tables kept for a rollback.
pub const GENERATIONS_KEPT_DEFAULT: u32 = 5;
/// Links that a reload may lose, per cent of those that it replaces. Over it: refused.
pub const LOSS_PERCENT_DEFAULT: u8 = 50;
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
/// Size of the largest segment files, bytes.
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
/// Rows that `clicks stats` prints of what it counts.
pub const STATS_ROWS_DEFAULT: usize = 20;
/// Distinct requests that `links replay` lists.
pub const REPLAY_LISTED_DEFAULT: usize = 100;

// ---- How they relate -------------------------------------------------------

const _: () = assert!(REQUEST_LINE_BYTES_MAX < REQUEST_HEAD_BYTES_MAX);
const _: () = assert!(TARGET_BYTES_MAX <= LOCATION_BYTES_MAX);
// Its size is written in 32 bits.
const _: () = assert!(JOURNAL_GROUP_BYTES_MAX < u32::MAX as usize);
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
// Each size is whole pages, and twice the one before.
const _: () = assert!(SEGMENT_BYTES_FIRST.is_power_of_two() && SEGMENT_BYTES_FIRST >= 4096);
// While segments are small, a few are ready beyond any reserve.
const _: () = assert!(SEGMENT_BYTES_FIRST * 8 <= SMALL_SEGMENTS_BYTES);
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
