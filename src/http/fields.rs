//! The few fields of a request that matter: where it goes, how it is framed,
//! and what a click keeps of it.

use super::request::{Keep, Method, Refusal, Request, Span};

#[derive(Default)]
pub struct Fields<'a> {
    /// The value of the one `Host` field.
    host: Option<&'a [u8]>,
    referer: Option<&'a [u8]>,
    user_agent: Option<&'a [u8]>,
    prefetch: bool,
    /// A body follows: a Transfer-Encoding, or a Content-Length over 0.
    body: bool,
    content_length: Option<u64>,
    /// Any Transfer-Encoding; the value says whether its last coding is chunked.
    chunked_last: Option<bool>,
    close: bool,
    keep_alive: bool,
}

impl<'a> Fields<'a> {
    /// Reads the field lines of a request of HTTP/1.`version`.
    pub fn read(headers: &[httparse::Header<'a>], version: u8) -> Result<Self, Refusal> {
        let mut fields = Self::default();
        for header in headers {
            fields.take(header.name.as_bytes(), header.value)?;
        }
        fields.check(version)?;
        Ok(fields)
    }

    /// Takes one field line: its name, and its value without the space around it.
    #[inline(always)] // the call would cost more than what most fields need
    pub fn take(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
        if matters(name) { self.take_known(name, value) } else { Ok(()) }
    }

    fn take_known(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                // RFC 9112 §3.2: more than one, or an invalid one, is a 400.
                if self.host.is_some() || !is_host(value) {
                    return Err(Refusal::BadRequest);
                }
                self.host = Some(value);
            }
            7 if name.eq_ignore_ascii_case(b"referer") => {
                self.referer.get_or_insert(value);
            }
            5 if name.eq_ignore_ascii_case(b"x-moz") => self.prefetch |= is_prefetch(value),
            7 if name.eq_ignore_ascii_case(b"purpose") => self.prefetch |= is_prefetch(value),
            9 if name.eq_ignore_ascii_case(b"x-purpose") => self.prefetch |= is_prefetch(value),
            10 if name.eq_ignore_ascii_case(b"user-agent") => {
                self.user_agent.get_or_insert(value);
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for token in list(value) {
                    self.close |= token.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            11 if name.eq_ignore_ascii_case(b"sec-purpose") => {
                self.prefetch |= is_prefetch(value);
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                // RFC 9112 §6.3: a list or two different lengths is a 400.
                let length = decimal(value).ok_or(Refusal::BadRequest)?;
                if self.content_length.is_some_and(|first| first != length) {
                    return Err(Refusal::BadRequest);
                }
                self.content_length = Some(length);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.chunked_last.get_or_insert(false);
                for coding in list(value) {
                    // RFC 9112 §6.1, §7: chunked comes once, and last.
                    if self.chunked_last == Some(true) {
                        return Err(Refusal::BadRequest);
                    }
                    self.chunked_last = Some(coding.eq_ignore_ascii_case(b"chunked"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks what all field lines together say; after the last one.
    pub fn check(&mut self, version: u8) -> Result<(), Refusal> {
        // RFC 9112 §3.2: HTTP/1.1 requires Host.
        let host_missing = version == 1 && self.host.is_none();
        // RFC 9112 §6.1: both framings, or a transfer coding in HTTP/1.0, is how
        // requests are smuggled; §6.3: chunked must come last.
        let framing_bad = self.chunked_last.is_some_and(|chunked_last| {
            self.content_length.is_some() || version == 0 || !chunked_last
        });
        if host_missing || framing_bad {
            return Err(Refusal::BadRequest);
        }
        self.body = self.chunked_last.is_some() || self.content_length.is_some_and(|n| n > 0);
        Ok(())
    }

    /// The request with these fields, all slices of `head`. Path and host are as
    /// in origin-form, the query still part of the path.
    pub fn request(&self, head: &[u8], version: u8, method: Method, target: &[u8]) -> Request {
        let span = |value: Option<&[u8]>| Span::within(head, value.unwrap_or_default());
        Request {
            size: head.len() as u16,
            method,
            keep: self.keep(version),
            body: self.body,
            prefetch: self.prefetch,
            host: span(self.host),
            path: Span::within(head, target),
            query: Span::default(),
            referer: span(self.referer),
            user_agent: span(self.user_agent),
        }
    }

    /// RFC 9112 §9.3, and a close after every request that brings a body.
    fn keep(&self, version: u8) -> Keep {
        match (version, self.close || self.body, self.keep_alive) {
            (_, true, _) | (0, false, false) => Keep::Close,
            (0, false, true) => Keep::AliveSaid,
            (_, false, _) => Keep::Alive,
        }
    }
}

/// Whether a field of this name may be one of ours: most are not, and are not
/// looked at any further.
#[inline]
fn matters(name: &[u8]) -> bool {
    // Letters differ in their last five bits, whatever their case.
    let first = name.first().map_or(0, |byte| byte & 31);
    OURS.get(name.len()).is_some_and(|letters| letters >> first & 1 == 1)
}

/// By the length of a name, a bit for each letter that one of ours begins with.
static OURS: [u32; 18] = {
    let names: [&[u8]; 10] = [
        b"host",
        b"x-moz",
        b"referer",
        b"purpose",
        b"x-purpose",
        b"user-agent",
        b"connection",
        b"sec-purpose",
        b"content-length",
        b"transfer-encoding",
    ];
    let mut ours = [0; 18];
    let mut at = 0;
    while at < names.len() {
        ours[names[at].len()] |= 1 << (names[at][0] & 31);
        at += 1;
    }
    ours
};

/// The elements of a comma-separated list (RFC 9110 §5.6.1), empty ones left out.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// `1*DIGIT` that fits in 64 bits.
fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// `prefetch`, alone or first of parameters: `Sec-Purpose: prefetch;prerender`. Safari and
/// apps that show links say `preview`, and `instant` was Chrome's word.
fn is_prefetch(value: &[u8]) -> bool {
    let word = value.split(|&byte| matches!(byte, b';' | b',')).next().unwrap_or_default();
    let is = |known: &&[u8]| word.trim_ascii().eq_ignore_ascii_case(known);
    [&b"prefetch"[..], b"preview", b"instant"].iter().any(is)
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2), or nothing at all,
/// which a client sends when its target has no authority.
pub fn is_host(value: &[u8]) -> bool {
    let port = match value {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|&b| b == b']') else { return false };
            let (literal, after) = (&rest[..end], &rest[end + 1..]);
            let is_literal = !literal.is_empty()
                && literal.iter().all(|&b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
            if !is_literal {
                return false;
            }
            after
        }
        _ => {
            // A colon is no part of a name, so this is where it ends.
            let end = value.iter().position(|&b| !REG_NAME[usize::from(b)]);
            &value[end.unwrap_or(value.len())..]
        }
    };
    match port {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Bytes of a `reg-name`: unreserved, sub-delims, and `%` of escapes.
static REG_NAME: [bool; 256] = alphanumeric_and(b"-._~!$&'()*+,;=%");

/// For each byte whether it is a letter, a digit or one of `others`.
pub const fn alphanumeric_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}
