//! Reads access logs in the combined format, as nginx and Apache write them:
//! `address - user [time] "request" status bytes "referer" "user agent"`.

/// A request as it was logged.
#[derive(Debug, PartialEq, Eq)]
pub struct Logged {
    pub method: Vec<u8>,
    /// Path and query, as they came.
    pub target: Vec<u8>,
    pub referer: Option<Vec<u8>>,
    pub user_agent: Option<Vec<u8>>,
}

/// Reads one line; `None` if it is not in this format.
pub fn parse(line: &[u8]) -> Option<Logged> {
    // A user name may hold anything; the time is the first `[` after it.
    let rest = &line[memchr::memchr(b'[', line)?..];
    let rest = &rest[memchr::memchr(b']', rest)? + 1..];
    let (request, rest) = quoted(rest)?;
    let (referer, rest) = quoted(rest)?;
    let (user_agent, _) = quoted(rest)?;
    let mut words = request.split(|byte| *byte == b' ');
    let method = words.next()?.to_vec();
    let target = words.next()?.to_vec();
    let version = words.next()?;
    let sound = words.next().is_none()
        && version.starts_with(b"HTTP/")
        && target.starts_with(b"/")
        && !method.is_empty()
        && is_visible(&target);
    let value = |value: Vec<u8>| (value != b"-" && is_sendable(&value)).then_some(value);
    let logged = Logged { method, target, referer: value(referer), user_agent: value(user_agent) };
    sound.then_some(logged)
}

/// The next quoted text, and what follows it.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut at = memchr::memchr(b'"', text)? + 1;
    let mut value = Vec::new();
    loop {
        match text.get(at)? {
            b'"' => return Some((value, &text[at + 1..])),
            b'\\' => {
                // nginx writes \xHH, Apache \" and \\ and \n too.
                let hex = text.get(at + 2..at + 4).filter(|_| text.get(at + 1) == Some(&b'x'));
                let byte = hex.and_then(|hex| std::str::from_utf8(hex).ok());
                if let Some(byte) = byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    value.push(byte);
                    at += 4;
                } else {
                    value.push(*text.get(at + 1)?);
                    at += 2;
                }
            }
            byte => {
                value.push(*byte);
                at += 1;
            }
        }
    }
}

/// Can stand in a request line.
fn is_visible(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte > b' ' && *byte != 0x7f)
}

/// Can stand in a field: a log is no reason to send two requests for one.
fn is_sendable(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte >= b' ' && *byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(&str, &str, Option<&str>, Option<&str>)>) {
        let owned = |text: &str| text.as_bytes().to_vec();
        let expected = expected.map(|(method, target, referer, user_agent)| Logged {
            method: owned(method),
            target: owned(target),
            referer: referer.map(owned),
            user_agent: user_agent.map(owned),
        });
        assert_eq!(parse(line.as_bytes()), expected, "{line}");
    }

    #[test]
    fn whole_lines() {
        check(
            r#"1.2.3.4 - - [22/Nov/2026:11:24:52 +0000] "GET /go/x?a=1 HTTP/1.1" 302 0 "https://n.example/" "Mozilla/5.0 (X)""#,
            Some(("GET", "/go/x?a=1", Some("https://n.example/"), Some("Mozilla/5.0 (X)"))),
        );
        check(
            r#"::1 - joe [t] "HEAD / HTTP/1.0" 404 - "-" "-" "more fields""#,
            Some(("HEAD", "/", None, None)),
        );
    }

    #[test]
    fn escapes() {
        check(
            r#"a - - [t] "GET /x\x22y HTTP/1.1" 302 0 "-" "say \"hi\" \xE4""#
                .replace(r"\xE4", r"\x7e")
                .as_str(),
            Some(("GET", "/x\"y", None, Some("say \"hi\" ~"))),
        );
        // A line end in a logged field would become one in a request.
        check(
            r#"a - - [t] "GET /x HTTP/1.1" 302 0 "-" "a\x0D\x0Ab""#,
            Some(("GET", "/x", None, None)),
        );
    }

    #[test]
    fn what_cannot_be_replayed() {
        for line in [
            "",
            "GET /x",
            r#"a - - [t] "GET /x HTTP/1.1" 302 0 "-" "torn"#,
            r#"a - - [t] "\x16\x03\x01" 400 0 "-" "-""#,
            r#"a - - [t] "GET /a b HTTP/1.1" 302 0 "-" "-""#,
            r#"a - - [t] "CONNECT x:443 HTTP/1.1" 405 0 "-" "-""#,
        ] {
            check(line, None);
        }
    }
}
