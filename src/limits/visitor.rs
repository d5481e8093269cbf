//! Bounds of what is read to learn who asks.

/// How much of a user agent is read for the system it names, bytes: browsers name theirs
/// within the first hundred. What stands behind is not looked at.
pub const USER_AGENT_BYTES_READ: usize = 1024;
/// How much of an `Accept-Language` is read, bytes: 50 languages and more. What stands
/// behind is not looked at, nor is a tag that is cut there.
pub const LANGUAGES_BYTES_READ: usize = 1024;
/// Longest tag in a condition, bytes: RFC 5646 §4.4.1 counts 35 for the longest in use.
/// Over it: a load error.
pub const LANGUAGE_TAG_BYTES_MAX: usize = 64;
