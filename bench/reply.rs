//! Cuts replies out of a stream. This is the generator's own reader, on purpose:
//! one shared with the server would share its mistakes.

/// What the start of a stream holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Cut<'a> {
    /// A whole reply, `size` bytes with its body.
    Whole(Reply<'a>),
    /// A head without a length: the body is all that comes until the end.
    UntilEnd(Reply<'a>),
    /// The rest is still to come.
    Partial,
    /// No reply, and why.
    Bad(&'static str),
}

/// What the generator wants to know of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    pub status: u16,
    pub location: Option<&'a [u8]>,
    /// The server says that it will close.
    pub closes: bool,
    /// Bytes of head and body; of the head alone in [`Cut::UntilEnd`].
    pub size: usize,
}

/// A head that is longer than this is not one.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Cuts the first reply of `bytes`; `to_head` if it answers a HEAD request.
pub fn cut(bytes: &[u8], to_head: bool) -> Cut<'_> {
    let Some(end) = memchr::memchr(b'\n', bytes) else { return partial(bytes) };
    let Some((status, mut closes)) = status_line(&bytes[..end]) else {
        return Cut::Bad("no status line");
    };
    let mut at = end + 1;
    let mut location = None;
    let mut length: Option<usize> = None;
    loop {
        let Some(end) = memchr::memchr(b'\n', &bytes[at..]) else { return partial(bytes) };
        let line = &bytes[at..at + end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += end + 1;
        let Some(first) = line.first() else { break };
        // Most fields are none of ours; the first letter says so.
        match first | 0x20 {
            b'c' => {
                if let Some(value) = field(line, b"content-length") {
                    match number(value) {
                        Some(value) if length.is_none_or(|old| old == value) => {
                            length = Some(value);
                        }
                        _ => return Cut::Bad("the Content-Length is no number"),
                    }
                } else if let Some(value) = field(line, b"connection") {
                    closes = value.eq_ignore_ascii_case(b"close");
                }
            }
            b'l' => {
                if let Some(value) = field(line, b"location") {
                    location = Some(value);
                }
            }
            b't' if field(line, b"transfer-encoding").is_some() => {
                return Cut::Bad("a Transfer-Encoding, which a redirect does not need");
            }
            _ => {}
        }
    }
    let mut reply = Reply { status, location, closes, size: at };
    let bodiless = to_head || matches!(status, 100..200 | 204 | 304);
    match length {
        _ if bodiless => Cut::Whole(reply),
        Some(length) => {
            let Some(size) = at.checked_add(length) else { return Cut::Bad("an absurd length") };
            reply.size = size;
            if bytes.len() < size { Cut::Partial } else { Cut::Whole(reply) }
        }
        None => {
            reply.closes = true;
            Cut::UntilEnd(reply)
        }
    }
}

fn partial(bytes: &[u8]) -> Cut<'_> {
    let start = b"HTTP/1.";
    let seen = bytes.len().min(start.len());
    if bytes[..seen] != start[..seen] {
        Cut::Bad("no status line")
    } else if bytes.len() > HEAD_BYTES_MAX {
        Cut::Bad("the head has no end")
    } else {
        Cut::Partial
    }
}

/// The status, and whether this version closes by itself.
fn status_line(line: &[u8]) -> Option<(u16, bool)> {
    let (closes, rest) = match line.strip_prefix(b"HTTP/1.1 ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix(b"HTTP/1.0 ")?),
    };
    let status = number(rest.get(..3)?)? as u16;
    let ends = rest.get(3).is_none_or(|byte| matches!(byte, b' ' | b'\r'));
    (ends && status >= 100).then_some((status, closes))
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn number(text: &[u8]) -> Option<usize> {
    let whole = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    whole.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &[u8] =
        b"HTTP/1.1 302 Found\r\nDate: x\r\nContent-Length: 3\r\nLocation: https://a.example/\r\n\r\nabc";

    fn whole(bytes: &[u8]) -> Reply<'_> {
        match cut(bytes, false) {
            Cut::Whole(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reply_cut_at_every_byte_is_partial_until_it_is_whole() {
        let mut stream = REDIRECT.to_vec();
        for end in 0..REDIRECT.len() {
            assert_eq!(cut(&REDIRECT[..end], false), Cut::Partial, "at {end}");
        }
        // Whatever follows belongs to the next reply.
        stream.extend_from_slice(REDIRECT);
        let location = Some(&b"https://a.example/"[..]);
        let expected = Reply { status: 302, location, closes: false, size: REDIRECT.len() };
        for end in REDIRECT.len()..stream.len() {
            assert_eq!(whole(&stream[..end]), expected);
        }
    }

    #[test]
    fn pipelined_replies_are_cut_one_after_another() {
        let stream = REDIRECT.repeat(16);
        let (mut at, mut count) = (0, 0);
        while at < stream.len() {
            at += whole(&stream[at..]).size;
            count += 1;
        }
        assert_eq!((at, count), (stream.len(), 16));
    }

    #[test]
    fn names_are_read_in_any_case_and_spacing() {
        let reply = whole(
            b"HTTP/1.1 301 \r\nlocation:/x\r\nCONTENT-LENGTH:  0 \r\nconnection: Close\r\n\r\n",
        );
        assert_eq!((reply.status, reply.location), (301, Some(&b"/x"[..])));
        assert!(reply.closes);
    }

    #[test]
    fn a_reply_to_head_has_no_body() {
        let head = &REDIRECT[..REDIRECT.len() - 3];
        assert!(matches!(cut(head, true), Cut::Whole(reply) if reply.size == head.len()));
        assert_eq!(cut(head, false), Cut::Partial);
    }

    #[test]
    fn without_a_length_the_end_is_the_end() {
        let head = b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n";
        assert!(matches!(cut(head, false), Cut::UntilEnd(reply) if reply.closes));
        assert!(matches!(cut(b"HTTP/1.1 204 No Content\r\n\r\n", false), Cut::Whole(_)));
    }

    #[test]
    fn what_is_no_reply_is_bad() {
        for bytes in [
            &b"x"[..],
            b"HTTP/2 302 \r\n\r\n",
            b"HTTP/1.1 30x Found\r\n\r\n",
            b"HTTP/1.1 3020 Found\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(matches!(cut(bytes, false), Cut::Bad(_)), "{}", bytes.escape_ascii());
        }
        let endless = [b"HTTP/1.1 302 Found\r\nX: ", &[b'x'; HEAD_BYTES_MAX][..]].concat();
        assert!(matches!(cut(&endless, false), Cut::Bad(_)));
    }
}
