//! Replies as ready-made bytes. Only the date in them changes, once a second;
//! a redirect is three copies: its head, the target, the line ends.

use super::date::{DATE_BYTES, imf_fixdate};
use super::request::{Keep, Refusal};

/// The status of a redirect (RFC 9110 §15.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// 301 Moved Permanently.
    Permanently,
    /// 302 Found.
    Found,
    /// 303 See Other.
    SeeOther,
    /// 307 Temporary Redirect.
    TemporaryRedirect,
    /// 308 Permanent Redirect.
    PermanentRedirect,
}

/// A reply that is the same for every request that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    /// 404: no link, and no fallback.
    NotFound,
    /// 410: a link that was retired.
    Gone,
    /// 405: neither GET nor HEAD.
    MethodNotAllowed,
    /// 400, 408, 414 or 431.
    Refused(Refusal),
    /// 503: there is no room for the click.
    Unavailable,
    /// `/robots.txt`: nothing here is for robots.
    Robots,
    /// The same without its body, for HEAD.
    RobotsHead,
    /// `/favicon.ico`: there is none, and that may be remembered.
    Favicon,
    /// 200: the server is well.
    Health,
    /// The same without its body, for HEAD.
    HealthHead,
}

const MOVED: [(Moved, &str); 5] = [
    (Moved::Permanently, "301 Moved Permanently"),
    (Moved::Found, "302 Found"),
    (Moved::SeeOther, "303 See Other"),
    (Moved::TemporaryRedirect, "307 Temporary Redirect"),
    (Moved::PermanentRedirect, "308 Permanent Redirect"),
];

/// What a link wants its reply to say besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extra {
    /// For how long it may be cached, seconds; `None`: it is not to be stored.
    pub max_age: Option<u32>,
    /// Only by the visitor's own browser (RFC 9111 §5.2.2.7).
    pub private: bool,
    /// The value of `Referrer-Policy`.
    pub referrer: Option<&'static str>,
}

impl Extra {
    fn write(self, out: &mut Vec<u8>) {
        match self.max_age {
            Some(seconds) => {
                out.extend_from_slice(b"Cache-Control: ");
                if self.private {
                    out.extend_from_slice(b"private, ");
                }
                out.extend_from_slice(b"max-age=");
                push_number(seconds, out);
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(NOT_STORED.as_bytes()),
        }
        if let Some(policy) = self.referrer {
            for part in ["Referrer-Policy: ", policy, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
}

fn push_number(number: u32, out: &mut Vec<u8>) {
    if number >= 10 {
        push_number(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}

/// A cached redirect is a lost click, so every answer about a link says this unless
/// the link asks for something else.
const NOT_STORED: &str = "Cache-Control: no-store\r\n";
const NO_STORE: &str = "Content-Length: 0\r\nCache-Control: no-store\r\n";
const LOCATION: &str = "Location: ";
const NO_BODY: &str = "Content-Length: 0\r\n";
const UNAVAILABLE_FIELDS: &str =
    "Retry-After: 1\r\nContent-Length: 0\r\nCache-Control: no-store\r\n";
const ROBOTS_FIELDS: &str =
    "Content-Type: text/plain\r\nContent-Length: 26\r\nCache-Control: max-age=86400\r\n";
const HEALTH_FIELDS: &str =
    "Content-Type: text/plain\r\nContent-Length: 3\r\nCache-Control: no-store\r\n";
const HEALTH_BODY: &str = "ok\n";
const _: () = assert!(HEALTH_BODY.len() == 3);
const ROBOTS_BODY: &str = "User-agent: *\nDisallow: /\n";
const _: () = assert!(ROBOTS_BODY.len() == 26);

/// Status line, fields and body of each fixed reply, in the order of
/// [`Fixed::index`].
const FIXED: [(&str, &str, &str); 13] = [
    ("404 Not Found", NO_STORE, ""),
    ("410 Gone", NO_STORE, ""),
    ("405 Method Not Allowed", "Allow: GET, HEAD\r\nContent-Length: 0\r\n", ""),
    ("400 Bad Request", NO_BODY, ""),
    ("408 Request Timeout", NO_BODY, ""),
    ("414 URI Too Long", NO_BODY, ""),
    ("431 Request Header Fields Too Large", NO_BODY, ""),
    ("200 OK", ROBOTS_FIELDS, ROBOTS_BODY),
    ("200 OK", ROBOTS_FIELDS, ""),
    // RFC 9110 §8.6: no Content-Length in a 204.
    ("204 No Content", "Cache-Control: max-age=86400\r\n", ""),
    ("503 Service Unavailable", UNAVAILABLE_FIELDS, ""),
    ("200 OK", HEALTH_FIELDS, HEALTH_BODY),
    ("200 OK", HEALTH_FIELDS, ""),
];

impl Fixed {
    fn index(self) -> usize {
        match self {
            Self::NotFound => 0,
            Self::Gone => 1,
            Self::MethodNotAllowed => 2,
            Self::Refused(Refusal::BadRequest) => 3,
            Self::Refused(Refusal::Timeout) => 4,
            Self::Refused(Refusal::TargetTooLong) => 5,
            Self::Refused(Refusal::FieldsTooLarge) => 6,
            Self::Robots => 7,
            Self::RobotsHead => 8,
            Self::Favicon => 9,
            Self::Unavailable => 10,
            Self::Health => 11,
            Self::HealthHead => 12,
        }
    }
}

/// Ways a connection goes on; each has its own copy of every reply.
const KEEPS: [(Keep, &str); 3] = [
    (Keep::Alive, ""),
    (Keep::AliveSaid, "Connection: keep-alive\r\n"),
    (Keep::Close, "Connection: close\r\n"),
];

/// Bytes with a date somewhere in them.
struct Prepared {
    bytes: Vec<u8>,
    date_at: usize,
}

impl Prepared {
    fn new(status: &str, connection: &str, fields: &str, rest: &str) -> Self {
        let before = format!("HTTP/1.1 {status}\r\nDate: ");
        let date_at = before.len();
        let date = String::from_utf8_lossy(&[b' '; DATE_BYTES]).into_owned();
        let bytes = format!("{before}{date}\r\n{connection}{fields}{rest}").into_bytes();
        Self { bytes, date_at }
    }
}

/// Every reply, with today's date and time in it.
pub struct Replies {
    moved: [[Prepared; KEEPS.len()]; MOVED.len()],
    fixed: [[Prepared; KEEPS.len()]; FIXED.len()],
    stamped_at: i64,
}

impl Replies {
    /// Prepares all replies, stamped with the given Unix time in seconds.
    pub fn new(unix_seconds: i64) -> Self {
        let mut replies = Self {
            moved: MOVED.map(|(_, status)| {
                KEEPS.map(|(_, keep)| Prepared::new(status, keep, NO_STORE, LOCATION))
            }),
            fixed: FIXED.map(|(status, fields, body)| {
                KEEPS.map(|(_, keep)| Prepared::new(status, keep, fields, &format!("\r\n{body}")))
            }),
            stamped_at: i64::MIN,
        };
        replies.stamp(unix_seconds);
        replies
    }

    /// The same, with this text for `/robots.txt` if it is given.
    pub fn with_robots(unix_seconds: i64, text: Option<&str>) -> Self {
        let mut replies = Self::new(0);
        if let Some(text) = text {
            let size = text.len();
            let fields = format!(
                "Content-Type: text/plain\r\nContent-Length: {size}\r\nCache-Control: max-age=86400\r\n"
            );
            for (fixed, body) in [(Fixed::Robots, text), (Fixed::RobotsHead, "")] {
                replies.fixed[fixed.index()] = KEEPS.map(|(_, keep)| {
                    Prepared::new("200 OK", keep, &fields, &format!("\r\n{body}"))
                });
            }
        }
        replies.stamped_at = i64::MIN;
        replies.stamp(unix_seconds);
        replies
    }

    /// Writes the date into every reply, when the second has changed.
    pub fn stamp(&mut self, unix_seconds: i64) {
        if unix_seconds == self.stamped_at {
            return;
        }
        self.stamped_at = unix_seconds;
        let date = imf_fixdate(unix_seconds);
        for reply in self.moved.iter_mut().chain(&mut self.fixed).flatten() {
            reply.bytes[reply.date_at..reply.date_at + DATE_BYTES].copy_from_slice(&date);
        }
    }

    /// Appends the part of a redirect before its target. The target and
    /// [`Replies::END`] complete it.
    pub fn begin(&self, moved: Moved, keep: Keep, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.moved[moved as usize][keep as usize].bytes);
    }

    /// The same for a link with [`Extra`] fields.
    pub fn begin_with(&self, moved: Moved, keep: Keep, extra: Extra, out: &mut Vec<u8>) {
        let bytes = &self.moved[moved as usize][keep as usize].bytes;
        let rest = NOT_STORED.len() + LOCATION.len();
        out.extend_from_slice(&bytes[..bytes.len() - rest]);
        extra.write(out);
        out.extend_from_slice(LOCATION.as_bytes());
    }

    /// Appends a whole 410 with [`Extra`] fields.
    pub fn gone_with(&self, keep: Keep, extra: Extra, out: &mut Vec<u8>) {
        let bytes = &self.fixed[Fixed::Gone.index()][keep as usize].bytes;
        out.extend_from_slice(&bytes[..bytes.len() - NOT_STORED.len() - 2]);
        extra.write(out);
        out.extend_from_slice(b"\r\n");
    }

    /// What follows the target of a redirect.
    pub const END: &[u8] = b"\r\n\r\n";

    /// Appends a whole fixed reply.
    pub fn fixed(&self, fixed: Fixed, keep: Keep, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fixed[fixed.index()][keep as usize].bytes);
    }
}

// The arrays above are indexed by these enums.
const _: () = {
    let mut at = 0;
    while at < MOVED.len() {
        assert!(MOVED[at].0 as usize == at);
        at += 1;
    }
    let mut at = 0;
    while at < KEEPS.len() {
        assert!(KEEPS[at].0 as usize == at);
        at += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&Replies, &mut Vec<u8>)) -> String {
        let replies = Replies::new(784_111_777);
        let mut out = Vec::new();
        write(&replies, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_redirect_whole() {
        let reply = text(|replies, out| {
            replies.begin(Moved::Found, Keep::Close, out);
            out.extend_from_slice(b"https://a.example/");
            out.extend_from_slice(Replies::END);
        });
        assert_eq!(
            reply,
            "HTTP/1.1 302 Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n\
             Content-Length: 0\r\nCache-Control: no-store\r\nLocation: https://a.example/\r\n\r\n"
        );
    }

    #[test]
    fn extra_fields_stand_in_the_place_of_no_store() {
        let check = |extra: Extra, want: &str| {
            let moved = text(|r, out| r.begin_with(Moved::Found, Keep::Close, extra, out));
            let plain = text(|r, out| r.begin(Moved::Found, Keep::Close, out));
            assert_eq!(moved, plain.replace(NOT_STORED, want));
            let gone = text(|r, out| r.gone_with(Keep::AliveSaid, extra, out));
            let plain = text(|r, out| r.fixed(Fixed::Gone, Keep::AliveSaid, out));
            assert_eq!(gone, plain.replace(NOT_STORED, want));
        };
        let referrer = Some("origin");
        let not_stored = "Cache-Control: no-store\r\nReferrer-Policy: origin\r\n";
        check(Extra::default(), NOT_STORED);
        check(Extra { referrer, ..Extra::default() }, not_stored);
        let cached = Extra { max_age: Some(60), ..Extra::default() };
        check(cached, "Cache-Control: max-age=60\r\n");
        let longest = Extra { max_age: Some(u32::MAX), ..cached };
        check(longest, "Cache-Control: max-age=4294967295\r\n");
        check(Extra { private: true, ..cached }, "Cache-Control: private, max-age=60\r\n");
        let both = "Cache-Control: max-age=60\r\nReferrer-Policy: origin\r\n";
        check(Extra { referrer, ..cached }, both);
    }

    #[test]
    fn method_not_allowed_names_what_is() {
        let reply = text(|r, out| r.fixed(Fixed::MethodNotAllowed, Keep::Alive, out));
        assert!(reply.contains("\r\nAllow: GET, HEAD\r\n"), "{reply}");
    }

    #[test]
    fn a_503_says_when_to_come_again() {
        let reply = text(|r, out| r.fixed(Fixed::Unavailable, Keep::Alive, out));
        assert!(reply.contains("\r\nRetry-After: 1\r\n"), "{reply}");
    }

    #[test]
    fn a_204_has_no_content_length() {
        let reply = text(|r, out| r.fixed(Fixed::Favicon, Keep::Alive, out));
        assert!(!reply.contains("Content-Length"), "{reply}");
    }

    #[test]
    fn every_fixed_reply_has_the_status_of_its_name() {
        let status = |fixed| text(|r, out| r.fixed(fixed, Keep::Alive, out))[9..12].to_owned();
        assert_eq!(status(Fixed::NotFound), "404");
        assert_eq!(status(Fixed::Gone), "410");
        assert_eq!(status(Fixed::MethodNotAllowed), "405");
        assert_eq!(status(Fixed::Refused(Refusal::BadRequest)), "400");
        assert_eq!(status(Fixed::Refused(Refusal::Timeout)), "408");
        assert_eq!(status(Fixed::Refused(Refusal::TargetTooLong)), "414");
        assert_eq!(status(Fixed::Refused(Refusal::FieldsTooLarge)), "431");
        assert_eq!(status(Fixed::Robots), "200");
        assert_eq!(status(Fixed::RobotsHead), "200");
        assert_eq!(status(Fixed::Favicon), "204");
        assert_eq!(status(Fixed::Unavailable), "503");
        assert_eq!(status(Fixed::Health), "200");
        assert_eq!(status(Fixed::HealthHead), "200");
    }
}
