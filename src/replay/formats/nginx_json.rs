//! nginx's `log_format … escape=json`: a JSON object a line, with the names of its
//! variables, or those that people give them.

use std::borrow::Cow;

use super::common::request_line;
use super::json::{Object, bytes, first};
use crate::replay::logged::{LogLine, LoggedRequest};

/// As it was sent, with its query.
const TARGETS: [&str; 2] = ["request_uri", "requestUri"];
/// The whole request line.
const REQUESTS: [&str; 2] = ["request", "request_line"];
/// What nginx has made of the path: without its query, escapes undone.
const PATHS: [&str; 6] = ["uri", "path", "request_path", "url", "document_uri", "uri_path"];
const QUERIES: [&str; 4] = ["args", "query_string", "query", "uri_query"];
const METHODS: [&str; 4] = ["request_method", "method", "requestMethod", "verb"];
/// What was asked for goes before which server it was. (`hostname` is that of the machine.)
const HOSTS: [&str; 6] = ["http_host", "host", "vhost", "virtual_host", "domain", "server_name"];
const REFERERS: [&str; 5] = ["http_referer", "referer", "http_referrer", "referrer", "httpReferer"];
const AGENTS: [&str; 5] = ["http_user_agent", "user_agent", "userAgent", "httpUserAgent", "agent"];

/// Reads an object that names a target. A line that names no method is of a GET.
pub fn read(line: &Object) -> Option<LogLine<'static>> {
    let request = first(line, &REQUESTS);
    let sent = request.and_then(|request| request_line(request.as_bytes()));
    let target = match (first(line, &TARGETS), sent) {
        (Some(target), _) => bytes(Some(target)),
        (None, Some((_, target))) => Cow::Owned(target.to_vec()),
        (None, None) => match first(line, &PATHS) {
            Some(path) => bytes(Some(&with_query(path, first(line, &QUERIES)))),
            // There was a request line, and it is none.
            None => return request.is_some().then_some(LogLine::Unreadable),
        },
    };
    let method = match (first(line, &METHODS), sent) {
        (Some(method), _) => method.as_bytes(),
        (None, Some((method, _))) => method,
        (None, None) => b"GET",
    };
    Some(LogLine::of(LoggedRequest {
        host: first(line, &HOSTS).filter(|host| is_host(host)).map(|host| bytes(Some(host))),
        method: Cow::Owned(method.to_vec()),
        target,
        referer: bytes(first(line, &REFERERS)),
        user_agent: bytes(first(line, &AGENTS)),
    }))
}

/// Whether it is a host, and not what nginx has for all of them or for some.
fn is_host(name: &str) -> bool {
    !name.starts_with(['_', '*', '.', '~'])
}

/// A path and its query; a space in the path is one that was escaped.
fn with_query(path: &str, query: Option<&str>) -> String {
    let path = path.replace(' ', "%20");
    match query {
        Some(query) if !path.contains('?') => {
            format!("{path}?{}", query.strip_prefix('?').unwrap_or(query))
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::formats::tests::check_objects;

    #[test]
    fn lines() {
        let check = |line: &str, wanted: &str| check_objects(super::read, line, wanted);
        check(
            r#"{"time_iso8601":"2026-11-27T08:00:00+00:00","msec":"1.5","request_method":"HEAD","request_uri":"/a?b","uri":"/a","args":"b","host":"go.example","status":"302","http_user_agent":"Agent","http_referer":"https://r.example/"}"#,
            "go.example|HEAD|/a?b|https://r.example/|Agent",
        );
        check(
            r#"{"request":"GET /a%20?b HTTP/1.1","status":302,"http_referer":"-","http_user_agent":""}"#,
            "none|GET|/a%20?b||",
        );
        check(
            r#"{"uri":"/a b","args":"c=d","server_name":"go.example"}"#,
            "go.example|GET|/a%20b?c=d||",
        );
        check(r#"{"uri":"/a","args":"","server_name":"_"}"#, "none|GET|/a||");
        check(r#"{"uri":"/a","server_name":"*.example","hostname":"web1"}"#, "none|GET|/a||");
        check(r#"{"path":"/a","query":"?b","method":"GET"}"#, "none|GET|/a?b||");
        check(r#"{"uri":"/a?b","args":"b"}"#, "none|GET|/a?b||");
        check(
            r#"{"host":"a.example","http_host":"go.example:81","uri":"/"}"#,
            "go.example:81|GET|/||",
        );
        check(r#"{"request_uri":"/","request_method":"POST"}"#, "other method");
        check(r#"{"request":"PUT / HTTP/1.1"}"#, "other method");
        check(r#"{"request_uri":"/\xC3\xA9"}"#, "none|GET|/%C3%A9||");
        check(r#"{"request":"","status":400}"#, "no such line");
        check(r#"{"request":"\\x16\\x03","status":400}"#, "unreadable");
        check(r#"{"status":400,"host":"go.example"}"#, "no such line");
    }
}
