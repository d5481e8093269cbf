//! Fields of a request that only rules ask for. They are looked for in a head that was
//! parsed before, and only when a rule asks: the others do not pay for them.

use memchr::{memchr, memchr_iter};

use super::quick;

/// Values as they were sent, empty where a field is not there. Of a field that is there
/// twice the first counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedFields<'a> {
    /// `Accept-Language`.
    pub accept_language: &'a [u8],
    /// `Sec-CH-UA-Platform`.
    pub platform: &'a [u8],
}

const ACCEPT_LANGUAGE: &[u8; 16] = b"accept-language:";
const PLATFORM: &[u8; 19] = b"sec-ch-ua-platform:";

/// Where the colon stands in the line of each: that tells most others from ours.
const COLONS: [usize; 2] = [ACCEPT_LANGUAGE.len() - 1, PLATFORM.len() - 1];

/// Finds them in a whole head, in which each line has its end and none is continued.
#[must_use]
pub fn asked_fields(head: &[u8]) -> AskedFields<'_> {
    let mut found = Found::default();
    let take = |at| found.take(&head[at..]);
    if !quick::lines_by_colon::<{ COLONS[0] as u32 }, { COLONS[1] as u32 }>(head, take) {
        found.take_all(head);
    }
    AskedFields {
        accept_language: found.accept_language.unwrap_or_default(),
        platform: found.platform.unwrap_or_default(),
    }
}

#[derive(Default)]
struct Found<'a> {
    accept_language: Option<&'a [u8]>,
    platform: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    /// The same for any processor.
    fn take_all(&mut self, head: &'a [u8]) {
        for end in memchr_iter(b'\n', head) {
            let line = &head[end + 1..];
            if COLONS.iter().any(|&colon| line.get(colon) == Some(&b':')) {
                self.take(line);
            }
        }
    }

    /// Takes what begins with a line, if that is one of ours.
    #[inline]
    fn take(&mut self, line: &'a [u8]) {
        if self.accept_language.is_none() {
            self.accept_language = value(line, ACCEPT_LANGUAGE);
        }
        if self.platform.is_none() {
            self.platform = value(line, PLATFORM);
        }
    }
}

/// The value of the line at the front, without what is around it, if its name is this.
#[inline]
fn value<'a, const SIZE: usize>(line: &'a [u8], name: &[u8; SIZE]) -> Option<&'a [u8]> {
    let (own, rest) = line.split_first_chunk::<SIZE>()?;
    // All bytes are looked at, so that many are at once. The bit that makes small letters
    // changes nothing else that may stand in a name.
    let differ = own.iter().zip(name).fold(0, |differ, (own, name)| differ | (own | 0x20) ^ name);
    if differ != 0 {
        return None;
    }
    let mut value = &rest[..memchr(b'\n', rest)?];
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t' | b'\r'] = value {
        value = rest;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Parsed, parse};

    fn found(head: &str) -> (&str, &str) {
        let fields = asked_fields(head.as_bytes());
        let text = |value| str::from_utf8(value).unwrap();
        (text(fields.accept_language), text(fields.platform))
    }

    #[test]
    fn the_fields_of_a_head() {
        let check = |lines: &str, want: (&str, &str)| {
            assert_eq!(found(&format!("GET / HTTP/1.1\r\n{lines}\r\n")), want, "{lines}");
        };
        check("", ("", ""));
        check("Accept-Language: de\r\n", ("de", ""));
        check("accept-language:de,en;q=0.5\r\n", ("de,en;q=0.5", ""));
        check("ACCEPT-LANGUAGE: \t de \t \r\n", ("de", ""));
        check("sec-ch-ua-platform: \"Chrome OS\"\r\n", ("", "\"Chrome OS\""));
        check("Sec-CH-UA-Platform: \"Linux\"\r\nAccept-Language: de\r\n", ("de", "\"Linux\""));
        check("Accept-Language: de\r\nAccept-Language: en\r\n", ("de", ""));
        check("Accept-Language:\r\nAccept-Language: en\r\n", ("", ""));
        check("Accept-Language:  \r\n", ("", ""));
        check("Accept-Encoding: gzip\r\nAccept: a\r\n", ("", ""));
        check("Sec-CH-UA-Platforn: \"Linux\"\r\n", ("", ""));
        check("Sec-CH-UA-Platform-Version: \"1\"\r\nSec-CH-UA: \"a\"\r\n", ("", ""));
        check("X-Accept-Language: de\r\nAccept-Languages: de\r\n", ("", ""));
        check("X: Accept-Language: de\r\nY: sec-ch-ua-platform: \"iOS\"\r\n", ("", ""));
        check("abcdefghijklmno: x\r\nabcdefghijklmnopqr: x\r\n", ("", ""));
        assert_eq!(
            found("\r\n\r\nGET /accept-language: HTTP/1.1\r\nAccept-Language: de\r\n\r\n"),
            ("de", "")
        );
        assert_eq!(found("GET / HTTP/1.1\r\nAccept-Language:"), ("", ""));
        assert_eq!(found(""), ("", ""));
    }

    /// Lines of names and values that are nearly ours, in any order.
    fn head(random: &mut fastrand::Rng) -> Vec<u8> {
        const NAMES: [&str; 8] = [
            "Accept-Language",
            "Sec-CH-UA-Platform",
            "Accept-Encoding",
            "Accept",
            "Sec-CH-UA",
            "Sec-CH-UA-Platform-Version",
            "Host",
            "User-Agent",
        ];
        const VALUES: [&str; 8] = [
            "de",
            "",
            "  \"Windows\"",
            "de \t",
            "accept-language: de",
            ":",
            "\t \t",
            "\u{e9}\u{ff}",
        ];
        let mut head = b"GET /x HTTP/1.0\r\n".to_vec();
        for _ in 0..random.usize(..8) {
            let mut name = NAMES[random.usize(..NAMES.len())].as_bytes().to_vec();
            for byte in &mut name {
                match random.u8(..40) {
                    0..10 => *byte ^= if byte.is_ascii_alphabetic() { 0x20 } else { 0 },
                    10 => *byte = random.alphanumeric() as u8,
                    _ => {}
                }
            }
            let value = VALUES[random.usize(..VALUES.len())].as_bytes();
            head.extend([&name[..], b":", value, b"\r\n"].concat());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    #[test]
    fn the_same_as_the_parser_sees() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut whole = 0;
        for _ in 0..20_000 {
            let head = head(&mut random);
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let mut request = httparse::Request::new(&mut headers);
            let Ok(httparse::Status::Complete(_)) = request.parse(&head) else { continue };
            whole += usize::from(matches!(parse(&head), Parsed::Whole(_)));
            let of = |name: &str| {
                let mut fields = request.headers.iter();
                let found = fields.find(|field| field.name.eq_ignore_ascii_case(name));
                found.map(|field| field.value).unwrap_or_default()
            };
            let want = AskedFields {
                accept_language: of("accept-language"),
                platform: of("sec-ch-ua-platform"),
            };
            assert_eq!(asked_fields(&head), want, "{}", head.escape_ascii());
            let mut found = Found::default();
            found.take_all(&head);
            assert_eq!(found.accept_language.unwrap_or_default(), want.accept_language);
            assert_eq!(found.platform.unwrap_or_default(), want.platform);
        }
        assert!(whole > 1000, "of {whole} heads nothing can be said");
    }
}
