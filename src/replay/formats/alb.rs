//! Logs of AWS's load balancers, application and classic: words, then the request with
//! its whole URL, then the user agent.
//!
//! ```text
//! [type] time balancer client:port target:port … "GET https://host:443/path HTTP/1.1" "user agent" …
//! ```
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::common::{fields, plain, quoted, request_line};
use crate::replay::logged::{LogLine, LoggedRequest};

const TYPES: [&[u8]; 6] = [b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"];

/// Reads a line that begins as one of those.
pub fn read(line: &[u8]) -> Option<LogLine<'_>> {
    let quote = memchr(b'"', line)?;
    let mut words = line[..quote].split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let mut first = words.next()?;
    if TYPES.contains(&first) {
        first = words.next()?;
    }
    if !is_time(first) || words.count() < 9 {
        return None;
    }
    let (request, rest) = quoted(&line[quote + 1..])?;
    let Some((method, url)) = request_line(request) else { return Some(LogLine::Unreadable) };
    let (host, target) = parts(url)?;
    let [user_agent] = fields(rest);
    Some(LogLine::of(LoggedRequest {
        host: (!host.starts_with(b":")).then_some(Cow::Borrowed(host)),
        method: Cow::Borrowed(method),
        target,
        user_agent: Cow::Borrowed(user_agent),
        ..LoggedRequest::default()
    }))
}

/// `2026-11-27T08:00:00.123456Z`.
fn is_time(word: &[u8]) -> bool {
    word.len() > 19 && word[4] == b'-' && word[10] == b'T' && word.ends_with(b"Z")
}

/// The host of a URL, with its port, and what is asked of it.
fn parts(url: &[u8]) -> Option<(&[u8], Cow<'_, [u8]>)> {
    let rest = &url[memmem::find(url, b"://")? + 3..];
    let end = rest.iter().position(|byte| b"/?".contains(byte)).unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    let target = plain(target);
    let has_path = target.starts_with(b"/");
    Some((host, if has_path { target } else { Cow::Owned([b"/", &*target].concat()) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::formats::tests::told;

    const TIME: &str = "2026-11-27T08:00:00.186641Z";

    fn check(front: &str, request: &str, wanted: &str) {
        let words = "app/lb/50dc 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 302 302 0 57";
        let line = format!(
            "{front}{TIME} {words} \"{request}\" \"Agent/1 (x)\" - TLSv1.2 arn \"Root=1\" \"-\""
        );
        let read = read(line.as_bytes());
        let got = read.map_or("no such line".to_owned(), |read| told(Some(read)));
        assert_eq!(got, wanted, "{line}");
    }

    #[test]
    fn lines() {
        let url = "GET https://go.example:443/a?b HTTP/1.1";
        check("https ", url, "go.example:443|GET|/a?b||Agent/1 (x)");
        check("h2 ", url, "go.example:443|GET|/a?b||Agent/1 (x)");
        check("", url, "go.example:443|GET|/a?b||Agent/1 (x)");
        check("tls ", url, "no such line");
        let check = |request: &str, wanted: &str| check("http ", request, wanted);
        check("HEAD http://go.example HTTP/1.0", "go.example|HEAD|/||Agent/1 (x)");
        check("GET http://go.example?a HTTP/1.1", "go.example|GET|/?a||Agent/1 (x)");
        check(r"GET http://[::1]:80/\x22 HTTP/1.1", "[::1]:80|GET|/\"||Agent/1 (x)");
        check("GET http://:80/a HTTP/1.1", "none|GET|/a||Agent/1 (x)");
        check("POST http://go.example/ HTTP/1.1", "other method");
        check("GET /a HTTP/1.1", "no such line");
        check("- http://go.example:80- -", "unreadable");
        check("- - - ", "unreadable");
    }
}
