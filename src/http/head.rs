//! One request head: cut from the front of the bytes that have come in.
//!
//! The outcome depends only on the bytes up to where it was decided, so whole
//! and split input are answered alike: a check that needs a later byte than
//! another never overrules it.

use std::mem::MaybeUninit;

use memchr::{memchr, memchr_iter};

use super::fields::{Fields, is_host};
use super::quick;
use super::request::{Method, Parsed, Refusal, Request, Span};
use crate::limits::{
    EMPTY_LINES_MAX, REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, REQUEST_LINE_BYTES_MAX,
    REQUEST_TARGET_BYTES_MAX,
};

/// Cuts one request head from the front of `input`.
#[inline]
pub fn parse(input: &[u8]) -> Parsed {
    quick::parse(input).unwrap_or_else(|| careful(input))
}

/// The same for any input whatever.
pub(super) fn careful(input: &[u8]) -> Parsed {
    let empty = match empty_lines(input) {
        Ok(size) => size,
        Err(parsed) => return parsed,
    };
    let window = &input[..input.len().min(REQUEST_HEAD_BYTES_MAX)];
    let covered = covered(window, empty);
    let window = covered.as_deref().unwrap_or(window);
    let mut headers = [const { MaybeUninit::uninit() }; REQUEST_FIELDS_MAX];
    let mut head = httparse::Request::new(&mut []);
    match head.parse_with_uninit_headers(&window[empty..], &mut headers) {
        Ok(httparse::Status::Complete(size)) => {
            whole(&window[..empty + size], empty, &head).unwrap_or_else(Parsed::Refused)
        }
        Ok(httparse::Status::Partial) => unfinished(window, empty),
        Err(error) => {
            if line_end(window, empty).is_none() && line_is_sound(&window[empty..]) {
                // The fault lies beyond the longest request line.
                return Parsed::Refused(Refusal::TargetTooLong);
            }
            Parsed::Refused(match error {
                httparse::Error::TooManyHeaders => Refusal::FieldsTooLarge,
                _ => Refusal::BadRequest,
            })
        }
    }
}

/// Bytes of the empty lines before the request line (RFC 9112 §2.2).
fn empty_lines(input: &[u8]) -> Result<usize, Parsed> {
    let mut size = 0;
    for _ in 0..=EMPTY_LINES_MAX {
        match input.get(size..) {
            Some([b'\r', b'\n', ..]) => size += 2,
            Some([b'\n', ..]) => break,
            Some([] | [b'\r']) | None => return Err(Parsed::Partial),
            Some(_) => return Ok(size),
        }
    }
    Err(Parsed::Refused(Refusal::BadRequest))
}

/// The same bytes with a letter in the place of each that is not ASCII, behind the method
/// and before the end of the line: httparse refuses what is not UTF-8 there, and old
/// browsers send queries in the encoding of the page. Made only where that is so.
fn covered(window: &[u8], empty: usize) -> Option<Vec<u8>> {
    let head = &window[empty..];
    let line = &head[..memchr(b'\n', head).unwrap_or(head.len())];
    let method = memchr(b' ', line)?;
    if str::from_utf8(&line[method..]).is_ok() {
        return None;
    }
    let mut covered = window.to_vec();
    let target = empty + method..empty + line.len();
    covered[target].iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'x');
    Some(covered)
}

fn unfinished(window: &[u8], empty: usize) -> Parsed {
    if line_end(window, empty).is_none() && window.len() - empty >= REQUEST_LINE_BYTES_MAX {
        Parsed::Refused(Refusal::TargetTooLong)
    } else if window.len() == REQUEST_HEAD_BYTES_MAX {
        Parsed::Refused(Refusal::FieldsTooLarge)
    } else {
        Parsed::Partial
    }
}

/// Where the request line ends, if that is within its bound.
fn line_end(input: &[u8], empty: usize) -> Option<usize> {
    let line = &input[empty..];
    memchr(b'\n', &line[..line.len().min(REQUEST_LINE_BYTES_MAX)])
}

/// Whether the longest request line is filled and nothing in it is wrong.
fn line_is_sound(head: &[u8]) -> bool {
    head.get(..REQUEST_LINE_BYTES_MAX).is_some_and(|line| {
        matches!(httparse::Request::new(&mut []).parse(line), Ok(httparse::Status::Partial))
    })
}

fn whole(input: &[u8], empty: usize, head: &httparse::Request<'_, '_>) -> Result<Parsed, Refusal> {
    let (Some(method), Some(target), Some(version)) = (head.method, head.path, head.version) else {
        return Err(Refusal::BadRequest);
    };
    let target = target.as_bytes();
    let line_may_be_long = method.len() + target.len() + 16 > REQUEST_LINE_BYTES_MAX;
    if target.len() > REQUEST_TARGET_BYTES_MAX
        || (line_may_be_long && line_end(input, empty).is_none())
    {
        return Err(Refusal::TargetTooLong);
    }
    // httparse takes a bare LF for a line end; RFC 9112 §2.2 lets us, and two
    // readers that disagree about line ends are how requests get smuggled.
    if memchr_iter(b'\n', input).any(|at| at == 0 || input[at - 1] != b'\r') {
        return Err(Refusal::BadRequest);
    }
    let fields = Fields::read(head.headers, version)?;
    let known = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" | "PUT" | "PATCH" | "DELETE" => Method::Changing,
        _ => Method::Other,
    };
    // RFC 9112 §3.2.4: asterisk-form is for OPTIONS alone.
    if target == b"*" && method != "OPTIONS" {
        return Err(Refusal::BadRequest);
    }
    let mut request = fields.request(input, version, known, target);
    if request.method != Method::Other {
        read_target(&mut request, input, target)?;
    }
    Ok(Parsed::Whole(request))
}

/// Splits an origin-form or absolute-form target (RFC 9112 §3.2.1, §3.2.2) into
/// host, path and query.
fn read_target(request: &mut Request, input: &[u8], target: &[u8]) -> Result<(), Refusal> {
    if target[0] != b'/' {
        let rest = strip_scheme(target).ok_or(Refusal::BadRequest)?;
        let end = rest.iter().position(|&b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // An http URI has a host (RFC 9110 §4.2.1), and a Host field's rules.
        if authority.is_empty() || !is_host(authority) {
            return Err(Refusal::BadRequest);
        }
        request.host = Span::within(input, authority);
        request.path = Span::within(input, path);
    }
    let path = request.path.of(input);
    // A fragment does not belong here (RFC 9112 §3.2); a client that sends one
    // anyway still means the link before it.
    let end = memchr(b'#', path).unwrap_or(path.len());
    let (whole, _) = request.path.split_at(end);
    let query_at = memchr(b'?', &path[..end]).unwrap_or(end);
    (request.path, request.query) = whole.split_at(query_at);
    Ok(())
}

fn strip_scheme(target: &[u8]) -> Option<&[u8]> {
    ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)
    })
}
