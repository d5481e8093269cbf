//! `carom links replay`: logs of every format, compressed or not.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::common::{Ran, carom};
use crate::replay::Case;

const LINKS: [&str; 2] = [
    "go.example/lost https://lost.example/\ngo.example/q?id=7 https://old.example/\n",
    "go.example/q?id=7 https://new.example/\n",
];

/// Of each format: a lost link, one that leads elsewhere, a POST, and a line that is no
/// request.
const LOGS: [(&str, &str); 7] = [
    (
        "combined",
        r#"203.0.113.9, 10.0.0.1 - - [27/Nov/2026:08:00:00 +0000] "GET /lost HTTP/1.1" 302 0 "-" "Agent"
go.example 203.0.113.9, 10.0.0.1 - - [27/Nov/2026:08:00:00 +0000] "GET /q?id=7 HTTP/1.1" 302 0 "-" "Agent"
"203.0.113.9, 10.0.0.1" - - [27/Nov/2026:08:00:00 +0000] "POST /lost HTTP/1.1" 405 0 "-" "Agent"
203.0.113.9 - - [27/Nov/2026:08:00:00 +0000] "\x16\x03\x01" 400 0 "-" "-"
"#,
    ),
    (
        "caddy",
        r#"{"level":"info","ts":1795766400.5,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"go.example","uri":"/lost","headers":{"User-Agent":["Agent"],"Referer":["https://r.example/"]},"tls":{"version":772}},"size":0,"status":302}
{"level":"info","request":{"method":"GET","host":"go.example:8443","uri":"/q?id=7","headers":{}},"status":302}
{"level":"info","request":{"method":"POST","host":"go.example","uri":"/lost","headers":{}},"status":405}
{"level":"info","ts":1795766400.6,"msg":"serving initial configuration"}
"#,
    ),
    (
        "nginx-json",
        r#"{"time_iso8601":"2026-11-27T08:00:00+00:00","request_uri":"/lost","host":"go.example","status":"302","http_user_agent":"Agent","http_referer":""}
{"msec":"1795766400.500","uri":"/q","args":"id=7","host":"go.example","status":302,"http_user_agent":"a \x22b\x22"}
{"request":"POST /lost HTTP/1.1","host":"go.example","status":405}
{"time_iso8601":"2026-11-27T08:00:00+00:00","status":400}
"#,
    ),
    (
        "cloudfront",
        "#Version: 1.0\n\
         #Fields: date time cs-method cs(Host) cs-uri-stem sc-status cs(User-Agent) cs-uri-query x-host-header\n\
         2026-11-27\t08:00:00\tGET\td1.cloudfront.net\t/lost\t302\tAgent%20x\t-\tgo.example\n\
         2026-11-27\t08:00:00\tGET\tgo.example\t/q\t302\tAgent\tid=7\t-\n\
         2026-11-27\t08:00:00\tPOST\td1.cloudfront.net\t/lost\t405\tAgent\t-\tgo.example\n\
         2026-11-27\t08:00:00\n",
    ),
    (
        "cloudfront-json",
        r#"{"date":"2026-11-27","cs-method":"GET","cs(Host)":"d1.cloudfront.net","cs-uri-stem":"/lost","sc-status":"302","cs-uri-query":"-","x-host-header":"go.example"}
{"timestamp":"1795766400.5","cs-method":"GET","cs-host":"go.example","cs-uri-stem":"/q?id=7","cs-uri-query":"id=7","cs-user-agent":"Agent%20x"}
{"cs-method":"POST","cs-host":"go.example","cs-uri-stem":"/lost"}
{"cs-method":"GET","cs-host":"go.example"}
"#,
    ),
    (
        "alb",
        r#"https 2026-11-27T08:00:00.186641Z app/lb/50dc 203.0.113.9:2817 10.0.0.1:80 0.086 0.048 0.037 302 302 0 57 "GET https://go.example:443/lost HTTP/1.1" "Agent" ECDHE TLSv1.2 arn "Root=1" "go.example" "arn" 1
2026-11-27T08:00:00.186641Z lb 203.0.113.9:2817 10.0.0.1:80 0.1 0.1 0.1 302 302 0 29 "GET http://go.example:80/q?id=7 HTTP/1.1" "Agent" - -
h2 2026-11-27T08:00:00.186641Z app/lb/50dc 203.0.113.9:2817 10.0.0.1:80 0.086 0.048 0.037 405 405 0 57 "POST https://go.example:443/lost HTTP/2.0" "Agent" ECDHE TLSv1.2 arn
http 2026-11-27T08:00:00.186641Z app/lb/50dc 203.0.113.9:2817 - -1 -1 -1 400 - 0 57 "- http://go.example:80- -" "-" - - -
"#,
    ),
    // As it comes from nginx through syslog.
    (
        "nginx-json",
        r#"<190>Nov 27 08:00:00 web nginx: {"request":"GET /lost HTTP/1.1","http_host":"go.example"}
<190>Nov 27 08:00:00 web nginx: {"request_uri":"/q?id=7","request_method":"GET","http_host":"go.example"}
<190>Nov 27 08:00:00 web nginx: {"request":"POST /lost HTTP/1.1","http_host":"go.example"}
<190>Nov 27 08:00:00 web nginx: started
"#,
    ),
];

fn case(log: &[u8]) -> Case {
    let case = Case::new();
    for (name, bytes) in
        [("a.txt", LINKS[0].as_bytes()), ("b.txt", LINKS[1].as_bytes()), ("log", log)]
    {
        std::fs::write(case.path(name), bytes).unwrap();
    }
    case
}

fn replay(log: &[u8], flags: &[&str]) -> Ran {
    let flags = [&["--host", "go.example"], flags].concat();
    case(log).between(["log", "a.txt", "b.txt"], &flags)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn totals(ran: &Ran) -> Value {
    let last: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    last["totals"].clone()
}

#[test]
fn every_format_is_told_or_named() {
    for (name, log) in LOGS {
        for flags in [&["--json"][..], &["--json", "--log-format", name]] {
            let ran = replay(log.as_bytes(), flags);
            assert_eq!(ran.code, Some(1), "{ran:?}");
            let totals = totals(&ran);
            let kinds = json!({ "lost": 1, "new": 0, "target": 1, "status": 0, "fields": 0 });
            assert_eq!(totals["by_kind"], kinds, "{name}: {ran:?}");
            let counts = ["lines", "requests", "other_methods", "unreadable"];
            assert_eq!(counts.map(|count| &totals[count]), [4, 2, 1, 1], "{name}: {ran:?}");
            let number = log.lines().count();
            let shown = format!("log:{number}: no request: ");
            assert!(ran.err.contains(&shown) && ran.err.lines().count() == 1, "{ran:?}");
        }
    }
}

#[test]
fn formats_in_one_log_are_told_line_by_line() {
    let log: String = LOGS.iter().map(|(_, log)| *log).collect();
    let ran = replay(log.as_bytes(), &["--json"]);
    assert_eq!(totals(&ran)["requests"], 14, "{ran:?}");
    assert!(ran.err.contains("log: 4 more lines are no request\n"), "{ran:?}");
    let ran = replay(log.as_bytes(), &["--json", "--sample", "1000"]);
    assert_eq!(totals(&ran)["different"], 14, "{ran:?}");
}

#[test]
fn compressed_logs_are_unpacked() {
    let (_, log) = LOGS[0];
    let (first, rest) = log.split_at(log.find("go.example").unwrap());
    let plain = replay(log.as_bytes(), &[]);
    for packed in [gzip(log), [gzip(first), gzip(rest)].concat()] {
        let ran = replay(&packed, &[]);
        assert_eq!((ran.code, &ran.out, &ran.err.lines().count()), (Some(1), &plain.out, &1));
    }
    let long = log.repeat(20_000);
    assert_eq!(totals(&replay(&gzip(&long), &["--json"]))["lines"], 80_000);
    let cut = &gzip(log)[..60];
    for (bytes, words) in [
        (cut, "cannot read the access log"),
        (b"BZh91AY&SY", "it is compressed; write `bzcat LOG | carom links replay -`"),
    ] {
        let ran = replay(bytes, &[]);
        assert!(ran.code == Some(2) && ran.err.contains(words), "{ran:?}");
    }
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_is_unpacked_too() {
    let (_, log) = LOGS[1];
    let ran = replay(&zstd::encode_all(log.as_bytes(), 1).unwrap(), &["--json"]);
    assert_eq!(totals(&ran)["requests"], 2, "{ran:?}");
}

#[test]
fn a_log_that_cannot_be_read_says_what_could() {
    let check = |log: &str, flags: &[&str], words: &[&str]| {
        let ran = replay(log.as_bytes(), flags);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(words.iter().all(|words| ran.err.contains(words)), "{ran:?}");
    };
    let all = ["\n  caddy ", "\n  cloudfront ", "\n  alb ", "\n  combined ", "\n  nginx-json "];
    check(
        "<a>\n<b>\n",
        &[],
        &[&["log: no line of it is a request. Line 1 is\n  <a>\n"], &all[..]].concat(),
    );
    check("", &[], &["log: no line is in it, so nothing was compared"]);
    check(&LOGS[0].1[..101], &["--sample", "0.00001%"], &["no line of it is in the sample"]);
    let (_, caddy) = LOGS[1];
    check(
        caddy,
        &["--log-format", "alb"],
        &["in the format alb. Line 1", "Leave --log-format out"],
    );
    check(caddy, &["--log-format", "xml"], &["`xml` is no format of logs; write auto or one of"]);
}

#[test]
fn help_lists_the_formats() {
    let ran = carom(["links", "replay", "--help"]);
    for (name, _) in LOGS {
        assert!(ran.out.contains(&format!("- {name}: ")), "{}", ran.out);
    }
    assert!(ran.out.contains("[default: auto]"), "{}", ran.out);
}
