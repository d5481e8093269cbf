//! The requests of a run, made before it starts: sending one is then a copy,
//! and the generator stays cheaper than what it measures.

use std::path::Path;

use anyhow::{Context, bail};
use clap::ValueEnum;
use fastrand::Rng;

use crate::access_log;
use crate::keys::{Key, Keys, SPLAT};
use crate::zipf::Zipf;

/// Which fields a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Headers {
    /// Host alone: about 50 bytes
    Minimal,
    /// The 13 fields that Chrome sends, with user agent and referer: about 630 bytes
    Chrome,
}

/// Requests one behind the other, asked for in this order again and again.
pub struct Requests {
    bytes: Vec<u8>,
    /// Where each begins, and the end.
    starts: Vec<u64>,
    /// Which are HEAD: their replies have no body.
    heads: Vec<bool>,
}

/// How requests are written.
#[derive(Debug, Clone)]
pub struct Style {
    /// For requests without a host of their own.
    pub host: String,
    pub headers: Headers,
    /// Ask for the connection to be closed.
    pub close: bool,
    /// Bytes of a cookie on top; 0 for none.
    pub cookie_bytes: usize,
}

/// What may be kept in memory.
const BYTES_MAX: usize = 1 << 30;

const REFERER: &str = "https://news.example/2026/11/front-page/the-ten-best-deals-of-the-week.html";

impl Requests {
    fn new() -> Self {
        Self { bytes: Vec::new(), starts: vec![0], heads: Vec::new() }
    }

    /// One request, for a fixed path.
    pub fn fixed(path: &str, style: &Style) -> Self {
        let mut requests = Self::new();
        requests.browse(Key { host: None, path }, 128, style);
        requests
    }

    /// `count` requests for links drawn uniformly, or by Zipf's law with the
    /// exponent given, in which a random link is the most frequent.
    pub fn drawn(
        keys: &Keys,
        count: usize,
        zipf: Option<f64>,
        seed: u64,
        style: &Style,
    ) -> anyhow::Result<Self> {
        let mut random = Rng::with_seed(seed);
        let law = zipf.map(|exponent| Zipf::new(keys.count(), exponent));
        let mut ranks: Vec<u32> = Vec::new();
        if law.is_some() {
            ranks.extend(0..u32::try_from(keys.count()).context("more than 2^32 links")?);
            random.shuffle(&mut ranks);
        }
        let mut requests = Self::new();
        for _ in 0..count {
            let index = match law {
                Some(law) => ranks[law.draw(&mut random) - 1] as usize,
                None => random.usize(..keys.count()),
            };
            let key = keys.get(index).expect("keys were checked when they were read");
            let path = key.path.replace('*', SPLAT);
            // One version in many, all of one length.
            requests.browse(Key { path: &path, ..key }, random.u32(110..140), style);
            requests.check_size()?;
        }
        Ok(requests)
    }

    /// The GET and HEAD requests of an access log, in its order; and how many
    /// lines were left out.
    pub fn replayed(path: &Path, style: &Style) -> anyhow::Result<(Self, usize)> {
        let text = std::fs::read(path)
            .with_context(|| format!("cannot read the access log {}", path.display()))?;
        let mut requests = Self::new();
        let mut left_out = 0;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if !requests.replay(line, style) {
                left_out += 1;
            }
            requests.check_size()?;
        }
        if requests.count() == 0 {
            bail!(
                "{} holds no GET or HEAD request in the combined format: \
                 address - user [time] \"GET /path HTTP/1.1\" status bytes \"referer\" \"user agent\"",
                path.display()
            );
        }
        Ok((requests, left_out))
    }

    fn replay(&mut self, line: &[u8], style: &Style) -> bool {
        let Some(logged) = access_log::parse(line) else { return false };
        let method = match &*logged.method {
            b"GET" => "GET",
            b"HEAD" => "HEAD",
            _ => return false,
        };
        let Ok(path) = std::str::from_utf8(&logged.target) else { return false };
        // What was not logged was not sent.
        let text = |bytes: Option<Vec<u8>>| {
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        let (referer, agent) = (text(logged.referer), text(logged.user_agent));
        self.push(method, Key { host: None, path }, &referer, &agent, style);
        true
    }

    /// A visit as a browser of this version makes it.
    fn browse(&mut self, key: Key<'_>, version: u32, style: &Style) {
        match style.headers {
            Headers::Minimal => self.push("GET", key, "", "", style),
            Headers::Chrome => self.push("GET", key, REFERER, &user_agent(version), style),
        }
    }

    /// Adds a request; an empty `referer` or `agent` is left out.
    fn push(&mut self, method: &str, key: Key<'_>, referer: &str, agent: &str, style: &Style) {
        let chrome = style.headers == Headers::Chrome;
        let bytes = &mut self.bytes;
        bytes.extend_from_slice([method, " ", key.path, " HTTP/1.1\r\n"].concat().as_bytes());
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                bytes.extend_from_slice([name, ": ", value, "\r\n"].concat().as_bytes());
            }
        };
        line("Host", key.host.unwrap_or(&style.host));
        if chrome || style.close {
            line("Connection", if style.close { "close" } else { "keep-alive" });
        }
        if chrome {
            line("sec-ch-ua", r#""Chromium";v="128", "Not;A=Brand";v="24""#);
            line("sec-ch-ua-mobile", "?0");
            line("sec-ch-ua-platform", "\"Windows\"");
            line("Upgrade-Insecure-Requests", "1");
        }
        line("User-Agent", agent);
        if chrome {
            line("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
            line("Sec-Fetch-Site", "cross-site");
            line("Sec-Fetch-Mode", "navigate");
        }
        line("Referer", referer);
        if chrome {
            line("Accept-Encoding", "gzip, deflate, br, zstd");
            line("Accept-Language", "en-US,en;q=0.9");
        }
        line("Cookie", &"c".repeat(style.cookie_bytes));
        bytes.extend_from_slice(b"\r\n");
        self.starts.push(self.bytes.len() as u64);
        self.heads.push(method == "HEAD");
    }

    fn check_size(&self) -> anyhow::Result<()> {
        if self.bytes.len() > BYTES_MAX {
            bail!("the requests are larger than 1 GiB together; take fewer, or a shorter log");
        }
        Ok(())
    }

    /// How many different ones there are.
    pub fn count(&self) -> usize {
        self.heads.len()
    }

    /// The bytes of up to `count` requests from the one at `first`, and how many
    /// they are: fewer at the end of the ring.
    pub fn batch(&self, first: usize, count: usize) -> (&[u8], usize) {
        let end = (first + count).min(self.count());
        (&self.bytes[self.starts[first] as usize..self.starts[end] as usize], end - first)
    }

    /// Whether the request at `index` is a HEAD.
    pub fn is_head(&self, index: usize) -> bool {
        self.heads[index]
    }

    /// The size of each, where all are of one size.
    pub fn common_size(&self) -> Option<usize> {
        let size = self.starts[1];
        let same = self.starts.windows(2).all(|pair| pair[1] - pair[0] == size);
        same.then_some(size as usize)
    }

    /// The mean size.
    pub fn mean_size(&self) -> f64 {
        self.bytes.len() as f64 / self.count() as f64
    }
}

fn user_agent(version: u32) -> String {
    format!(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
         (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(headers: Headers) -> Style {
        Style { host: "127.0.0.1:8080".to_owned(), headers, close: false, cookie_bytes: 0 }
    }

    #[test]
    fn header_sets_are_of_the_size_they_promise() {
        let minimal = Requests::fixed("/go/0000001", &style(Headers::Minimal));
        let text = "GET /go/0000001 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
        assert_eq!(minimal.batch(0, 1), (text.as_bytes(), 1));
        let chrome = Requests::fixed("/go/0000001", &style(Headers::Chrome));
        let (bytes, _) = chrome.batch(0, 1);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, 1 + 13 + 1);
        assert!((600..=660).contains(&bytes.len()), "{}", bytes.len());
    }

    #[test]
    fn a_batch_ends_where_the_ring_ends() {
        let mut requests = Requests::new();
        for path in ["/a", "/b", "/c"] {
            requests.browse(Key { host: None, path }, 1, &style(Headers::Minimal));
        }
        let (bytes, count) = requests.batch(1, 16);
        assert_eq!((bytes.len(), count), (2 * requests.common_size().unwrap(), 2));
    }

    #[test]
    fn a_replay_sends_what_was_logged() {
        let mut requests = Requests::new();
        let line = br#"a - - [t] "HEAD /x HTTP/1.1" 302 0 "https://n.example/" "curl/8""#;
        assert!(requests.replay(line, &style(Headers::Minimal)));
        assert!(
            !requests
                .replay(br#"a - - [t] "POST /x HTTP/1.1" 405 0 "-" "-""#, &style(Headers::Minimal))
        );
        let text = "HEAD /x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8\r\n\
                    Referer: https://n.example/\r\n\r\n";
        assert_eq!(requests.batch(0, 1), (text.as_bytes(), 1));
        assert!(requests.is_head(0));
    }
}
