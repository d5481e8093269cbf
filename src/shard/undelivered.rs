//! How many clicks are told of in replies that never left.

use memchr::memmem;

/// What each reply begins with, and no other part of one has: its status follows.
const BEGIN: &[u8] = b"HTTP/1.1 ";

/// How many of the replies that begin in these outgoing bytes are those of clicks. One of
/// which a part was sent begins before them.
#[inline]
pub(super) fn clicks_in(outgoing: &[u8]) -> u64 {
    // So it is for nearly all.
    if outgoing.is_empty() { 0 } else { count(outgoing) }
}

fn count(outgoing: &[u8]) -> u64 {
    let replies = memmem::find_iter(outgoing, BEGIN);
    let statuses = replies.filter_map(|at| outgoing[at + BEGIN.len()..].first_chunk());
    statuses.filter(|status| is_of_click(status)).count() as u64
}

fn is_of_click(status: &[u8; 3]) -> bool {
    matches!(status, b"301" | b"302" | b"303" | b"307" | b"308" | b"404" | b"410")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_that_begin_there_are_counted() {
        let reply = |status: &str| format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno");
        let all: String = ["302", "404", "400", "410", "503", "308"].map(reply).concat();
        assert_eq!(clicks_in(all.as_bytes()), 4);
        // Of the first a byte was sent, and of the last not all are there.
        assert_eq!(clicks_in(&all.as_bytes()[1..]), 3);
        assert_eq!(clicks_in(&all.as_bytes()[..reply("302").len() + 11]), 1);
        assert_eq!(clicks_in(b""), 0);
    }
}
