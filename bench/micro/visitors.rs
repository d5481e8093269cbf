//! Who visits: 64 browsers, and what each of them sends. Lengths of user agents
//! and referers vary, as they do in life, so that neither a branch predictor nor
//! a copy of fixed size has it easier here than there.

use crate::table::KEY_BYTES;

/// How many there are.
pub const BROWSERS: usize = 64;

/// The host they ask.
pub const HOST: &str = "127.0.0.1:18080";

/// Size of each [`minimal`] head.
pub const MINIMAL_BYTES: usize = 51;
/// Size of each [`chrome`] head.
pub const CHROME_BYTES: usize = 634;

/// Where in a head the key stands: behind `GET `.
pub const KEY_AT: usize = 4;

/// Platforms, with their version left open.
const USER_AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/1##.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_# like Mac OS X) AppleWebKit/605.1.15 \
     (KHTML, like Gecko) Version/17.# Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/1##.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/1##.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:1##.0) Gecko/20100101 Firefox/1##.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/1##.0.0.0 Safari/537.36 Edg/1##.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     Version/17.# Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/1##.0.0.0 Safari/537.36",
];

/// A page, cut to the length that a head needs.
const REFERER: &str = "https://news.example/2026/11/front-page/the-ten-best-deals-of-the-week.html\
                       ?from=newsletter&campaign=autumn-2026&position=3&reader=a81b";

/// Bytes of user agent and referer together.
const AGENT_AND_REFERER_BYTES: usize = 196;

/// The user agent of a browser, all 64 different.
pub fn user_agent(browser: usize) -> String {
    let version = browser / USER_AGENTS.len() % 8 + 1;
    let agent = USER_AGENTS[browser % USER_AGENTS.len()];
    agent.replace("##", &format!("2{version}")).replace('#', &version.to_string())
}

/// The page a browser comes from.
pub fn referer(browser: usize) -> &'static str {
    &REFERER[..AGENT_AND_REFERER_BYTES - user_agent(browser).len()]
}

/// A head with a `Host` alone.
pub fn minimal(key: &[u8; KEY_BYTES]) -> Vec<u8> {
    let head = [b"GET ", &key[..], b" HTTP/1.1\r\nHost: ", HOST.as_bytes(), b"\r\n\r\n"].concat();
    assert_eq!(head.len(), MINIMAL_BYTES);
    head
}

/// A head with the 13 fields that Chrome sends.
pub fn chrome(browser: usize, key: &[u8; KEY_BYTES]) -> Vec<u8> {
    let mut head = [b"GET ", &key[..], b" HTTP/1.1\r\n"].concat();
    let fields = [
        ("Host", HOST),
        ("Connection", "keep-alive"),
        ("sec-ch-ua", r#""Chromium";v="128", "Not;A=Brand";v="24""#),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Windows\""),
        ("Upgrade-Insecure-Requests", "1"),
        ("User-Agent", &user_agent(browser)),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Referer", referer(browser)),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "en-US,en;q=0.9"),
    ];
    for (name, value) in fields {
        head.extend_from_slice([name, ": ", value, "\r\n"].concat().as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    assert_eq!(head.len(), CHROME_BYTES);
    head
}
