//! Caddy's access log: a JSON object a line, with the request in it.
//!
//! ```text
//! {"logger":"http.log.access","request":{"method":"GET","host":…,"uri":…,"headers":{"User-Agent":[…]}},"status":302}
//! ```

use serde_json::Value;

use super::json::{Object, bytes, first};
use crate::replay::logged::{LogLine, LoggedRequest};

/// Reads an object whose `request` has a `uri`.
pub fn read(line: &Object) -> Option<LogLine<'static>> {
    let request = line.get("request")?.as_object()?;
    let target = first(request, &["uri"])?;
    let header = |name| {
        let headers = request.get("headers").and_then(Value::as_object);
        let values = headers.and_then(|headers| headers.get(name));
        // One text where a filter of the log has made one of them.
        values.and_then(|values| values.get(0).unwrap_or(values).as_str())
    };
    Some(LogLine::of(LoggedRequest {
        host: first(request, &["host"]).map(|host| bytes(Some(host))),
        method: bytes(first(request, &["method"])),
        target: bytes(Some(target)),
        referer: bytes(header("Referer")),
        user_agent: bytes(header("User-Agent")),
    }))
}

#[cfg(test)]
mod tests {
    use crate::replay::formats::tests::check_objects;

    #[test]
    fn lines() {
        let check = |request: &str, wanted: &str| {
            let line = format!(r#"{{"level":"info","ts":1.5,"request":{request},"status":302}}"#);
            check_objects(super::read, &line, wanted);
        };
        check(
            r#"{"remote_ip":"192.0.2.1","proto":"HTTP/2.0","method":"GET","host":"go.example","uri":"/a?b","headers":{"User-Agent":["Agent"],"Referer":["https://r.example/"]},"tls":{}}"#,
            "go.example|GET|/a?b|https://r.example/|Agent",
        );
        check(
            r#"{"method":"HEAD","uri":"/","headers":{"User-Agent":"Agent"}}"#,
            "none|HEAD|/||Agent",
        );
        check(r#"{"method":"GET","uri":"/"}"#, "none|GET|/||");
        check(r#"{"method":"POST","uri":"/"}"#, "other method");
        check(r#"{"method":"GET","uri":"/\r\nx: y"}"#, "unreadable");
        check(r#"{"method":"GET","host":"a\nb","uri":"/"}"#, "none|GET|/||");
        check(r#"{"uri":"/"}"#, "unreadable");
        check(r#"{"method":"GET"}"#, "no such line");
        check(r#""GET / HTTP/1.1""#, "no such line");
    }
}
