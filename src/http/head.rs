//! One request head: cut from the front of the bytes that have come in.
//!
//! The outcome depends only on the bytes up to where it was decided, so whole
//! and split input are answered alike: a check that needs a later byte than
//! another never overrules it.

use std::mem::MaybeUninit;

use memchr::{memchr, memchr_iter};

use super::fields::Fields;
use crate::limits::{
    EMPTY_LINES_MAX, REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, REQUEST_LINE_BYTES_MAX,
    REQUEST_TARGET_BYTES_MAX,
};

/// What the bytes at the front of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A whole request head.
    Whole(Request),
    /// The beginning of one; more bytes are needed.
    Partial,
    /// Not a request we answer otherwise; the connection ends after the reply.
    Refused(Refusal),
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Malformed, ambiguous or not HTTP/1.x: 400 (RFC 9112 §2.2, §3, §5, §6.3).
    BadRequest,
    /// It did not arrive in time: 408 (RFC 9110 §15.5.9).
    Timeout,
    /// The request line or target is too long: 414 (RFC 9110 §15.5.15).
    TargetTooLong,
    /// The head has too many bytes or fields: 431 (RFC 6585 §5).
    FieldsTooLarge,
}

/// The method, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: a GET whose reply has no body.
    Head,
    /// Anything else, and any request in asterisk-form: answered 405.
    Other,
}

/// Whether the connection goes on after the reply (RFC 9112 §9.3), and whether
/// the reply has to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// HTTP/1.1: it goes on, unsaid.
    Alive,
    /// HTTP/1.0 with `Connection: keep-alive`: it goes on, and the reply says so.
    AliveSaid,
    /// It ends, and the reply says so.
    Close,
}

/// A range of bytes within one request, counted from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u16,
    end: u16,
}

impl Span {
    /// The bytes of this span in the request that starts at `request[0]`.
    pub fn of(self, request: &[u8]) -> &[u8] {
        &request[usize::from(self.start)..usize::from(self.end)]
    }

    /// Whether the span holds no bytes.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The span of `part`, a slice of `request`.
    pub(super) fn within(request: &[u8], part: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default(); // it may point anywhere
        }
        let start = part.as_ptr().addr() - request.as_ptr().addr();
        debug_assert!(start + part.len() <= request.len());
        // In range: heads are bounded below 64 KiB (limits.rs).
        Self { start: start as u16, end: (start + part.len()) as u16 }
    }

    fn split_at(self, offset: usize) -> (Self, Self) {
        let middle = self.start + offset as u16;
        (Self { start: self.start, end: middle }, Self { start: middle, end: self.end })
    }
}

/// A request head, as spans over the bytes it was parsed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Bytes of the head, with any empty lines before it.
    pub size: u16,
    /// The method.
    pub method: Method,
    /// What becomes of the connection; always `Close` when a body follows.
    pub keep: Keep,
    /// A body follows the head. It is never read as a request.
    pub body: bool,
    /// The client said that it only prefetches (`Sec-Purpose`, `Purpose`).
    pub prefetch: bool,
    /// Host as sent, with any port; from the target in absolute-form.
    pub host: Span,
    /// Path as sent. Empty in absolute-form without a path: means `/`.
    pub path: Span,
    /// Query as sent, with its `?`; empty when there is none.
    pub query: Span,
    /// `Referer` as sent; empty when absent.
    pub referer: Span,
    /// `User-Agent` as sent; empty when absent.
    pub user_agent: Span,
}

impl Request {
    /// Path and query as sent, one after the other.
    pub fn path_and_query(&self) -> Span {
        Span { start: self.path.start, end: self.query.end.max(self.path.end) }
    }
}

/// Cuts one request head from the front of `input`.
pub fn parse(input: &[u8]) -> Parsed {
    let empty = match empty_lines(input) {
        Ok(size) => size,
        Err(parsed) => return parsed,
    };
    let window = &input[..input.len().min(REQUEST_HEAD_BYTES_MAX)];
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
    let mut request = Request {
        size: input.len() as u16,
        method: match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            _ => Method::Other,
        },
        keep: fields.keep(version),
        body: fields.body,
        prefetch: fields.prefetch,
        host: Span::within(input, fields.host.unwrap_or(&input[..0])),
        path: Span::within(input, target),
        query: Span::default(),
        referer: Span::within(input, fields.referer.unwrap_or(&input[..0])),
        user_agent: Span::within(input, fields.user_agent.unwrap_or(&input[..0])),
    };
    if target == b"*" {
        request.method = Method::Other;
    }
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
        if authority.is_empty() || !super::fields::is_host(authority) {
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
