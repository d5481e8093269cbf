//! What a line of an access log says, whichever format it is of.

use std::borrow::Cow;

use crate::limits::REPLAY_FIELD_BYTES_MAX;

/// What a line of a log is to `links replay`.
#[derive(Debug, PartialEq, Eq)]
pub enum LogLine<'a> {
    /// A request that a link may answer.
    Request(LoggedRequest<'a>),
    /// One that is neither GET nor HEAD.
    OtherMethod,
    /// No line of such a log, or of no request: `"-"`, bytes of TLS.
    Unreadable,
}

/// What a line says of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LoggedRequest<'a> {
    /// The host, if the line has one.
    pub host: Option<Cow<'a, [u8]>>,
    /// `GET` or `HEAD`.
    pub method: Cow<'a, [u8]>,
    /// As it was sent: escapes of the log are undone.
    pub target: Cow<'a, [u8]>,
    /// Empty if there was none, or none that a field can hold.
    pub referer: Cow<'a, [u8]>,
    /// The same.
    pub user_agent: Cow<'a, [u8]>,
}

impl LoggedRequest<'_> {
    /// Appends the head of the request as a client would send it now.
    pub fn push_head(&self, host: &[u8], text: &mut Vec<u8>) {
        text.extend_from_slice(&self.method);
        text.push(b' ');
        text.extend_from_slice(&self.target);
        let fields: [(&[u8], &[u8]); 3] = [
            (b" HTTP/1.1\r\nHost: ", host),
            (b"\r\nReferer: ", &self.referer),
            (b"\r\nUser-Agent: ", &self.user_agent),
        ];
        for (at, (name, value)) in fields.into_iter().enumerate() {
            if at == 0 || !value.is_empty() {
                text.extend_from_slice(name);
                text.extend_from_slice(value);
            }
        }
        text.extend_from_slice(b"\r\n\r\n");
    }
}

impl<'a> LogLine<'a> {
    /// The line that says this of a request, whatever stands in it. What no request can
    /// have had is left out; without a method or a target it is none.
    pub(super) fn of(said: LoggedRequest<'a>) -> Self {
        if !is_method(&said.method) || said.target.is_empty() || has_control(&said.target) {
            return Self::Unreadable;
        }
        if !matches!(&*said.method, b"GET" | b"HEAD") {
            return Self::OtherMethod;
        }
        Self::Request(LoggedRequest {
            host: said.host.map(field).filter(|host| !host.is_empty()),
            referer: field(said.referer),
            user_agent: field(said.user_agent),
            ..said
        })
    }
}

/// RFC 9110 §9.1: a token, and by convention in capitals. Garbage is none.
fn is_method(word: &[u8]) -> bool {
    !word.is_empty()
        && word.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'-')
        && word != b"-"
}

/// A field of a request, if one can have held it as it stands in the log.
fn field(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let is_none = *text == *b"-" || text.len() > REPLAY_FIELD_BYTES_MAX || has_control(&text);
    if is_none { Cow::Borrowed(b"") } else { text }
}

fn has_control(text: &[u8]) -> bool {
    // No early end: this way it is a few vector instructions.
    let is_bad = |bad, &byte: &u8| bad | (byte < b' ') | (byte == 0x7f);
    text.iter().fold(false, is_bad)
}

/// Two hex digits as the byte that they are.
pub(super) fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let [high, low, ..] = digits else { return None };
    Some(value(*high)? << 4 | value(*low)?)
}
