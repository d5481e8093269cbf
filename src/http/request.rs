//! A request as the rest of carom sees it, and what else the bytes at the front
//! of a connection can be.

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
    /// POST, PUT, PATCH or DELETE: for redirects that keep method and body (RFC 9110
    /// §15.4.8, §15.4.9).
    Changing,
    /// Anything else: answered 405.
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
        // In range: heads are bounded below 64 KiB (`limits`).
        Self { start: start as u16, end: (start + part.len()) as u16 }
    }

    pub(super) fn split_at(self, offset: usize) -> (Self, Self) {
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
    /// The client said that it only looks ahead (`Sec-Purpose`, `Purpose`, `X-Purpose`,
    /// `X-Moz`).
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
