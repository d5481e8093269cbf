//! What a request head is and is not; each case names its clause.

use super::head::careful;
use super::quick;
use super::{Keep, Method, Parsed, Refusal, Request, parse};
use crate::limits::{
    EMPTY_LINES_MAX, REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, REQUEST_TARGET_BYTES_MAX,
};

/// Parses `input`, and shorter parts of it, all of them where they are few: what
/// is decided early must be what is decided with everything there.
fn outcome(input: &[u8]) -> Parsed {
    let all = parse(input);
    assert_eq!(all, careful(input), "the quick reader and the careful one differ");
    let near_an_end = |end: &usize| *end < 1_000 || *end > input.len() - 500;
    let parts = (0..input.len()).filter(|end| near_an_end(end) || end % 31 == 0);
    let first = parts.map(|end| parse(&input[..end])).find(|p| *p != Parsed::Partial);
    if let Some(first) = first {
        assert_eq!(first, all, "a part was decided otherwise than the whole");
    }
    all
}

#[track_caller]
fn whole(input: &str) -> Request {
    match outcome(input.as_bytes()) {
        Parsed::Whole(request) => request,
        other => panic!("{other:?}: {input:?}"),
    }
}

#[track_caller]
fn refused(input: impl AsRef<[u8]>, refusal: Refusal) {
    assert_eq!(outcome(input.as_ref()), Parsed::Refused(refusal));
}

#[track_caller]
fn bad(input: impl AsRef<[u8]>) {
    refused(input, Refusal::BadRequest);
}

/// `host path query`, `-` for nothing.
#[track_caller]
fn target(input: &str, expected: &str) {
    let request = whole(input);
    let bytes = input.as_bytes();
    let parts = [request.host, request.path, request.query].map(|span| match span.of(bytes) {
        [] => "-".to_owned(),
        part => String::from_utf8_lossy(part).into_owned(),
    });
    assert_eq!(parts.join(" "), expected);
}

#[track_caller]
fn keep(input: &str, keep: Keep, body: bool) {
    let request = whole(input);
    assert_eq!((request.keep, request.body), (keep, body));
}

/// A browser's request, changed in a few places at random: the quick reader
/// takes nothing that the careful one would take otherwise.
#[test]
fn quick_is_careful() {
    let seed = fastrand::u64(..);
    println!("SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let pieces: [&[u8]; 24] = [
        b"GET /a/b?c=d HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n",
        b"HEAD /a HTTP/1.0\r\n",
        b"Host: go.example:80\r\n",
        b"host:h\r\n",
        b"Connection: keep-alive\r\n",
        b"Connection: close\r\n",
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n",
        b"Referer:  https://news.example/front-page?x=y \t\r\n",
        b"Sec-Purpose: prefetch\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: 7\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"X_Odd~Name: \xff\x80\r\n",
        b"Empty:\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b":",
        b" ",
        b"\t",
        b"\0",
        b"\x7f",
        b"#",
    ];
    let mut agreed = 0;
    for _ in 0..20_000 {
        let mut input = pieces[random.usize(..2)].to_vec();
        input.extend_from_slice(pieces[3]);
        for _ in 0..random.usize(..12) {
            input.extend_from_slice(pieces[random.usize(4..15)]);
        }
        input.extend_from_slice(b"\r\n");
        for _ in 0..random.usize(..3) {
            let at = random.usize(..input.len());
            match random.u8(..3) {
                0 => input[at] = random.u8(..),
                1 => drop(input.splice(at..at, random.choice(pieces).unwrap().iter().copied())),
                _ => drop(input.remove(at)),
            }
        }
        if let Some(quick) = quick::parse(&input) {
            assert_eq!(quick, careful(&input), "{}", input.escape_ascii());
            agreed += 1;
        }
    }
    println!("{agreed} of 20000 taken");
}

#[test]
fn spans_are_the_fields() {
    let text = "GET /a?b=c HTTP/1.1\r\nHost: x.example\r\nReferer: http://r/\r\n\
                user-agent: curl/8 (x)\r\nSec-Purpose: prefetch;prerender\r\n\r\nGET /next";
    let request = whole(text);
    let bytes = text.as_bytes();
    assert_eq!(usize::from(request.size), text.len() - "GET /next".len());
    assert_eq!(request.method, Method::Get);
    assert_eq!(request.path_and_query().of(bytes), b"/a?b=c");
    assert_eq!(request.referer.of(bytes), b"http://r/");
    assert_eq!(request.user_agent.of(bytes), b"curl/8 (x)");
    assert!(request.prefetch);
}

// RFC 9112 §3.2: request target.
#[test]
fn origin_form() {
    target("GET /a/b?c=d?e HTTP/1.1\r\nHost: h:80\r\n\r\n", "h:80 /a/b ?c=d?e");
}
#[test]
fn absolute_form_uses_its_own_authority() {
    target("GET http://a.example/p?q HTTP/1.1\r\nHost: b\r\n\r\n", "a.example /p ?q");
}
#[test]
fn absolute_form_any_case_of_scheme() {
    target("GET HTTPS://a.example/p HTTP/1.1\r\nHost: b\r\n\r\n", "a.example /p -");
}
#[test]
fn absolute_form_without_path() {
    target("GET http://a.example?q HTTP/1.1\r\nHost: b\r\n\r\n", "a.example - ?q");
}
#[test]
fn absolute_form_with_userinfo() {
    bad("GET http://u@a.example/ HTTP/1.1\r\nHost: b\r\n\r\n");
}
#[test]
fn absolute_form_without_host() {
    bad("GET http:///p HTTP/1.1\r\nHost: b\r\n\r\n");
}
#[test]
fn fragment_is_cut() {
    target("GET /a?b#c HTTP/1.1\r\nHost: h\r\n\r\n", "h /a ?b");
}
#[test]
fn neither_form() {
    bad("GET a/b HTTP/1.1\r\nHost: h\r\n\r\n");
}
#[test]
fn asterisk_form_is_no_get() {
    assert_eq!(whole("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").method, Method::Other);
    bad("GET * HTTP/1.1\r\nHost: h\r\n\r\n");
    bad("POST * HTTP/1.1\r\nHost: h\r\n\r\n");
}
#[test]
fn connect_is_no_get() {
    assert_eq!(whole("CONNECT a:443 HTTP/1.1\r\nHost: h\r\n\r\n").method, Method::Other);
}
#[test]
fn methods_are_case_sensitive() {
    assert_eq!(whole("get / HTTP/1.1\r\nHost: h\r\n\r\n").method, Method::Other);
}
#[test]
fn raw_utf8_in_the_target_is_taken() {
    target("GET /caf\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n", "h /caf\u{e9} -");
}

// RFC 9112 §3.2, RFC 9110 §7.2: Host.
#[test]
fn host_missing_in_1_1() {
    bad("GET / HTTP/1.1\r\n\r\n");
}
#[test]
fn host_missing_in_1_0() {
    target("GET / HTTP/1.0\r\n\r\n", "- / -");
}
#[test]
fn host_twice() {
    bad("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n");
}
#[test]
fn host_twice_in_1_0() {
    bad("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
}
#[test]
fn host_empty() {
    target("GET / HTTP/1.1\r\nHost:\r\n\r\n", "- / -");
}
#[test]
fn host_invalid() {
    for host in ["a b", "a/b", "u@h", "a:b", "[::1", "[x]", "a:123456", "[]", "a\tb", "é"] {
        bad(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    }
}
#[test]
fn host_literal() {
    target("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "[::1]:8080 / -");
}

// RFC 9112 §6.1, §6.3: framing.
#[test]
fn content_length_zero_is_no_body() {
    keep("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", Keep::Alive, false);
}
#[test]
fn content_length_is_a_body() {
    keep("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", Keep::Close, true);
}
#[test]
fn content_length_repeated_alike() {
    keep(
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        Keep::Close,
        true,
    );
}
#[test]
fn content_length_conflicting() {
    bad("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
}
#[test]
fn content_length_malformed() {
    for length in ["", "x", "-1", "+1", "5, 5", "5;", "0x5", "1 2", "18446744073709551616"] {
        bad(format!("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"));
    }
}
#[test]
fn transfer_encoding_is_a_body() {
    keep(
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n",
        Keep::Close,
        true,
    );
}
#[test]
fn transfer_encoding_not_chunked_last() {
    let chunked = "\r\nTransfer-Encoding: chunked";
    let last = format!("gzip{chunked}");
    keep(
        &format!("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {last}\r\n\r\n"),
        Keep::Close,
        true,
    );
    let twice =
        [format!("chunked{chunked}"), format!("chunked\r\nTransfer-Encoding: gzip{chunked}")];
    let once = ["gzip", "chunked, gzip", "", ",", "chunked;x", "chunked, chunked"];
    let after = ["chunked\r\nTransfer-Encoding: gzip", "chunked, , chunked"];
    for coding in once.into_iter().chain(after).chain(twice.iter().map(|it| &**it)) {
        bad(format!("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {coding}\r\n\r\n"));
    }
}

#[test]
fn who_only_looks_ahead_says_so_in_many_ways() {
    let looks_ahead =
        |field: &str| whole(&format!("GET / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n")).prefetch;
    for field in [
        "Sec-Purpose: prefetch",
        "sec-purpose: Prefetch;prerender",
        "Purpose: preview",
        "Purpose: prefetch ",
        "X-Purpose: preview",
        "X-Purpose: instant",
        "X-Moz: prefetch",
    ] {
        assert!(looks_ahead(field), "{field}");
    }
    for field in ["X-Purpose: ads", "X-Moz: prefetched", "Purpose:", "X-Mozy: prefetch"] {
        assert!(!looks_ahead(field), "{field}");
    }
}
#[test]
fn transfer_encoding_with_content_length() {
    bad("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n");
}
#[test]
fn transfer_encoding_in_1_0() {
    bad("GET / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
}

// RFC 9112 §9.3: persistence.
#[test]
fn persistence() {
    keep("GET / HTTP/1.1\r\nHost: h\r\n\r\n", Keep::Alive, false);
    keep("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n", Keep::Close, false);
    keep("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", Keep::Alive, false);
    keep("GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", Keep::Alive, false);
    keep("GET / HTTP/1.0\r\n\r\n", Keep::Close, false);
    keep("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", Keep::AliveSaid, false);
    keep("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", Keep::Close, false);
}

// RFC 9112 §2.2, §5: line ends and field lines.
#[test]
fn bare_lf() {
    bad("GET / HTTP/1.1\nHost: h\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: h\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: h\r\n\n");
    bad("GET / HTTP/1.1\n\n");
    bad("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
}
#[test]
fn bare_cr() {
    bad("GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n");
    bad("\rGET / HTTP/1.1\r\nHost: h\r\n\r\n");
}
#[test]
fn obs_fold() {
    bad("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n");
    bad("GET / HTTP/1.1\r\n Host: h\r\n\r\n");
}
#[test]
fn space_before_the_colon() {
    bad("GET / HTTP/1.1\r\nHost : h\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: h\r\nA\t: b\r\n\r\n");
}
#[test]
fn no_colon() {
    bad("GET / HTTP/1.1\r\nHost: h\r\nabc\r\n\r\n");
    bad("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n");
}
#[test]
fn control_bytes() {
    for byte in (0..32).chain([127]).filter(|b| !matches!(b, b'\t' | b'\r' | b'\n')) {
        let byte = char::from(byte);
        bad(format!("GET / HTTP/1.1\r\nHost: h\r\nA: b{byte}c\r\n\r\n"));
        bad(format!("GET /{byte} HTTP/1.1\r\nHost: h\r\n\r\n"));
        bad(format!("GET / HTTP/1.1\r\nHost: h\r\nA{byte}: b\r\n\r\n"));
    }
}
#[test]
fn more_than_one_space_in_the_request_line() {
    bad("GET  / HTTP/1.1\r\nHost: h\r\n\r\n");
    bad("GET /  HTTP/1.1\r\nHost: h\r\n\r\n");
    bad("GET / HTTP/1.1 \r\nHost: h\r\n\r\n");
    bad("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n");
}
#[test]
fn other_versions() {
    for version in ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3", "http/1.1", "HTTPS/1.1", ""] {
        bad(format!("GET / {version}\r\nHost: h\r\n\r\n"));
    }
    bad("GET /\r\n\r\n");
}
#[test]
fn other_protocols() {
    bad("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    bad(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    bad(b"SSH-2.0-OpenSSH_9.6\r\n");
}
#[test]
fn empty_lines_before_the_request() {
    let with = |lines| format!("{}GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n".repeat(lines));
    let text = with(EMPTY_LINES_MAX);
    target(&text, "h / -");
    assert_eq!(usize::from(whole(&text).size), text.len());
    bad(with(EMPTY_LINES_MAX + 1));
}

// RFC 9110 §15.5.15, RFC 6585 §5: limits.
#[test]
fn longest_target() {
    let line = |size| format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(size - 1));
    whole(&line(REQUEST_TARGET_BYTES_MAX));
    refused(line(REQUEST_TARGET_BYTES_MAX + 1), Refusal::TargetTooLong);
    refused(line(REQUEST_TARGET_BYTES_MAX + 900), Refusal::TargetTooLong);
}
#[test]
fn a_fault_beyond_the_longest_line_comes_too_late() {
    let long = "a".repeat(REQUEST_TARGET_BYTES_MAX + 900);
    refused(format!("GET /{long} HTTP/9.9\r\n\r\n"), Refusal::TargetTooLong);
    refused(format!("GET /{long} HTTP/1.1\n\r\n\r\n"), Refusal::TargetTooLong);
    refused(format!("GET /{long}\0{long}"), Refusal::TargetTooLong);
    bad(format!("GET /\0{long}"));
}
#[test]
fn most_fields() {
    let with = |count| {
        let fields: String = (1..count).map(|n| format!("A{n}: b\r\n")).collect();
        format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
    };
    whole(&with(REQUEST_FIELDS_MAX));
    refused(with(REQUEST_FIELDS_MAX + 1), Refusal::FieldsTooLarge);
}
#[test]
fn longest_head() {
    let around = "GET / HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n".len();
    let with = |size: usize| {
        format!("GET / HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", "a".repeat(size - around))
    };
    whole(&with(REQUEST_HEAD_BYTES_MAX));
    refused(with(REQUEST_HEAD_BYTES_MAX + 1), Refusal::FieldsTooLarge);
    refused(with(REQUEST_HEAD_BYTES_MAX * 2), Refusal::FieldsTooLarge);
}
