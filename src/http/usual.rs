//! The usual request head, read in one pass: a GET in origin-form over HTTP/1.1
//! with nothing odd about it. Measured on a browser's head this takes about half
//! as long as the full parser.
//!
//! It may give up at any byte, and never judges: what it gives up on is left to
//! the full parser. What it takes, the full parser takes alike; a test holds it
//! to that.

use memchr::memchr_iter;

use super::fields::Fields;
use super::request::{Method, Request, Span};
use crate::limits::{REQUEST_FIELDS_MAX, REQUEST_LINE_BYTES_MAX, REQUEST_TARGET_BYTES_MAX};

/// Reads the head at the front of `window`, which begins with its method and is
/// no longer than a head may be.
pub fn read(window: &[u8]) -> Option<Request> {
    let mut line_ends = memchr_iter(b'\n', window);
    let line_end = line_ends.next().filter(|&end| end < REQUEST_LINE_BYTES_MAX)?;
    let target = window[..line_end].strip_prefix(b"GET ")?.strip_suffix(b" HTTP/1.1\r")?;
    if target.first() != Some(&b'/') || target.len() > REQUEST_TARGET_BYTES_MAX {
        return None;
    }
    let mut query_at = target.len();
    for (at, &byte) in target.iter().enumerate() {
        // A fragment is rare enough to be odd.
        if !matches!(byte, b'!'..=b'~') || byte == b'#' {
            return None;
        }
        if byte == b'?' {
            query_at = query_at.min(at);
        }
    }

    let fields_at = line_end + 1;
    let mut fields = Fields::default();
    let mut line_at = fields_at;
    for count in 0..=REQUEST_FIELDS_MAX {
        let line_end = line_ends.next()?;
        let line = window[line_at..line_end].strip_suffix(b"\r")?;
        line_at = line_end + 1;
        if line.is_empty() {
            let (head, field_lines) = (&window[..line_at], &window[fields_at..line_at]);
            if !is_text(field_lines, count + 1) {
                return None;
            }
            let (path, query) = Span::within(head, target).split_at(query_at);
            return whole(head, path, query, fields);
        }
        let name_size = line.iter().position(|&byte| !TOKEN[usize::from(byte)])?;
        if name_size == 0 || line[name_size] != b':' {
            return None;
        }
        fields.take(&line[..name_size], trim(&line[name_size + 1..])).ok()?;
    }
    None
}

fn whole(head: &[u8], path: Span, query: Span, mut fields: Fields<'_>) -> Option<Request> {
    fields.check(1).ok()?;
    let span = |part: Option<&[u8]>| Span::within(head, part.unwrap_or_default());
    Some(Request {
        size: head.len() as u16,
        method: Method::Get,
        keep: fields.keep(1),
        body: fields.body,
        prefetch: fields.prefetch,
        host: span(fields.host),
        path,
        query,
        referer: span(fields.referer),
        user_agent: span(fields.user_agent),
    })
}

/// Whether these lines hold no control bytes but tabs (RFC 9110 §5.5), and no CR
/// but one at the end of each. One loop without a branch, for the vectoriser.
fn is_text(lines: &[u8], line_count: usize) -> bool {
    let (mut odd, mut returns) = (0u8, 0usize);
    // In pieces, so that counts of bytes fit in bytes.
    for piece in lines.chunks(usize::from(u8::MAX)) {
        let mut returns_here = 0u8;
        for &byte in piece {
            let control = (byte < b' ') | (byte == 0x7f);
            let usual = (byte == b'\t') | (byte == b'\r') | (byte == b'\n');
            odd |= u8::from(control & !usual);
            returns_here += u8::from(byte == b'\r');
        }
        returns += usize::from(returns_here);
    }
    odd == 0 && returns == line_count
}

/// Without the white space around a field value (RFC 9110 §5.5).
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Bytes of a `token` (RFC 9110 §5.6.2).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};
