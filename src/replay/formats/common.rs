//! Lines of access logs: the common and the combined format of Apache
//! (mod_log_config) and nginx (ngx_http_log_module), with the virtual host in front
//! or without.
//!
//! ```text
//! [host[:port] ]address ident user [time] "METHOD target HTTP/1.1" status size ["referer" "user agent"]
//! ```

use std::borrow::Cow;
use std::net::IpAddr;

use memchr::{memchr, memchr_iter, memmem};

use crate::replay::logged::{LogLine, LoggedRequest, hex_byte};

/// Reads a line, which has no end of line any more. The time is the first word with a
/// bracket; what stands before it may be quoted too.
pub fn read(line: &[u8]) -> Option<LogLine<'_>> {
    let bracket = memmem::find(line, b" [")?;
    let quote = bracket + memchr(b'"', &line[bracket..])?;
    let (request, rest) = quoted(&line[quote + 1..])?;
    let (method, target) = request_line(request)?;
    let [referer, user_agent] = fields(rest);
    Some(LogLine::of(LoggedRequest {
        host: host(&line[..bracket]).map(Cow::Borrowed),
        method: Cow::Borrowed(method),
        target: plain(target),
        referer: Cow::Borrowed(referer),
        user_agent: Cow::Borrowed(user_agent),
    }))
}

/// Method and target of `METHOD target HTTP/1.1`, with the escapes of the log.
pub(super) fn request_line(request: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, last) = (memchr(b' ', request)?, memchr::memrchr(b' ', request)?);
    let is_request = first != last && request[last + 1..].starts_with(b"HTTP/");
    is_request.then(|| (&request[..first], &request[first + 1..last]))
}

/// The next texts in quotes; empty where there is none.
pub(super) fn fields<const N: usize>(mut rest: &[u8]) -> [&[u8]; N] {
    [(); N].map(|()| {
        let field = memchr(b'"', rest).and_then(|at| quoted(&rest[at + 1..]));
        let Some((field, after)) = field else { return &b""[..] };
        rest = after;
        field
    })
}

/// What stands before the next quote that is none of the text, and what behind it.
pub(super) fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_end = |&at: &usize| {
        let slashes = text[..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
        slashes.is_multiple_of(2)
    };
    let end = memchr_iter(b'"', text).find(is_end)?;
    Some((&text[..end], &text[end + 1..]))
}

/// The virtual host: there are four words before the time, the first is a name, and the
/// second an address, or a name that was looked up. Two addresses are those of a proxy and
/// its client, and so is a list of them; what syslog puts in front is neither. Behind a
/// name the list of addresses may be in quotes.
fn host(before: &[u8]) -> Option<&[u8]> {
    let mut words = before.split(|&byte| byte == b' ');
    let (first, second) = (words.next()?, words.next()?);
    let second = second.strip_prefix(b"\"").unwrap_or(second);
    let second = second.split(|byte| b",\"".contains(byte)).next().unwrap_or_default();
    let is_client = is_address(second) || is_name(second);
    let name = first.iter().position(|&byte| byte == b':').map_or(first, |at| &first[..at]);
    let is_host = is_name(name) || (is_address(second) && is_label(name));
    (is_client && is_host && words.count() >= 2).then_some(first)
}

fn is_address(word: &[u8]) -> bool {
    str::from_utf8(word).is_ok_and(|word| word.parse::<IpAddr>().is_ok())
}

/// Whether a word looks like the name of a host: with a dot, and no number at its end.
fn is_name(word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let last = word.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    word.contains(&b'.') && word.iter().all(is_part) && is_label(last)
}

fn is_label(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic)
        && word.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A request target without the escapes of the log: `\"`, `\\`, and `\x` with two
/// hex digits. Those of control characters stay, since no request that was answered
/// had one.
pub(super) fn plain(target: &[u8]) -> Cow<'_, [u8]> {
    let Some(at) = memchr(b'\\', target) else { return Cow::Borrowed(target) };
    let mut text = target[..at].to_vec();
    let mut rest = &target[at..];
    while let [first, after @ ..] = rest {
        let (byte, size) = match rest {
            [b'\\', byte @ (b'"' | b'\\'), ..] => (*byte, 2),
            [b'\\', b'x', digits @ ..] => match hex_byte(digits) {
                Some(byte) if !byte.is_ascii_control() => (byte, 4),
                _ => (*first, 1),
            },
            _ => (*first, 1),
        };
        text.push(byte);
        rest = &after[size - 1..];
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::REPLAY_FIELD_BYTES_MAX;
    use crate::replay::formats::tests::told;

    fn check(line: &str, wanted: &str) {
        let read = read(line.as_bytes()).unwrap_or(LogLine::Unreadable);
        assert_eq!(told(Some(read)), wanted, "{line}");
    }

    const TIME: &str = "[17/May/2015:10:05:03 +0000]";

    #[test]
    fn formats() {
        let end = format!("{TIME} \"GET /a?b=c HTTP/1.1\" 200 2326");
        let fields = "\"https://r.example/\" \"Agent/1 (x; y)\"";
        check(&format!("192.0.2.1 - - {end}"), "none|GET|/a?b=c||");
        check(&format!("192.0.2.1 - frank {end}"), "none|GET|/a?b=c||");
        check(&format!("192.0.2.1 - - {end} \"-\" \"-\""), "none|GET|/a?b=c||");
        let both = "|GET|/a?b=c|https://r.example/|Agent/1 (x; y)";
        check(&format!("192.0.2.1 - - {end} {fields}"), &format!("none{both}"));
        check(&format!("192.0.2.1 - - {end} {fields} 0.001 \"more\""), &format!("none{both}"));
        check(&format!("go.example 192.0.2.1 - - {end} {fields}"), &format!("go.example{both}"));
        check(&format!("go.example:443 2001:db8::1 - x {end}"), "go.example:443|GET|/a?b=c||");
        check(&format!("go.example 192.0.2.1 - x y {end}"), "go.example|GET|/a?b=c||");
        check(&format!("- 192.0.2.1 - - {end}"), "none|GET|/a?b=c||");
        check(&format!("localhost:8080 127.0.0.1 - - {end}"), "localhost:8080|GET|/a?b=c||");
        check(&format!("go.example pc.example - - {end}"), "go.example|GET|/a?b=c||");
        // Those of proxies, a list of them, and what syslog puts in front.
        check(&format!("10.0.0.1 203.0.113.9 - - {end}"), "none|GET|/a?b=c||");
        check(&format!("203.0.113.9, 10.0.0.1 - - {end}"), "none|GET|/a?b=c||");
        check(&format!("2001:db8::1, 10.0.0.1 - - {end}"), "none|GET|/a?b=c||");
        check(&format!("Nov 27 08:00:01 web nginx: 203.0.113.9 - - {end}"), "none|GET|/a?b=c||");
        let syslog = "<190>1 2026-11-27T08:00:01.123Z web.example nginx 7 - - 203.0.113.9 - -";
        check(&format!("{syslog} {end}"), "none|GET|/a?b=c||");
        check(&format!("go.example 203.0.113.9, 10.0.0.1 - - {end}"), "go.example|GET|/a?b=c||");
        check(&format!("203.0.113.9,10.0.0.1 - - {end}"), "none|GET|/a?b=c||");
        check(&format!("unknown, 10.0.0.1 - - {end}"), "none|GET|/a?b=c||");
        let list = "\"203.0.113.9, 10.0.0.1\" - -";
        check(&format!("{list} {end} {fields}"), &format!("none{both}"));
        check(&format!("go.example {list} {end} {fields}"), &format!("go.example{both}"));
        // A name that was looked up, and a user with a space.
        check(&format!("pc.example - john doe {end}"), "none|GET|/a?b=c||");
    }

    #[test]
    fn requests() {
        let check = |request: &str, wanted: &str| {
            check(&format!("::1 - - {TIME} \"{request}\" 200 1 \"-\" \"x\""), wanted);
        };
        check("HEAD / HTTP/1.0", "none|HEAD|/||x");
        check("GET / HTTP/2.0", "none|GET|/||x");
        check("GET http://a.example/ HTTP/1.1", "none|GET|http://a.example/||x");
        check("GET /a b HTTP/1.1", "none|GET|/a b||x");
        check(
            r"GET /\x22a\\b\xC3\xa9\x0d\x0A\x7f\xg0\t HTTP/1.1",
            "none|GET|/\"a\\bé\\x0d\\x0A\\x7f\\xg0\\t||x",
        );
        check(r#"GET /\"a\" HTTP/1.1"#, "none|GET|/\"a\"||x");
        check("POST / HTTP/1.1", "other method");
        check("M-SEARCH * HTTP/1.1", "other method");
        for nothing in
            ["-", "", "GET /", "GET / HTTQ/1", " / HTTP/1.1", r"\x16\x03\x01 \x00 HTTP/1"]
        {
            check(nothing, "unreadable");
        }
    }

    #[test]
    fn fields() {
        let check = |fields: &str, wanted: &str| {
            let wanted = format!("none|GET|/|{wanted}");
            check(&format!("::1 - - {TIME} \"GET / HTTP/1.1\" 200 1 {fields}"), &wanted);
        };
        check(r#""a\"b" "c\\""#, r#"a\"b|c\\"#);
        check("\"\" \"x\"", "|x");
        check("\"a\u{1}\" \"x\"", "|x");
        check("\"r\" \"lost its en", "r|");
        check(&format!("\"{}\" \"x\"", "a".repeat(REPLAY_FIELD_BYTES_MAX + 1)), "|x");
    }

    #[test]
    fn other_lines() {
        for line in
            ["", "# Fields: date time", "x \"GET / HTTP/1.1\" 200", "a [b", "::1 - - [t] \"GET /"]
        {
            check(line, "unreadable");
        }
    }
}
