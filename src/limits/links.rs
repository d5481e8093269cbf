//! The bounds of links and of replaying access logs.

// ---- Links -----------------------------------------------------------------

/// Longest target of a link, bytes. Over it: a load error.
pub const TARGET_BYTES_MAX: usize = 8 * 1024;
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
/// Most shapes of the keys with placeholders under one literal beginning of a host: places
/// in which they have those, and text beside them. Over it: a load error. A request that
/// gets there is looked up once for each of them, however many keys there are.
pub const PATTERN_SHAPES_MAX: usize = 1024;
/// Bytes of all those shapes. Over it: a load error.
pub const PATTERN_SHAPES_BYTES_MAX: usize = 48 * 1024;
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
/// Bytes of records of the newest changes that are kept, about, when the journal is
/// rewritten, so that `links log` tells of them.
pub const JOURNAL_LOG_BYTES: usize = 2 * 1024 * 1024;
/// Changes that `links changes` lists, and keys of one change in `links log`, if nobody says
/// how many; and keys that an answer names. The rest are counted.
pub const CHANGES_SHOWN: usize = 1000;
/// Records that are written as one group when the journal is rewritten. More: the next
/// group.
pub const JOURNAL_REWRITTEN_AT_ONCE: usize = 4096;
/// Most tables that can be kept for a rollback.
pub const GENERATIONS_KEPT_MAX: usize = 100;
/// What an .xlsx workbook may be when it is unpacked, bytes. Over it: it is refused.
pub const WORKBOOK_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// What a compressed link file may be when it is unpacked, bytes. Over it: it is refused;
/// one that is not compressed may be larger.
pub const UNPACKED_LINKS_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Columns of a sheet that are looked at. A cell behind them: a bad line.
pub const SHEET_COLUMNS_MAX: usize = 1000;
/// Quotes left open that are told of a CSV file. Behind that many the rest is not read.
pub const OPEN_QUOTES_MAX: usize = 100;
/// How long link files have to be left alone before they are read, milliseconds.
pub const WATCH_SETTLE_MS: u64 = 200;
/// How often they are looked at although nothing was heard of them, milliseconds.
pub const WATCH_LOOK_MS: u64 = 5_000;
/// How long a link file is waited for that somebody has written and not closed, from when
/// it was last written, milliseconds.
pub const WATCH_WRITER_MS: u64 = 30_000;
/// The same for one that ends in the middle of a line, where nothing is heard of who
/// writes it.
pub const WATCH_NO_EVENTS_MS: u64 = 10_000;
/// Files beside link files whose writers are remembered.
pub const WATCH_FILES_MAX: usize = 1_000;
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
/// Lines that are no request, shown by `links replay`; the rest are counted.
pub const REPLAY_SHOWN_LINES: usize = 3;
/// Requests answered in one go, by one thread for each table.
pub const REPLAY_BLOCK_REQUESTS: usize = 8192;
/// Bytes of all distinct requests that are answered differently, with their answers.
/// Over it: new ones are only counted.
pub const REPLAY_DIFFERENCES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of a sample of lines. Over it: the sample gets smaller, and that is said.
pub const REPLAY_SAMPLE_BYTES_MAX: usize = 1024 * 1024 * 1024;
