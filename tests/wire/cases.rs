//! What goes over the wire, and what comes back. One case a line; the name of
//! its clause is part of the case.

use carom::limits::{
    REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, REQUEST_TARGET_BYTES_MAX, REQUESTS_PER_ROUND_MAX,
};

use crate::options;

/// The links of every case.
pub const LINKS: &str = "\
/a https://a.example/
/b https://b.example/ 301
/c https://c.example/ 307
/gone 410
own.example/a https://own.example/
/p/* https://p.example/x/:splat
/q?id=7&k=2 https://q.example/both
/q?id=7 https://q.example/id
/q https://q.example/none
/keep https://k.example/?ref=mine#top query=keep
/over https://o.example/?ref=mine query=override
/drop https://d.example/ query=drop
/pk/* https://k.example/:splat query=keep
/cached https://c.example/ 301 cache=3600
/private https://c.example/{host} cache=60
/gone-cached 410 cache=60 tag=gone
/referrer https://r.example/ referrer=no-referrer cache=0
/early https://e.example/ 301 from=9999-01-01T00:00:00Z cache=60
/early-else https://e.example/ 308 from=9999-01-01T00:00:00Z else=https://soon.example/{slug}
/late https://l.example/ until=1980-01-01T00:00:00Z referrer=origin
/late-else/* https://l.example/:splat until=1980-01-01T00:00:00+02:00 else=https://over.example/:splat query=keep
/now https://n.example/ from=1980-01-01T00:00:00Z until=9999-12-31T23:59:59Z cache=60
/id https://i.example/ id=7
/slash https://s.example/ slash=ignore punctuation=ignore
/slashes/* https://s.example/:splat slash=ignore
/tag https://t.example/ tag=spring-sale
/m/slug https://m.example/{slug}?s={slug}
/m/query https://m.example/?x=1&{query}#f
/m/value https://m.example/?q={query}
/m/name https://m.example/{query:p}/?p={query:p}
/m/ua https://m.example/?u={ua}&r={referer}
/m/host https://m.example/{host}
/m/all https://m.example/?i={query:i}&u={ua}#{slug}{host} 307 query=keep cache=5 referrer=unsafe-url id=18446744073709551615 tag=all nocase
";

/// One conversation.
pub struct Case {
    /// The clause that it is about.
    pub clause: &'static str,
    /// What the client sends.
    pub input: Vec<u8>,
    /// Statuses and targets that come back, before a target what is said of caches
    /// and referrers unless that is the usual; `close` at the end where the server
    /// ends the connection by itself.
    pub expected: String,
}

pub fn case(clause: &'static str, input: impl AsRef<[u8]>, expected: &str) -> Case {
    Case { clause, input: input.as_ref().to_vec(), expected: expected.to_owned() }
}

pub const A: &str = "302 https://a.example/";
pub const GET_A: &str = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

pub fn head(line: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

/// A request line of any bytes, as [`head`] makes one of text.
fn bytes_head(line: &[u8]) -> Vec<u8> {
    [line, b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat()
}

/// Every case.
pub fn all() -> Vec<Case> {
    let of_requests =
        [matching(), host(), targets(), methods(), framing(), syntax(), limits(), persistence()];
    of_requests.into_iter().flatten().chain(options::cases()).collect()
}

fn matching() -> Vec<Case> {
    let get = |path: &str| head(&format!("GET {path}"), "User-Agent: ua\r\nReferer: r\r\n");
    vec![
        case("exact path", get("/a"), A),
        case("status of the link", get("/b"), "301 https://b.example/"),
        case("status of the link", get("/c"), "307 https://c.example/"),
        case("410 without target", get("/gone"), "410"),
        case("unknown key", get("/none"), "404"),
        case("paths are case-sensitive", get("/A"), "404"),
        case("prefix with splat", get("/p/y/z"), "302 https://p.example/x/y/z"),
        case("splat is encoded", get("/p/%0d%0aX:%20y"), "302 https://p.example/x/%0D%0AX:%20y"),
        case("splat: raw bytes are encoded", get("/p/\u{e9}"), "302 https://p.example/x/%C3%A9"),
        case("query key, any order", get("/q?k=2&z&id=7"), "302 https://q.example/both"),
        case("query key, fewer parameters", get("/q?id=7&k=3"), "302 https://q.example/id"),
        case("query key, none matches", get("/q?id=8"), "302 https://q.example/none"),
        case("query is dropped", get("/a?x=1"), A),
        case("RFC 3986 §6.2.2.2 unreserved escapes", get("/%61"), A),
        case("RFC 3986 §6.2.2.3 dot segments", get("/p/../x/./../a"), A),
        case("merged slashes", get("//a"), A),
        case("robots.txt", get("/robots.txt"), "200 max-age=86400"),
        case("favicon.ico", get("/favicon.ico"), "204 max-age=86400"),
    ]
}

fn host() -> Vec<Case> {
    let host = |fields: &str| format!("GET /a HTTP/1.1\r\n{fields}\r\n");
    vec![
        case(
            "RFC 9110 §7.2 host of a link",
            host("Host: own.example\r\n"),
            "302 https://own.example/",
        ),
        case("RFC 9110 §4.2.3 any case", host("hOST: OWN.Example\r\n"), "302 https://own.example/"),
        case("port is ignored", host("Host: own.example:8080\r\n"), "302 https://own.example/"),
        case("RFC 9112 §3.2 empty Host", host("Host:\r\n"), A),
        case("RFC 9112 §3.2 no Host", host("X: y\r\n"), "400 close"),
        case("RFC 9112 §3.2 two Hosts", host("Host: a\r\nHost: a\r\n"), "400 close"),
        case("RFC 9112 §3.2 invalid Host", host("Host: a b\r\n"), "400 close"),
        case("RFC 9112 §3.2 invalid Host", host("Host: u@a\r\n"), "400 close"),
        case("RFC 9112 §3.2 1.0 needs no Host", "GET /a HTTP/1.0\r\n\r\n", &format!("{A} close")),
    ]
}

fn targets() -> Vec<Case> {
    vec![
        case(
            "RFC 9112 §3.2.2 absolute-form",
            head("GET http://own.example/a", ""),
            "302 https://own.example/",
        ),
        case(
            "RFC 9112 §3.2.2 https",
            head("GET HTTPS://own.example:1/a", ""),
            "302 https://own.example/",
        ),
        case("RFC 9112 §3.2.2 empty path", head("GET http://own.example", ""), "404"),
        case("RFC 9112 §3.2.2 userinfo", head("GET http://u@own.example/a", ""), "400 close"),
        case("RFC 9112 §3.2.4 asterisk-form", head("OPTIONS *", ""), "405"),
        case("RFC 9112 §3.2.4 asterisk-form of GET", head("GET *", ""), "400 close"),
        case("RFC 9112 §3.2.4 asterisk-form of POST", head("POST *", ""), "400 close"),
        case("not UTF-8", bytes_head(b"GET /a?utm=\xe9t\xe9"), A),
        case("not UTF-8, an unknown key", bytes_head(b"GET /caf\xe9"), "404"),
        case("not UTF-8, filled in", bytes_head(b"GET /p/\xe9"), "302 https://p.example/x/%E9"),
        case(
            "not UTF-8, handed on",
            bytes_head(b"GET /keep?a=\xff"),
            "302 https://k.example/?ref=mine&a=%FF#top",
        ),
        case("not UTF-8, in a method", bytes_head(b"G\xe9T /a"), "400 close"),
        case("not UTF-8, a HEAD", bytes_head(b"HEAD /a?\xe9"), A),
        case("RFC 9112 §3.2.3 authority-form", head("CONNECT a:443", ""), "405"),
        case("RFC 9112 §3.2 no form", head("GET a", ""), "400 close"),
        case("fragment", head("GET /a#b", ""), A),
    ]
}

fn methods() -> Vec<Case> {
    vec![
        case("HEAD as GET", head("HEAD /a", ""), A),
        case("HEAD of robots.txt", head("HEAD /robots.txt", ""), "200 max-age=86400"),
        case("RFC 9110 §15.5.6 POST", head("POST /a", ""), "405"),
        case("RFC 9110 §15.4.8 POST", head("POST /c", ""), "307 https://c.example/"),
        case("RFC 9110 §15.4.8 PUT", head("PUT /c", ""), "307 https://c.example/"),
        case("RFC 9110 §15.4.8 PATCH", head("PATCH /c", ""), "307 https://c.example/"),
        case("RFC 9110 §15.4.8 DELETE", head("DELETE /c", ""), "307 https://c.example/"),
        case(
            "RFC 9110 §15.4.8 with a body",
            head("POST /c", "Content-Length: 3\r\n") + "a=b",
            "307 https://c.example/ close",
        ),
        case(
            "RFC 9110 §15.4.9 before its time",
            head("POST /early-else", ""),
            "307 https://soon.example/early-else",
        ),
        case("POST where there is no link", head("POST /none", ""), "405"),
        case("POST of robots.txt", head("POST /robots.txt", ""), "405"),
        case("RFC 9110 §15.5.6 OPTIONS", head("OPTIONS /a", ""), "405"),
        case("RFC 9110 §15.5.6 other", head("FOO /a", ""), "405"),
        case("RFC 9110 §9.1 case-sensitive", head("get /a", ""), "405"),
    ]
}

fn framing() -> Vec<Case> {
    let with = |fields: &str| head("GET /a", fields);
    let body = |fields: &str, body: &str| head("GET /a", fields) + body;
    let close = format!("{A} close");
    vec![
        case(
            "Content-Length 0 is no body",
            with("Content-Length: 0\r\n") + GET_A,
            &format!("{A} {A}"),
        ),
        case("a body is no request", body("Content-Length: 26\r\n", GET_A), &close),
        case("a body is no request", body("Content-Length: 5\r\n", "12345") + GET_A, &close),
        case("a chunked body", body("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), &close),
        case("a body after POST", head("POST /a", "Content-Length: 3\r\n") + "a=b", "405 close"),
        case(
            "RFC 9110 §10.1.1 Expect",
            body("Content-Length: 3\r\nExpect: 100-continue\r\n", ""),
            &close,
        ),
        case("RFC 9110 §10.1.1 Expect, no body", with("Expect: 100-continue\r\n"), A),
        case(
            "RFC 9112 §6.3 different lengths",
            with("Content-Length: 1\r\nContent-Length: 2\r\n"),
            "400 close",
        ),
        case("RFC 9112 §6.3 a list of lengths", with("Content-Length: 1, 1\r\n"), "400 close"),
        case("RFC 9112 §6.3 malformed length", with("Content-Length: -1\r\n"), "400 close"),
        case("RFC 9112 §6.3 malformed length", with("Content-Length: 1x\r\n"), "400 close"),
        case("RFC 9112 §6.3 empty length", with("Content-Length:\r\n"), "400 close"),
        case(
            "RFC 9112 §6.1 both framings",
            with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
            "400 close",
        ),
        case("RFC 9112 §6.3 chunked not last", with("Transfer-Encoding: gzip\r\n"), "400 close"),
        case(
            "RFC 9112 §6.1 transfer coding in 1.0",
            "GET /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "400 close",
        ),
    ]
}

fn syntax() -> Vec<Case> {
    let with = |field: &str| head("GET /a", field);
    vec![
        case("RFC 9112 §2.2 bare LF", "GET /a HTTP/1.1\nHost: x\n\n", "400 close"),
        case("RFC 9112 §2.2 bare LF", "GET /a HTTP/1.1\r\nHost: x\n\r\n", "400 close"),
        case("RFC 9112 §2.2 bare LF at the end", "GET /a HTTP/1.1\r\nHost: x\r\n\n", "400 close"),
        case("RFC 9112 §2.2 bare CR", with("A: b\rc\r\n"), "400 close"),
        case("RFC 9112 §2.2 empty line before", format!("\r\n{GET_A}"), A),
        case(
            "RFC 9112 §2.2 empty line between",
            format!("{GET_A}\r\n{GET_A}"),
            &format!("{A} {A}"),
        ),
        case("RFC 9112 §5.2 obs-fold", with("A: b\r\n c\r\n"), "400 close"),
        case("RFC 9112 §5.1 space before the colon", with("A : b\r\n"), "400 close"),
        case("RFC 9112 §5 no colon", with("abc\r\n"), "400 close"),
        case("RFC 9110 §5.5 NUL", with("A: b\0c\r\n"), "400 close"),
        case("RFC 9110 §5.5 CTL", with("A: b\x7fc\r\n"), "400 close"),
        case("RFC 9112 §3 CTL in the target", head("GET /\x01", ""), "400 close"),
        case("RFC 9112 §3 two spaces", head("GET  /a", ""), "400 close"),
        case("RFC 9112 §2.3 HTTP/2.0", "GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "400 close"),
        case("RFC 9112 §2.3 HTTP/1.2", "GET /a HTTP/1.2\r\nHost: x\r\n\r\n", "400 close"),
        case("RFC 9112 §2.3 HTTP/0.9", "GET /a\r\n\r\n", "400 close"),
        case("RFC 9113 §3.4 HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 close"),
        case(
            "TLS ClientHello",
            b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\x00\x0a",
            "400 close",
        ),
        case("after a bad request nothing is answered", format!("x\r\n\r\n{GET_A}"), "400 close"),
        case(
            "before a bad request all is answered",
            format!("{GET_A}x\r\n\r\n"),
            &format!("{A} 400 close"),
        ),
    ]
}

fn limits() -> Vec<Case> {
    let target = |size: usize| head(&format!("GET /{}", "t".repeat(size - 1)), "");
    let fields = |count: usize| head("GET /a", &"A: b\r\n".repeat(count - 1));
    let bare = head("GET /a", "A: \r\n").len();
    let sized = |size: usize| head("GET /a", &format!("A: {}\r\n", "b".repeat(size - bare)));
    vec![
        case("longest target", target(REQUEST_TARGET_BYTES_MAX), "404"),
        case("RFC 9110 §15.5.15 target", target(REQUEST_TARGET_BYTES_MAX + 1), "414 close"),
        case("RFC 9110 §15.5.15 line", target(2 * REQUEST_TARGET_BYTES_MAX), "414 close"),
        case("most fields", fields(REQUEST_FIELDS_MAX), A),
        case("RFC 6585 §5 fields", fields(REQUEST_FIELDS_MAX + 1), "431 close"),
        case("longest head", sized(REQUEST_HEAD_BYTES_MAX), A),
        case("RFC 6585 §5 head", sized(REQUEST_HEAD_BYTES_MAX + 1), "431 close"),
    ]
}

fn persistence() -> Vec<Case> {
    let with = |version: &str, connection: &str| {
        format!("GET /a HTTP/{version}\r\nHost: x\r\nConnection: {connection}\r\n\r\n")
    };
    let many = 3 * REQUESTS_PER_ROUND_MAX + 1;
    vec![
        case("RFC 9112 §9.3 1.1 goes on", GET_A.repeat(3), &format!("{A} {A} {A}")),
        case("RFC 9112 §9.6 close", with("1.1", "close"), &format!("{A} close")),
        case(
            "RFC 9112 §9.6 nothing after close",
            with("1.1", "Close") + GET_A,
            &format!("{A} close"),
        ),
        case("RFC 9112 §9.3 1.0 ends", "GET /a HTTP/1.0\r\n\r\n".repeat(2), &format!("{A} close")),
        case(
            "RFC 9112 §9.3 1.0 keep-alive",
            with("1.0", "keep-alive").repeat(2),
            &format!("{A} {A}"),
        ),
        case("RFC 9112 §9.3.2 pipelining", GET_A.repeat(many), &[A].repeat(many).join(" ")),
        case("405 goes on", head("POST /a", "") + GET_A, &format!("405 {A}")),
        case("an unfinished head gets nothing", "GET /a HTTP/1.1\r\nHost: x\r\n", ""),
    ]
}
